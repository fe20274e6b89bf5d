/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, each a type of its own so that they cannot be mixed up.
 */

#ifndef HAYWIRE_ADDRESS_H
#define HAYWIRE_ADDRESS_H

#include <stdint.h>

/* Guest physical address. */
typedef struct HaywireGpa {
    uint64_t value;
} HaywireGpa;

/* Guest virtual address. */
typedef struct HaywireGva {
    uint64_t value;
} HaywireGva;

/*
 * Where a byte lies in its memory source: the offset in a RAM file, the gpa
 * in QEMU's RAM blocks, the index in a test array.
 */
typedef struct HaywirePosition {
    uint64_t value;
} HaywirePosition;

/* Nowhere, or not known. */
#define HAYWIRE_POSITION_NONE ((HaywirePosition){ UINT64_MAX })

/* A range of guest RAM as the guest names it; end exclusive. */
typedef struct HaywireRamRange {
    HaywireGpa start;
    HaywireGpa end;
} HaywireRamRange;

/* Where the guest's kernel keeps its vmcoreinfo note. */
typedef struct HaywireVmcoreinfo {
    HaywireGpa gpa;
    uint64_t size;
} HaywireVmcoreinfo;

/* Pages of a process, one behind the other, that are all alike. */
typedef struct HaywirePageRun {
    HaywireGva gva;
    uint64_t value; /* pfn or swap offset in pages: if HAYWIRE_RUN_PFN_KNOWN */
    uint32_t pages; /* of 4096 bytes, at least 1 */
    uint16_t flags; /* HAYWIRE_RUN_* */
    uint8_t swap_type;
    uint8_t page_shift; /* 0: not known */
} HaywirePageRun;

#endif
