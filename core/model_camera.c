/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Cameras: the control page, and what the newest complete pass holds.
 */

#include "model_private.h"

#include <stdlib.h>

/* Room in the arena for each camera's data. */
#define CAMERA_BYTES_MAX ((size_t)2 << 20)
#define RUNS_MAX         (CAMERA_BYTES_MAX / sizeof(HaywirePageRun))

typedef struct PassReader {
    HaywireModelBuilder *builder;
    const HaywireControl *control;
    HaywirePass *pass;
    HaywireVector sets; /* of HaywireSetSeen */
    HaywireVector runs; /* of HaywirePageRun */
    uint64_t runs_end;  /* gva behind the last run */
    bool whole;         /* no run was rejected */
} PassReader;

static bool belongs(const PassReader *reader, const HaywireSetRecord *set)
{
    const HaywireControl *control = reader->control;

    if (set->pid != control->current_pid ||
        set->start_time_ns != control->current_start_time_ns ||
        set->generation != control->pass) {
        haywire_builder_reject(reader->builder, HAYWIRE_BAD_VALUE);
        return false;
    }
    return true;
}

static void add_run(PassReader *reader, const HaywirePageRun *run)
{
    if (run->gva.value < reader->runs_end) {
        haywire_builder_reject(reader->builder, HAYWIRE_BAD_RANGE);
        return;
    }
    reader->runs_end =
        run->gva.value + ((uint64_t)run->pages << HAYWIRE_PAGE_SHIFT);
    (void)haywire_builder_check(reader->builder,
                                haywire_vector_push(&reader->runs, run));
}

static void read_runs(PassReader *reader, HaywireSetRecord *set)
{
    HaywireStatus status;
    HaywirePageRun run;

    while (reader->runs.count < RUNS_MAX) {
        status = haywire_decode_page_run(set, &run);
        if (status == HAYWIRE_OK) {
            add_run(reader, &run);
        } else if (status == HAYWIRE_NOT_FOUND) {
            return;
        } else {
            haywire_builder_reject(reader->builder, status);
        }
    }
    if (haywire_decode_page_run(set, &run) != HAYWIRE_NOT_FOUND) {
        reader->builder->host->limits_reached++;
    }
}

static void read_page(PassReader *reader, const HaywireCopy *copy)
{
    HaywireModelBuilder *builder = reader->builder;
    HaywireRecordReader records;
    HaywireRecord record;

    if (!haywire_builder_records(builder, copy, HAYWIRE_KIND_CAMERA,
                                 &records)) {
        return;
    }
    while (haywire_builder_record(builder, &records, &record)) {
        if (record.type == HAYWIRE_RECORD_SECTION_SET &&
            belongs(reader, &record.section_set)) {
            haywire_sets_add(builder, &reader->sets, 0, &record.section_set,
                             &records);
        } else if (record.type == HAYWIRE_RECORD_PAGE_RUN_SET &&
                   belongs(reader, &record.page_run_set)) {
            read_runs(reader, &record.page_run_set);
        }
    }
}

/* Pages of the pass: those of its range that carry its number. */
static void read_pages(PassReader *reader, const HaywireCopyList *copies)
{
    const HaywireControl *control = reader->control;

    for (size_t i = 0; i < copies->count; i++) {
        const HaywireCopy *copy = copies->copy[i];

        if (copy->info.index >= control->first_page &&
            copy->info.index - control->first_page < control->pages &&
            copy->info.generation == control->pass &&
            copy->info.kind != HAYWIRE_KIND_EMPTY) {
            read_page(reader, copy);
        }
    }
}

static void finish_sections(PassReader *reader, HaywireSectionList *list)
{
    const HaywireControl *control = reader->control;

    haywire_sets_sort(&reader->sets);
    (void)haywire_sets_decode(reader->builder, reader->sets.data,
                              reader->sets.count, list);
    list->pid = control->current_pid;
    list->start_time = control->current_start_time_ns;
    list->generation = control->pass;
    list->total = control->sections_total;
    if (control->flags & HAYWIRE_CAMERA_NO_SECTIONS) {
        list->readable = false;
    }
    list->complete = list->count == list->total &&
                     (list->complete || reader->sets.count == 0);
}

static void finish_runs(PassReader *reader, HaywirePageRunList *list)
{
    const HaywireControl *control = reader->control;

    list->run =
        haywire_builder_move(reader->builder, &reader->runs, &list->count);
    list->pid = control->current_pid;
    list->start_time = control->current_start_time_ns;
    list->generation = control->pass;
    list->total = control->runs_total;
    list->complete = list->count == list->total &&
                     !(control->flags & HAYWIRE_CAMERA_NO_PAGE_TABLE);
}

static void read_pass(HaywireModelBuilder *builder, size_t number,
                      const HaywireControl *control)
{
    HaywirePass *pass = &builder->data->pass[number];
    PassReader reader = { builder, control, pass };

    haywire_builder_budget(builder, CAMERA_BYTES_MAX);
    haywire_vector_init(&reader.sets, sizeof(HaywireSetSeen), HAYWIRE_SETS_MAX);
    haywire_vector_init(&reader.runs, sizeof(HaywirePageRun), RUNS_MAX);
    read_pages(&reader, &builder->copies[HAYWIRE_CATEGORY_CAMERA1 + number]);
    pass->valid = true;
    pass->page_table_readable =
        !(control->flags & HAYWIRE_CAMERA_NO_PAGE_TABLE);
    pass->finished_ns = control->pass_finished_ns;
    pass->sections.source = HAYWIRE_ORIGIN_CAMERA1 + number;
    pass->runs.source = HAYWIRE_ORIGIN_CAMERA1 + number;
    finish_runs(&reader, &pass->runs);
    finish_sections(&reader, &pass->sections);
    haywire_vector_clear(&reader.sets);
}

/* A pass that lies within the camera's pages, behind the control page. */
static bool has_pass(HaywireModelBuilder *builder, size_t number,
                     const HaywireControl *control)
{
    uint32_t pages =
        builder->input->discovery->geometry[HAYWIRE_CATEGORY_CAMERA1 + number];

    if (control->pass == 0 || control->current_pid == 0) {
        return false;
    }
    if (control->first_page == 0 || control->first_page > pages ||
        control->pages > pages - control->first_page) {
        haywire_builder_reject(builder, HAYWIRE_BAD_RANGE);
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

static void describe(const HaywireModelBuilder *builder,
                     const HaywireCopy *copy, const HaywireControl *control,
                     HaywireCamera *camera)
{
    camera->mapped = true;
    camera->position = copy->position;
    camera->status = control->status;
    camera->target_pid = control->target_pid;
    camera->current_pid = control->current_pid;
    camera->current_start_time = control->current_start_time_ns;
    camera->pass = control->pass;
    if (control->pass > 0) {
        camera->age =
            since(builder->input->beat_monotonic_ns, control->pass_finished_ns);
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
    camera->pfns_known = !(control->flags & HAYWIRE_CAMERA_NO_PFNS);
}

static void build_camera(HaywireModelBuilder *builder, size_t number)
{
    const HaywireCopyList *copies =
        &builder->copies[HAYWIRE_CATEGORY_CAMERA1 + number];
    HaywireCamera *camera = &builder->data->model.camera[number];
    const HaywirePass *pass = &builder->data->pass[number];
    const HaywireCopy *copy = copies->count ? copies->copy[0] : NULL;
    HaywireControl control;
    HaywireStatus status;

    if (!copy || copy->info.index != 0 ||
        copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return;
    }
    status = haywire_decode_control(copy->page, &copy->info, &control, NULL);
    if (status != HAYWIRE_OK) {
        haywire_builder_reject(builder, status);
        return;
    }
    describe(builder, copy, &control, camera);
    if (has_pass(builder, number, &control)) {
        read_pass(builder, number, &control);
        camera->sections = control.sections_total;
        camera->sections_missing =
            missing(control.sections_total, pass->sections.count);
        camera->page_runs = control.runs_total;
        camera->page_runs_missing =
            missing(control.runs_total, pass->runs.count);
    }
}

void haywire_build_cameras(HaywireModelBuilder *builder)
{
    for (size_t i = 0; i < 2 && !builder->no_memory; i++) {
        build_camera(builder, i);
    }
}
