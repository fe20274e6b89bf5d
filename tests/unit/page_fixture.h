/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of a session made from text, damaged or not, to be decoded. What
 * goes wrong ends the test.
 */

#ifndef HAYWIRE_TEST_PAGE_FIXTURE_H
#define HAYWIRE_TEST_PAGE_FIXTURE_H

#include "beacon_builder.h"
#include "haywire/page.h"

typedef struct PageFixture {
    HaywireBeacons *beacons;
    const HaywirePage *page;
    HaywirePageInfo info;
    HaywireDiagnosis diagnosis; /* the test's, for what decodes the page */
} PageFixture;

/*
 * The page of a slot of the first session of @session, after @damage (lines of
 * the builder, too) was done; verified. Cleared by page_fixture_clear().
 */
void page_fixture_init(PageFixture *fixture, const char *session,
                       const char *damage, HaywireCategory category,
                       uint32_t index);
void page_fixture_clear(PageFixture *fixture);

#endif
