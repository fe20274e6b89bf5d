/*
 * Process records in two banks.
 *
 * A cycle is staged and then published in one go: its pages carry totals that
 * are known at the end only, and readers get one consistent picture. The
 * record of a process that has not run is carried over from the other bank.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
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
                             HaywirePublisher *publisher,
                             HaywireCollector *collector)
{
    memset(robin, 0, sizeof(*robin));
    robin->publisher = publisher;
    robin->collector = collector;
    robin->bank_pages = haywire_roundrobin_ring_first(publisher) / 2;
    haywire_roster_init(&robin->roster, collector);
    robin->staged = calloc(robin->bank_pages, sizeof(*robin->staged));
    return robin->staged != NULL;
}

void haywire_roundrobin_destroy(HaywireRoundrobin *robin)
{
    free(robin->staged);
    haywire_roster_destroy(&robin->roster);
    memset(robin, 0, sizeof(*robin));
}

/* A record's place: ordinal of its page in the bank, offset there. */
#define PLACE(page, offset) ((uint64_t)(page) << 16 | (offset))
#define PLACE_PAGE(place)   ((uint32_t)((place) >> 16))
#define PLACE_OFFSET(place) ((size_t)((place)&0xffff))

/* Cycles take the banks in turn. */
static uint32_t bank_of(const HaywireRoundrobin *robin, uint64_t cycle)
{
    return cycle % 2 ? 0 : robin->bank_pages;
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
static bool stage_process(HaywireRoundrobin *robin, const HaywireBrief *brief)
{
    HaywireStatus status;

    do {
        status = haywire_append_process(&robin->staged[robin->used - 1], brief,
                                        &robin->details);
    } while (status == HAYWIRE_LIMIT && stage_page(robin));
    return status == HAYWIRE_OK;
}

/* The record that the cycle before has. */
static const uint8_t *record_before(HaywireRoundrobin *robin,
                                    const HaywireSeen *seen)
{
    uint32_t index = bank_of(robin, robin->cycle - 1) + PLACE_PAGE(seen->place);
    const HaywirePage *page = haywire_publisher_page(
        robin->publisher, HAYWIRE_CATEGORY_ROUNDROBIN, index);

    return page->payload + PLACE_OFFSET(seen->place);
}

/* False when the bank is full. */
static bool stage_kept(HaywireRoundrobin *robin, const HaywireSeen *seen)
{
    const uint8_t *record = record_before(robin, seen);
    HaywireStatus status;
    HaywireLe32 flags;

    do {
        status = haywire_writer_append(&robin->staged[robin->used - 1], record,
                                       seen->size, NULL, 0, NULL);
    } while (status == HAYWIRE_LIMIT && stage_page(robin));
    memcpy(&flags, record + offsetof(HaywireWireRecord, flags), sizeof(flags));
    if (haywire_le32_get(flags) & HAYWIRE_PROCESS_EXE_UNREADABLE) {
        robin->denied++;
    }
    return status == HAYWIRE_OK;
}

static void count_details(HaywireRoundrobin *robin, const HaywireBrief *brief)
{
    const HaywireDetails *details = &robin->details;

    if (brief->name_truncated || details->exe_truncated ||
        details->cmdline_truncated) {
        robin->publisher->counter[HAYWIRE_COUNTER_STRINGS_TRUNCATED]++;
    }
    if (details->exe_unreadable) {
        robin->denied++;
        haywire_publisher_count(robin->publisher, HAYWIRE_COLLECT_DENIED);
    }
}

static HaywireCollect read_process(HaywireRoundrobin *robin, uint32_t pid,
                                   HaywireBrief *ret_brief)
{
    HaywireCollector *collector = robin->collector;
    HaywireOpenProcess process;
    HaywireCollect result =
        collector->ops->open(collector, pid, &process, ret_brief);

    if (result == HAYWIRE_COLLECT_OK) {
        result = collector->ops->details(collector, &process, &robin->details);
        collector->ops->close(collector, &process);
    }
    haywire_publisher_count(robin->publisher, result);
    return result;
}

static void patch32(uint8_t *record, size_t offset, uint32_t value)
{
    HaywireLe32 wire = haywire_le32(value);

    memcpy(record + offset, &wire, sizeof(wire));
}

static void publish(HaywireRoundrobin *robin, uint32_t dropped)
{
    uint32_t bank = bank_of(robin, robin->cycle);

    for (uint32_t i = 0; i < robin->used; i++) {
        HaywireWriter *writer = &robin->staged[i];

        patch32(writer->payload, offsetof(HaywireWireCycle, processes),
                robin->written + dropped);
        patch32(writer->payload, offsetof(HaywireWireCycle, written),
                robin->written);
        patch32(writer->payload, offsetof(HaywireWireCycle, pages),
                robin->used);
        haywire_publisher_put(robin->publisher, HAYWIRE_CATEGORY_ROUNDROBIN,
                              bank + i, HAYWIRE_KIND_ROUNDROBIN, robin->cycle,
                              writer->payload, writer->used);
    }
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

/* What changed came and went between two looks: nothing to publish. */
static bool is_same(const HaywireRoundrobin *robin)
{
    return robin->roster.partial && robin->fresh == 0 &&
           robin->roster.seen.count == robin->roster.before.count;
}

/* @resume_pid: who found no room, 0 for none */
static void finish(HaywireRoundrobin *robin, uint32_t resume_pid)
{
    HaywireRoster *roster = &robin->roster;
    /* That one had its turn, too. */
    size_t dropped =
        roster->list.count - roster->position + (resume_pid != 0 ? 1 : 0);

    robin->collecting = false;
    if (is_same(robin)) {
        robin->cycle--;
        return;
    }
    publish(robin, (uint32_t)dropped);
    note_privilege(robin);
    robin->publisher->counter[HAYWIRE_COUNTER_DETAILS_DROPPED] = dropped;
    robin->resume_pid = resume_pid;
    haywire_roster_end(roster, dropped == 0);
}

static void begin_cycle(HaywireRoundrobin *robin)
{
    robin->cycle++;
    robin->used = 0;
    robin->written = 0;
    robin->fresh = 0;
    robin->denied = 0;
    robin->collecting = stage_page(robin);
}

/* Note the record that was staged last. */
static void note_record(HaywireRoundrobin *robin, HaywireSeen *seen,
                        size_t size)
{
    size_t end = robin->staged[robin->used - 1].used;

    seen->size = (uint32_t)size;
    seen->place = PLACE(robin->used - 1, end - size);
    haywire_roster_note(&robin->roster, seen);
    robin->written++;
}

/* False when there is no room for it. */
static bool read_one(HaywireRoundrobin *robin, HaywireSeen *seen)
{
    HaywireBrief brief;

    if (read_process(robin, seen->pid, &brief) != HAYWIRE_COLLECT_OK) {
        return true;
    }
    if (!stage_process(robin, &brief)) {
        return false;
    }
    haywire_roster_doubt(&brief, &seen->mark);
    seen->read_ns = robin->roster.now_ns;
    note_record(robin, seen, haywire_process_length(&brief, &robin->details));
    robin->fresh++;
    count_details(robin, &brief);
    return true;
}

/* False when there is no room for it. */
static bool keep_one(HaywireRoundrobin *robin, const HaywireSeen *kept)
{
    HaywireSeen seen = *kept;

    if (!stage_kept(robin, kept)) {
        return false;
    }
    note_record(robin, &seen, kept->size);
    return true;
}

/* Look at the next process. False when the cycle is finished. */
static bool collect_one(HaywireRoundrobin *robin)
{
    HaywireSeen seen = { 0 };
    const HaywireSeen *kept;

    if (!haywire_roster_left(&robin->roster)) {
        finish(robin, 0);
        return false;
    }
    seen.pid = haywire_roster_next(&robin->roster);
    kept = haywire_roster_keep(&robin->roster, seen.pid, &seen.mark);
    if (!(kept ? keep_one(robin, kept) : read_one(robin, &seen))) {
        finish(robin, seen.pid);
        return false;
    }
    return true;
}

HaywireStep haywire_roundrobin_step(void *opaque)
{
    HaywireRoundrobin *robin = opaque;
    HaywireCollect result;

    if (robin->collecting) {
        return collect_one(robin) ? HAYWIRE_STEP_MORE : HAYWIRE_STEP_DONE;
    }
    result = haywire_roster_begin(&robin->roster, robin->resume_pid);
    haywire_publisher_count(robin->publisher, result);
    if (result != HAYWIRE_COLLECT_OK) {
        return HAYWIRE_STEP_IDLE;
    }
    begin_cycle(robin);
    return HAYWIRE_STEP_MORE;
}

void haywire_roundrobin_hear(HaywireRoundrobin *robin,
                             const HaywireHeard *heard)
{
    haywire_changes_add_all(&robin->roster.pending, &heard->begun);
    haywire_changes_add_all(&robin->roster.pending, &heard->ended);
}

bool haywire_roundrobin_update(HaywireRoundrobin *robin)
{
    if (robin->collecting || !haywire_roster_begin_changes(&robin->roster)) {
        return false;
    }
    begin_cycle(robin);
    while (collect_one(robin)) {
        continue;
    }
    return true;
}
