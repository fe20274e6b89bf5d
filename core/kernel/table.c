/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking page tables, and reading through them: see table.h.
 */

#include "table.h"

#include <endian.h>

/* All that are known have entries of 8 bytes, and tables of one page. */
#define ENTRY_SHIFT 3

bool haywire_table_shaped(const HaywireTableFormat *format, uint64_t page_size,
                          uint64_t va_bits, HaywireTable *ret_table)
{
    for (size_t i = 0; i < format->shapes; i++) {
        HaywireTableShape shape = format->shape[i];

        if (page_size == UINT64_C(1) << shape.page_shift &&
            va_bits == shape.va_bits) {
            *ret_table = (HaywireTable){
                { 0 }, format, shape.page_shift, shape.va_bits, false
            };
            return true;
        }
    }
    return false;
}

static int level_bits(const HaywireTable *table)
{
    return table->page_shift - ENTRY_SHIFT;
}

uint8_t haywire_table_level(const HaywireTable *table, int shift)
{
    return (uint8_t)((shift - table->page_shift) / level_bits(table) + 1);
}

/* What an entry of the root is about. */
static int root_shift(const HaywireTable *table)
{
    int above = table->va_bits - table->page_shift - 1;

    return table->page_shift + above / level_bits(table) * level_bits(table);
}

/* Where the entry for @address lies, in a table whose entries are @shift. */
static HaywireGpa entry_at(const HaywireTable *table, uint64_t start, int shift,
                           uint64_t address)
{
    int bits = level_bits(table);
    uint64_t index;

    /* A root may be shorter than others. */
    bits = table->va_bits - shift < bits ? table->va_bits - shift : bits;
    index = address >> shift & ((UINT64_C(1) << bits) - 1);
    return (HaywireGpa){ start + (index << ENTRY_SHIFT) };
}

HaywireStatus haywire_table_root_entry(const HaywireTable *table,
                                       HaywireGva gva, HaywireGpa *ret_gpa)
{
    if (!table->format->covers(table, gva.value)) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    *ret_gpa = entry_at(table, table->root.value, root_shift(table), gva.value);
    return HAYWIRE_OK;
}

HaywireStatus haywire_table_walk(HaywireGuest *guest, const HaywireTable *table,
                                 HaywireGva gva, HaywireMapping *ret_mapping)
{
    HaywireGpa at;
    HaywireStatus status = haywire_table_root_entry(table, gva, &at);

    for (int shift = root_shift(table); status == HAYWIRE_OK;
         shift -= level_bits(table)) {
        HaywireMapping mapping = { .shift = (uint8_t)shift };
        uint64_t mask = (UINT64_C(1) << shift) - 1, address = 0;
        HaywireEntryKind kind;

        status = haywire_guest_read(guest, at, &mapping.entry,
                                    sizeof(mapping.entry));
        if (status != HAYWIRE_OK) {
            break;
        }
        mapping.entry = le64toh(mapping.entry);
        kind = table->format->decode(table, shift, mapping.entry, &address);
        if (kind != HAYWIRE_ENTRY_TABLE || shift == table->page_shift) {
            mapping.present = kind == HAYWIRE_ENTRY_PAGE;
            mapping.swapped = kind == HAYWIRE_ENTRY_SWAPPED;
            mapping.gpa.value = (address & ~mask) | (gva.value & mask);
            *ret_mapping = mapping;
            break;
        }
        at = entry_at(table, address, shift - level_bits(table), gva.value);
    }
    return status;
}

/* Where the page that begins at @page lies. */
static HaywireStatus find_page(HaywireGuest *guest, const HaywireTable *table,
                               uint64_t page, uint64_t *ret_gpa)
{
    uint64_t hash = (page / HAYWIRE_GUEST_PAGE) ^ (table->root.value >> 12);
    HaywireGuestFound *found = &guest->found[hash % HAYWIRE_GUEST_FOUND];
    HaywireMapping mapping;
    HaywireStatus status;

    if (found->moment == guest->moment && found->page == page &&
        found->root == table->root.value) {
        *ret_gpa = found->gpa;
        return HAYWIRE_OK;
    }
    status = haywire_table_walk(guest, table, (HaywireGva){ page }, &mapping);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (!mapping.present) {
        return HAYWIRE_NOT_PRESENT;
    }
    *ret_gpa = mapping.gpa.value;
    *found =
        (HaywireGuestFound){ table->root.value, page, *ret_gpa, guest->moment };
    return HAYWIRE_OK;
}

HaywireStatus haywire_table_read(HaywireGuest *guest, const HaywireTable *table,
                                 HaywireGva gva, void *to, size_t length)
{
    uint8_t *at = to;

    while (length > 0) {
        uint64_t within = gva.value % HAYWIRE_GUEST_PAGE, gpa;
        size_t step = HAYWIRE_GUEST_PAGE - within;
        HaywireStatus status =
            find_page(guest, table, gva.value - within, &gpa);

        step = length < step ? length : step;
        if (status == HAYWIRE_OK) {
            status = haywire_guest_read(guest, (HaywireGpa){ gpa + within }, at,
                                        step);
        }
        if (status != HAYWIRE_OK) {
            return status;
        }
        at += step;
        gva.value += step;
        length -= step;
    }
    return HAYWIRE_OK;
}
