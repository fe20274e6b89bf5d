/*
 * Addresses, each a type of its own so that they cannot be mixed up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
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

#endif
