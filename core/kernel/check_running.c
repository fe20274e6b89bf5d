/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processors run: see check_witnesses.h. Where a processor's own data
 * lie is told by symbols only, but each task leads to the run queue that it was
 * last in, and each processor has tasks of its own.
 */

#include <string.h>

#include "check_witnesses.h"

/* What one of them may cost: honest ones take a third. */
#define STEP_READS 64
#define STEP_PAGES 12

#define PROCESSORS_MAX 1024

static const char idle_name[] = "swapper/";

typedef struct Processors {
    HaywireKernelView *view;
    HaywireVector *tasks;
    size_t count;
    uint64_t queue[PROCESSORS_MAX]; /* gva of each one's struct rq */
} Processors;

static bool is_known(const Processors *processors, uint64_t queue)
{
    for (size_t i = 0; i < processors->count; i++) {
        if (processors->queue[i] == queue) {
            return true;
        }
    }
    return false;
}

/* Each has an idle task of its own, which has no pid. */
static bool is_processor(HaywireKernelView *view, uint64_t queue)
{
    uint64_t idle = haywire_view_get(view, queue, M_PROCESSOR_IDLE);
    char name[sizeof(idle_name)];

    haywire_view_text(view, idle + haywire_member(view, M_TASK_COMM).offset,
                      name, sizeof(name));
    return haywire_view_get(view, idle, M_TASK_PID) == 0 && !view->lost &&
           strcmp(name, idle_name) == 0;
}

/* It may be a thread; what is told is its process. */
static HaywireStatus take_running(Processors *processors, uint64_t queue)
{
    HaywireKernelView *view = processors->view;
    uint64_t runs = haywire_view_get(view, queue, M_PROCESSOR_RUNS);
    uint64_t pid = haywire_view_get(view, runs, M_TASK_TGID);
    HaywireTask task = { haywire_view_get(view, runs, M_TASK_GROUP_LEADER),
                         (uint32_t)pid };

    if (pid == 0 || haywire_view_get(view, task.address, M_TASK_PID) != pid ||
        view->lost) {
        return HAYWIRE_OK;
    }
    return haywire_vector_push(processors->tasks, &task);
}

static HaywireStatus look_at(Processors *processors, uint64_t task)
{
    HaywireKernelView *view = processors->view;
    uint64_t queue;

    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    view->lost = false;
    queue = haywire_view_get(view, task, M_TASK_QUEUE);
    queue = haywire_view_get(view, queue, M_QUEUE_PROCESSOR);
    if (view->lost || is_known(processors, queue) ||
        !is_processor(view, queue)) {
        return HAYWIRE_OK;
    }
    if (processors->count == PROCESSORS_MAX) {
        return HAYWIRE_LIMIT;
    }
    processors->queue[processors->count++] = queue;
    return take_running(processors, queue);
}

HaywireStatus haywire_check_running(HaywireKernelView *view,
                                    const HaywireVector *listed,
                                    HaywireVector *tasks)
{
    Processors processors = { .view = view, .tasks = tasks };
    const HaywireTask *task = listed->data;
    HaywireStatus status = HAYWIRE_OK;

    haywire_vector_clear(tasks);
    haywire_vector_init(tasks, sizeof(HaywireTask), PROCESSORS_MAX);
    if (!haywire_member(view, M_TASK_QUEUE).known ||
        !haywire_member(view, M_QUEUE_PROCESSOR).known ||
        !haywire_member(view, M_PROCESSOR_RUNS).known ||
        !haywire_member(view, M_PROCESSOR_IDLE).known) {
        return HAYWIRE_NOT_FOUND;
    }
    for (size_t i = 0; i < listed->count && status == HAYWIRE_OK; i++) {
        status = look_at(&processors, task[i].address);
    }
    return status == HAYWIRE_OK && processors.count == 0 ? HAYWIRE_NOT_FOUND
                                                         : status;
}
