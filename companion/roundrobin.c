/*
 * Process records in two banks.
 *
 * A cycle is staged and then published in one go: its pages carry totals that
 * are known at the end only, and readers get one consistent picture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "records.h"
#include "roundrobin.h"

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
    robin->staged = calloc(robin->bank_pages, sizeof(*robin->staged));
    return robin->staged != NULL;
}

void haywire_roundrobin_destroy(HaywireRoundrobin *robin)
{
    free(robin->staged);
    free(robin->list.pid);
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
static bool stage_process(HaywireRoundrobin *robin, const HaywireBrief *brief)
{
    HaywireStatus status;

    do {
        status = haywire_append_process(&robin->staged[robin->used - 1], brief,
                                        &robin->details);
    } while (status == HAYWIRE_LIMIT && stage_page(robin));
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
    uint32_t bank = robin->cycle % 2 ? 0 : robin->bank_pages;

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

static HaywireStep finish(HaywireRoundrobin *robin, uint32_t dropped,
                          uint32_t resume_pid)
{
    publish(robin, dropped);
    note_privilege(robin);
    robin->publisher->counter[HAYWIRE_COUNTER_DETAILS_DROPPED] = dropped;
    robin->resume_pid = resume_pid;
    robin->collecting = false;
    return HAYWIRE_STEP_DONE;
}

static size_t find_pid(const HaywirePidList *list, uint32_t pid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pid[i] >= pid) {
            return i;
        }
    }
    return 0;
}

static HaywireStep begin(HaywireRoundrobin *robin)
{
    HaywireCollect result =
        robin->collector->ops->list(robin->collector, &robin->list);

    haywire_publisher_count(robin->publisher, result);
    if (result != HAYWIRE_COLLECT_OK) {
        return HAYWIRE_STEP_IDLE;
    }
    robin->cycle++;
    robin->first = find_pid(&robin->list, robin->resume_pid);
    robin->seen = 0;
    robin->used = 0;
    robin->written = 0;
    robin->denied = 0;
    robin->collecting = stage_page(robin);
    return HAYWIRE_STEP_MORE;
}

HaywireStep haywire_roundrobin_step(void *opaque)
{
    HaywireRoundrobin *robin = opaque;
    HaywireBrief brief;
    uint32_t pid;

    if (!robin->collecting) {
        return begin(robin);
    }
    if (robin->seen == robin->list.count) {
        return finish(robin, 0, 0);
    }
    pid = robin->list.pid[(robin->first + robin->seen) % robin->list.count];
    if (read_process(robin, pid, &brief) == HAYWIRE_COLLECT_OK) {
        if (!stage_process(robin, &brief)) {
            return finish(robin, (uint32_t)(robin->list.count - robin->seen),
                          pid);
        }
        robin->written++;
        count_details(robin, &brief);
    }
    robin->seen++;
    return HAYWIRE_STEP_MORE;
}
