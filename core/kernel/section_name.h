/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mapping is called. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_SECTION_NAME_H
#define HAYWIRE_KERNEL_SECTION_NAME_H

#include "path.h"

/* What is the same for all mappings of a process. */
typedef struct HaywireSectionNames {
    uint64_t mm;
    uint64_t start_heap;
    uint64_t end_heap;
    uint64_t stack;
    uint64_t special; /* gva of the operations of the kernel's own mappings */
    uint64_t vdso;    /* where that one begins; 0: not known */
    HaywirePath path; /* room */
    char text[HAYWIRE_KERNEL_PATH_MAX + 16];
} HaywireSectionNames;

void haywire_section_names_begin(HaywireKernelView *view, uint64_t mm,
                                 HaywireSectionNames *ret_names);

/* The operations that the vdso has are those of all special mappings. */
void haywire_section_names_learn(HaywireKernelView *view, uint64_t area,
                                 HaywireSectionNames *names);

/* A path, [heap] and the like, or nothing; valid until the next call. */
HaywireString haywire_section_name(HaywireKernelView *view, uint64_t area,
                                   HaywireSectionNames *names);

#endif
