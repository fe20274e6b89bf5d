/*
 * The companion: a session, a collector, and the tasks that publish.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "companion.h"
#include "platform.h"

#define MANIFEST_INTERVAL_MS 10000
/* Cycles of ROUNDROBIN from one sweep over all sections to the next. */
#define SECTION_CYCLES 4

static void tick(void *opaque)
{
    haywire_companion_tick(opaque);
}

static HaywireTask *set_task(HaywireCompanion *companion, HaywireTaskId id,
                             const char *name, HaywireStepFunction *step,
                             void *opaque, uint64_t interval_ns, unsigned rest)
{
    HaywireTask *task = &companion->task[id];

    task->name = name;
    task->step = step;
    task->opaque = opaque;
    task->interval_ns = interval_ns;
    task->rest = rest;
    return task;
}

static void count_task(HaywireTask *task, HaywireGuestCounter rounds,
                       HaywireGuestCounter time)
{
    task->counted = true;
    task->rounds_counter = rounds;
    task->time_counter = time;
}

/*
 * Snapshots never rest. Sections, the dearest (as much as three snapshots and
 * three cycles together) and those that change least, are swept every fourth
 * cycle, and take a quarter of the time at most.
 */
static void set_tasks(HaywireCompanion *companion)
{
    const HaywireSetup *setup = &companion->publisher->setup;

    set_task(companion, HAYWIRE_TASK_MANIFEST, "manifest",
             haywire_manifest_step, &companion->manifest,
             MANIFEST_INTERVAL_MS * HAYWIRE_NS_PER_MS, 1);
    count_task(set_task(companion, HAYWIRE_TASK_PID, "pid",
                        haywire_pid_ring_step, &companion->pid_ring,
                        setup->pid_interval_ns, 0),
               HAYWIRE_COUNTER_PID_ROUNDS, HAYWIRE_COUNTER_PID_ROUND_TIME);
    count_task(set_task(companion, HAYWIRE_TASK_ROUNDROBIN, "roundrobin",
                        haywire_roundrobin_step, &companion->roundrobin,
                        setup->roundrobin_interval_ns, 1),
               HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS,
               HAYWIRE_COUNTER_ROUNDROBIN_ROUND_TIME);
    set_task(companion, HAYWIRE_TASK_SECTIONS, "sections",
             haywire_section_ring_step, &companion->section_ring,
             SECTION_CYCLES * setup->roundrobin_interval_ns, 3);
    count_task(set_task(companion, HAYWIRE_TASK_CAMERA1, "camera1",
                        haywire_camera_step, &companion->camera[0],
                        setup->camera_interval_ns, 1),
               HAYWIRE_COUNTER_CAMERA1_PASSES,
               HAYWIRE_COUNTER_CAMERA1_PASS_TIME);
    count_task(set_task(companion, HAYWIRE_TASK_CAMERA2, "camera2",
                        haywire_camera_step, &companion->camera[1],
                        setup->camera_interval_ns, 1),
               HAYWIRE_COUNTER_CAMERA2_PASSES,
               HAYWIRE_COUNTER_CAMERA2_PASS_TIME);
}

static void enable_tasks(HaywireCompanion *companion,
                         const HaywireOptions *options)
{
    static const unsigned needs[HAYWIRE_TASK_COUNT] = {
        [HAYWIRE_TASK_MANIFEST] = HAYWIRE_ONLY_ALL,
        [HAYWIRE_TASK_PID] = HAYWIRE_ONLY_PID,
        [HAYWIRE_TASK_ROUNDROBIN] = HAYWIRE_ONLY_ROUNDROBIN,
        [HAYWIRE_TASK_SECTIONS] = HAYWIRE_ONLY_ROUNDROBIN,
        [HAYWIRE_TASK_CAMERA1] = HAYWIRE_ONLY_CAMERA,
        [HAYWIRE_TASK_CAMERA2] = HAYWIRE_ONLY_CAMERA,
    };

    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        companion->enabled[i] = options->only & needs[i];
        companion->task[i].once = options->mode == HAYWIRE_MODE_ONCE;
    }
}

/* What is known before the first cycle, which says it better. */
static void note_privilege(HaywireCompanion *companion)
{
    bool all = companion->collector->ops->reads_all(companion->collector);

    haywire_publisher_set_feature(companion->publisher,
                                  HAYWIRE_FEATURE_PRIVILEGED, all);
    haywire_publisher_set_capability(companion->publisher,
                                     HAYWIRE_CAPABILITY_ALL_PROCESSES, all);
}

static bool init_parts(HaywireCompanion *companion)
{
    HaywirePublisher *publisher = companion->publisher;
    HaywireCollector *collector = companion->collector;
    bool fine =
        haywire_manifest_init(&companion->manifest, publisher, collector);

    fine &= haywire_pid_ring_init(&companion->pid_ring, publisher, collector);
    fine &=
        haywire_roundrobin_init(&companion->roundrobin, publisher, collector);
    haywire_section_ring_init(&companion->section_ring, publisher, collector);
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        fine &= haywire_camera_init(&companion->camera[i], publisher, collector,
                                    HAYWIRE_CATEGORY_CAMERA1 + i);
    }
    return fine;
}

HaywireCompanion *haywire_companion_new(const HaywireOptions *options,
                                        HaywireCollector *collector)
{
    HaywireCompanion *companion = calloc(1, sizeof(*companion));

    if (!companion) {
        haywire_collector_destroy(collector);
        return NULL;
    }
    companion->collector = collector;
    companion->publisher = haywire_publisher_new(&options->setup);
    if (!companion->publisher || !init_parts(companion)) {
        haywire_companion_destroy(companion);
        return NULL;
    }
    note_privilege(companion);
    set_tasks(companion);
    enable_tasks(companion, options);
    collector->tick = tick;
    collector->tick_opaque = companion;
    return companion;
}

void haywire_companion_destroy(HaywireCompanion *companion)
{
    if (!companion) {
        return;
    }
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        haywire_camera_destroy(&companion->camera[i]);
    }
    haywire_section_ring_destroy(&companion->section_ring);
    haywire_roundrobin_destroy(&companion->roundrobin);
    haywire_pid_ring_destroy(&companion->pid_ring);
    haywire_manifest_destroy(&companion->manifest);
    haywire_publisher_destroy(companion->publisher);
    haywire_collector_destroy(companion->collector);
    free(companion);
}

/* A camera with a new target does not wait for its interval. */
static void poll_cameras(HaywireCompanion *companion)
{
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        HaywireTaskId id = HAYWIRE_TASK_CAMERA1 + i;

        if (companion->enabled[id] &&
            haywire_camera_poll(&companion->camera[i])) {
            companion->task[id].next_ns = 0;
            companion->task[id].running = false;
        }
    }
}

void haywire_companion_tick(HaywireCompanion *companion)
{
    uint64_t now = haywire_platform_monotonic_ns();

    haywire_publisher_beat(companion->publisher, now);
    haywire_publisher_refresh(companion->publisher, now);
    if (now >= companion->next_poll_ns) {
        companion->next_poll_ns =
            now + HAYWIRE_CONTROL_POLL_MS * HAYWIRE_NS_PER_MS;
        poll_cameras(companion);
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t haywire_companion_work(HaywireCompanion *companion)
{
    uint64_t next;

    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        HaywireTask *task = &companion->task[i];

        haywire_companion_tick(companion);
        if (companion->enabled[i] &&
            task->next_ns <= haywire_platform_monotonic_ns()) {
            haywire_task_run(task, companion->publisher);
        }
    }
    next = sooner(companion->next_poll_ns, companion->publisher->next_beat_ns);
    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        if (companion->enabled[i]) {
            next = sooner(next, companion->task[i].next_ns);
        }
    }
    return next;
}

bool haywire_companion_round_done(const HaywireCompanion *companion)
{
    for (int i = 0; i < HAYWIRE_TASK_CAMERA1; i++) {
        if (companion->enabled[i] && companion->task[i].rounds == 0) {
            return false;
        }
    }
    return true;
}
