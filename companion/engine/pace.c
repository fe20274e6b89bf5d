/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companion's pace. */

#include <string.h>

#include "engine/pace.h"
#include "os/os.h"

#define MEMBERS(a) (1u << HAYWIRE_PACE_##a)

/* While news come, a snapshot of all only brings what nobody tells of. */
#define HEARING_STRETCH 4

/*
 * Of the budget, rounds always have one part in so many. On a busy host all of
 * a guest seems costly, and what cannot wait may take the budget by itself.
 */
#define LEAST_PART 4

/*
 * A debt is paid back in so many seconds. More than so many seconds' budget is
 * forgotten: the first rounds of all cost much.
 */
#define PAY_BACK_S  10
#define DEBT_MOST_S 30

/* Parts of the budget: when things become tight, and are no more. */
#define TIGHT_PART 2
#define LOOSE_PART 8

/* Whose intervals are stretched together. */
typedef struct Stage {
    unsigned members;
    bool hearing_only;
    uint64_t stretch; /* at most so many times; 0: up to the longest */
} Stage;

/* From what matters least to what matters most. */
static const Stage stages[] = {
    { MEMBERS(PID), true, HEARING_STRETCH },
    { MEMBERS(ROUNDROBIN) | MEMBERS(SECTIONS), false, 0 },
    { MEMBERS(CAMERA1) | MEMBERS(CAMERA2), false, 0 },
    { MEMBERS(PID), false, 0 },
};

void haywire_pace_init(HaywirePace *pace, uint64_t budget)
{
    memset(pace, 0, sizeof(*pace));
    pace->budget = budget;
}

/* From the newest sample up to now. */
static void carry_debt(HaywirePace *pace, uint64_t wall_ns, uint64_t cpu_ns)
{
    const HaywirePaceSample *last =
        &pace->sample[(pace->samples - 1) % HAYWIRE_PACE_SAMPLES];
    double budget = (double)pace->budget;
    double debt =
        pace->debt_ns + (double)(cpu_ns - last->cpu_ns) -
        (double)(wall_ns - last->wall_ns) * budget / HAYWIRE_NS_PER_SECOND;

    debt = debt < DEBT_MOST_S * budget ? debt : DEBT_MOST_S * budget;
    pace->debt_ns = debt > 0 ? debt : 0;
}

static void note_tight(HaywirePace *pace)
{
    uint64_t other = haywire_pace_other(pace);

    pace->tight =
        other > pace->budget / (pace->tight ? LOOSE_PART : TIGHT_PART);
}

bool haywire_pace_sample(HaywirePace *pace, uint64_t wall_ns, uint64_t cpu_ns,
                         uint64_t rounds_ns)
{
    size_t slot = pace->samples % HAYWIRE_PACE_SAMPLES;

    if (pace->budget == 0 || wall_ns < pace->next_ns) {
        return false;
    }
    if (pace->samples > 0) {
        carry_debt(pace, wall_ns, cpu_ns);
    }
    pace->next_ns = wall_ns + HAYWIRE_NS_PER_SECOND;
    pace->sample[slot] = (HaywirePaceSample){ wall_ns, cpu_ns, rounds_ns };
    pace->samples++;
    note_tight(pace);
    return true;
}

uint64_t haywire_pace_other(const HaywirePace *pace)
{
    size_t newest = (pace->samples - 1) % HAYWIRE_PACE_SAMPLES;
    size_t oldest = pace->samples > HAYWIRE_PACE_SAMPLES
                        ? pace->samples % HAYWIRE_PACE_SAMPLES
                        : 0;
    uint64_t wall, cpu, rounds;

    if (pace->samples < 2) {
        return 0;
    }
    wall = pace->sample[newest].wall_ns - pace->sample[oldest].wall_ns;
    cpu = pace->sample[newest].cpu_ns - pace->sample[oldest].cpu_ns;
    rounds = pace->sample[newest].rounds_ns - pace->sample[oldest].rounds_ns;
    return rounds < cpu && wall > 0 ? (uint64_t)((double)(cpu - rounds) *
                                                 HAYWIRE_NS_PER_SECOND / wall)
                                    : 0;
}

/* ns of processor time a second. */
static double rate_of(const HaywirePaceRound *round)
{
    return (double)round->cost_ns * HAYWIRE_NS_PER_SECOND / round->interval_ns;
}

static double rate_of_all(const HaywirePaceRound *round, unsigned members)
{
    double rate = 0;

    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        rate += members & 1u << i ? rate_of(&round[i]) : 0;
    }
    return rate;
}

static uint64_t longest(const Stage *stage, HaywirePaceId id, uint64_t usual)
{
    uint64_t most = id == HAYWIRE_PACE_SECTIONS
                        ? HAYWIRE_PACE_LONGEST_SECTIONS_NS
                        : HAYWIRE_PACE_LONGEST_NS;

    if (stage->stretch > 0 && usual * stage->stretch < most) {
        most = usual * stage->stretch;
    }
    return most > usual ? most : usual;
}

/* Stretch the stage's intervals so that it costs @excess less, if it can. */
static void stretch(const Stage *stage, double excess, HaywirePaceRound *round)
{
    double rate = rate_of_all(round, stage->members);

    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        HaywirePaceRound *one = &round[i];
        uint64_t most = longest(stage, i, one->usual_ns);
        double wanted;

        if (!(stage->members & 1u << i)) {
            continue;
        }
        wanted = rate > excess ? one->interval_ns * (rate / (rate - excess))
                               : (double)most;
        one->interval_ns = wanted < most ? (uint64_t)wanted : most;
    }
}

void haywire_pace_plan(const HaywirePace *pace, bool hearing,
                       HaywirePaceRound round[HAYWIRE_PACE_COUNT])
{
    const unsigned all = (1u << HAYWIRE_PACE_COUNT) - 1;
    double least = (double)pace->budget / LEAST_PART;
    double left = (double)pace->budget - haywire_pace_other(pace) -
                  pace->debt_ns / PAY_BACK_S;

    left = left > least ? left : least;
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        round[i].interval_ns = round[i].usual_ns;
    }
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        double excess = rate_of_all(round, all) - left;

        if (pace->budget > 0 && excess >= 1 &&
            (hearing || !stages[i].hearing_only)) {
            stretch(&stages[i], excess, round);
        }
    }
}

uint64_t haywire_pace_pause(const HaywirePace *pace, uint64_t cost_ns)
{
    return pace->budget > 0 ? (uint64_t)((double)cost_ns * 2 *
                                         HAYWIRE_NS_PER_SECOND / pace->budget)
                            : 0;
}
