/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: see reply.h.
 */

#include "reply.h"

static void emit_field(HaywireEmitter *emitter, const HaywireField *field,
                       const void *object)
{
    char buffer[HAYWIRE_FIELD_BUFFER];
    uint64_t number;

    if (haywire_field_is_string(field)) {
        emitter->string(emitter, field->name,
                        haywire_field_string(field, object, buffer));
        return;
    }
    number = haywire_field_number(field, object);
    switch (field->type) {
    case HAYWIRE_TYPE_BOOL:
    case HAYWIRE_TYPE_FLAGS:
        emitter->boolean(emitter, field->name, number != 0);
        break;
    case HAYWIRE_TYPE_I32:
    case HAYWIRE_TYPE_I64:
        emitter->integer(emitter, field->name, (int64_t)number);
        break;
    default:
        emitter->number(emitter, field->name, number);
        break;
    }
}

static void emit_members(HaywireEmitter *emitter, const HaywireTable *table,
                         const void *object, HaywireMembers members)
{
    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];

        if ((members >> i & 1) && haywire_field_present(field, object)) {
            emit_field(emitter, field, object);
        }
    }
}

void haywire_reply_members(HaywireEmitter *emitter, const HaywireTable *table,
                           const void *object)
{
    emit_members(emitter, table, object, HAYWIRE_MEMBERS_ALL);
}

static void emit_object(HaywireEmitter *emitter, const char *name,
                        const HaywireTable *table, const void *object)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, table, object);
    emitter->end_object(emitter);
}

static void emit_list(HaywireEmitter *emitter, const char *name,
                      const HaywireTable *table, const void *rows, size_t count,
                      HaywireMembers members)
{
    const uint8_t *row = rows;

    emitter->begin_list(emitter, name);
    for (size_t i = 0; i < count; i++) {
        emitter->begin_object(emitter, NULL);
        emit_members(emitter, table, row + i * table->size, members);
        emitter->end_object(emitter);
    }
    emitter->end_list(emitter);
}

static void emit_categories(HaywireEmitter *emitter,
                            const HaywireOverview *overview)
{
    HaywireCategoryRow row[HAYWIRE_CATEGORY_COUNT];

    haywire_category_rows(overview, row);
    emit_list(emitter, "categories", &haywire_category_table, row,
              HAYWIRE_CATEGORY_COUNT, HAYWIRE_MEMBERS_ALL);
}

void haywire_reply_overview(HaywireEmitter *emitter, const char *name,
                            const HaywireOverview *overview)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, &haywire_overview_table, overview);
    if (overview->has_session) {
        emit_categories(emitter, overview);
    }
    emit_object(emitter, "cost", &haywire_cost_table, &overview->cost);
    emitter->end_object(emitter);
}

void haywire_reply_processes(HaywireEmitter *emitter, const char *name,
                             const HaywireProcess *process, size_t count)
{
    haywire_reply_chosen(emitter, name, process, count, HAYWIRE_MEMBERS_ALL);
}

void haywire_reply_chosen(HaywireEmitter *emitter, const char *name,
                          const HaywireProcess *process, size_t count,
                          HaywireMembers members)
{
    emit_list(emitter, name, &haywire_process_table, process, count, members);
}

void haywire_reply_sections(HaywireEmitter *emitter, const char *name,
                            const HaywireSectionList *list)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, &haywire_section_list_table, list);
    emit_list(emitter, "sections", &haywire_section_table, list->section,
              list->count, HAYWIRE_MEMBERS_ALL);
    emitter->end_object(emitter);
}

void haywire_reply_page_runs(HaywireEmitter *emitter, const char *name,
                             const HaywirePageRunList *list,
                             HaywireGvaRange range)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, &haywire_page_run_list_table, list);
    emitter->begin_list(emitter, "runs");
    for (size_t i = 0; i < list->count; i++) {
        HaywirePageRun part;

        if (haywire_page_run_clip(&list->run[i], range.start, range.length,
                                  &part)) {
            emit_object(emitter, NULL, &haywire_page_run_table, &part);
        }
    }
    emitter->end_list(emitter);
    emitter->end_object(emitter);
}

void haywire_reply_cameras(HaywireEmitter *emitter, const char *name,
                           const HaywireCamera *camera, size_t count)
{
    emit_list(emitter, name, &haywire_camera_table, camera, count,
              HAYWIRE_MEMBERS_ALL);
}

void haywire_reply_camera(HaywireEmitter *emitter, const char *name,
                          const HaywireCamera *camera)
{
    emit_object(emitter, name, &haywire_camera_table, camera);
}

static void emit_guest(HaywireEmitter *emitter, const HaywireGuestStats *guest)
{
    emitter->begin_object(emitter, "guest");
    for (int i = 0; i < HAYWIRE_COUNTER_COUNT; i++) {
        emitter->number(emitter, haywire_guest_counter_name(i),
                        guest->counter[i]);
    }
    emitter->end_object(emitter);
}

/* A list, not an object with a member for each reason: it can be typed. */
static void emit_rejected(HaywireEmitter *emitter,
                          const HaywireHostCounters *host)
{
    emitter->begin_list(emitter, "rejected");
    for (int i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        HaywireRejectedRow row = { haywire_status_name(i), host->rejected[i] };

        if (row.count) {
            emit_object(emitter, NULL, &haywire_rejected_table, &row);
        }
    }
    emitter->end_list(emitter);
}

void haywire_reply_stats(HaywireEmitter *emitter, const char *name,
                         const HaywireHostCounters *host,
                         const HaywireGuestStats *guest)
{
    emitter->begin_object(emitter, name);
    emit_object(emitter, "host", &haywire_host_table, host);
    if (guest->valid) {
        emit_guest(emitter, guest);
    }
    emit_rejected(emitter, host);
    emitter->end_object(emitter);
}

void haywire_reply_place(HaywireEmitter *emitter, const char *name,
                         const HaywirePlace *place)
{
    emit_object(emitter, name, &haywire_place_table, place);
}
