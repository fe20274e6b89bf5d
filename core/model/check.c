/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing witnesses: see haywire/check.h.
 */

#include "haywire/check.h"

#include <stdlib.h>
#include <string.h>

#include "haywire/vector.h"

/* Looks beyond those that are needed, while something is suspected. */
#define LOOKS_MORE 3

#define COMPANION HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_COMPANION)

struct HaywireCheck {
    HaywireVector said;           /* in this look: of HaywireStatement */
    HaywireVector known;          /* of HaywireChecked: by pid and id */
    bool awaited;                 /* a companion that may have more to say */
    const HaywireModel *told;     /* what the companion says; NULL: nothing */
    uint64_t session, generation; /* of its newest snapshot that counted */
    uint16_t heard;               /* in this look */
    uint16_t ever;                /* in any */
    bool counts;                  /* this look */
    bool snapshot_counts;
    uint32_t looks, snapshots;
    uint64_t left_out;
};

const char *haywire_witness_name(HaywireWitness witness)
{
    static const char *const names[HAYWIRE_WITNESS_COUNT] = {
        "companion", "task-list", "pid-table", "children", "processors",
    };

    return witness < HAYWIRE_WITNESS_COUNT ? names[witness] : "";
}

const char *haywire_verdict_name(uint32_t verdict)
{
    static const char *const names[HAYWIRE_VERDICT_COUNT] = {
        "hidden from the task list",
        "hidden from the pid table",
        "hidden from the children",
        "hidden from the companion",
        "name differs",
        "kernel thread that is none",
        "executable that is no file",
        "seen by all",
        "ended meanwhile",
    };

    return verdict < HAYWIRE_VERDICT_COUNT ? names[verdict] : "";
}

HaywireCheck *haywire_check_new(void)
{
    HaywireCheck *check = calloc(1, sizeof(*check));

    if (check) {
        haywire_vector_init(&check->said, sizeof(HaywireStatement),
                            HAYWIRE_CHECK_MAX);
        haywire_vector_init(&check->known, sizeof(HaywireChecked),
                            HAYWIRE_CHECK_MAX);
    }
    return check;
}

void haywire_check_free(HaywireCheck *check)
{
    if (check) {
        haywire_vector_clear(&check->said);
        haywire_vector_clear(&check->known);
        free(check);
    }
}

void haywire_check_begin(HaywireCheck *check)
{
    check->said.count = 0;
    check->told = NULL;
    check->awaited = false;
    check->heard = 0;
    check->counts = false;
    check->snapshot_counts = false;
}

void haywire_check_companion(HaywireCheck *check, const HaywireModel *model)
{
    const HaywireOverview *overview = &model->overview;

    check->awaited =
        overview->has_session && overview->state != HAYWIRE_STATE_STALE;
    if (!haywire_state_is_current(overview->state) || !overview->has_session ||
        !overview->has_table) {
        return;
    }
    check->told = model;
    check->snapshot_counts = overview->session != check->session ||
                             overview->snapshot_generation != check->generation;
    if (overview->processes_missing == 0) {
        check->heard |= COMPANION;
    }
}

HaywireStatus haywire_check_add(HaywireCheck *check,
                                const HaywireStatement *statement)
{
    HaywireStatus status = haywire_vector_push(&check->said, statement);

    if (status == HAYWIRE_LIMIT) {
        check->left_out++;
        status = HAYWIRE_OK;
    }
    return status;
}

void haywire_check_heard(HaywireCheck *check, uint16_t heard, bool went_on)
{
    check->heard |= heard;
    check->counts = went_on && heard != 0;
}

static int compare_keys(uint32_t pid, uint64_t id, uint64_t start,
                        const HaywireChecked *other)
{
    if (pid != other->pid) {
        return pid < other->pid ? -1 : 1;
    }
    if (id != other->id) {
        return id < other->id ? -1 : 1;
    }
    return start < other->start_time ? -1 : start > other->start_time;
}

static int compare_statements(const void *left, const void *right)
{
    const HaywireStatement *a = left, *b = right;

    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

/*
 * The kernel keeps 15 bytes of a name, and of its workers shows what they are
 * at, which changes. A snapshot may have cut it.
 */
static bool is_same_name(const HaywireStatement *said,
                         const HaywireProcess *told)
{
    static const char worker[] = "kworker/";
    size_t length = strlen(told->name);

    if (said->kernel_thread &&
        strncmp(said->name, worker, sizeof(worker) - 1) == 0) {
        length = strcspn(said->name, "+-");
        return strncmp(said->name, told->name, length) == 0;
    }
    return told->name_truncated ? strncmp(said->name, told->name, length) == 0
                                : strcmp(said->name, told->name) == 0;
}

/* The suspicion holds in this look, if the look counts for it. */
static void weigh(HaywireChecked *known, HaywireVerdict suspicion, bool holds,
                  bool counts, uint8_t needed)
{
    uint8_t *held = &known->held[suspicion];

    if (!holds) {
        *held = 0;
    } else if (counts && *held < needed) {
        (*held)++;
    }
    if (*held == needed && (!known->judged || suspicion < known->verdict)) {
        known->judged = true;
        known->verdict = suspicion;
    }
}

/* From whom a process is hidden, by the verdict; the companion is the last. */
static const HaywireWitness hides[] = {
    [HAYWIRE_VERDICT_HIDDEN_FROM_TASKS] = HAYWIRE_WITNESS_TASKS,
    [HAYWIRE_VERDICT_HIDDEN_FROM_PIDS] = HAYWIRE_WITNESS_PIDS,
    [HAYWIRE_VERDICT_HIDDEN_FROM_CHILDREN] = HAYWIRE_WITNESS_CHILDREN,
    [HAYWIRE_VERDICT_HIDDEN_FROM_COMPANION] = HAYWIRE_WITNESS_COMPANION,
};

/* Whom nobody could hear to the end neither accuses nor acquits. */
static void weigh_hidden(const HaywireCheck *check, HaywireChecked *known)
{
    bool by_kernel = known->witnesses & ~COMPANION;
    int last = by_kernel ? HAYWIRE_VERDICT_HIDDEN_FROM_COMPANION
                         : HAYWIRE_VERDICT_HIDDEN_FROM_TASKS;

    for (int i = 0; i <= last; i++) {
        uint16_t bit = HAYWIRE_WITNESS_BIT(hides[i]);
        bool told = !by_kernel || bit == COMPANION;

        if (check->heard & bit) {
            weigh(known, (HaywireVerdict)i, !(known->witnesses & bit),
                  check->counts && (!told || check->snapshot_counts),
                  told ? HAYWIRE_CHECK_SNAPSHOTS : HAYWIRE_CHECK_LOOKS);
        }
    }
}

/* A name that was set meanwhile, or that both knew once, is no lie. */
static void weigh_name(const HaywireCheck *check, HaywireChecked *known,
                       const HaywireStatement *said, const HaywireProcess *told)
{
    bool differs = told && !is_same_name(said, told);

    known->renamed |=
        strcmp(known->name, said->name) != 0 || (told && !differs);
    weigh(known, HAYWIRE_VERDICT_NAME_DIFFERS, differs && !known->renamed,
          check->counts && check->snapshot_counts, HAYWIRE_CHECK_SNAPSHOTS);
}

/* @said, @told: NULL when that one has nothing to say; not both. */
static void judge(const HaywireCheck *check, HaywireChecked *known,
                  const HaywireStatement *said, const HaywireProcess *told)
{
    known->gone = false;
    known->witnesses =
        (uint16_t)((said ? said->witnesses : 0) | (told ? COMPANION : 0));
    weigh_hidden(check, known);
    if (!said) {
        return;
    }
    weigh_name(check, known, said, told);
    memcpy(known->name, said->name, sizeof(known->name));
    weigh(known, HAYWIRE_VERDICT_NO_KERNEL_THREAD, said->no_kernel_thread,
          check->counts, HAYWIRE_CHECK_LOOKS);
    weigh(known, HAYWIRE_VERDICT_NO_FILE, said->no_file, check->counts,
          HAYWIRE_CHECK_LOOKS);
}

static void begin_known(HaywireChecked *known, const HaywireStatement *said,
                        const HaywireProcess *told)
{
    *known = (HaywireChecked){
        .id = said ? said->id : 0,
        .start_time = said ? said->start_time : told->start_time,
        .pid = said ? said->pid : told->pid,
        .verdict = HAYWIRE_VERDICT_SEEN_BY_ALL,
    };
    if (said) {
        memcpy(known->name, said->name, sizeof(known->name));
    } else {
        strncpy(known->name, told->name, sizeof(known->name) - 1);
    }
}

/* Those that were known before, and what was said: both in order. */
typedef struct Merge {
    HaywireCheck *check;
    const HaywireChecked *old;
    size_t old_count, old_at;
    HaywireVector now;
} Merge;

static HaywireStatus keep(Merge *merge, const HaywireChecked *known)
{
    HaywireStatus status = haywire_vector_push(&merge->now, known);

    if (status == HAYWIRE_LIMIT) {
        merge->check->left_out++;
        status = HAYWIRE_OK;
    }
    return status;
}

static HaywireStatus keep_gone(Merge *merge)
{
    HaywireChecked known = merge->old[merge->old_at++];

    known.gone = true;
    memset(known.held, 0, sizeof(known.held));
    if (!known.judged) {
        known.verdict = HAYWIRE_VERDICT_ENDED;
    }
    return keep(merge, &known);
}

static HaywireStatus merge_one(Merge *merge, const HaywireStatement *said,
                               const HaywireProcess *told)
{
    uint32_t pid = said ? said->pid : told->pid;
    uint64_t id = said ? said->id : 0;
    uint64_t start = said ? said->start_time : told->start_time;
    HaywireStatus status = HAYWIRE_OK;
    HaywireChecked known;

    while (status == HAYWIRE_OK && merge->old_at < merge->old_count &&
           compare_keys(pid, id, start, &merge->old[merge->old_at]) > 0) {
        status = keep_gone(merge);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (merge->old_at < merge->old_count &&
        compare_keys(pid, id, start, &merge->old[merge->old_at]) == 0) {
        known = merge->old[merge->old_at++];
        known.verdict =
            known.judged ? known.verdict : HAYWIRE_VERDICT_SEEN_BY_ALL;
    } else {
        begin_known(&known, said, told);
    }
    judge(merge->check, &known, said, told);
    return keep(merge, &known);
}

/* Pid by pid: what the kernel's witnesses said, and the companion's process. */
static HaywireStatus merge_all(Merge *merge)
{
    const HaywireCheck *check = merge->check;
    const HaywireStatement *said = check->said.data;
    const HaywireProcess *told = check->told ? check->told->process : NULL;
    size_t tolds = check->told ? check->told->process_count : 0;
    size_t i = 0, j = 0;
    HaywireStatus status = HAYWIRE_OK;

    while (status == HAYWIRE_OK && (i < check->said.count || j < tolds)) {
        if (i == check->said.count ||
            (j < tolds && told[j].pid < said[i].pid)) {
            status = merge_one(merge, NULL, &told[j++]);
        } else {
            bool both = j < tolds && told[j].pid == said[i].pid;

            status = merge_one(merge, &said[i], both ? &told[j] : NULL);
            i++;
            /* Two of one pid are both the companion's one. */
            j += both && (i == check->said.count || said[i].pid != told[j].pid);
        }
    }
    while (status == HAYWIRE_OK && merge->old_at < merge->old_count) {
        status = keep_gone(merge);
    }
    return status;
}

static void count_look(HaywireCheck *check)
{
    const HaywireOverview *overview;

    check->ever |= check->heard;
    if (!check->counts) {
        return;
    }
    check->looks++;
    if (check->told && check->snapshot_counts) {
        overview = &check->told->overview;
        check->snapshots++;
        check->session = overview->session;
        check->generation = overview->snapshot_generation;
    }
}

HaywireStatus haywire_check_end(HaywireCheck *check)
{
    Merge merge = { .check = check,
                    .old = check->known.data,
                    .old_count = check->known.count };
    HaywireStatus status;

    if (!(check->heard & ~COMPANION)) {
        return HAYWIRE_OK; /* the kernel could not be heard */
    }
    if (check->said.count > 0) {
        qsort(check->said.data, check->said.count, sizeof(HaywireStatement),
              compare_statements);
    }
    haywire_vector_init(&merge.now, sizeof(HaywireChecked), HAYWIRE_CHECK_MAX);
    status = merge_all(&merge);
    if (status != HAYWIRE_OK) {
        haywire_vector_clear(&merge.now);
        return status;
    }
    haywire_vector_clear(&check->known);
    check->known = merge.now;
    count_look(check);
    check->told = NULL;
    return HAYWIRE_OK;
}

static bool is_pending(const HaywireCheck *check)
{
    const HaywireChecked *known = check->known.data;

    for (size_t i = 0; i < check->known.count; i++) {
        for (int j = 0; j < HAYWIRE_SUSPICIONS && !known[i].judged; j++) {
            if (known[i].held[j] > 0) {
                return true;
            }
        }
    }
    return false;
}

bool haywire_check_is_done(const HaywireCheck *check)
{
    bool companion = check->awaited;
    uint32_t looks = HAYWIRE_CHECK_LOOKS;

    if (check->looks < looks ||
        (companion && check->snapshots < HAYWIRE_CHECK_SNAPSHOTS)) {
        return false;
    }
    looks = companion ? HAYWIRE_CHECK_SNAPSHOTS : looks;
    return (companion ? check->snapshots : check->looks) >=
               looks + LOOKS_MORE ||
           !is_pending(check);
}

void haywire_check_summary(const HaywireCheck *check,
                           HaywireCheckSummary *ret_summary)
{
    const HaywireChecked *known = check->known.data;
    HaywireCheckSummary summary = {
        .looks = check->looks,
        .snapshots = check->snapshots,
        .heard = check->ever,
        .left_out = check->left_out,
    };

    for (size_t i = 0; i < check->known.count; i++) {
        summary.processes += !known[i].gone;
        summary.suspicious += known[i].judged;
        summary.ended += known[i].gone && !known[i].judged;
    }
    *ret_summary = summary;
}

const HaywireChecked *haywire_check_processes(const HaywireCheck *check,
                                              size_t *ret_count)
{
    *ret_count = check->known.count;
    return check->known.data;
}
