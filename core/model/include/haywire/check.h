/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check: the cross-view. Several witnesses are asked which processes there are;
 * what they say is compared, look by look, and a verdict is what has held for
 * long enough that no honest guest gives cause for it. Knows neither kernels nor
 * pages. docs/kernel.md says what each verdict means.
 *
 * A look is haywire_check_begin(), what each witness has to say, in the order
 * companion, kernel, and haywire_check_end(). One thread.
 */

#ifndef HAYWIRE_CHECK_H
#define HAYWIRE_CHECK_H

#include "haywire/model.h"

/* Who is asked. */
typedef enum HaywireWitness {
    HAYWIRE_WITNESS_COMPANION,
    HAYWIRE_WITNESS_TASKS,    /* the kernel's list of tasks */
    HAYWIRE_WITNESS_PIDS,     /* its table of pids */
    HAYWIRE_WITNESS_CHILDREN, /* the children of each process, from the first */
    HAYWIRE_WITNESS_PROCESSORS, /* what runs just now: never all of them */
    HAYWIRE_WITNESS_COUNT
} HaywireWitness;

#define HAYWIRE_WITNESS_BIT(witness) (1u << (witness))

/* "companion", "task-list", "pid-table", "children", "processors" */
const char *haywire_witness_name(HaywireWitness witness);

/* The first that is true of a process is shown. */
typedef enum HaywireVerdict {
    HAYWIRE_VERDICT_HIDDEN_FROM_TASKS,
    HAYWIRE_VERDICT_HIDDEN_FROM_PIDS,
    HAYWIRE_VERDICT_HIDDEN_FROM_CHILDREN,
    HAYWIRE_VERDICT_HIDDEN_FROM_COMPANION,
    HAYWIRE_VERDICT_NAME_DIFFERS,
    HAYWIRE_VERDICT_NO_KERNEL_THREAD,
    HAYWIRE_VERDICT_NO_FILE,
    HAYWIRE_SUSPICIONS,
    /* Nothing to complain of: */
    HAYWIRE_VERDICT_SEEN_BY_ALL = HAYWIRE_SUSPICIONS,
    HAYWIRE_VERDICT_ENDED,
    HAYWIRE_VERDICT_COUNT
} HaywireVerdict;

/* "hidden from the task list", "seen by all" and so on */
const char *haywire_verdict_name(uint32_t verdict);

/* Processes that are compared at most; the rest is counted. */
#define HAYWIRE_CHECK_MAX HAYWIRE_PROCESSES_MAX

/* So many looks in a row a suspicion must hold. */
#define HAYWIRE_CHECK_LOOKS 3
/*
 * The same where the companion's word is weighed. What it says is older than
 * the look: only the fourth snapshot was surely begun after the first look.
 */
#define HAYWIRE_CHECK_SNAPSHOTS 4

/* What witnesses in the kernel say of one process. */
typedef struct HaywireStatement {
    uint64_t id;         /* tells two processes of one pid apart */
    uint64_t start_time; /* since guest boot, ns */
    uint32_t pid;
    uint16_t witnesses;    /* who has seen it: HAYWIRE_WITNESS_BIT() */
    bool kernel_thread;    /* by its flag */
    bool no_kernel_thread; /* and yet it is none, or the reverse */
    bool no_file;          /* its executable is none */
    char name[4 * HAYWIRE_NAME_MAX + 1]; /* escaped */
} HaywireStatement;

/* What is known of one process. */
typedef struct HaywireChecked {
    uint64_t id; /* 0: only the companion has seen it */
    uint64_t start_time;
    uint32_t pid;
    uint16_t witnesses; /* who has seen it, in the newest look that it was in */
    bool gone;          /* nobody has seen it in the newest look */
    bool renamed;       /* its name has changed, or was agreed on */
    bool judged;        /* a suspicion has held for long enough */
    uint8_t held[HAYWIRE_SUSPICIONS]; /* looks in a row */
    HaywireVerdict verdict;
    char name[4 * HAYWIRE_NAME_MAX + 1]; /* escaped */
} HaywireChecked;

typedef struct HaywireCheck HaywireCheck;

/* NULL without memory. */
HaywireCheck *haywire_check_new(void);
void haywire_check_free(HaywireCheck *check); /* NULL is fine */

void haywire_check_begin(HaywireCheck *check);

/*
 * What the companion says; before the kernel is asked. Only one that is live or
 * paused counts; one whose table is not whole hides nobody by that. @model:
 * borrowed until the end of the look.
 */
void haywire_check_companion(HaywireCheck *check, const HaywireModel *model);

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY; more than HAYWIRE_CHECK_MAX are counted. */
HaywireStatus
haywire_check_add(HaywireCheck *check,
                  const HaywireStatement *statement) HAYWIRE_MUST_CHECK;

/*
 * The kernel's witnesses have said all that they know. @heard: who could be
 * heard to the end: of others nobody is hidden. @went_on: the kernel has been
 * seen to go on since the last look that counted, or it stands still for good;
 * else the look does not count, for it sees the same moment once more.
 */
void haywire_check_heard(HaywireCheck *check, uint16_t heard, bool went_on);

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_check_end(HaywireCheck *check) HAYWIRE_MUST_CHECK;

/*
 * Looks enough; another would not change anything. A companion that is live, or
 * of which that is not known yet, is waited for.
 */
bool haywire_check_is_done(const HaywireCheck *check);

typedef struct HaywireCheckSummary {
    uint32_t looks;      /* that counted */
    uint32_t snapshots;  /* of the companion, that counted */
    uint16_t heard;      /* witnesses that could be heard in any look */
    uint64_t left_out;   /* processes, by the limit, in all looks */
    uint64_t processes;  /* in the newest look */
    uint64_t suspicious; /* with a verdict, ended or not */
    uint64_t ended;      /* without one */
} HaywireCheckSummary;
void haywire_check_summary(const HaywireCheck *check,
                           HaywireCheckSummary *ret_summary);

/* All that were seen in any look, by pid; borrowed until the next look. */
const HaywireChecked *haywire_check_processes(const HaywireCheck *check,
                                              size_t *ret_count);

#endif
