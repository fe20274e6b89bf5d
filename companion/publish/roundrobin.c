/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process records in two banks.
 *
 * A cycle is staged and then published in one go: its pages carry totals that
 * are known at the end only, and readers get one consistent picture. The
 * records of a process that has not run are those of the cycle before.
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "publish/records.h"
#include "publish/roundrobin.h"

uint32_t haywire_roundrobin_ring_first(const HaywirePublisher *publisher)
{
    return haywire_publisher_pages(publisher, HAYWIRE_CATEGORY_ROUNDROBIN) / 2;
}

uint32_t haywire_roundrobin_ring_pages(const HaywirePublisher *publisher)
{
    return haywire_publisher_pages(publisher, HAYWIRE_CATEGORY_ROUNDROBIN) -
           haywire_roundrobin_ring_first(publisher);
}

bool haywire_roundrobin_init(HaywireRoundrobin *robin,
                             HaywirePublisher *publisher, HaywireTable *table)
{
    robin->publisher = publisher;
    robin->collector = table->collector;
    robin->table = table;
    robin->bank_pages = haywire_roundrobin_ring_first(publisher) / 2;
    robin->staged = calloc(robin->bank_pages, sizeof(*robin->staged));
    return robin->staged != NULL;
}

void haywire_roundrobin_destroy(HaywireRoundrobin *robin)
{
    free(robin->staged);
    memset(robin, 0, sizeof(*robin));
}

/* Open the next page with its cycle record, whose counts come at the end. */
static bool stage_page(HaywireRoundrobin *robin)
{
    HaywireWireCycle wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_CYCLE),
        .cycle = haywire_le64(robin->cycle),
        .ordinal = haywire_le32(robin->used),
    };

    if (robin->used == robin->bank_pages) {
        return false;
    }
    robin->staged[robin->used].used = 0;
    return haywire_writer_append(&robin->staged[robin->used++], &wire,
                                 sizeof(wire), NULL, 0, NULL) == HAYWIRE_OK;
}

/* False when the bank is full. */
static bool stage_record(HaywireRoundrobin *robin, const uint8_t *record,
                         size_t length)
{
    HaywireStatus status;

    do {
        status = haywire_writer_append(&robin->staged[robin->used - 1], record,
                                       length, NULL, 0, NULL);
    } while (status == HAYWIRE_LIMIT && stage_page(robin));
    return status == HAYWIRE_OK;
}

/* All that is known of a process, or, when the bank is full, nothing: false. */
static bool stage(HaywireRoundrobin *robin, HaywireKeptRecord *record)
{
    const uint8_t *fields = record->data + record->process_length;

    if (!stage_record(robin, record->data, record->process_length)) {
        return false;
    }
    if (record->fields_length > 0 &&
        !stage_record(robin, fields, record->fields_length)) {
        robin->staged[robin->used - 1].used -= record->process_length;
        return false;
    }
    robin->written++;
    robin->denied += record->denied;
    robin->blocked += record->blocked;
    return true;
}

static HaywireCollect collect(HaywireRoundrobin *robin, uint32_t pid,
                              HaywireBrief *ret_brief)
{
    const HaywireCollectorOps *ops = robin->collector->ops;
    HaywireOpenProcess *process = NULL;
    HaywireCollect result =
        ops->open(robin->collector, pid, &process, ret_brief);

    robin->fields.known = 0;
    if (result == HAYWIRE_COLLECT_OK) {
        result = ops->details(robin->collector, process, &robin->details);
        if (result == HAYWIRE_COLLECT_OK && ops->fields) {
            ops->fields(robin->collector, process, &robin->fields);
        }
        ops->close(robin->collector, process);
    }
    haywire_publisher_count(robin->publisher, result);
    return result;
}

static bool keep(HaywireRoundrobin *robin, HaywireKeptRecord *record)
{
    size_t length = robin->process.used + robin->more.used;
    uint8_t *data = realloc(record->data, length);

    if (!data) {
        return false;
    }
    record->data = data;
    record->process_length = robin->process.used;
    record->fields_length = robin->more.used;
    memcpy(data, robin->process.payload, robin->process.used);
    memcpy(data + robin->process.used, robin->more.payload, robin->more.used);
    return true;
}

static void count_details(HaywireRoundrobin *robin, const HaywireBrief *brief)
{
    const HaywireDetails *details = &robin->details;

    if (brief->name_truncated || details->exe_truncated ||
        details->cmdline_truncated || robin->fields.cgroup_truncated) {
        robin->publisher->counter[HAYWIRE_COUNTER_STRINGS_TRUNCATED]++;
    }
    if (details->exe_unreadable) {
        haywire_publisher_count(robin->publisher, HAYWIRE_COLLECT_DENIED);
    }
}

/* Afterwards the entry's records are up to date, or there are none. */
static void read_process(HaywireRoundrobin *robin, HaywireEntry *entry)
{
    HaywireKeptRecord *record = &entry->record;
    HaywireBrief brief;

    record->version = 0;
    robin->process.used = 0;
    robin->more.used = 0;
    robin->fields.cgroup_truncated = false;
    if (collect(robin, entry->pid, &brief) != HAYWIRE_COLLECT_OK ||
        haywire_append_process(&robin->process, &brief, &robin->details) !=
            HAYWIRE_OK ||
        haywire_append_fields(&robin->more, &brief, &robin->fields) !=
            HAYWIRE_OK ||
        !keep(robin, record)) {
        return;
    }
    record->version = entry->version;
    record->denied = robin->details.exe_unreadable;
    record->blocked = robin->details.blocked;
    robin->fresh++;
    count_details(robin, &brief);
}

/* Cycles take the banks in turn. */
static void publish(HaywireRoundrobin *robin, uint32_t dropped)
{
    uint32_t bank = robin->cycle % 2 ? 0 : robin->bank_pages;

    for (uint32_t i = 0; i < robin->used; i++) {
        HaywireWriter *writer = &robin->staged[i];

        haywire_patch32(writer->payload, offsetof(HaywireWireCycle, processes),
                        robin->written + dropped);
        haywire_patch32(writer->payload, offsetof(HaywireWireCycle, written),
                        robin->written);
        haywire_patch32(writer->payload, offsetof(HaywireWireCycle, pages),
                        robin->used);
        haywire_publisher_put(robin->publisher, HAYWIRE_CATEGORY_ROUNDROBIN,
                              bank + i, HAYWIRE_KIND_ROUNDROBIN, robin->cycle,
                              writer->payload, writer->used);
    }
    robin->published = robin->written;
}

/* Said of what was seen: no privilege lacked in a whole cycle. */
static void note_privilege(HaywireRoundrobin *robin)
{
    bool all = robin->denied == 0 &&
               robin->collector->ops->reads_all(robin->collector);

    haywire_publisher_set_feature(robin->publisher, HAYWIRE_FEATURE_PRIVILEGED,
                                  all);
    haywire_publisher_set_capability(robin->publisher,
                                     HAYWIRE_CAPABILITY_ALL_PROCESSES, all);
}

/* All that had no turn, and the one that found no room. */
static uint32_t count_dropped(const HaywireRoundrobin *robin)
{
    size_t known = haywire_table_known(robin->table);
    size_t placed = robin->turn.taken - 1;

    return known > placed ? (uint32_t)(known - placed) : 1;
}

/* @resume_pid: who found no room, 0 for none */
static void finish(HaywireRoundrobin *robin, uint32_t resume_pid)
{
    uint32_t dropped = resume_pid != 0 ? count_dropped(robin) : 0;

    robin->collecting = false;
    /* What changed came and went between two looks: nothing to publish. */
    if (robin->partial && robin->fresh == 0 &&
        robin->written == robin->published) {
        robin->cycle--;
        return;
    }
    publish(robin, dropped);
    note_privilege(robin);
    robin->publisher->counter[HAYWIRE_COUNTER_DETAILS_DROPPED] = dropped;
    robin->publisher->counter[HAYWIRE_COUNTER_BLOCKED] = robin->blocked;
    robin->publisher->counter[HAYWIRE_COUNTER_READS_GIVEN_UP] =
        robin->collector->given_up;
    robin->resume_pid = resume_pid;
}

static void begin_cycle(HaywireRoundrobin *robin, bool partial)
{
    robin->partial = partial;
    robin->turn = haywire_turn(robin->resume_pid);
    robin->cycle++;
    robin->used = 0;
    robin->written = 0;
    robin->fresh = 0;
    robin->denied = 0;
    robin->blocked = 0;
    robin->collecting = stage_page(robin);
}

/* Look at the next process. False when the cycle is finished. */
static bool collect_one(HaywireRoundrobin *robin)
{
    HaywireEntry *entry = haywire_table_next(robin->table, &robin->turn);
    HaywireKeptRecord *record;

    if (!entry) {
        finish(robin, 0);
        return false;
    }
    record = &entry->record;
    if (robin->partial ? record->version < entry->told
                       : record->version != entry->version || record->blocked) {
        read_process(robin, entry);
    }
    if (record->version > 0 && !stage(robin, record)) {
        finish(robin, entry->pid);
        return false;
    }
    return true;
}

HaywireStep haywire_roundrobin_step(void *opaque)
{
    HaywireRoundrobin *robin = opaque;
    HaywireStep step;

    if (robin->collecting) {
        return collect_one(robin) ? HAYWIRE_STEP_MORE : HAYWIRE_STEP_DONE;
    }
    step = haywire_table_look(
        robin->table, robin->publisher->setup.roundrobin_interval_ns / 2,
        &robin->since_ns);
    if (step != HAYWIRE_STEP_DONE) {
        return step;
    }
    begin_cycle(robin, false);
    return HAYWIRE_STEP_MORE;
}

bool haywire_roundrobin_update(HaywireRoundrobin *robin)
{
    if (robin->collecting || robin->cycle == 0 || robin->resume_pid != 0) {
        return false;
    }
    begin_cycle(robin, true);
    while (collect_one(robin)) {
        continue;
    }
    return true;
}
