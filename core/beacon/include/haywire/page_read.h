/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages out of guest memory: copied, and the copy verified. Nothing on
 * the host looks at a page in any other way.
 */

#ifndef HAYWIRE_PAGE_READ_H
#define HAYWIRE_PAGE_READ_H

#include "haywire/memory.h"
#include "haywire/page.h"

/* How often a page is tried that is written meanwhile. */
#define HAYWIRE_SNAPSHOT_TRIES 8

/* So many are read with one question to the kernel. */
#define HAYWIRE_PAGE_READS 64

/* A page to be read, and what came of it. */
typedef struct HaywirePageRead {
    HaywirePosition position;
    HaywireStatus status;
    HaywirePageInfo info; /* when that is HAYWIRE_OK */
} HaywirePageRead;

/*
 * Copy pages that a guest may be writing right now, and verify the copies:
 * section 2 of docs/protocol.md. Each is tried HAYWIRE_SNAPSHOT_TRIES times.
 *
 * @count: up to HAYWIRE_PAGE_READS; fastest when sorted by position
 * @copy: room for as many
 *
 * Status of each: HAYWIRE_OK, HAYWIRE_BAD_MAGIC, _VERSION, _KIND, _CATEGORY,
 * _INDEX, _LENGTH, _SESSION (zero), _CHECKSUM, HAYWIRE_PAGE_BUSY, and why a
 * page cannot be had (memory.h).
 */
void haywire_pages_read(HaywireMemory *memory, HaywirePageRead *read,
                        HaywirePage *copy, size_t count);

/* The same for one; *ret_info is written on success only. */
HaywireStatus haywire_page_read(HaywireMemory *memory, HaywirePosition where,
                                HaywirePage *ret_copy,
                                HaywirePageInfo *ret_info,
                                HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

#endif
