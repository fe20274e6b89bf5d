/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that comes in rounds, each made of small steps, so that the heartbeat
 * and the control words never wait for a round to end.
 */

#ifndef HAYWIRE_TASK_H
#define HAYWIRE_TASK_H

#include "engine/publisher.h"

typedef enum HaywireStep {
    HAYWIRE_STEP_MORE, /* the round goes on */
    HAYWIRE_STEP_DONE, /* the round is finished */
    HAYWIRE_STEP_IDLE, /* there is nothing to do: not a round */
} HaywireStep;

typedef HaywireStep HaywireStepFunction(void *opaque);

typedef struct HaywireTask {
    const char *name;
    HaywireStepFunction *step;
    void *opaque;
    uint64_t usual_ns;    /* the interval when nothing is too costly */
    uint64_t interval_ns; /* from the start of a round to the next */
    unsigned rest;        /* after each slice: this many times as long */
    HaywireGuestCounter rounds_counter;
    HaywireGuestCounter time_counter;
    bool counted;   /* the two counters apply */
    bool once;      /* stop after the first round */
    unsigned looks; /* steps from one look at the clock to the next */

    bool running;
    uint64_t next_ns; /* UINT64_MAX: never again */
    uint64_t started_ns;
    uint64_t busy_ns; /* of this round, or of the last */
    uint64_t cpu_ns;  /* processor time of this round, or of the last */
    uint64_t cost_ns; /* processor time that a round takes, smoothed */
    uint64_t rounds;
} HaywireTask;

/* Do a slice of work (some milliseconds), and plan the next. */
void haywire_task_run(HaywireTask *task, HaywirePublisher *publisher);

/*
 * Rounds shall start at this interval from now on: also the next.
 */
void haywire_task_set_interval(HaywireTask *task, uint64_t interval_ns);

/* Do one round to its end without resting; false when there was none. */
bool haywire_task_round(HaywireTask *task, HaywirePublisher *publisher);

#endif
