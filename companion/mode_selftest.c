/*
 * The mode that verifies what it publishes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdarg.h>
#include <stdio.h>

#include "modes.h"
#include "os/platform.h"
#include "selftest.h"
#include "engine/start.h"

bool haywire_selftest_say(HaywireSelftest *test, bool fine, const char *format,
                          ...)
{
    va_list arguments;

    fputs(fine ? "ok - " : "not ok - ", stdout);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    test->failed += fine ? 0 : 1;
    return fine;
}

static bool publish_round(HaywireSelftest *test)
{
    while (!haywire_companion_round_done(test->companion)) {
        uint64_t next = haywire_companion_work(test->companion);
        uint64_t now = haywire_platform_monotonic_ns();

        if (haywire_platform_wait(next > now ? next - now : 0)) {
            return false;
        }
    }
    return haywire_selftest_say(test, true,
                                "a round of every category is published");
}

int haywire_mode_selftest(const HaywireOptions *options)
{
    HaywireOptions all = *options;
    HaywireSelftest test = { 0 };

    all.only = HAYWIRE_ONLY_ALL;
    test.companion = haywire_start(&all);
    if (!test.companion) {
        return HAYWIRE_EXIT_FAILED;
    }
    if (!publish_round(&test)) {
        haywire_selftest_say(&test, false, "interrupted by a signal");
    } else {
        haywire_selftest_pages(&test);
        haywire_selftest_view(&test);
    }
    haywire_companion_destroy(test.companion);
    if (test.failed > 0) {
        fprintf(stderr, "haywire-companion: %u checks failed\n", test.failed);
        return HAYWIRE_EXIT_FAILED;
    }
    printf("haywire-companion: all checks passed\n");
    return HAYWIRE_EXIT_FINE;
}
