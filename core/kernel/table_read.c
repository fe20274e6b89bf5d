/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading through a page table: see guest.h.
 */

#include "guest.h"

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
