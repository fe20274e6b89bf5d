/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The companion's pace: how often it looks, so that all of it together takes
 * no more processor time than it may. docs/haywire-companion.1 tells users.
 *
 * What cannot wait (heartbeat, control words, news of single processes) is
 * measured over a sliding window. The rest of the budget goes to the regular
 * rounds, each of which has a known cost: from those that matter least, time
 * is taken first. What was taken beyond the budget is paid back.
 */

#ifndef HAYWIRE_PACE_H
#define HAYWIRE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum HaywirePaceId {
    HAYWIRE_PACE_PID,
    HAYWIRE_PACE_ROUNDROBIN,
    HAYWIRE_PACE_SECTIONS,
    HAYWIRE_PACE_CAMERA1,
    HAYWIRE_PACE_CAMERA2,
    HAYWIRE_PACE_COUNT
} HaywirePaceId;

typedef struct HaywirePaceRound {
    uint64_t usual_ns;    /* the interval that was asked for */
    uint64_t cost_ns;     /* processor time that a round takes; 0: none */
    uint64_t interval_ns; /* out: the interval to keep */
} HaywirePaceRound;

/* No interval is stretched beyond these, unless it was asked for. */
#define HAYWIRE_PACE_LONGEST_NS          UINT64_C(10000000000)
#define HAYWIRE_PACE_LONGEST_SECTIONS_NS UINT64_C(40000000000)

/* One in each second of the window. */
#define HAYWIRE_PACE_SAMPLES 10

/* Totals. */
typedef struct HaywirePaceSample {
    uint64_t wall_ns;
    uint64_t cpu_ns;
    uint64_t rounds_ns; /* of cpu_ns: by regular rounds */
} HaywirePaceSample;

typedef struct HaywirePace {
    uint64_t budget; /* ns of processor time a second; 0: no limit */
    uint64_t next_ns;
    size_t samples; /* taken, ever */
    double debt_ns; /* taken beyond the budget, and not paid back */
    bool tight;     /* what is not rounds takes much of the budget */
    HaywirePaceSample sample[HAYWIRE_PACE_SAMPLES];
} HaywirePace;

/* @budget: ns of processor time a second; 0: no limit */
void haywire_pace_init(HaywirePace *pace, uint64_t budget);

/*
 * Once a second: true, and the sample is taken. All three are totals.
 *
 * @rounds_ns: what the regular rounds had of @cpu_ns
 */
bool haywire_pace_sample(HaywirePace *pace, uint64_t wall_ns, uint64_t cpu_ns,
                         uint64_t rounds_ns);

/*
 * ns a second, over the window, that went to other things than rounds. While it
 * is much of the budget, pace->tight: what can wait a little should.
 */
uint64_t haywire_pace_other(const HaywirePace *pace);

/*
 * Set the intervals of all rounds, by their costs.
 *
 * @round: by HaywirePaceId
 * @hearing: the system tells of processes that start and end; snapshots may
 *           then wait longer
 */
void haywire_pace_plan(const HaywirePace *pace, bool hearing,
                       HaywirePaceRound round[HAYWIRE_PACE_COUNT]);

/*
 * How long to wait after news of single processes, which took @cost_ns to
 * follow, before news are followed again: they have half of the budget.
 */
uint64_t haywire_pace_pause(const HaywirePace *pace, uint64_t cost_ns);

#endif
