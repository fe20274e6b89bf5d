/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modes that publish for a host, and those that print. */

#include <inttypes.h>
#include <stdio.h>

#include "modes.h"

HaywireCompanion *haywire_start(const HaywireOptions *options)
{
    const char *why = NULL;
    HaywireCollector *collector = haywire_collector_new(&why);
    HaywireCompanion *companion;

    if (!collector) {
        fprintf(stderr, "haywire-companion: cannot read processes: %s\n", why);
        return NULL;
    }
    haywire_os_catch_end();
    companion = haywire_companion_new(options, collector);
    if (!companion) {
        fprintf(stderr, "haywire-companion: not enough memory\n");
    }
    return companion;
}

/* Work and sleep until the program is asked to end, or @end_ns comes. */
static void work_until(HaywireCompanion *companion, uint64_t end_ns)
{
    uint64_t now = haywire_os_monotonic_ns();

    while (now < end_ns) {
        uint64_t next = haywire_companion_work(companion);

        next = next < end_ns ? next : end_ns;
        now = haywire_os_monotonic_ns();
        if (haywire_companion_wait(companion, next > now ? next - now : 0)) {
            return;
        }
        now = haywire_os_monotonic_ns();
    }
}

bool haywire_work_round(HaywireCompanion *companion)
{
    while (!haywire_companion_round_done(companion)) {
        uint64_t next = haywire_companion_work(companion);
        uint64_t now = haywire_os_monotonic_ns();

        if (haywire_os_wait(next > now ? next - now : 0)) {
            return false;
        }
    }
    return true;
}

static void print_session(const HaywireCompanion *companion, const char *what)
{
    const HaywirePublisher *publisher = companion->publisher;

    printf("haywire-companion: session %016" PRIx64 ", %u pages, %s\n",
           publisher->session, haywire_publisher_total(publisher), what);
    if (!publisher->pfns_known) {
        printf("haywire-companion: no privilege to see frame numbers: "
               "the host has to scan\n");
    }
    fflush(stdout);
}

int haywire_mode_run(const HaywireOptions *options)
{
    HaywireCompanion *companion = haywire_start(options);

    if (!companion) {
        return HAYWIRE_EXIT_FAILED;
    }
    print_session(companion, "publishing");
    work_until(companion, UINT64_MAX);
    haywire_companion_destroy(companion);
    return HAYWIRE_EXIT_FINE;
}

int haywire_mode_once(const HaywireOptions *options)
{
    HaywireCompanion *companion = haywire_start(options);

    if (!companion) {
        return HAYWIRE_EXIT_FAILED;
    }
    if (haywire_work_round(companion)) {
        uint64_t now = haywire_os_monotonic_ns();
        bool forever = options->hold_ns == HAYWIRE_HOLD_FOREVER;

        print_session(companion, "one round published");
        work_until(companion, forever ? UINT64_MAX : now + options->hold_ns);
    }
    haywire_companion_destroy(companion);
    return HAYWIRE_EXIT_FINE;
}

int haywire_mode_help(const HaywireOptions *options)
{
    (void)options;
    fputs(haywire_help_text, stdout);
    return HAYWIRE_EXIT_FINE;
}

int haywire_mode_version(const HaywireOptions *options)
{
    (void)options;
    printf("haywire-companion %d.%d.%d\n", HAYWIRE_VERSION_MAJOR,
           HAYWIRE_VERSION_MINOR, HAYWIRE_VERSION_PATCH);
    return HAYWIRE_EXIT_FINE;
}
