/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of processes: see table.h. */

#include <stdlib.h>
#include <string.h>

#include "table/table.h"

/* A reading holds so long; up to twice as long, so that not all end at once */
#define KEEP_NS     (UINT64_C(20) * HAYWIRE_NS_PER_SECOND)
#define KEEP_STEPS  64
#define HASH_FACTOR UINT32_C(2654435761) /* Knuth's, of 32 bits */
#define FIRST_ROOM  256
#define PIDS_MAX    4194304 /* more than any system has */

/*
 * The end of a process is told before it has ended, and none tells when its
 * parent has taken note: so it is looked at a few times more.
 */
#define ENDING_LOOKS 3

void haywire_table_init(HaywireTable *table, HaywirePublisher *publisher,
                        HaywireCollector *collector)
{
    table->publisher = publisher;
    table->collector = collector;
    haywire_vector_init(&table->pids, sizeof(uint32_t), PIDS_MAX);
}

void haywire_table_destroy(HaywireTable *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->entry[i].record.data);
    }
    free(table->entry);
    free(table->spare);
    haywire_vector_clear(&table->pids);
    memset(table, 0, sizeof(*table));
}

/* Where the entry of @pid is, or belongs. */
static size_t place_of(const HaywireTable *table, uint32_t pid)
{
    size_t low = 0;
    size_t high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->entry[middle].pid < pid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static HaywireEntry *find(const HaywireTable *table, uint32_t pid)
{
    size_t at = place_of(table, pid);

    return at < table->count && table->entry[at].pid == pid ? &table->entry[at]
                                                            : NULL;
}

const HaywireEntry *haywire_table_find(const HaywireTable *table, uint32_t pid)
{
    const HaywireEntry *entry = find(table, pid);

    return entry && entry->known ? entry : NULL;
}

size_t haywire_table_known(const HaywireTable *table)
{
    size_t known = 0;

    for (size_t i = 0; i < table->count; i++) {
        known += table->entry[i].known;
    }
    return known;
}

HaywireTurn haywire_turn(uint32_t first_pid)
{
    return (HaywireTurn){ .first = first_pid, .next = first_pid };
}

HaywireEntry *haywire_table_next(HaywireTable *table, HaywireTurn *turn)
{
    size_t at = place_of(table, turn->next);

    for (;;) {
        HaywireEntry *entry;

        if (at == table->count) {
            if (turn->wrapped) {
                return NULL;
            }
            turn->wrapped = true;
            at = 0;
            continue;
        }
        entry = &table->entry[at++];
        if (turn->wrapped && entry->pid >= turn->first) {
            return NULL;
        }
        if (entry->known) {
            turn->next = entry->pid + 1;
            turn->taken++;
            return entry;
        }
    }
}

static bool make_room(HaywireTable *table, size_t count)
{
    size_t room = table->room > 0 ? table->room : FIRST_ROOM;
    HaywireEntry *entry;
    HaywireEntry *spare;

    while (room < count) {
        room *= 2;
    }
    if (room == table->room) {
        return true;
    }
    entry = realloc(table->entry, room * sizeof(*entry));
    table->entry = entry ? entry : table->entry;
    spare = realloc(table->spare, room * sizeof(*spare));
    table->spare = spare ? spare : table->spare;
    table->room = entry && spare ? room : table->room;
    return entry && spare;
}

static void forget(HaywireTable *table, HaywireEntry *entry)
{
    table->content += entry->known;
    free(entry->record.data);
}

/* Entries for the pids of the newest list, and no others. */
static bool follow_list(HaywireTable *table)
{
    const uint32_t *pid = table->pids.data;
    HaywireEntry *before = table->entry;
    size_t at = 0;

    if (!make_room(table, table->pids.count)) {
        return false;
    }
    before = table->entry;
    for (size_t i = 0; i < table->pids.count; i++) {
        while (at < table->count && before[at].pid < pid[i]) {
            forget(table, &before[at++]);
        }
        table->spare[i] = at < table->count && before[at].pid == pid[i]
                              ? before[at++]
                              : (HaywireEntry){ .pid = pid[i] };
    }
    while (at < table->count) {
        forget(table, &before[at++]);
    }
    table->entry = table->spare;
    table->spare = before;
    table->count = table->pids.count;
    return true;
}

/*
 * An equal mark would not mean that the reading still holds: the mark is of
 * one thread, and a process that runs is about to change.
 */
static bool is_doubtful(const HaywireBrief *brief)
{
    return brief->threads != 1 || brief->state == 'R';
}

/* @mark: from before */
static void read_entry(HaywireTable *table, HaywireEntry *entry,
                       const HaywireMark *mark)
{
    HaywireBrief brief;
    HaywireCollect result =
        table->collector->ops->brief(table->collector, entry->pid, &brief);
    bool known = result == HAYWIRE_COLLECT_OK;

    haywire_publisher_count(table->publisher, result);
    if (known != entry->known ||
        (known && memcmp(&brief, &entry->brief, sizeof(brief)) != 0)) {
        table->content++;
    }
    entry->known = known;
    entry->version = ++table->versions;
    entry->read_ns = table->taken_ns;
    entry->mark = (HaywireMark){ 0, 0 };
    if (known) {
        memcpy(&entry->brief, &brief, sizeof(brief));
        entry->mark = is_doubtful(&brief) ? entry->mark : *mark;
    }
}

static bool still_holds(const HaywireTable *table, const HaywireEntry *entry,
                        const HaywireMark *mark)
{
    uint64_t step = (entry->pid * HASH_FACTOR >> 16) % KEEP_STEPS;
    uint64_t keep = KEEP_NS + KEEP_NS * step / KEEP_STEPS;

    return entry->known && mark->process != 0 &&
           mark->process == entry->mark.process &&
           mark->run == entry->mark.run &&
           table->taken_ns - entry->read_ns <
               keep * (table->keep_times > 0 ? table->keep_times : 1);
}

void haywire_table_keep(HaywireTable *table, uint64_t times)
{
    table->keep_times = times;
}

static void look_at(HaywireTable *table, HaywireEntry *entry)
{
    const HaywireCollectorOps *ops = table->collector->ops;
    bool begun = haywire_changes_has(&table->changed.begun, entry->pid);
    bool ended = haywire_changes_has(&table->changed.ended, entry->pid);
    HaywireMark mark = { 0, 0 };

    if (ops->mark) {
        ops->mark(table->collector, entry->pid, &mark);
    }
    if (begun || ended || !still_holds(table, entry, &mark)) {
        read_entry(table, entry, &mark);
        /* An end is no reason to read all of it once more. */
        entry->told = begun ? entry->version : entry->told;
    }
}

/* Has it a parent that lives? A parent of 0 is none, or not to be seen. */
static bool has_parent(const HaywireTable *table, uint32_t ppid)
{
    const HaywireEntry *parent = haywire_table_find(table, ppid);

    return ppid == 0 ||
           (parent && parent->brief.state != 'Z' && parent->brief.state != 'X');
}

/*
 * A process whose parent ends gets another, without running itself. Those
 * that were just read are up to date.
 */
static void follow_parents(HaywireTable *table)
{
    uint32_t last = 0;

    for (size_t i = 0; i < table->count; i++) {
        HaywireEntry *entry = &table->entry[i];
        uint32_t ppid = entry->brief.ppid;

        if (!entry->known || ppid == last || has_parent(table, ppid)) {
            last = entry->known ? ppid : last;
        } else if (entry->read_ns != table->taken_ns) {
            /* One that has just ended as well is for the next look. */
            read_entry(table, entry,
                       &(HaywireMark){ entry->mark.process, entry->mark.run });
        }
    }
}

static void begin(HaywireTable *table)
{
    table->changed = table->pending;
    table->pending = (HaywireHeard){ 0 };
    table->taken_ns = haywire_os_monotonic_ns();
}

static HaywireStep begin_look(HaywireTable *table)
{
    HaywireCollector *collector = table->collector;
    HaywireCollect result;

    /* Before the list is made: what happens then is for the next look. */
    begin(table);
    result = collector->ops->list(collector, &table->pids);
    if (result == HAYWIRE_COLLECT_OK && !follow_list(table)) {
        result = HAYWIRE_COLLECT_FAILED;
    }
    haywire_publisher_count(table->publisher, result);
    table->looking = result == HAYWIRE_COLLECT_OK;
    table->position = 0;
    if (!table->looking) {
        table->looked_ns = 0;
        return HAYWIRE_STEP_IDLE;
    }
    return HAYWIRE_STEP_MORE;
}

static HaywireStep step(HaywireTable *table, uint64_t since_ns)
{
    if (!table->looking) {
        return table->looked_ns >= since_ns ? HAYWIRE_STEP_DONE
                                            : begin_look(table);
    }
    if (table->position < table->count) {
        look_at(table, &table->entry[table->position++]);
        return HAYWIRE_STEP_MORE;
    }
    follow_parents(table);
    table->looking = false;
    table->looked_ns = table->taken_ns;
    return table->looked_ns >= since_ns ? HAYWIRE_STEP_DONE : HAYWIRE_STEP_MORE;
}

HaywireStep haywire_table_look(HaywireTable *table, uint64_t age_ns,
                               uint64_t *since_ns)
{
    HaywireStep result;

    if (*since_ns == 0) {
        uint64_t now = haywire_os_monotonic_ns();

        *since_ns = now > age_ns ? now - age_ns : 1;
    }
    result = step(table, *since_ns);
    if (result != HAYWIRE_STEP_MORE) {
        *since_ns = 0;
    }
    return result;
}

static void add_all(HaywireChanges *changes, const HaywireChanges *more)
{
    changes->all = changes->all || more->all;
    for (size_t i = 0; i < more->count; i++) {
        haywire_changes_add(changes, more->pid[i]);
    }
}

void haywire_table_hear(HaywireTable *table, const HaywireHeard *heard)
{
    add_all(&table->pending.begun, &heard->begun);
    add_all(&table->pending.ended, &heard->ended);
    if (heard->ended.count > 0) {
        add_all(&table->ending, &heard->ended);
        table->ending_looks = 0;
    }
}

/* Who of those that should have ended is still there? */
static void look_at_ending(HaywireTable *table)
{
    HaywireChanges still = { 0 };

    table->ending_looks++;
    for (size_t i = 0; i < table->ending.count; i++) {
        if (table->ending_looks < ENDING_LOOKS &&
            haywire_table_find(table, table->ending.pid[i])) {
            haywire_changes_add(&still, table->ending.pid[i]);
        }
    }
    table->ending = still;
    add_all(&table->pending.ended, &still);
}

static void update_one(HaywireTable *table, uint32_t pid)
{
    HaywireEntry *entry = find(table, pid);
    HaywireEntry fresh = { .pid = pid };
    size_t at = place_of(table, pid);

    look_at(table, entry ? entry : &fresh);
    if (!entry && fresh.known) {
        memmove(&table->entry[at + 1], &table->entry[at],
                (table->count - at) * sizeof(fresh));
        table->entry[at] = fresh;
        table->count++;
    }
}

bool haywire_table_update(HaywireTable *table)
{
    HaywireHeard *changed = &table->changed;

    if (table->looking || table->looked_ns == 0 || table->pending.begun.all ||
        table->pending.ended.all ||
        !make_room(table, table->count + 2 * HAYWIRE_CHANGES_MAX)) {
        return false;
    }
    if (!haywire_table_waits(table)) {
        return true;
    }
    begin(table);
    for (size_t i = 0; i < changed->begun.count; i++) {
        update_one(table, changed->begun.pid[i]);
    }
    for (size_t i = 0; i < changed->ended.count; i++) {
        if (!haywire_changes_has(&changed->begun, changed->ended.pid[i])) {
            update_one(table, changed->ended.pid[i]);
        }
    }
    follow_parents(table);
    look_at_ending(table);
    return true;
}

bool haywire_table_waits(const HaywireTable *table)
{
    return table->pending.begun.count > 0 || table->pending.ended.count > 0;
}
