/*
 * Hints: somebody says where a discovery page lies.
 *
 * Hints come from any thread, and from the guest in the end, so none is
 * believed: the page is looked at, once, like a candidate of a scan. The newest
 * few wait in a ring of words, without a lock; how many come between two
 * refreshes does not matter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "view_internal.h"

/* In the ring: the page's address, and this bit, as 0 is an address too. */
#define HINT_GIVEN UINT64_C(1)

void haywire_view_hint(HaywireView *view, HaywireGpa gpa)
{
    HaywireHints *hints = &view->hints;
    uint64_t page = gpa.value & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    uint32_t number = __atomic_fetch_add(&hints->given, 1, __ATOMIC_RELAXED);

    __atomic_store_n(&hints->page[number % HAYWIRE_HINTS_MAX],
                     page | HINT_GIVEN, __ATOMIC_RELEASE);
}

/* Take what waits at @place. False when nothing does. */
static bool take_hint(HaywireHints *hints, size_t place, HaywireGpa *ret_gpa)
{
    uint64_t page =
        __atomic_exchange_n(&hints->page[place], 0, __ATOMIC_ACQ_REL);

    ret_gpa->value = page & ~HINT_GIVEN;
    return page != 0;
}

/* A page that may be a discovery page; else counted by what it is. */
static bool look_at(HaywireView *view, HaywirePosition position, HaywireNow now)
{
    HaywirePageInfo info;
    const uint8_t *live;
    HaywireStatus status =
        haywire_memory_resident_page(view->source, position, &live);

    if (status == HAYWIRE_OK) {
        status = haywire_page_snapshot(live, view->scratch, &info, NULL);
    }
    if (status == HAYWIRE_OK) {
        view->host.pages_read++;
        status = haywire_view_add_discovery(view, position, &info, now.now_ns);
    }
    if (status != HAYWIRE_OK) {
        view->host.rejected[status]++;
    }
    return status == HAYWIRE_OK;
}

static bool follow_hint(HaywireView *view, HaywireGpa gpa, HaywireNow now)
{
    const HaywireLayout *layout = haywire_view_layout(view);
    HaywireStatus status = HAYWIRE_NO_LAYOUT;
    HaywirePosition position;

    if (layout) {
        status = haywire_layout_position(layout, gpa, &position);
    }
    if (status != HAYWIRE_OK) {
        view->host.rejected[status]++;
        return false;
    }
    return look_at(view, position, now);
}

bool haywire_view_follow_hints(HaywireView *view, HaywireNow now)
{
    bool found = false;
    HaywireGpa gpa;
    size_t i;

    for (i = 0; i < HAYWIRE_HINTS_MAX; i++) {
        if (take_hint(&view->hints, i, &gpa)) {
            found |= follow_hint(view, gpa, now);
        }
    }
    return found;
}

void haywire_view_follow_move(HaywireView *view, HaywireNow now)
{
    const HaywireSession *session = haywire_view_find_shown(view);
    HaywirePosition position;

    if (!session) {
        return;
    }
    if (session->gone && !view->shown.session.gone) {
        haywire_view_map_by_index(view); /* our copy of it may be older */
    }
    position =
        haywire_map_position(view->shown.map, HAYWIRE_CATEGORY_MASTER, 0);
    if (position.value != HAYWIRE_POSITION_NONE.value &&
        position.value != session->position.value) {
        look_at(view, position, now);
    }
}
