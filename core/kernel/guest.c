/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the guest's memory: see guest.h.
 */

#include "guest.h"

#include <string.h>

void haywire_guest_begin(HaywireGuest *guest)
{
    guest->moment++;
    guest->budget = 0;
    guest->fetches = 0;
}

void haywire_guest_allow(HaywireGuest *guest, uint64_t reads, uint64_t pages)
{
    guest->budget += reads;
    guest->fetches += pages;
}

/* The copy of a page; NULL with *ret_status when it cannot be had. */
static const uint8_t *page_of(HaywireGuest *guest, uint64_t frame,
                              HaywireStatus *ret_status)
{
    size_t at = frame % HAYWIRE_GUEST_SLOTS, got;
    HaywireGuestSlot *slot = &guest->slot[at];
    HaywirePosition where;

    if (slot->moment == guest->moment && slot->frame == frame) {
        return guest->page[at];
    }
    if (guest->fetches == 0) {
        *ret_status = HAYWIRE_LIMIT;
        return NULL;
    }
    guest->fetches--;
    slot->moment = 0;
    *ret_status = haywire_layout_position(
        &guest->layout, (HaywireGpa){ frame * HAYWIRE_GUEST_PAGE }, &where);
    if (*ret_status == HAYWIRE_OK) {
        *ret_status = haywire_memory_read(guest->memory, where, guest->page[at],
                                          HAYWIRE_GUEST_PAGE, &got);
    }
    if (*ret_status != HAYWIRE_OK) {
        return NULL;
    }
    *slot = (HaywireGuestSlot){ frame, guest->moment };
    return guest->page[at];
}

HaywireStatus haywire_guest_read(HaywireGuest *guest, HaywireGpa gpa, void *to,
                                 size_t length)
{
    uint8_t *at = to;

    while (length > 0) {
        uint64_t within = gpa.value % HAYWIRE_GUEST_PAGE;
        size_t step = HAYWIRE_GUEST_PAGE - within;
        HaywireStatus status = HAYWIRE_OK;
        const uint8_t *page;

        if (guest->budget == 0) {
            return HAYWIRE_LIMIT;
        }
        guest->budget--;
        page = page_of(guest, gpa.value / HAYWIRE_GUEST_PAGE, &status);
        if (!page) {
            return status;
        }
        step = length < step ? length : step;
        memcpy(at, page + within, step);
        at += step;
        gpa.value += step;
        length -= step;
    }
    return HAYWIRE_OK;
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
