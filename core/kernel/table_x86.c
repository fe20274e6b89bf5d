/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of x86-64 (AMD64 Architecture Programmer's Manual, volume 2,
 * section 5.3), with what Linux keeps in entries that are not present
 * (arch/x86/include/asm/pgtable_64.h, pgtable-invert.h).
 */

#include <endian.h>

#include "guest.h"

#define PRESENT   (UINT64_C(1) << 0)
#define LARGE     (UINT64_C(1) << 7)
#define PROT_NONE (UINT64_C(1) << 8)
#define ADDRESS   UINT64_C(0x000ffffffffff000)

#define PAGE_SHIFT  12
#define LEVEL_SHIFT 9
#define LARGEST     30

/* Bits above those that are translated are all like the topmost of these. */
static bool is_canonical(const HaywireTable *table, uint64_t address)
{
    int unused = 64 - PAGE_SHIFT - LEVEL_SHIFT * table->levels;

    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* Frame numbers of entries that are not present are stored inverted. */
static void end_walk(const HaywireTable *table, uint64_t address,
                     HaywireMapping *mapping)
{
    uint64_t mask = (UINT64_C(1) << mapping->shift) - 1;
    uint64_t entry = mapping->entry;

    if (entry & PRESENT) {
        mapping->present = true;
    } else if (table->user && entry & PROT_NONE && mapping->shift <= LARGEST) {
        mapping->present = true;
        entry = ~entry;
    } else {
        mapping->swapped = entry != 0 && mapping->shift == PAGE_SHIFT;
    }
    if (mapping->present) {
        mapping->gpa.value = (entry & ADDRESS & ~mask) | (address & mask);
    }
}

static bool is_leaf(uint64_t entry, int shift)
{
    return !(entry & PRESENT) || shift == PAGE_SHIFT ||
           (entry & LARGE && shift <= LARGEST);
}

HaywireStatus haywire_table_walk(HaywireGuest *guest, const HaywireTable *table,
                                 HaywireGva gva, HaywireMapping *ret_mapping)
{
    uint64_t at = table->root.value;
    int shift = PAGE_SHIFT + LEVEL_SHIFT * (table->levels - 1);

    if (!is_canonical(table, gva.value)) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    for (;; shift -= LEVEL_SHIFT) {
        uint64_t index = gva.value >> shift & ((1 << LEVEL_SHIFT) - 1);
        HaywireMapping mapping = { .shift = (uint8_t)shift };
        HaywireStatus status =
            haywire_guest_read(guest, (HaywireGpa){ at + index * 8 },
                               &mapping.entry, sizeof(mapping.entry));

        if (status != HAYWIRE_OK) {
            return status;
        }
        mapping.entry = le64toh(mapping.entry);
        if (is_leaf(mapping.entry, shift)) {
            end_walk(table, gva.value, &mapping);
            *ret_mapping = mapping;
            return HAYWIRE_OK;
        }
        at = mapping.entry & ADDRESS;
    }
}
