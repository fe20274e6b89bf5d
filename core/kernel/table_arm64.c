/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of arm64 (Arm Architecture Reference Manual for A-profile, D8.3),
 * with what Linux keeps in entries that are not valid
 * (arch/arm64/include/asm/pgtable-prot.h, pgtable.h).
 */

#include "table.h"

#define VALID      (UINT64_C(1) << 0)
#define NOT_BLOCK  (UINT64_C(1) << 1) /* a table; of the last level, a page */
#define NOT_GLOBAL (UINT64_C(1) << 11)

/* Where the bits of an address are that lie above the 48th. */
#define ADDRESS_48    UINT64_C(0x0000fffffffff000)
#define ADDRESS_50    UINT64_C(0x0003fffffffff000)
#define TOP_OF_SMALL  UINT64_C(0x300)
#define SMALL_UP      42
#define TOP_OF_LARGE  UINT64_C(0xf000)
#define LARGE_UP      36
#define LARGE_PAGE    16 /* 64 KiB */
#define SMALL_PAGE    12
#define LARGEST_SMALL 30

/*
 * Addresses of processes begin with zeros, the kernel's with ones; each half has
 * a root of its own.
 */
static bool covers(const HaywireTable *table, uint64_t address)
{
    uint64_t above = address >> table->va_bits;

    return above == (table->user ? 0 : UINT64_MAX >> table->va_bits);
}

/* With smaller pages there are addresses of 52 bits where gvas have as many. */
static uint64_t address_of(const HaywireTable *table, uint64_t entry)
{
    uint64_t page = (UINT64_C(1) << table->page_shift) - 1;

    if (table->page_shift == LARGE_PAGE) {
        return (entry & ADDRESS_48 & ~page) | (entry & TOP_OF_LARGE)
                                                  << LARGE_UP;
    }
    if (table->va_bits == 52) {
        return (entry & ADDRESS_50 & ~page) | (entry & TOP_OF_SMALL)
                                                  << SMALL_UP;
    }
    return entry & ADDRESS_48 & ~page;
}

/* Large is what a table maps; with 4 KiB, also what a table of tables does. */
static bool is_page_size(const HaywireTable *table, int shift)
{
    return shift <= (table->page_shift == SMALL_PAGE
                         ? LARGEST_SMALL
                         : 2 * table->page_shift - 3);
}

/*
 * The entry of a page that nobody may touch is as before, but not valid. The bit
 * that says so moved in Linux 6.11; these two did not. Entries of swap have 0 in
 * NOT_BLOCK. Large pages, which have none there, are not swapped; while one
 * moves, its entry names its frame, whose lowest bits are 0, NOT_GLOBAL too.
 */
static bool is_no_touch(const HaywireTable *table, int shift, uint64_t entry)
{
    uint64_t mark = shift == table->page_shift ? NOT_BLOCK : NOT_GLOBAL;

    return table->user && entry & mark && is_page_size(table, shift);
}

static HaywireEntryKind decode(const HaywireTable *table, int shift,
                               uint64_t entry, uint64_t *ret_address)
{
    bool last = shift == table->page_shift;

    *ret_address = address_of(table, entry);
    if (!(entry & VALID)) {
        if (is_no_touch(table, shift, entry)) {
            return HAYWIRE_ENTRY_PAGE;
        }
        return entry != 0 && last ? HAYWIRE_ENTRY_SWAPPED : HAYWIRE_ENTRY_NONE;
    }
    if (entry & NOT_BLOCK) {
        return last ? HAYWIRE_ENTRY_PAGE : HAYWIRE_ENTRY_TABLE;
    }
    return !last && is_page_size(table, shift) ? HAYWIRE_ENTRY_PAGE
                                               : HAYWIRE_ENTRY_NONE;
}

/* A kernel of 52 bits has room for them in its root even where 48 are used. */
const HaywireTableFormat haywire_table_arm64 = {
    .arch = HAYWIRE_ARCH_AARCH64,
    .covers = covers,
    .decode = decode,
    .shapes = 10,
    .shape = { { 12, 39 },
               { 12, 48 },
               { 12, 52 },
               { 14, 36 },
               { 14, 47 },
               { 14, 48 },
               { 14, 52 },
               { 16, 42 },
               { 16, 48 },
               { 16, 52 } },
};
