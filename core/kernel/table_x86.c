/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of x86-64 (AMD64 Architecture Programmer's Manual, volume 2,
 * section 5.3), with what Linux keeps in entries that are not present
 * (arch/x86/include/asm/pgtable_64.h, pgtable-invert.h).
 */

#include "table.h"

#define PRESENT         (UINT64_C(1) << 0)
#define LARGE           (UINT64_C(1) << 7)
#define PROT_NONE       (UINT64_C(1) << 8)
#define SOFT_DIRTY      (UINT64_C(1) << 11)
#define SWAP_SOFT_DIRTY (UINT64_C(1) << 1)
#define ADDRESS         UINT64_C(0x000ffffffffff000)

#define LARGEST 30

/* Bits above those that are translated are all like the topmost of these. */
static bool covers(const HaywireTable *table, uint64_t address)
{
    int unused = 64 - table->va_bits;

    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* Frame numbers of entries that are not present are stored inverted. */
static HaywireEntryKind decode(const HaywireTable *table, int shift,
                               uint64_t entry, uint64_t *ret_address)
{
    if (entry & PRESENT) {
        *ret_address = entry & ADDRESS;
        return shift == table->page_shift || (entry & LARGE && shift <= LARGEST)
                   ? HAYWIRE_ENTRY_PAGE
                   : HAYWIRE_ENTRY_TABLE;
    }
    if (table->user && entry & PROT_NONE && shift <= LARGEST) {
        *ret_address = ~entry & ADDRESS;
        return HAYWIRE_ENTRY_PAGE;
    }
    return entry != 0 && shift == table->page_shift ? HAYWIRE_ENTRY_SWAPPED
                                                    : HAYWIRE_ENTRY_NONE;
}

const HaywireTableFormat haywire_table_x86 = {
    .arch = HAYWIRE_ARCH_X86_64,
    .covers = covers,
    .decode = decode,
    .page_dirty = SOFT_DIRTY,
    .swap_dirty = SWAP_SOFT_DIRTY,
    .shapes = 2,
    .shape = { { 12, 48 }, { 12, 57 } },
};
