/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mode that measures how long a round of each category takes. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "modes.h"

typedef struct Timings {
    uint64_t *ns;
    unsigned count;
} Timings;

static int compare_ns(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void print_timings(const char *name, Timings *timings)
{
    const double per_ms = (double)HAYWIRE_NS_PER_MS;
    uint64_t *ns = timings->ns;
    unsigned count = timings->count;

    if (count == 0) {
        printf("%-12s could not be measured\n", name);
        return;
    }
    qsort(ns, count, sizeof(*ns), compare_ns);
    printf("%-12s %7u %12.3f %12.3f %12.3f\n", name, count,
           (double)ns[0] / per_ms, (double)ns[count / 2] / per_ms,
           (double)ns[count - 1] / per_ms);
}

/* Returns false when the program was asked to end. */
static bool measure(HaywireCompanion *companion, HaywireTask *task,
                    unsigned rounds, Timings *timings)
{
    timings->count = 0;
    for (unsigned i = 0; i < rounds; i++) {
        if (haywire_os_wait(0)) {
            return false;
        }
        haywire_companion_tick(companion);
        if (haywire_task_round(task, companion->publisher)) {
            timings->ns[timings->count++] = task->busy_ns;
        }
    }
    return true;
}

/* As a host does it: the cameras then look at this very program. */
static void focus_cameras(HaywireCompanion *companion)
{
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        HaywireCameraWriter *camera = &companion->camera[i];
        HaywirePage *page =
            haywire_publisher_page(companion->publisher, camera->category, 0);

        haywire_page_set_control_word(
            page, HAYWIRE_CONTROL_WORD(camera->said.nonce, haywire_os_pid()));
        (void)haywire_camera_poll(camera);
    }
}

static bool measure_all(HaywireCompanion *companion, unsigned rounds,
                        Timings *timings)
{
    printf("%-12s %7s %12s %12s %12s\n", "ROUND", "COUNT", "MIN ms",
           "MEDIAN ms", "MAX ms");
    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        if (!companion->enabled[i]) {
            continue;
        }
        if (!measure(companion, &companion->task[i], rounds, timings)) {
            return false;
        }
        print_timings(companion->task[i].name, timings);
    }
    return true;
}

static void print_guest(const HaywireCompanion *companion)
{
    const uint64_t *counter = companion->publisher->counter;

    printf("processes: %" PRIu64 ", pages: %u, processor time: %.3f ms\n",
           counter[HAYWIRE_COUNTER_PROCESSES],
           haywire_publisher_total(companion->publisher),
           (double)haywire_os_cpu_ns() / (double)HAYWIRE_NS_PER_MS);
}

int haywire_mode_benchmark(const HaywireOptions *options)
{
    Timings timings = { calloc(options->rounds, sizeof(uint64_t)), 0 };
    HaywireCompanion *companion = haywire_start(options);
    bool finished = false;

    if (companion && timings.ns) {
        focus_cameras(companion);
        finished = measure_all(companion, options->rounds, &timings);
        print_guest(companion);
    }
    haywire_companion_destroy(companion);
    free(timings.ns);
    return finished ? HAYWIRE_EXIT_FINE : HAYWIRE_EXIT_FAILED;
}
