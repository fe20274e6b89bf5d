/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companion: a session, a collector, and the tasks that publish. */

#include <stdlib.h>
#include <string.h>

#include "engine/companion.h"

#define MANIFEST_INTERVAL_MS 10000
/* Cycles of ROUNDROBIN from one sweep over all sections to the next. */
#define SECTION_CYCLES 4

/* Steps between two looks at the clock, for about a tenth of a slice. */
#define LOOKS_PID        16
#define LOOKS_ROUNDROBIN 8
#define LOOKS_SECTIONS   4

/*
 * Where the host hears at once, control words are looked at more often for a
 * moment after one was written: who looks at a process soon looks at another.
 */
#define QUICK_POLL_MS 8
#define QUICK_MS      3000

/* News are gathered for a moment: what starts becomes another program soon. */
#define NEWS_TABLE_MS   50
#define NEWS_DETAILS_MS 500

static void tick(void *opaque)
{
    haywire_companion_tick(opaque);
}

/*
 * Snapshots never rest. Sections, the costliest (as much as three snapshots and
 * three cycles together) and those that change least, are swept every fourth
 * cycle, and take a quarter of the time at most.
 */
static void set_tasks(HaywireCompanion *companion)
{
    const HaywireSetup *setup = &companion->publisher->setup;
    const uint64_t cycle_ns = setup->roundrobin_interval_ns;
    const HaywireTask tasks[HAYWIRE_TASK_COUNT] = {
        [HAYWIRE_TASK_MANIFEST] = { "manifest", haywire_manifest_step,
                                    &companion->manifest,
                                    MANIFEST_INTERVAL_MS * HAYWIRE_NS_PER_MS,
                                    .rest = 1, .looks = 1 },
        [HAYWIRE_TASK_PID] = { "pid", haywire_pid_ring_step,
                               &companion->pid_ring, setup->pid_interval_ns,
                               .looks = LOOKS_PID, .counted = true,
                               .rounds_counter = HAYWIRE_COUNTER_PID_ROUNDS,
                               .time_counter = HAYWIRE_COUNTER_PID_ROUND_TIME },
        [HAYWIRE_TASK_ROUNDROBIN] = { "roundrobin", haywire_roundrobin_step,
                                      &companion->roundrobin, cycle_ns,
                                      .rest = 1, .looks = LOOKS_ROUNDROBIN,
                                      .counted = true,
                                      .rounds_counter =
                                          HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS,
                                      .time_counter =
                                          HAYWIRE_COUNTER_ROUNDROBIN_ROUND_TIME },
        [HAYWIRE_TASK_SECTIONS] = { "sections", haywire_section_ring_step,
                                    &companion->section_ring,
                                    SECTION_CYCLES * cycle_ns, .rest = 3,
                                    .looks = LOOKS_SECTIONS },
    };

    memcpy(companion->task, tasks, sizeof(tasks));
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        static const char *const name[] = { "camera1", "camera2" };

        companion->task[HAYWIRE_TASK_CAMERA1 + i] = (HaywireTask){
            name[i],
            haywire_camera_step,
            &companion->camera[i],
            setup->camera_interval_ns,
            .rest = 1,
            .looks = 1,
            .counted = true,
            .rounds_counter = HAYWIRE_COUNTER_CAMERA1_PASSES + i,
            .time_counter = HAYWIRE_COUNTER_CAMERA1_PASS_TIME + i,
        };
    }
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
        HaywireTask *task = &companion->task[i];

        companion->enabled[i] = options->only & needs[i];
        task->once = options->mode == HAYWIRE_MODE_ONCE;
        task->interval_ns = task->usual_ns;
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
    HaywireTable *table = &companion->table;

    haywire_table_init(table, publisher, collector);
    haywire_pid_ring_init(&companion->pid_ring, publisher, table);
    haywire_section_ring_init(&companion->section_ring, publisher, table);
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        haywire_camera_init(&companion->camera[i], publisher, collector,
                            HAYWIRE_CATEGORY_CAMERA1 + i);
    }
    return haywire_manifest_init(&companion->manifest, publisher, collector) &&
           haywire_roundrobin_init(&companion->roundrobin, publisher, table);
}

HaywireCompanion *haywire_companion_new(const HaywireOptions *options,
                                        HaywireCollector *collector)
{
    HaywireCompanion *companion = calloc(1, sizeof(*companion));

    if (!companion) {
        collector->ops->destroy(collector);
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
    companion->listens = options->mode == HAYWIRE_MODE_RUN &&
                         (options->only & ~HAYWIRE_ONLY_CAMERA);
    haywire_pace_init(&companion->pace, options->mode == HAYWIRE_MODE_RUN
                                            ? options->cpu_budget
                                            : 0);
    haywire_doorbell_init(&companion->doorbell, options->doorbell,
                          options->doorbell_port);
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
    haywire_roundrobin_destroy(&companion->roundrobin);
    haywire_manifest_destroy(&companion->manifest);
    haywire_table_destroy(&companion->table);
    if (companion->publisher) {
        haywire_publisher_close(companion->publisher);
        haywire_doorbell_ring(&companion->doorbell, companion->publisher);
    }
    haywire_publisher_destroy(companion->publisher);
    companion->collector->ops->destroy(companion->collector);
    free(companion);
}

/* A camera with a new target does not wait for its interval. */
static void poll_cameras(HaywireCompanion *companion, uint64_t now)
{
    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        HaywireTaskId id = HAYWIRE_TASK_CAMERA1 + i;

        if (companion->enabled[id] &&
            haywire_camera_poll(&companion->camera[i])) {
            companion->task[id].next_ns = 0;
            companion->task[id].running = false;
            companion->quick_until_ns = now + QUICK_MS * HAYWIRE_NS_PER_MS;
        }
    }
}

/* An end alone is no news to those that have no list of who is there. */
static void hear(HaywireCompanion *companion)
{
    const HaywireCollectorOps *ops = companion->collector->ops;
    const bool *enabled = companion->enabled;
    HaywireNews *news = companion->news;
    HaywireHeard heard = { 0 };
    bool begun;

    companion->hearing = companion->listens && ops->hear &&
                         ops->hear(companion->collector, &heard);
    if (!companion->hearing) {
        return;
    }
    begun = haywire_changes_any(&heard.begun);
    haywire_table_hear(&companion->table, &heard);
    news[HAYWIRE_NEWS_TABLE].due |= begun || haywire_changes_any(&heard.ended);
    news[HAYWIRE_NEWS_ROUNDROBIN].due |=
        begun && enabled[HAYWIRE_TASK_ROUNDROBIN];
    news[HAYWIRE_NEWS_SECTIONS].due |= begun && enabled[HAYWIRE_TASK_SECTIONS];
}

/* Where each waking costs much, with the next beat. */
static uint64_t next_poll(const HaywireCompanion *companion, uint64_t now)
{
    bool quick = companion->doorbell.there && now < companion->quick_until_ns;

    if (companion->pace.tight && !quick) {
        return companion->publisher->next_beat_ns;
    }
    return now + (quick ? QUICK_POLL_MS : HAYWIRE_CONTROL_POLL_MS) *
                     HAYWIRE_NS_PER_MS;
}

static void tick_at(HaywireCompanion *companion, uint64_t now)
{
    haywire_publisher_beat(companion->publisher, now);
    haywire_publisher_refresh(companion->publisher, now);
    if (now >= companion->next_poll_ns) {
        poll_cameras(companion, now);
        hear(companion);
        companion->next_poll_ns = next_poll(companion, now);
    }
    haywire_doorbell_work(&companion->doorbell, companion->publisher,
                          &companion->pid_ring, companion->camera, now);
}

void haywire_companion_tick(HaywireCompanion *companion)
{
    tick_at(companion, haywire_os_monotonic_ns());
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What cannot be followed now is for the regular rounds. */
static void follow(HaywireCompanion *companion, HaywireNewsId id)
{
    if (!haywire_table_update(&companion->table)) {
        return;
    }
    switch (id) {
    case HAYWIRE_NEWS_TABLE:
        if (companion->enabled[HAYWIRE_TASK_PID]) {
            haywire_pid_ring_update(&companion->pid_ring);
        }
        break;
    case HAYWIRE_NEWS_ROUNDROBIN:
        (void)haywire_roundrobin_update(&companion->roundrobin);
        break;
    default:
        (void)haywire_section_ring_update(&companion->section_ring);
        break;
    }
}

static void follow_news(HaywireCompanion *companion, HaywireNewsId id,
                        uint64_t now)
{
    HaywireNews *news = &companion->news[id];
    bool table = id == HAYWIRE_NEWS_TABLE;
    uint64_t pause =
        (table ? NEWS_TABLE_MS : NEWS_DETAILS_MS) * HAYWIRE_NS_PER_MS;
    uint64_t cpu;

    if (!news->due || now < news->next_ns) {
        return;
    }
    cpu = haywire_os_cpu_ns();
    follow(companion, id);
    cpu = haywire_os_cpu_ns() - cpu;
    news->due = table && haywire_table_waits(&companion->table);
    news->next_ns =
        now + later(pause, haywire_pace_pause(&companion->pace, cpu));
}

/* Returns the time when it is done. */
static uint64_t run_task(HaywireCompanion *companion, HaywireTask *task)
{
    uint64_t cpu = task->running ? task->cpu_ns : 0;

    haywire_task_run(task, companion->publisher);
    companion->rounds_cpu_ns += task->cpu_ns - cpu;
    return haywire_os_monotonic_ns();
}

static const HaywireTaskId paced_task[HAYWIRE_PACE_COUNT] = {
    [HAYWIRE_PACE_PID] = HAYWIRE_TASK_PID,
    [HAYWIRE_PACE_ROUNDROBIN] = HAYWIRE_TASK_ROUNDROBIN,
    [HAYWIRE_PACE_SECTIONS] = HAYWIRE_TASK_SECTIONS,
    [HAYWIRE_PACE_CAMERA1] = HAYWIRE_TASK_CAMERA1,
    [HAYWIRE_PACE_CAMERA2] = HAYWIRE_TASK_CAMERA2,
};

/* Once a second: set the intervals by what everything costs. */
static void keep_pace(HaywireCompanion *companion, uint64_t now)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];

    if (now < companion->pace.next_ns ||
        !haywire_pace_sample(&companion->pace, now, haywire_os_cpu_ns(),
                             companion->rounds_cpu_ns)) {
        return;
    }
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        const HaywireTask *task = &companion->task[paced_task[i]];

        round[i].usual_ns = task->usual_ns;
        round[i].cost_ns = task->cost_ns;
    }
    haywire_pace_plan(&companion->pace, companion->hearing, round);
    haywire_table_keep(&companion->table,
                       round[HAYWIRE_PACE_ROUNDROBIN].interval_ns /
                           round[HAYWIRE_PACE_ROUNDROBIN].usual_ns);
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        haywire_task_set_interval(&companion->task[paced_task[i]],
                                  round[i].interval_ns);
    }
    haywire_publisher_set_intervals(companion->publisher,
                                    round[HAYWIRE_PACE_PID].interval_ns,
                                    round[HAYWIRE_PACE_ROUNDROBIN].interval_ns,
                                    round[HAYWIRE_PACE_CAMERA1].interval_ns);
}

static uint64_t next_work(const HaywireCompanion *companion)
{
    uint64_t next =
        sooner(companion->next_poll_ns, companion->publisher->next_beat_ns);

    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        if (companion->enabled[i]) {
            next = sooner(next, companion->task[i].next_ns);
        }
    }
    if (companion->doorbell.there && companion->news[HAYWIRE_NEWS_TABLE].due) {
        next = sooner(next, companion->news[HAYWIRE_NEWS_TABLE].next_ns);
    }
    return next;
}

/* Would the host see at once what we hear now? */
static bool is_all_ears(const HaywireCompanion *companion, uint64_t now)
{
    return companion->hearing && companion->doorbell.there &&
           now >= companion->news[HAYWIRE_NEWS_TABLE].next_ns;
}

bool haywire_companion_wait(HaywireCompanion *companion, uint64_t ns)
{
    HaywireCollector *collector = companion->collector;

    return collector->ops->wait &&
                   is_all_ears(companion, haywire_os_monotonic_ns())
               ? collector->ops->wait(collector, ns)
               : haywire_os_wait(ns);
}

uint64_t haywire_companion_work(HaywireCompanion *companion)
{
    uint64_t now = haywire_os_monotonic_ns();

    tick_at(companion, now);
    if (is_all_ears(companion, now)) {
        hear(companion);
    }
    for (int i = 0; i < HAYWIRE_NEWS_COUNT; i++) {
        follow_news(companion, i, now);
    }
    tick_at(companion, now);
    for (int i = 0; i < HAYWIRE_TASK_COUNT; i++) {
        HaywireTask *task = &companion->task[i];

        if (companion->enabled[i] && task->next_ns <= now) {
            now = run_task(companion, task);
            tick_at(companion, now);
        }
    }
    keep_pace(companion, now);
    return next_work(companion);
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
