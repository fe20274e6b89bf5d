/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back what the companion published: see selftest_read.h. */

#include "selftest_read.h"

/* A page that is being read. */
typedef struct Reading {
    HaywireFound *found;
    HaywirePage copy;
    HaywirePageInfo info;
    HaywireDiagnosis diagnosis;
} Reading;

static void see_set(HaywireFoundSet *set, const HaywireSetRecord *record)
{
    if (record->generation > set->generation) {
        *set = (HaywireFoundSet){ .generation = record->generation };
    }
    if (record->generation == set->generation) {
        set->count += record->count;
        set->total = record->total;
    }
}

static void see_process(Reading *reading, const HaywireProcessRecord *record)
{
    HaywireFound *found = reading->found;

    if (reading->info.generation >= found->cycle) {
        found->cycle = reading->info.generation;
        found->rss = record->rss;
        found->has_path = record->exe.length > 0 && record->exe.data[0] == '/';
    }
}

/* Where the address lies in a run whose frames are known, that is its frame. */
static void see_runs(HaywireFound *found, HaywireSetRecord *record)
{
    HaywirePageRun run;

    see_set(&found->runs, record);
    while (haywire_decode_page_run(record, &run) == HAYWIRE_OK) {
        uint64_t page = (found->address - run.gva.value) >> HAYWIRE_PAGE_SHIFT;

        if ((run.flags & HAYWIRE_RUN_PFN_KNOWN) &&
            found->address >= run.gva.value && page < run.pages) {
            found->frame = run.value + page;
        }
    }
}

static void see_record(Reading *reading, HaywireRecord *record)
{
    HaywireFound *found = reading->found;
    bool camera = reading->info.kind == HAYWIRE_KIND_CAMERA;

    switch (record->type) {
    case HAYWIRE_RECORD_PROCESS:
        if (record->process.pid == found->pid) {
            see_process(reading, &record->process);
        }
        break;
    case HAYWIRE_RECORD_PROCESS_FIELDS:
        found->has_fields = true;
        break;
    case HAYWIRE_RECORD_SECTION_SET:
        if (record->section_set.pid == found->pid && !camera) {
            see_set(&found->sections, &record->section_set);
        }
        break;
    case HAYWIRE_RECORD_PAGE_RUN_SET:
        if (reading->info.generation == found->control.pass) {
            see_runs(found, &record->page_run_set);
        }
        break;
    default:
        break;
    }
}

static HaywireStatus see_records(Reading *reading)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status =
        haywire_record_reader_init(&reader, &reading->copy, &reading->info);

    while (status == HAYWIRE_OK) {
        status = haywire_record_next(&reader, &record, &reading->diagnosis);
        if (status == HAYWIRE_OK) {
            see_record(reading, &record);
        }
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

static HaywireStatus see_pids(Reading *reading)
{
    HaywireFound *found = reading->found;
    HaywirePidPage page;
    HaywirePidEntry entry;
    HaywireStatus status = haywire_decode_pid_page(
        &reading->copy, &reading->info, &page, &reading->diagnosis);

    if (status != HAYWIRE_OK || reading->info.generation < found->snapshot) {
        return status;
    }
    if (reading->info.generation > found->snapshot) {
        found->snapshot = reading->info.generation;
        found->processes = 0;
        found->listed = false;
    }
    found->processes += page.count;
    while (haywire_decode_pid_entry(&page, &entry) == HAYWIRE_OK) {
        found->listed = found->listed || entry.pid == found->pid;
    }
    return HAYWIRE_OK;
}

static HaywireStatus see_control(Reading *reading)
{
    HaywireControl control;
    HaywireStatus status = haywire_decode_control(
        &reading->copy, &reading->info, &control, &reading->diagnosis);

    if (status == HAYWIRE_OK &&
        reading->info.category == HAYWIRE_CATEGORY_CAMERA1) {
        reading->found->control = control;
    }
    return status;
}

static HaywireStatus see_payload(Reading *reading)
{
    HaywirePage *copy = &reading->copy;
    HaywirePageInfo *info = &reading->info;
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    HaywireIndexPage index;

    switch (info->kind) {
    case HAYWIRE_KIND_DISCOVERY:
        return haywire_decode_discovery(copy, info, &reading->found->discovery,
                                        &reading->diagnosis);
    case HAYWIRE_KIND_INDEX:
        return haywire_decode_index(copy, info, &index, &reading->diagnosis);
    case HAYWIRE_KIND_STATS:
        return haywire_decode_stats(copy, info, counter, &reading->diagnosis);
    case HAYWIRE_KIND_PID:
        return see_pids(reading);
    case HAYWIRE_KIND_CONTROL:
        return see_control(reading);
    case HAYWIRE_KIND_ROUNDROBIN:
    case HAYWIRE_KIND_CAMERA:
    case HAYWIRE_KIND_MANIFEST:
        return see_records(reading);
    default:
        return HAYWIRE_OK;
    }
}

static HaywireStatus see_page(Reading *reading, HaywirePublisher *publisher,
                              HaywireCategory category, uint32_t index)
{
    const HaywirePage *page =
        haywire_publisher_page(publisher, category, index);
    HaywireStatus status;

    reading->copy = *page; /* nobody writes it now */
    status = haywire_page_verify(&reading->copy, &reading->info,
                                 &reading->diagnosis);
    return status != HAYWIRE_OK                          ? status
           : reading->info.category != category          ? HAYWIRE_BAD_CATEGORY
           : reading->info.index != index                ? HAYWIRE_BAD_INDEX
           : reading->info.session != publisher->session ? HAYWIRE_BAD_SESSION
                                                         : see_payload(reading);
}

static void see_category(HaywireFound *found, HaywirePublisher *publisher,
                         HaywireCategory category)
{
    uint32_t pages = haywire_publisher_pages(publisher, category);

    for (uint32_t i = 0; i < pages; i++) {
        Reading reading = { .found = found };
        HaywireStatus status = see_page(&reading, publisher, category, i);

        if (status != HAYWIRE_OK && found->status == HAYWIRE_OK) {
            found->status = status;
            found->category = category;
            found->index = i;
            found->field = reading.diagnosis.field;
        }
        found->used[category] += reading.info.kind != HAYWIRE_KIND_EMPTY;
    }
}

void haywire_selftest_read(HaywirePublisher *publisher, HaywireFound *ret_found)
{
    *ret_found = (HaywireFound){
        .pid = ret_found->pid,
        .address = ret_found->address,
        .status = HAYWIRE_OK,
    };
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        see_category(ret_found, publisher, i);
    }
}
