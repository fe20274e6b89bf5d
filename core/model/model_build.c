/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Making a model out of verified copies: docs/protocol.md, section 5.
 */

#include "model_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The share for work is divided in these. */
#define WORK_PARTS 16

void haywire_builder_budget(HaywireModelBuilder *builder, size_t bytes)
{
    size_t left = builder->shares.model - builder->arena->total;

    builder->arena->limit =
        builder->arena->total + (bytes < left ? bytes : left);
}

size_t haywire_builder_work(const HaywireModelBuilder *builder, size_t part,
                            size_t size)
{
    return builder->shares.work / WORK_PARTS * part / size;
}

void haywire_builder_at(HaywireModelBuilder *builder, const HaywireCopy *copy)
{
    builder->fresh = !copy->counted;
}

void haywire_builder_reject(HaywireModelBuilder *builder, HaywireStatus status)
{
    builder->host->rejected[status] += builder->fresh;
}

bool haywire_builder_check(HaywireModelBuilder *builder, HaywireStatus status)
{
    if (status == HAYWIRE_LIMIT) {
        builder->limits++;
    } else if (status == HAYWIRE_NO_MEMORY) {
        builder->no_memory = true;
    }
    return status == HAYWIRE_OK;
}

/* Why the arena gave nothing. */
static void note_arena_failure(HaywireModelBuilder *builder)
{
    if (builder->arena->no_memory) {
        builder->no_memory = true;
    } else {
        builder->limits++;
    }
}

const char *haywire_builder_text(HaywireModelBuilder *builder,
                                 const uint8_t *bytes, size_t length,
                                 bool *ret_cut)
{
    const char *text = haywire_arena_text(builder->arena, bytes, length);

    if (!text) {
        note_arena_failure(builder);
        *ret_cut = true;
        return "";
    }
    return text;
}

void *haywire_builder_array(HaywireModelBuilder *builder, size_t count,
                            size_t size)
{
    void *array = NULL;

    if (count > 0) {
        array = haywire_arena_alloc(builder->arena, count * size);
        if (!array) {
            note_arena_failure(builder);
        }
    }
    return array;
}

const void *haywire_builder_copy(HaywireModelBuilder *builder, const void *data,
                                 size_t size)
{
    void *copy = haywire_arena_copy(builder->arena, data, size);

    if (!copy) {
        note_arena_failure(builder);
    }
    return copy;
}

void *haywire_builder_move(HaywireModelBuilder *builder, HaywireVector *vector,
                           size_t *ret_count)
{
    void *moved = NULL;

    *ret_count = 0;
    if (vector->count > 0) {
        moved = haywire_arena_copy(builder->arena, vector->data,
                                   vector->count * vector->size);
        if (moved) {
            *ret_count = vector->count;
        } else {
            note_arena_failure(builder);
        }
    }
    haywire_vector_clear(vector);
    return moved;
}

HaywireRecordReader haywire_records_at(const HaywireCopy *copy, size_t position)
{
    HaywireRecordReader reader;

    haywire_cursor_init(&reader.cursor, copy->page->payload,
                        copy->info.payload_length);
    reader.cursor.position = position;
    return reader;
}

bool haywire_builder_records(HaywireModelBuilder *builder,
                             const HaywireCopy *copy, uint32_t kind,
                             HaywireRecordReader *ret_reader)
{
    if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return false;
    }
    haywire_builder_at(builder, copy);
    if (copy->info.kind != kind ||
        haywire_record_reader_init(ret_reader, copy->page, &copy->info) !=
            HAYWIRE_OK) {
        haywire_builder_reject(builder, HAYWIRE_BAD_KIND);
        return false;
    }
    return true;
}

bool haywire_builder_record(HaywireModelBuilder *builder,
                            HaywireRecordReader *reader,
                            HaywireRecord *ret_record)
{
    HaywireStatus status = haywire_record_next(reader, ret_record, NULL);

    if (status == HAYWIRE_OK) {
        return true;
    }
    if (status == HAYWIRE_NOT_FOUND) {
        return false;
    }
    haywire_builder_reject(builder, status);
    ret_record->type = 0;
    return status != HAYWIRE_BAD_RECORD && status != HAYWIRE_SHORT_PAYLOAD;
}

static int compare_copies(const void *left, const void *right)
{
    const HaywireCopy *a = *(const HaywireCopy *const *)left;
    const HaywireCopy *b = *(const HaywireCopy *const *)right;

    return a->info.index < b->info.index ? -1 : a->info.index > b->info.index;
}

/* A view hands them over in order. */
static bool is_sorted(const HaywireCopyList *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (compare_copies(&list->copy[i - 1], &list->copy[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* The copies by category; @pointer has room for all. */
static void sort_copies(HaywireModelBuilder *builder,
                        const HaywireCopy **pointer)
{
    const HaywireModelInput *input = builder->input;
    HaywireCopyList *list = builder->copies;

    for (size_t i = 0; i < input->copy_count; i++) {
        list[input->copy[i]->info.category].count++;
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        list[c].copy = pointer;
        pointer += list[c].count;
        list[c].count = 0;
    }
    for (size_t i = 0; i < input->copy_count; i++) {
        HaywireCopyList *of = &list[input->copy[i]->info.category];

        of->copy[of->count++] = input->copy[i];
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        if (!is_sorted(&list[c])) {
            qsort(list[c].copy, list[c].count, sizeof(*list[c].copy),
                  compare_copies);
        }
    }
}

static void count_bytes(HaywireModelBuilder *builder)
{
    const HaywireModelInput *input = builder->input;

    for (size_t i = 0; i < input->copy_count; i++) {
        builder->host->bytes_decoded += input->copy[i]->info.payload_length;
    }
}

/*
 * Of the model's share: the table and its names may take three quarters, the
 * table alone half. What a lying guest fills the table with must not keep
 * cameras and the manifest out.
 */
static size_t table_bytes(const HaywireModelBuilder *builder)
{
    return builder->shares.model / 2;
}

bool haywire_table_begin(HaywireModelBuilder *builder, size_t count)
{
    size_t room = table_bytes(builder) / sizeof(HaywireProcess);

    room = room < HAYWIRE_PROCESSES_MAX ? room : HAYWIRE_PROCESSES_MAX;
    builder->process_count = 0;
    builder->process_room = count < room ? count : room;
    builder->process = haywire_builder_array(builder, builder->process_room,
                                             sizeof(*builder->process));
    return builder->process;
}

HaywireProcess *haywire_table_add(HaywireModelBuilder *builder)
{
    if (builder->process_count == builder->process_room) {
        builder->limits++;
        return NULL;
    }
    return &builder->process[builder->process_count++];
}

static void build_table(HaywireModelBuilder *builder)
{
    HaywireOverview *overview = &builder->model->overview;
    bool snapshot;

    haywire_builder_budget(builder, table_bytes(builder) * 3 / 2);
    snapshot = haywire_table_from_snapshot(builder);
    if (!snapshot && !builder->no_memory) {
        haywire_table_from_cycles(builder);
    }
    haywire_table_settle(builder, snapshot);
    if (overview->processes < builder->process_count) {
        overview->processes = builder->process_count;
    }
    overview->processes_missing = overview->processes - builder->process_count;
}

static void build_details_and_sections(HaywireModelBuilder *builder)
{
    HaywireVector sets;

    haywire_builder_budget(builder, builder->shares.model);
    haywire_sets_init(builder, &sets, HAYWIRE_WORK_SETS);
    haywire_build_details(builder, &sets);
    haywire_build_sections(builder, &sets);
    haywire_vector_clear(&sets);
}

static const char *format_version(HaywireModelBuilder *builder)
{
    const uint16_t *version = builder->input->discovery->version;
    char text[32];
    int length =
        snprintf(text, sizeof(text), "%" PRIu16 ".%" PRIu16 ".%" PRIu16,
                 version[0], version[1], version[2]);
    bool cut;

    return haywire_builder_text(builder, (const uint8_t *)text, (size_t)length,
                                &cut);
}

/* As the guest's own /proc/sys/kernel/random/boot_id is written. */
static const char *format_boot_id(HaywireModelBuilder *builder)
{
    const uint8_t *id = builder->input->discovery->boot_id;
    char text[2 * HAYWIRE_BOOT_ID_SIZE + 5];
    size_t length = 0;
    bool cut;

    for (size_t i = 0; i < HAYWIRE_BOOT_ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[length++] = '-';
        }
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%02x",
                                   id[i]);
    }
    return haywire_builder_text(builder, (const uint8_t *)text, length, &cut);
}

static void build_session(HaywireModelBuilder *builder)
{
    HaywireOverview *overview = &builder->model->overview;

    build_table(builder);
    overview->companion_version = format_version(builder);
    overview->boot_id = format_boot_id(builder);
    haywire_build_manifest(builder);
    haywire_build_cameras(builder);
    build_details_and_sections(builder);
}

static void init_model(HaywireModel *model, const HaywireModelInput *input)
{
    model->overview = *input->overview;
    model->overview.companion_version = "";
    model->overview.boot_id = "";
    model->overview.kernel_release = "";
    model->overview.host_name = "";
    model->overview.processes = 0;
    model->overview.processes_missing = 0;
    model->overview.snapshot_generation = 0;
    model->overview.snapshot_time = 0;
    model->manifest.kernel_version = "";
    model->manifest.kernel_cmdline = "";
    model->manifest.vmcoreinfo_text = "";
    model->camera[0].camera = 1;
    model->camera[1].camera = 2;
}

/* An empty content, with one reference. */
static HaywireContent *content_new(const HaywireShares *shares)
{
    HaywireContent *content = calloc(1, sizeof(*content));

    if (content) {
        atomic_init(&content->references, 1);
        content->arena.limit = shares->model;
    }
    return content;
}

/* A model of @content (its reference is taken); NULL without memory. */
static HaywireModelData *data_new(HaywireContent *content)
{
    HaywireModelData *data = calloc(1, sizeof(*data));

    if (data) {
        atomic_init(&data->references, 1);
        data->content = content;
    }
    return data;
}

/* What the last model has met, too, is known. */
static void count_limits(const HaywireModelBuilder *builder)
{
    const HaywireModelInput *input = builder->input;
    uint64_t known = input->limits ? *input->limits : 0;

    if (builder->limits > known) {
        builder->host->limits_reached += builder->limits - known;
    }
    if (input->limits) {
        *input->limits = builder->limits;
    }
}

/* What a model says that its content does not. */
static void finish(const HaywireModelInput *input, HaywireModelData *data)
{
    haywire_build_camera_ages(input, data);
    data->model.host = *input->host;
    if (input->discovery && input->layout) {
        data->model.layout = *input->layout;
    }
    haywire_build_cost(input, &data->model);
}

static HaywireStatus build(HaywireModelBuilder *builder)
{
    const HaywireModelInput *input = builder->input;
    const HaywireCopy **pointer =
        calloc(input->copy_count + 1, sizeof(*pointer));

    builder->texts = haywire_texts_new();
    builder->no_memory = !pointer || !builder->texts;
    if (!builder->no_memory) {
        count_bytes(builder);
        sort_copies(builder, pointer);
        build_session(builder);
    }
    free(builder->texts);
    free(pointer);
    if (builder->no_memory) {
        return HAYWIRE_NO_MEMORY;
    }
    count_limits(builder);
    builder->model->process = builder->process;
    builder->model->process_count = builder->process_count;
    return HAYWIRE_OK;
}

HaywireStatus haywire_model_build(const HaywireModelInput *input,
                                  HaywireModel **ret_model)
{
    HaywireModelBuilder builder = {
        .input = input,
        .shares = input->shares ? *input->shares
                                : haywire_shares_divide(HAYWIRE_MEMORY_DEFAULT),
        .host = input->host,
    };
    HaywireContent *content = content_new(&builder.shares);
    HaywireModelData *data = content ? data_new(content) : NULL;
    HaywireStatus status = HAYWIRE_OK;

    if (!data) {
        free(content);
        return HAYWIRE_NO_MEMORY;
    }
    builder.model = &data->model;
    builder.content = content;
    builder.arena = &content->arena;
    init_model(&data->model, input);
    if (input->discovery) {
        status = build(&builder);
    }
    if (status != HAYWIRE_OK) {
        haywire_model_unref(&data->model);
        return status;
    }
    finish(input, data);
    *ret_model = &data->model;
    return HAYWIRE_OK;
}

/* Of an overview, what decoding has yielded. */
static void take_decoded(const HaywireOverview *from, HaywireOverview *to)
{
    to->companion_version = from->companion_version;
    to->boot_id = from->boot_id;
    to->kernel_release = from->kernel_release;
    to->host_name = from->host_name;
    to->processes = from->processes;
    to->processes_missing = from->processes_missing;
    to->snapshot_generation = from->snapshot_generation;
    to->snapshot_time = from->snapshot_time;
}

HaywireStatus haywire_model_renew(HaywireModel *last,
                                  const HaywireModelInput *input,
                                  HaywireModel **ret_model)
{
    HaywireContent *content = ((HaywireModelData *)last)->content;
    HaywireModelData *data = data_new(content);

    if (!data) {
        return HAYWIRE_NO_MEMORY;
    }
    atomic_fetch_add_explicit(&content->references, 1, memory_order_relaxed);
    data->model = *last;
    data->model.overview = *input->overview;
    take_decoded(&last->overview, &data->model.overview);
    finish(input, data);
    *ret_model = &data->model;
    return HAYWIRE_OK;
}
