/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of a session made from text: see page_fixture.h.
 */

#include "page_fixture.h"

#include <string.h>

void page_fixture_init(PageFixture *fixture, const char *session,
                       const char *damage, HaywireCategory category,
                       uint32_t index)
{
    g_autofree char *text = g_strconcat(session, damage, NULL);

    memset(fixture, 0, sizeof(*fixture));
    fixture->beacons = haywire_beacons_make(text);
    fixture->page =
        haywire_beacons_find(fixture->beacons, 0, category, index)->page;
    g_assert_cmpint(haywire_page_verify(fixture->page, &fixture->info, NULL),
                    ==, HAYWIRE_OK);
}

void page_fixture_clear(PageFixture *fixture)
{
    g_clear_pointer(&fixture->beacons, haywire_beacons_free);
}
