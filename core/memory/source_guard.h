/*
 * Mappings that may lose their file: what a SIGBUS in them does. Private to
 * the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_SOURCE_GUARD_H
#define HAYWIRE_SOURCE_GUARD_H

#include "haywire/status.h"

/* Mappings guarded at one time, in the whole process. */
#define HAYWIRE_GUARDS_MAX 64

typedef struct HaywireGuard HaywireGuard;

/*
 * Watch a mapping; @protection as for mmap(). NULL when HAYWIRE_GUARDS_MAX
 * are in use. Any thread.
 */
HaywireGuard *haywire_guard_add(const void *start, size_t length,
                                int protection);

/* Before the mapping is unmapped. NULL is fine. */
void haywire_guard_remove(HaywireGuard *guard);

/* A fault has happened in the mapping. */
int haywire_guard_was_hit(const HaywireGuard *guard);

#endif
