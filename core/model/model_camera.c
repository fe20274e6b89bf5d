/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Cameras: the control page, and what the newest complete pass holds.
 */

#include "model_private.h"

#include <stdlib.h>

/* Either of them, and page runs are missing. */
#define PAGE_TABLE_LACKS \
    (HAYWIRE_CAMERA_NO_PAGE_TABLE | HAYWIRE_CAMERA_PARTLY_READ)
/* Of the model's share, for each camera's data. */
#define CAMERA_PARTS 4
/* A vector of them may hold twice what it needs while it grows. */
#define RUN_SET_BYTES (2 * sizeof(RunSet))

/* Runs on a page, not yet decoded. */
typedef struct RunSet {
    const HaywireCopy *copy;
    HaywireCursor runs;
} RunSet;

typedef struct PassReader {
    HaywireModelBuilder *builder;
    const HaywireControl *control;
    HaywirePass *pass;
    HaywireVector sets;     /* of HaywireSetSeen */
    HaywireVector run_sets; /* of RunSet */
    size_t runs;            /* in these */
} PassReader;

/* A list of runs being made. */
typedef struct RunMaker {
    HaywireModelBuilder *builder;
    HaywirePageRun *run; /* in the arena */
    size_t count;
    size_t room;
    uint64_t end; /* gva behind the last run */
} RunMaker;

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

static void add_run(RunMaker *maker, const HaywirePageRun *run)
{
    if (run->gva.value < maker->end) {
        haywire_builder_reject(maker->builder, HAYWIRE_BAD_RANGE);
        return;
    }
    maker->end = run->gva.value + ((uint64_t)run->pages << HAYWIRE_PAGE_SHIFT);
    maker->run[maker->count++] = *run;
}

/* False when there is no room for more. */
static bool add_runs(RunMaker *maker, const RunSet *seen)
{
    HaywireSetRecord set = { .runs = seen->runs };
    HaywireStatus status;
    HaywirePageRun run;

    haywire_builder_at(maker->builder, seen->copy);
    for (;;) {
        status = haywire_decode_page_run(&set, &run);
        if (status == HAYWIRE_NOT_FOUND) {
            return true;
        }
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(maker->builder, status);
        } else if (maker->count == maker->room) {
            return false;
        } else {
            add_run(maker, &run);
        }
    }
}

static void note_runs(PassReader *reader, const HaywireCopy *copy,
                      const HaywireSetRecord *set)
{
    RunSet seen = { copy, set->runs };

    if (haywire_builder_check(reader->builder,
                              haywire_vector_push(&reader->run_sets, &seen))) {
        reader->runs += set->count;
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
            haywire_sets_add(builder, &reader->sets, 0, copy,
                             &record.section_set, &records);
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

/* As many runs as there are, or as there is room for. */
static RunMaker begin_runs(const PassReader *reader)
{
    HaywireModelBuilder *builder = reader->builder;
    size_t most =
        builder->shares.model / CAMERA_PARTS / 2 / sizeof(HaywirePageRun);
    size_t room = reader->runs < most ? reader->runs : most;
    RunMaker maker = {
        .builder = builder,
        .run = haywire_builder_array(builder, room, sizeof(HaywirePageRun)),
    };

    maker.room = maker.run ? room : 0;
    return maker;
}

static void finish_runs(PassReader *reader, HaywirePageRunList *list)
{
    const HaywireControl *control = reader->control;
    const RunSet *seen = reader->run_sets.data;
    RunMaker maker = begin_runs(reader);

    for (size_t i = 0; i < reader->run_sets.count; i++) {
        if (!add_runs(&maker, &seen[i])) {
            reader->builder->limits++;
            break;
        }
    }
    list->run = maker.run;
    list->count = maker.count;
    list->pid = control->current_pid;
    list->start_time = control->current_start_time_ns;
    list->generation = control->pass;
    list->total = control->runs_total;
    list->complete =
        list->count == list->total && !(control->flags & PAGE_TABLE_LACKS);
}

static void read_pass(HaywireModelBuilder *builder, size_t number,
                      const HaywireControl *control)
{
    HaywirePass *pass = &builder->content->pass[number];
    PassReader reader = { builder, control, pass };

    haywire_builder_budget(builder, builder->shares.model / CAMERA_PARTS);
    haywire_sets_init(builder, &reader.sets, HAYWIRE_WORK_PASS);
    haywire_vector_init(
        &reader.run_sets, sizeof(RunSet),
        haywire_builder_work(builder, HAYWIRE_WORK_RUNS, RUN_SET_BYTES));
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
    haywire_vector_clear(&reader.run_sets);
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

static void build_camera(HaywireModelBuilder *builder, size_t number)
{
    const HaywireCopyList *copies =
        &builder->copies[HAYWIRE_CATEGORY_CAMERA1 + number];
    HaywireCamera *camera = &builder->model->camera[number];
    const HaywirePass *pass = &builder->content->pass[number];
    const HaywireCopy *copy = copies->count ? copies->copy[0] : NULL;
    HaywireControl control;
    HaywireStatus status;

    if (!copy || copy->info.index != 0 ||
        copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return;
    }
    haywire_builder_at(builder, copy);
    status = haywire_decode_control(copy->page, &copy->info, &control, NULL);
    if (status != HAYWIRE_OK) {
        haywire_builder_reject(builder, status);
        return;
    }
    builder->content->finished_ns[number] = control.pass_finished_ns;
    describe(copy, &control, camera);
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

void haywire_build_camera_ages(const HaywireModelInput *input,
                               HaywireModelData *data)
{
    for (size_t i = 0; i < 2; i++) {
        HaywireCamera *camera = &data->model.camera[i];

        if (camera->pass > 0) {
            camera->age =
                since(input->beat_monotonic_ns, data->content->finished_ns[i]);
        }
    }
}
