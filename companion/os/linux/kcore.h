/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notes of /proc/kcore. */

#ifndef HAYWIRE_KCORE_H
#define HAYWIRE_KCORE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The text of the kernel's VMCOREINFO note (fs/proc/kcore.c carries it since
 * Linux 4.19), cut to @size. Returns its length; 0 where it is not readable.
 *
 * @proc: the folder /proc, open
 */
size_t haywire_kcore_vmcoreinfo(int proc, char *ret_text, size_t size);

/* The same from notes in memory (ELF gABI, note sections). */
size_t haywire_notes_vmcoreinfo(const uint8_t *notes, size_t length,
                                char *ret_text, size_t size);

#endif
