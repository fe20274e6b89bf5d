/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading through page tables. What they look like is a format, one for each
 * architecture; walking is the same. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_TABLE_H
#define HAYWIRE_KERNEL_TABLE_H

#include "guest.h"
#include "haywire/beacon_protocol.h"

typedef struct HaywireTableFormat HaywireTableFormat;

/* A page table. */
typedef struct HaywireTable {
    HaywireGpa root;
    const HaywireTableFormat *format;
    uint8_t page_shift; /* of the smallest page: 12 for 4 KiB */
    uint8_t va_bits;    /* of an address that are translated */
    bool user; /* a process's; pages that nobody may touch are there then */
} HaywireTable;

/* Page size and size of addresses: those go together that Linux can have. */
typedef struct HaywireTableShape {
    uint8_t page_shift;
    uint8_t va_bits;
} HaywireTableShape;

#define HAYWIRE_TABLE_SHAPES_MAX 10

/* What an entry is. */
typedef enum HaywireEntryKind {
    HAYWIRE_ENTRY_NONE,
    HAYWIRE_ENTRY_SWAPPED, /* it names a place in swap */
    HAYWIRE_ENTRY_PAGE,
    HAYWIRE_ENTRY_TABLE, /* of the next level */
} HaywireEntryKind;

/* What is special to an architecture. */
struct HaywireTableFormat {
    HaywireArch arch;
    /* Whether @table translates @address at all. */
    bool (*covers)(const HaywireTable *table, uint64_t address);
    /*
     * An entry that is about 2^@shift bytes. *ret_address, of pages and tables:
     * gpa; of a large page its low bits mean nothing.
     */
    HaywireEntryKind (*decode)(const HaywireTable *table, int shift,
                               uint64_t entry, uint64_t *ret_address);
    /* Bits by which Linux marks what was written to; 0: there is none. */
    uint64_t page_dirty;
    uint64_t swap_dirty;
    size_t shapes;
    HaywireTableShape shape[HAYWIRE_TABLE_SHAPES_MAX];
};

extern const HaywireTableFormat haywire_table_x86;
extern const HaywireTableFormat haywire_table_arm64;

/* A kernel's table of that shape, as yet without a root. False: there is none. */
bool haywire_table_shaped(const HaywireTableFormat *format, uint64_t page_size,
                          uint64_t va_bits, HaywireTable *ret_table);

/* What a page table says of an address. */
typedef struct HaywireMapping {
    HaywireGpa gpa; /* when present */
    uint64_t entry; /* that ended the walk */
    uint8_t shift;  /* of how many bytes it is about */
    bool present;
    bool swapped;
} HaywireMapping;

/*
 * The entry of the root for @gva: where it lies. HAYWIRE_OK,
 * HAYWIRE_OUT_OF_RANGE: no such address.
 */
HaywireStatus haywire_table_root_entry(const HaywireTable *table,
                                       HaywireGva gva,
                                       HaywireGpa *ret_gpa) HAYWIRE_MUST_CHECK;

/*
 * HAYWIRE_OK whatever the entry says; else its page table cannot be read, or
 * HAYWIRE_OUT_OF_RANGE: no such address.
 */
HaywireStatus haywire_table_walk(HaywireGuest *guest, const HaywireTable *table,
                                 HaywireGva gva, HaywireMapping *ret_mapping)
    HAYWIRE_MUST_CHECK;

/* The level of entries that are about 2^@shift bytes: 1 has the smallest pages. */
uint8_t haywire_table_level(const HaywireTable *table, int shift);

/* Through a page table, all or nothing. As above, or HAYWIRE_NOT_PRESENT. */
HaywireStatus haywire_table_read(HaywireGuest *guest, const HaywireTable *table,
                                 HaywireGva gva, void *to,
                                 size_t length) HAYWIRE_MUST_CHECK;

#endif
