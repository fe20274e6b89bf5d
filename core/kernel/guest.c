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
