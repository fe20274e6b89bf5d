/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mode that verifies what it publishes. */

#include <stdarg.h>
#include <stdio.h>

#include "modes.h"
#include "selftest_read.h"

#define PATIENCE_NS (5 * HAYWIRE_NS_PER_SECOND)
#define LOOK_NS     (20 * HAYWIRE_NS_PER_MS)

/* Results are printed one a line as they come. */
typedef struct Selftest {
    HaywireCompanion *companion;
    HaywireFound found; /* by the newest look; of this program */
    uint64_t heartbeat; /* by the first */
    unsigned bad_looks; /* a page was not as it should be */
    unsigned failed;
} Selftest;

/* Print "ok - ..." or "not ok - ..."; returns @fine. */
static bool __attribute__((format(printf, 3, 4)))
say(Selftest *test, bool fine, const char *format, ...)
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

static void look(Selftest *test)
{
    const HaywireFound *found = &test->found;

    haywire_selftest_read(test->companion->publisher, &test->found);
    if (found->status != HAYWIRE_OK && test->bad_looks++ == 0) {
        say(test, false, "%s page %u: %s (%s)",
            haywire_category_name(found->category), (unsigned)found->index,
            haywire_status_text(found->status),
            found->field ? found->field : "page");
    }
}

typedef bool Expectation(const Selftest *test);

/* Let the companion work, and look, until it is as expected. */
static bool wait_for(Selftest *test, Expectation *expectation)
{
    uint64_t end = haywire_os_monotonic_ns() + PATIENCE_NS;

    do {
        haywire_companion_work(test->companion);
        look(test);
        if (expectation(test)) {
            return true;
        }
    } while (!haywire_os_wait(LOOK_NS) && haywire_os_monotonic_ns() < end);
    return false;
}

static bool is_live(const Selftest *test)
{
    return test->found.discovery.state == HAYWIRE_SESSION_RUNNING &&
           test->found.discovery.heartbeat > test->heartbeat;
}

static bool is_closed(const Selftest *test)
{
    return test->found.discovery.state == HAYWIRE_SESSION_CLOSED;
}

static bool is_complete(const HaywireFoundSet *set)
{
    return set->generation > 0 && set->total > 0 && set->count == set->total;
}

static bool sections_complete(const Selftest *test)
{
    return is_complete(&test->found.sections);
}

static bool camera_active(const Selftest *test)
{
    const HaywireControl *control = &test->found.control;

    return control->status == HAYWIRE_CAMERA_ACTIVE &&
           control->current_pid == test->found.pid;
}

static bool camera_idle(const Selftest *test)
{
    return test->found.control.status == HAYWIRE_CAMERA_IDLE &&
           test->found.control.target_pid == 0;
}

static bool publish_round(Selftest *test)
{
    return say(test, haywire_work_round(test->companion),
               "a round of every category is published");
}

static void check_pages(Selftest *test)
{
    const HaywirePublisher *publisher = test->companion->publisher;

    look(test);
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT && test->failed == 0; i++) {
        say(test, test->found.used[i] > 0, "%s: %u pages verified, %u in use",
            haywire_category_name(i),
            (unsigned)haywire_publisher_pages(publisher, i),
            (unsigned)test->found.used[i]);
    }
    test->heartbeat = test->found.discovery.heartbeat;
}

static void check_process(Selftest *test)
{
    const HaywireFound *found = &test->found;

    say(test, found->listed, "this program is among %u processes",
        (unsigned)found->processes);
    say(test, found->cycle > 0 && found->rss > 0 && found->has_path,
        "its record is there, with its executable");
    say(test, found->has_fields || !test->companion->collector->ops->fields,
        "further fields are there");
}

/* As a host does it: the word that is there must be that camera's. */
static bool focus(Selftest *test, uint32_t pid)
{
    HaywirePage *page = haywire_publisher_page(test->companion->publisher,
                                               HAYWIRE_CATEGORY_CAMERA1, 0);
    uint32_t nonce = test->found.control.nonce;

    if (nonce == 0 || haywire_page_get_control_word(page) >> 32 != nonce) {
        return false;
    }
    haywire_page_set_control_word(page, HAYWIRE_CONTROL_WORD(nonce, pid));
    return true;
}

/* A page of ours is where the page table of this program says it lies. */
static void check_translation(Selftest *test)
{
    const HaywirePublisher *publisher = test->companion->publisher;
    uint32_t last = haywire_publisher_total(publisher) - 1;

    if (!publisher->pfns_known) {
        say(test,
            test->found.frame == 0 &&
                (test->found.control.flags & HAYWIRE_CAMERA_NO_PFNS),
            "frame numbers are hidden, and said to be");
    } else {
        say(test, test->found.frame == publisher->pfn[last],
            "an address of this program leads to the frame it lies in");
    }
}

static void check_camera(Selftest *test)
{
    if (!say(test, focus(test, test->found.pid),
             "camera 1 is told to look at this program") ||
        !say(test, wait_for(test, camera_active), "camera 1 is active")) {
        return;
    }
    say(test, is_complete(&test->found.runs), "its page runs are complete");
    check_translation(test);
    say(test, focus(test, 0) && wait_for(test, camera_idle),
        "camera 1 is idle again");
}

static void check_session(Selftest *test)
{
    HaywirePublisher *publisher = test->companion->publisher;
    uint32_t last = haywire_publisher_total(publisher) - 1;

    test->found.pid = haywire_os_pid();
    test->found.address = (uintptr_t)&publisher->page[last];
    check_pages(test);
    if (!say(test, wait_for(test, is_live), "the session is seen to live")) {
        return;
    }
    check_process(test);
    say(test, wait_for(test, sections_complete), "its sections are complete");
    check_camera(test);
    haywire_publisher_close(publisher);
    say(test, wait_for(test, is_closed), "the session is seen to end");
    say(test, test->bad_looks == 0, "no page and no record was rejected");
}

int haywire_mode_selftest(const HaywireOptions *options)
{
    HaywireOptions all = *options;
    Selftest test = { 0 };

    all.only = HAYWIRE_ONLY_ALL;
    test.companion = haywire_start(&all);
    if (!test.companion) {
        return HAYWIRE_EXIT_FAILED;
    }
    if (publish_round(&test)) {
        check_session(&test);
    }
    haywire_companion_destroy(test.companion);
    if (test.failed > 0) {
        fprintf(stderr, "haywire-companion: %u checks failed\n", test.failed);
        return HAYWIRE_EXIT_FAILED;
    }
    printf("haywire-companion: all checks passed\n");
    return HAYWIRE_EXIT_FINE;
}
