/*
 * Reading back: the pages as the host's reader sees them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <inttypes.h>
#include <string.h>

#include "haywire/focus.h"
#include "haywire/watch.h"
#include "os/platform.h"
#include "selftest.h"

#define PATIENCE_NS (5 * HAYWIRE_NS_PER_SECOND)
#define LOOK_NS     (20 * HAYWIRE_NS_PER_MS)

typedef struct Reader {
    HaywireSelftest *test;
    HaywireMemory *source;
    HaywireWatch *watch;
    HaywireModel *model;
    uint32_t pid; /* this program */
} Reader;

static bool look(Reader *reader)
{
    uint64_t now = haywire_platform_monotonic_ns();
    HaywireNow both = { now, now };
    HaywireModel *model = NULL;

    if (haywire_watch_look(reader->watch, both, &model) != HAYWIRE_OK) {
        return false;
    }
    haywire_model_unref(reader->model);
    reader->model = model;
    return true;
}

typedef bool Expectation(const Reader *reader);

/* Let the companion work and the reader look until it is as expected. */
static bool wait_for(Reader *reader, Expectation *expectation)
{
    uint64_t end = haywire_platform_monotonic_ns() + PATIENCE_NS;

    do {
        haywire_companion_work(reader->test->companion);
        if (!look(reader)) {
            return false;
        }
        if (expectation(reader)) {
            return true;
        }
    } while (!haywire_platform_wait(LOOK_NS) &&
             haywire_platform_monotonic_ns() < end);
    return false;
}

static bool is_live(const Reader *reader)
{
    return reader->model->overview.state == HAYWIRE_STATE_LIVE;
}

static bool is_closed(const Reader *reader)
{
    return reader->model->overview.closed &&
           reader->model->overview.state == HAYWIRE_STATE_STALE;
}

static bool sections_complete(const Reader *reader)
{
    HaywireSectionList list;

    return haywire_model_sections(reader->model, reader->pid, &list) ==
               HAYWIRE_OK &&
           list.complete && list.count > 0;
}

static bool camera_active(const Reader *reader)
{
    const HaywireCamera *camera = &reader->model->camera[0];

    return camera->mapped && camera->status == HAYWIRE_CAMERA_ACTIVE &&
           camera->current_pid == reader->pid;
}

static bool camera_idle(const Reader *reader)
{
    return reader->model->camera[0].status == HAYWIRE_CAMERA_IDLE &&
           reader->model->camera[0].target_pid == 0;
}

static void check_process(Reader *reader)
{
    const HaywireProcess *process =
        haywire_model_process(reader->model, reader->pid);

    haywire_selftest_say(reader->test, process != NULL,
                         "this program is among %zu processes",
                         reader->model->process_count);
    if (process) {
        haywire_selftest_say(
            reader->test,
            process->has_details && process->rss > 0 && process->exe[0] == '/',
            "its record is there: executable %s", process->exe);
    }
}

static void check_rejected(Reader *reader)
{
    const uint64_t *rejected = reader->model->host.rejected;
    bool none = true;

    for (int i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        if (rejected[i] > 0) {
            none = false;
            haywire_selftest_say(reader->test, false,
                                 "the reader rejected %" PRIu64 ": %s",
                                 rejected[i], haywire_status_text(i));
        }
    }
    if (none) {
        haywire_selftest_say(reader->test, true,
                             "the reader rejected no page and no record");
    }
}

static bool focus(Reader *reader, uint32_t pid)
{
    HaywireFocusTarget target;
    HaywireControl control;
    HaywireDiagnosis diagnosis = { 0 };

    return haywire_focus_target(reader->model, 1, &target) == HAYWIRE_OK &&
           haywire_focus(reader->source, &target, pid, &control, &diagnosis) ==
               HAYWIRE_OK;
}

/* Where the reader finds a beacon page of ours is where it says it lies. */
static void check_translation(Reader *reader)
{
    const HaywirePublisher *publisher = reader->test->companion->publisher;
    uint32_t last = haywire_publisher_total(publisher) - 1;
    HaywireGva address = { (uintptr_t)&publisher->page[last] };
    HaywireTranslation translation = { 0 };
    HaywireStatus status = haywire_model_translate(reader->model, reader->pid,
                                                   address, &translation);

    if (!publisher->pfns_known) {
        haywire_selftest_say(reader->test, status == HAYWIRE_NO_PFN,
                             "frame numbers are hidden, and said to be");
        return;
    }
    haywire_selftest_say(reader->test,
                         status == HAYWIRE_OK &&
                             translation.gpa.value >> HAYWIRE_PAGE_SHIFT ==
                                 publisher->pfn[last],
                         "an address of this program leads to the frame it "
                         "lies in");
}

static void check_camera(Reader *reader)
{
    HaywireSelftest *test = reader->test;
    HaywirePageRunList runs;

    if (!haywire_selftest_say(test, focus(reader, reader->pid),
                              "camera 1 is told to look at this program") ||
        !haywire_selftest_say(test, wait_for(reader, camera_active),
                              "camera 1 is active")) {
        return;
    }
    haywire_selftest_say(test,
                         haywire_model_page_runs(reader->model, reader->pid,
                                                 &runs) == HAYWIRE_OK &&
                             runs.complete && runs.count > 0,
                         "its page runs are complete");
    check_translation(reader);
    haywire_selftest_say(test,
                         focus(reader, 0) && wait_for(reader, camera_idle),
                         "camera 1 is idle again");
}

static void check_session(Reader *reader)
{
    HaywireSelftest *test = reader->test;

    if (!haywire_selftest_say(test, wait_for(reader, is_live),
                              "the session is seen to live")) {
        return;
    }
    check_process(reader);
    haywire_selftest_say(test, wait_for(reader, sections_complete),
                         "its sections are complete");
    check_camera(reader);
    check_rejected(reader);
    haywire_publisher_close(test->companion->publisher);
    haywire_selftest_say(test, wait_for(reader, is_closed),
                         "the session is seen to end");
}

/* The pages as if they were guest RAM that starts at address 0. */
static bool open_reader(Reader *reader)
{
    HaywirePublisher *publisher = reader->test->companion->publisher;
    HaywireRegion region = {
        .length =
            (uint64_t)haywire_publisher_total(publisher) * HAYWIRE_PAGE_SIZE,
        .host = (const uint8_t *)publisher->page,
    };

    return haywire_memory_array_new(&region, 1, false, NULL, &reader->source) ==
               HAYWIRE_OK &&
           haywire_watch_new(reader->source, &reader->watch) == HAYWIRE_OK;
}

void haywire_selftest_view(HaywireSelftest *test)
{
    Reader reader = { .test = test, .pid = haywire_platform_pid() };

    if (open_reader(&reader)) {
        check_session(&reader);
    } else {
        haywire_selftest_say(test, false, "not enough memory for a reader");
    }
    haywire_model_unref(reader.model);
    haywire_watch_destroy(reader.watch);
    haywire_memory_destroy(reader.source);
}
