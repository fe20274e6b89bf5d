/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras: the control page, and what the newest complete pass holds.
 */

#include "fill.h"

#include <stdlib.h>

/* Either of them, and page runs are missing. */
#define PAGE_TABLE_LACKS \
    (HAYWIRE_CAMERA_NO_PAGE_TABLE | HAYWIRE_CAMERA_PARTLY_READ)
/* A vector of them may hold twice what it needs while it grows. */
#define RUN_SET_BYTES (2 * sizeof(RunSet))

/* Runs on a page, not yet decoded. */
typedef struct RunSet {
    const HaywireCopy *copy;
    HaywireCursor runs;
} RunSet;

typedef struct PassReader {
    HaywireFill *fill;
    const HaywireControl *control;
    HaywireVector sets;     /* of HaywireSetSeen */
    HaywireVector run_sets; /* of RunSet */
    size_t runs;            /* in these */
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

/* False when there is no room for more. */
static bool add_runs(HaywireFill *fill, HaywirePageRunList *list,
                     const RunSet *seen)
{
    HaywireSetRecord set = { .runs = seen->runs };
    HaywireStatus status;
    HaywirePageRun run;

    haywire_fill_at(fill, seen->copy);
    for (;;) {
        status = haywire_decode_page_run(&set, &run);
        if (status == HAYWIRE_NOT_FOUND) {
            return true;
        }
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(fill->builder, status);
        } else if (!haywire_builder_add_run(fill->builder, list, &run)) {
            return false;
        }
    }
}

static void note_runs(PassReader *reader, const HaywireCopy *copy,
                      const HaywireSetRecord *set)
{
    RunSet seen = { copy, set->runs };

    if (haywire_builder_check(reader->fill->builder,
                              haywire_vector_push(&reader->run_sets, &seen))) {
        reader->runs += set->count;
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
            note_runs(reader, copy, &record.page_run_set);
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
    const RunSet *seen = reader->run_sets.data;

    haywire_builder_begin_runs(reader->fill->builder, list, reader->runs);
    for (size_t i = 0; i < reader->run_sets.count; i++) {
        if (!add_runs(reader->fill, list, &seen[i])) {
            break;
        }
    }
    haywire_vector_clear(&reader->run_sets);
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
    PassReader reader = { .fill = fill, .control = control };

    haywire_builder_begin(fill->builder, HAYWIRE_BUILDER_PASS);
    haywire_sets_init(fill, &reader.sets);
    haywire_vector_init(&reader.run_sets, sizeof(RunSet),
                        haywire_fill_room(fill, RUN_SET_BYTES));
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
