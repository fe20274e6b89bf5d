/*
 * Whose turn it is, and of whom an earlier result still holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "engine/array.h"
#include "os/platform.h"
#include "table/roster.h"

/* A result is kept so long; up to twice as long, so that not all end at once */
#define KEEP_NS     (UINT64_C(20) * HAYWIRE_NS_PER_SECOND)
#define KEEP_STEPS  64
#define FIRST_SEEN  256
#define HASH_FACTOR UINT32_C(2654435761) /* Knuth's, of 32 bits */

void haywire_roster_init(HaywireRoster *roster, HaywireCollector *collector)
{
    memset(roster, 0, sizeof(*roster));
    roster->collector = collector;
}

void haywire_roster_destroy(HaywireRoster *roster)
{
    free(roster->list.pid);
    free(roster->before.seen);
    free(roster->seen.seen);
    memset(roster, 0, sizeof(*roster));
}

static void begin(HaywireRoster *roster, bool partial)
{
    roster->changed = roster->pending;
    haywire_changes_clear(&roster->pending);
    roster->now_ns = haywire_platform_monotonic_ns();
    roster->partial = partial;
    roster->lost = false;
    roster->first = 0;
    roster->position = 0;
    roster->seen.count = 0;
}

static size_t find_first(const HaywirePidList *list, uint32_t pid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pid[i] >= pid) {
            return i;
        }
    }
    return 0;
}

HaywireCollect haywire_roster_begin(HaywireRoster *roster, uint32_t first_pid)
{
    HaywireCollector *collector = roster->collector;
    HaywireCollect result;

    /* Before the list is made: what happens then is for the next round. */
    begin(roster, false);
    result = collector->ops->list(collector, &roster->list);
    if (result == HAYWIRE_COLLECT_OK) {
        roster->first = find_first(&roster->list, first_pid);
    } else {
        roster->whole = false;
    }
    return result;
}

static bool reserve_list(HaywirePidList *list, size_t count)
{
    uint32_t *pid;

    if (count <= list->allocated) {
        return true;
    }
    pid = realloc(list->pid, count * sizeof(*pid));
    if (!pid) {
        return false;
    }
    list->pid = pid;
    list->allocated = count;
    return true;
}

/* Those seen before and those that changed, in ascending order. */
static void merge(HaywireRoster *roster)
{
    const HaywireSeenList *before = &roster->before;
    const HaywireChanges *changed = &roster->changed;
    HaywirePidList *list = &roster->list;
    size_t b = 0;
    size_t c = 0;

    list->count = 0;
    while (b < before->count || c < changed->count) {
        bool old = c == changed->count ||
                   (b < before->count && before->seen[b].pid < changed->pid[c]);

        if (old) {
            list->pid[list->count++] = before->seen[b++].pid;
            continue;
        }
        if (b < before->count && before->seen[b].pid == changed->pid[c]) {
            b++;
        }
        list->pid[list->count++] = changed->pid[c++];
    }
}

bool haywire_roster_begin_changes(HaywireRoster *roster)
{
    if (!roster->whole || roster->pending.all ||
        !reserve_list(&roster->list,
                      roster->before.count + roster->pending.count)) {
        return false;
    }
    begin(roster, true);
    merge(roster);
    return true;
}

bool haywire_roster_left(const HaywireRoster *roster)
{
    return roster->position < roster->list.count;
}

uint32_t haywire_roster_next(HaywireRoster *roster)
{
    const HaywirePidList *list = &roster->list;

    return list->pid[(roster->first + roster->position++) % list->count];
}

static int compare_seen(const void *a, const void *b)
{
    uint32_t left = ((const HaywireSeen *)a)->pid;
    uint32_t right = ((const HaywireSeen *)b)->pid;

    return (left > right) - (left < right);
}

const HaywireSeen *haywire_roster_before(const HaywireRoster *roster,
                                         uint32_t pid)
{
    HaywireSeen key = { .pid = pid };

    if (roster->before.count == 0) {
        return NULL;
    }
    return bsearch(&key, roster->before.seen, roster->before.count, sizeof(key),
                   compare_seen);
}

static bool still_holds(const HaywireRoster *roster, const HaywireSeen *seen,
                        const HaywireMark *mark)
{
    uint64_t step = (seen->pid * HASH_FACTOR >> 16) % KEEP_STEPS;
    uint64_t keep = KEEP_NS + KEEP_NS * step / KEEP_STEPS;

    return mark->process != 0 && mark->process == seen->mark.process &&
           mark->run == seen->mark.run && roster->now_ns - seen->read_ns < keep;
}

const HaywireSeen *haywire_roster_keep(HaywireRoster *roster, uint32_t pid,
                                       HaywireMark *ret_mark)
{
    HaywireCollector *collector = roster->collector;
    const HaywireSeen *seen = haywire_roster_before(roster, pid);
    bool changed = haywire_changes_has(&roster->changed, pid);

    *ret_mark = (HaywireMark){ 0, 0 };
    if (roster->partial && !changed) {
        return seen;
    }
    if (collector->ops->mark) {
        collector->ops->mark(collector, pid, ret_mark);
    }
    return seen && !changed && still_holds(roster, seen, ret_mark) ? seen
                                                                   : NULL;
}

void haywire_roster_doubt(const HaywireBrief *brief, HaywireMark *mark)
{
    if (brief->threads != 1 || brief->state == 'R') {
        mark->process = 0;
    }
}

static bool reserve_seen(HaywireSeenList *list)
{
    HaywireSeen *seen;

    if (list->count < list->allocated) {
        return true;
    }
    seen = haywire_array_double(list->seen, &list->allocated, FIRST_SEEN,
                                sizeof(*seen));
    if (!seen) {
        return false;
    }
    list->seen = seen;
    return true;
}

void haywire_roster_note(HaywireRoster *roster, const HaywireSeen *seen)
{
    HaywireSeenList *list = &roster->seen;

    if (reserve_seen(list)) {
        list->seen[list->count++] = *seen;
    } else {
        roster->lost = true;
    }
}

void haywire_roster_end(HaywireRoster *roster, bool whole)
{
    HaywireSeenList done = roster->seen;

    if (roster->first > 0 && done.count > 0) {
        qsort(done.seen, done.count, sizeof(*done.seen), compare_seen);
    }
    roster->seen = roster->before;
    roster->before = done;
    roster->whole = whole && !roster->lost;
}
