/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies back into structures: see reply_parse.h.
 */
#include "reply_parse.h"

#include <string.h>

#include "exit_status.h"

HaywireArena *haywire_arena_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static gboolean malformed(GError **error, const char *what)
{
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "The reply is malformed at \"%s\"", what);
}

/* Controls, and what text.h escapes beside: bidirectional ones and the like. */
static gboolean is_harmless(gunichar character)
{
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return FALSE;
    default:
        return TRUE;
    }
}

/* Plugins escape what a guest says; one that does not is not believed. */
static gboolean is_printable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL)) {
        return FALSE;
    }
    for (; *text; text = g_utf8_next_char(text)) {
        if (!is_harmless(g_utf8_get_char(text))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* json-glib keeps what is above INT64_MAX as the same bits. */
static gboolean set_value(const HaywireField *field, void *object,
                          JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_INT64:
        return haywire_field_set_number(field, object,
                                        (uint64_t)json_node_get_int(node));
    case G_TYPE_BOOLEAN:
        return haywire_field_set_number(field, object,
                                        json_node_get_boolean(node));
    case G_TYPE_STRING:
        return is_printable(json_node_get_string(node)) &&
               haywire_field_set_string(field, object,
                                        json_node_get_string(node));
    default:
        return FALSE;
    }
}

/*
 * Into @object, which is zeroed. @partial: a member may be missing, and is
 * then 0 or empty.
 */
static gboolean fill(JsonNode *node, const HaywireTable *table,
                     gboolean partial, void *object, GError **error)
{
    JsonObject *members;

    haywire_table_init(table, object);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        return malformed(error, table->name);
    }
    members = json_node_get_object(node);
    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];
        const gboolean needed = !partial && !field->recent &&
                                field->presence == HAYWIRE_PRESENT_ALWAYS;
        JsonNode *value = json_object_get_member(members, field->name);

        if (field->presence == HAYWIRE_PRESENT_REPLY) {
            continue;
        }
        if (value ? !JSON_NODE_HOLDS_VALUE(value) ||
                        !set_value(field, object, value)
                  : needed) {
            return malformed(error, field->name);
        }
    }
    return TRUE;
}

static gboolean parse_members(JsonNode *node, const HaywireTable *table,
                              void *object, GError **error)
{
    memset(object, 0, table->size);
    return fill(node, table, FALSE, object, error);
}

/* A plugin that is older than we are may not count all that we know. */
static gboolean parse_counters(JsonNode *node, const HaywireTable *table,
                               void *object, GError **error)
{
    memset(object, 0, table->size);
    return fill(node, table, TRUE, object, error);
}

static guint list_length(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_ARRAY(node)
               ? json_array_get_length(json_node_get_array(node))
               : 0;
}

/* One for each element of a list, zeroed, from @arena. */
static void *new_rows(JsonNode *node, size_t size, HaywireArena *arena)
{
    void *rows = g_malloc0_n(list_length(node) + 1, size);

    g_ptr_array_add(arena, rows);
    return rows;
}

static gboolean fill_rows(JsonNode *node, const HaywireTable *table, void *rows,
                          size_t *ret_count, GError **error)
{
    const guint count = list_length(node);

    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        return malformed(error, table->name);
    }
    for (guint i = 0; i < count; i++) {
        if (!fill(json_array_get_element(json_node_get_array(node), i), table,
                  FALSE, (uint8_t *)rows + i * table->size, error)) {
            return FALSE;
        }
    }
    *ret_count = count;
    return TRUE;
}

/* Rows of @table's structure, allocated from @arena. */
static gboolean parse_list(JsonNode *node, const HaywireTable *table,
                           HaywireArena *arena, const void **ret_rows,
                           size_t *ret_count, GError **error)
{
    void *rows = new_rows(node, table->size, arena);

    *ret_rows = rows;
    return fill_rows(node, table, rows, ret_count, error);
}

static JsonNode *member(JsonNode *node, const char *name)
{
    return json_object_get_member(json_node_get_object(node), name);
}

static gboolean parse_categories(JsonNode *node, HaywireOverview *overview,
                                 GError **error)
{
    g_autoptr(GPtrArray) arena = haywire_arena_new();
    const HaywireCategoryRow *row;
    const void *rows;
    size_t count;

    if (!parse_list(node, &haywire_category_table, arena, &rows, &count,
                    error)) {
        return FALSE;
    }
    row = rows;
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)row[i].category >= HAYWIRE_CATEGORY_COUNT) {
            return malformed(error, "category");
        }
        overview->category[row[i].category].pages = row[i].pages;
        overview->category[row[i].category].mapped = row[i].mapped;
    }
    return TRUE;
}

static gboolean parse_cost(JsonNode *node, HaywireCost *ret_cost,
                           GError **error)
{
    return !node || parse_counters(node, &haywire_cost_table, ret_cost, error);
}

gboolean haywire_parse_overview(JsonNode *node, HaywireOverview *ret_overview,
                                GError **error)
{
    return parse_members(node, &haywire_overview_table, ret_overview, error) &&
           (!ret_overview->has_session ||
            parse_categories(member(node, "categories"), ret_overview,
                             error)) &&
           parse_cost(member(node, "cost"), &ret_overview->cost, error);
}

gboolean haywire_parse_processes(JsonNode *node, HaywireArena *arena,
                                 HaywireProcessList *ret_list, GError **error)
{
    HaywireProcess *process = new_rows(node, sizeof(*process), arena);
    uint64_t(*number)[HAYWIRE_FIELD_COUNT] =
        new_rows(node, sizeof(*number), arena);

    for (guint i = 0; i < list_length(node); i++) {
        process[i].number = number[i];
    }
    ret_list->process = process;
    return fill_rows(node, &haywire_process_table, process, &ret_list->count,
                     error);
}

gboolean haywire_parse_sections(JsonNode *node, HaywireArena *arena,
                                HaywireSectionList *ret_list, GError **error)
{
    const void *rows;

    if (!parse_members(node, &haywire_section_list_table, ret_list, error) ||
        !parse_list(member(node, "sections"), &haywire_section_table, arena,
                    &rows, &ret_list->count, error)) {
        return FALSE;
    }
    ret_list->section = rows;
    return TRUE;
}

gboolean haywire_parse_page_runs(JsonNode *node, HaywireArena *arena,
                                 HaywirePageRunList *ret_list, GError **error)
{
    const void *rows;

    if (!parse_members(node, &haywire_page_run_list_table, ret_list, error) ||
        !parse_list(member(node, "runs"), &haywire_page_run_table, arena, &rows,
                    &ret_list->count, error)) {
        return FALSE;
    }
    ret_list->run = rows;
    return TRUE;
}

gboolean haywire_parse_more(JsonNode *node)
{
    const guint count = list_length(node);

    if (count > 0) {
        node = json_array_get_element(json_node_get_array(node), count - 1);
    }
    return JSON_NODE_HOLDS_OBJECT(node) &&
           json_object_get_boolean_member_with_default(
               json_node_get_object(node), "more", FALSE);
}

gboolean haywire_parse_cameras(JsonNode *node, HaywireCamera ret_camera[2],
                               GError **error)
{
    g_autoptr(GPtrArray) arena = haywire_arena_new();
    const void *rows;
    size_t count;

    if (!parse_list(node, &haywire_camera_table, arena, &rows, &count, error)) {
        return FALSE;
    }
    if (count != 2) {
        return malformed(error, "cameras");
    }
    memcpy(ret_camera, rows, 2 * sizeof(*ret_camera));
    return TRUE;
}

static gboolean parse_guest(JsonNode *node, HaywireGuestStats *ret_guest,
                            GError **error)
{
    memset(ret_guest, 0, sizeof(*ret_guest));
    ret_guest->valid = node != NULL;
    return !node || fill(node, &haywire_guest_table, TRUE, ret_guest, error);
}

/* Reasons that this version does not know are passed over. */
static gboolean parse_rejected(JsonNode *node, HaywireHostCounters *host,
                               GError **error)
{
    g_autoptr(GPtrArray) arena = haywire_arena_new();
    const HaywireRejectedRow *row;
    const void *rows;
    size_t count;

    if (!parse_list(node, &haywire_rejected_table, arena, &rows, &count,
                    error)) {
        return FALSE;
    }
    row = rows;
    for (size_t i = 0; i < count; i++) {
        for (int status = 0; status < HAYWIRE_STATUS_COUNT; status++) {
            if (strcmp(row[i].reason, haywire_status_name(status)) == 0) {
                host->rejected[status] = row[i].count;
            }
        }
    }
    return TRUE;
}

gboolean haywire_parse_stats(JsonNode *node, HaywireHostCounters *ret_host,
                             HaywireGuestStats *ret_guest, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return malformed(error, "stats");
    }
    return parse_counters(member(node, "host"), &haywire_host_table, ret_host,
                          error) &&
           parse_guest(member(node, "guest"), ret_guest, error) &&
           parse_rejected(member(node, "rejected"), ret_host, error);
}

gboolean haywire_parse_place(JsonNode *node, HaywirePlace *ret_place,
                             GError **error)
{
    return parse_members(node, &haywire_place_table, ret_place, error);
}
