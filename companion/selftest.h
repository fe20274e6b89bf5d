/*
 * Reading back what the companion published, as a host would.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_SELFTEST_H
#define HAYWIRE_SELFTEST_H

#include "engine/companion.h"

/* Results, printed one a line as they come. */
typedef struct HaywireSelftest {
    HaywireCompanion *companion;
    unsigned failed;
} HaywireSelftest;

/* Print "ok - ..." or "not ok - ..."; returns @fine. */
bool haywire_selftest_say(HaywireSelftest *test, bool fine, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

/* selftest_pages.c: each page for itself. */
void haywire_selftest_pages(HaywireSelftest *test);

/*
 * selftest_view.c: the pages as the host's reader sees them, a camera turned
 * to this very program, and the end of the session.
 */
void haywire_selftest_view(HaywireSelftest *test);

#endif
