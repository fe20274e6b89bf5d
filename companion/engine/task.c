/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that comes in rounds, each made of small steps. */

#include "os/os.h"
#include "engine/task.h"

#define SLICE_NS (5 * HAYWIRE_NS_PER_MS)

/* How much of an old cost goes into the new, of COST_PARTS. */
#define COST_KEEP  3
#define COST_PARTS 4

/* Some steps: where the clock is a device, it costs more than a small one. */
static HaywireStep run_steps(HaywireTask *task)
{
    HaywireStep step = task->step(task->opaque);

    for (unsigned i = 1; i < task->looks && step == HAYWIRE_STEP_MORE; i++) {
        step = task->step(task->opaque);
    }
    return step;
}

/* Steps until the slice is over or the round is. */
static HaywireStep run_slice(HaywireTask *task, uint64_t start_ns,
                             uint64_t *ret_end_ns)
{
    HaywireStep step;

    do {
        step = run_steps(task);
        *ret_end_ns = haywire_os_monotonic_ns();
    } while (step == HAYWIRE_STEP_MORE && *ret_end_ns - start_ns < SLICE_NS);
    return step;
}

static void finish_round(HaywireTask *task, HaywirePublisher *publisher)
{
    task->rounds++;
    if (task->counted) {
        publisher->counter[task->rounds_counter]++;
        publisher->counter[task->time_counter] = task->busy_ns;
    }
    task->cost_ns = task->rounds == 1
                        ? task->cpu_ns
                        : (task->cost_ns * COST_KEEP +
                           task->cpu_ns * (COST_PARTS - COST_KEEP)) /
                              COST_PARTS;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void haywire_task_run(HaywireTask *task, HaywirePublisher *publisher)
{
    uint64_t start = haywire_os_monotonic_ns();
    uint64_t cpu = haywire_os_cpu_ns();
    uint64_t end = start;
    uint64_t rested;
    HaywireStep step;

    if (!task->running) {
        task->running = true;
        task->started_ns = start;
        task->busy_ns = 0;
        task->cpu_ns = 0;
    }
    step = run_slice(task, start, &end);
    task->busy_ns += end - start;
    task->cpu_ns += haywire_os_cpu_ns() - cpu;
    rested = end + (end - start) * task->rest;
    if (step == HAYWIRE_STEP_MORE) {
        task->next_ns = rested;
        return;
    }
    task->running = false;
    task->next_ns = later(task->started_ns + task->interval_ns, rested);
    if (step == HAYWIRE_STEP_DONE) {
        finish_round(task, publisher);
        if (task->once) {
            task->next_ns = UINT64_MAX;
        }
    } else {
        task->cost_ns = 0;
    }
}

void haywire_task_set_interval(HaywireTask *task, uint64_t interval_ns)
{
    uint64_t next = task->started_ns + interval_ns;

    task->interval_ns = interval_ns;
    if (!task->running && task->rounds > 0 && task->next_ns != UINT64_MAX &&
        task->next_ns > next) {
        task->next_ns = next;
    }
}

bool haywire_task_round(HaywireTask *task, HaywirePublisher *publisher)
{
    uint64_t before = task->rounds;

    do {
        haywire_task_run(task, publisher);
    } while (task->running);
    return task->rounds > before;
}
