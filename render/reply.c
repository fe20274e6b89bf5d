/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: see reply.h.
 */

#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * What QEMU allocates: a dictionary has 512 buckets of 8 bytes; an entry, its
 * key and its value are an allocation each. The text of a member is made once
 * and copied once, each time into a buffer that may be twice as long. One byte
 * of a string takes at most three of the text.
 */
#define COST_OBJECT 4224
#define COST_MEMBER 256
#define COST_LETTER (1 + 3 * 2 * 2)

uint64_t haywire_reply_cost(const HaywireTable *table, const void *object,
                            HaywireMembers members)
{
    char buffer[HAYWIRE_FIELD_BUFFER];
    uint64_t cost = COST_OBJECT;

    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];

        if ((members >> i & 1) && haywire_field_present(field, object)) {
            cost += COST_MEMBER;
            if (field->type == HAYWIRE_TYPE_STRING) {
                cost += COST_LETTER *
                        strlen(haywire_field_string(field, object, buffer));
            }
        }
    }
    return cost;
}

void haywire_reply_session(HaywireEmitter *emitter)
{
    char text[17];

    if (emitter->about && emitter->about->has_session) {
        snprintf(text, sizeof(text), "%016" PRIx64, emitter->about->session);
        emitter->string(emitter, "session", text);
    }
}

static void emit_more(HaywireEmitter *emitter)
{
    if (emitter->about) {
        emitter->boolean(emitter, "more", emitter->about->more);
    }
}

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

static void emit_with_session(HaywireEmitter *emitter, const char *name,
                              const HaywireTable *table, const void *object)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, table, object);
    haywire_reply_session(emitter);
    emitter->end_object(emitter);
}

static void emit_list(HaywireEmitter *emitter, const char *name,
                      const HaywireTable *table, const void *rows, size_t count)
{
    const uint8_t *row = rows;

    emitter->begin_list(emitter, name);
    for (size_t i = 0; i < count; i++) {
        emit_object(emitter, NULL, table, row + i * table->size);
    }
    emitter->end_list(emitter);
}

static void emit_categories(HaywireEmitter *emitter,
                            const HaywireOverview *overview)
{
    HaywireCategoryRow row[HAYWIRE_CATEGORY_COUNT];

    haywire_category_rows(overview, row);
    emit_list(emitter, "categories", &haywire_category_table, row,
              HAYWIRE_CATEGORY_COUNT);
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
    const bool cut = emitter->about && emitter->about->more;

    emitter->begin_list(emitter, name);
    for (size_t i = 0; i < count; i++) {
        emitter->begin_object(emitter, NULL);
        emit_members(emitter, &haywire_process_table, &process[i], members);
        if (cut && i + 1 == count) {
            emit_more(emitter);
        }
        emitter->end_object(emitter);
    }
    emitter->end_list(emitter);
}

void haywire_reply_sections(HaywireEmitter *emitter, const char *name,
                            const HaywireSectionList *list)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, &haywire_section_list_table, list);
    haywire_reply_session(emitter);
    emit_list(emitter, "sections", &haywire_section_table, list->section,
              list->count);
    emit_more(emitter);
    emitter->end_object(emitter);
}

void haywire_reply_page_runs(HaywireEmitter *emitter, const char *name,
                             const HaywirePageRunList *list,
                             HaywireGvaRange range)
{
    emitter->begin_object(emitter, name);
    haywire_reply_members(emitter, &haywire_page_run_list_table, list);
    haywire_reply_session(emitter);
    emitter->begin_list(emitter, "runs");
    for (size_t i = 0; i < list->count; i++) {
        HaywirePageRun part;

        if (haywire_page_run_clip(&list->run[i], range.start, range.length,
                                  &part)) {
            emit_object(emitter, NULL, &haywire_page_run_table, &part);
        }
    }
    emitter->end_list(emitter);
    emit_more(emitter);
    emitter->end_object(emitter);
}

void haywire_reply_cameras(HaywireEmitter *emitter, const char *name,
                           const HaywireCamera *camera, size_t count)
{
    emit_list(emitter, name, &haywire_camera_table, camera, count);
}

void haywire_reply_camera(HaywireEmitter *emitter, const char *name,
                          const HaywireCamera *camera)
{
    emit_with_session(emitter, name, &haywire_camera_table, camera);
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
    haywire_reply_session(emitter);
    emit_object(emitter, "host", &haywire_host_table, host);
    if (guest->valid) {
        emit_object(emitter, "guest", &haywire_guest_table, guest);
    }
    emit_rejected(emitter, host);
    emitter->end_object(emitter);
}

void haywire_reply_place(HaywireEmitter *emitter, const char *name,
                         const HaywirePlace *place)
{
    emit_with_session(emitter, name, &haywire_place_table, place);
}
