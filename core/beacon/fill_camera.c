/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras: the control page, and what the newest complete pass holds.
 */

#include "fill.h"

#include <stdlib.h>

/* Either of them, and page runs are missing. */
#define PAGE_TABLE_LACKS \
    (HAYWIRE_CAMERA_NO_PAGE_TABLE | HAYWIRE_CAMERA_PARTLY_READ)
typedef struct PassReader {
    HaywireFill *fill;
    const HaywireControl *control;
    HaywirePageRunList *runs;
    bool full;          /* there is no room for more of them */
    HaywireVector sets; /* of HaywireSetSeen */
} PassReader;

static bool belongs(const PassReader *reader, const HaywireSetRecord *set)
{
    const HaywireControl *control = reader->control;

    if (set->pid != control->current_pid ||
        set->start_time_ns != control->current_start_time_ns ||
        set->generation != control->pass) {
        haywire_builder_reject(reader->fill->builder, HAYWIRE_BAD_VALUE);
        return false;
    }
    return true;
}

static void add_runs(PassReader *reader, HaywireSetRecord *set)
{
    HaywireBuilder *builder = reader->fill->builder;
    HaywirePageRun run;

    while (!reader->full) {
        HaywireStatus status = haywire_decode_page_run(set, &run);

        if (status == HAYWIRE_NOT_FOUND) {
            return;
        }
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(builder, status);
        } else {
            reader->full =
                !haywire_builder_add_run(builder, reader->runs, &run);
        }
    }
}

static void read_page(PassReader *reader, const HaywireCopy *copy)
{
    HaywireFill *fill = reader->fill;
    HaywireRecordReader records;
    HaywireRecord record;

    if (!haywire_fill_records(fill, copy, HAYWIRE_KIND_CAMERA, &records)) {
        return;
    }
    while (haywire_fill_record(fill, &records, &record)) {
        if (record.type == HAYWIRE_RECORD_SECTION_SET &&
            belongs(reader, &record.section_set)) {
            haywire_sets_add(fill, &reader->sets, copy, &record.section_set,
                             &records);
        } else if (record.type == HAYWIRE_RECORD_PAGE_RUN_SET &&
                   belongs(reader, &record.page_run_set)) {
            add_runs(reader, &record.page_run_set);
        }
    }
}

/* Pages of the pass: those of its range that carry its number. */
static bool is_of_pass(const HaywireControl *control, const HaywireCopy *copy)
{
    return copy->info.index >= control->first_page &&
           copy->info.index - control->first_page < control->pages &&
           copy->info.generation == control->pass &&
           copy->info.kind != HAYWIRE_KIND_EMPTY;
}

static void read_pages(PassReader *reader, const HaywireCopyList *copies)
{
    size_t bytes = 0;

    for (size_t i = 0; i < copies->count; i++) {
        if (is_of_pass(reader->control, copies->copy[i])) {
            bytes += copies->copy[i]->info.payload_length;
        }
    }
    haywire_builder_begin_runs(reader->fill->builder, reader->runs,
                               bytes / sizeof(HaywireWirePageRun));
    for (size_t i = 0; i < copies->count; i++) {
        if (is_of_pass(reader->control, copies->copy[i])) {
            read_page(reader, copies->copy[i]);
        }
    }
}

static void finish_sections(PassReader *reader, HaywireSectionList *list)
{
    const HaywireControl *control = reader->control;

    haywire_fill_camera_sections(reader->fill, &reader->sets, list);
    list->pid = control->current_pid;
    list->start_time = control->current_start_time_ns;
    list->generation = control->pass;
    list->total = control->sections_total;
    if (control->flags & HAYWIRE_CAMERA_NO_SECTIONS) {
        list->readable = false;
    }
    list->complete &= list->count == list->total;
}

static void finish_runs(PassReader *reader, HaywirePageRunList *list)
{
    const HaywireControl *control = reader->control;

    list->pid = control->current_pid;
    list->start_time = control->current_start_time_ns;
    list->generation = control->pass;
    list->provider = HAYWIRE_PROVIDER_COMPANION;
    list->total = control->runs_total;
    list->complete =
        list->count == list->total && !(control->flags & PAGE_TABLE_LACKS);
}

static void read_pass(HaywireFill *fill, size_t number,
                      const HaywireControl *control)
{
    HaywireCameraPass *pass = haywire_builder_pass(fill->builder, number);
    PassReader reader = { fill, control, &pass->runs };

    haywire_builder_begin(fill->builder, HAYWIRE_BUILDER_PASS);
    haywire_sets_init(fill, &reader.sets);
    read_pages(&reader, &fill->copies[HAYWIRE_CATEGORY_CAMERA1 + number]);
    pass->valid = true;
    pass->page_table_readable =
        !(control->flags & HAYWIRE_CAMERA_NO_PAGE_TABLE);
    pass->sections.source = HAYWIRE_ORIGIN_CAMERA1 + number;
    pass->runs.source = HAYWIRE_ORIGIN_CAMERA1 + number;
    finish_runs(&reader, &pass->runs);
    finish_sections(&reader, &pass->sections);
}

/* A pass that lies within the camera's pages, behind the control page. */
static bool has_pass(HaywireFill *fill, size_t number,
                     const HaywireControl *control)
{
    uint32_t pages =
        fill->input->discovery->geometry[HAYWIRE_CATEGORY_CAMERA1 + number];

    if (control->pass == 0 || control->current_pid == 0) {
        return false;
    }
    if (control->first_page == 0 || control->first_page > pages ||
        control->pages > pages - control->first_page) {
        haywire_builder_reject(fill->builder, HAYWIRE_BAD_RANGE);
        return false;
    }
    return true;
}

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

static uint32_t missing(uint32_t total, size_t here)
{
    return total > here ? total - (uint32_t)here : 0;
}

static void describe(const HaywireCopy *copy, const HaywireControl *control,
                     HaywireCamera *camera)
{
    camera->mapped = true;
    camera->position = copy->position;
    camera->status = control->status;
    camera->target_pid = control->target_pid;
    camera->current_pid = control->current_pid;
    camera->current_start_time = control->current_start_time_ns;
    camera->pass = control->pass;
    camera->pass_finished = control->pass_finished_ns;
    if (control->pass > 0) {
        camera->pass_duration =
            since(control->pass_finished_ns, control->pass_started_ns);
    }
    camera->figures_valid = control->flags & HAYWIRE_CAMERA_FIGURES_VALID;
    camera->rss = control->rss;
    camera->pss = control->pss;
    camera->swap = control->swap;
    camera->sections_readable = !(control->flags & HAYWIRE_CAMERA_NO_SECTIONS);
    camera->page_table_readable =
        !(control->flags & HAYWIRE_CAMERA_NO_PAGE_TABLE);
    camera->page_table_complete = !(control->flags & PAGE_TABLE_LACKS);
    camera->pfns_known = !(control->flags & HAYWIRE_CAMERA_NO_PFNS);
}

static void fill_camera(HaywireFill *fill, size_t number)
{
    const HaywireCopyList *copies =
        &fill->copies[HAYWIRE_CATEGORY_CAMERA1 + number];
    HaywireCamera *camera = &fill->builder->told->camera[number];
    const HaywireCameraPass *pass = haywire_builder_pass(fill->builder, number);
    const HaywireCopy *copy = copies->count ? copies->copy[0] : NULL;
    HaywireControl control;
    HaywireStatus status;

    if (!copy || copy->info.index != 0 ||
        copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return;
    }
    haywire_fill_at(fill, copy);
    status = haywire_decode_control(copy->page, &copy->info, &control, NULL);
    if (status != HAYWIRE_OK) {
        haywire_builder_reject(fill->builder, status);
        return;
    }
    describe(copy, &control, camera);
    if (has_pass(fill, number, &control)) {
        read_pass(fill, number, &control);
        camera->sections = control.sections_total;
        camera->sections_missing =
            missing(control.sections_total, pass->sections.count);
        camera->page_runs = control.runs_total;
        camera->page_runs_missing =
            missing(control.runs_total, pass->runs.count);
    }
}

void haywire_fill_cameras(HaywireFill *fill)
{
    for (size_t i = 0; i < 2 && !fill->builder->no_memory; i++) {
        fill_camera(fill, i);
    }
}
