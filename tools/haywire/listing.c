/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How ps lists processes: see listing.h.
 */
#include "listing.h"

#include <string.h>

#include "exit_status.h"
#include "forest.h"
#include "text.h"
#include "text_format.h"
#include "text_table.h"
#include "words.h"

#define SEPARATORS ", \t"

typedef struct SortKey {
    const HaywireField *field;
    gboolean descending;
} SortKey;

struct HaywireListing {
    GArray *column;   /* of HaywireColumn; empty: the usual ones */
    GPtrArray *title; /* of char *: those that the columns borrow */
    GArray *key;      /* of SortKey */
    GArray *pid;      /* of guint64, in order; empty: all */
    gboolean forest;
    GArray *process; /* of HaywireProcess: what was taken */
    char **branch;   /* with a forest: what stands before each command */
};

static gboolean unknown(GError **error, const char *what, const char *name)
{
    g_autoptr(GString) why = g_string_new(NULL);

    haywire_word_members(what, name, why);
    return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE, "%s", why->str);
}

static gboolean add_column(HaywireListing *listing, const char *name,
                           const char *title, GError **error)
{
    const HaywireField *field =
        haywire_table_column(&haywire_process_table, name);
    HaywireColumn column = { 0 };

    if (!field) {
        return unknown(error, "column", name);
    }
    column.field = field->name;
    if (title) {
        column.title = g_strdup(title);
        g_ptr_array_add(listing->title, (char *)column.title);
    }
    g_array_append_val(listing->column, column);
    return TRUE;
}

/* As POSIX has it, a heading goes on to the end of the argument. */
static gboolean add_columns(HaywireListing *listing, const char *list,
                            GError **error)
{
    g_auto(GStrv) half = g_strsplit(list, "=", 2);
    g_auto(GStrv) name = g_strsplit_set(half[0] ? half[0] : "", SEPARATORS, -1);
    guint added = 0;

    for (char **word = name; *word; word++) {
        const gboolean last = !word[1];

        if (**word) {
            if (!add_column(listing, *word, last ? half[1] : NULL, error)) {
                return FALSE;
            }
            added++;
        }
    }
    return added > 0 || unknown(error, "column", list);
}

static gboolean add_keys(HaywireListing *listing, const char *list,
                         GError **error)
{
    g_auto(GStrv) name = g_strsplit_set(list, SEPARATORS, -1);

    for (char **word = name; *word; word++) {
        const char *bare = *word + (**word == '+' || **word == '-');
        const SortKey key = {
            .field = haywire_table_column(&haywire_process_table, bare),
            .descending = **word == '-',
        };

        if (!key.field) {
            return unknown(error, "field to sort by", bare);
        }
        g_array_append_val(listing->key, key);
    }
    return TRUE;
}

static gint compare_pids(gconstpointer a, gconstpointer b)
{
    const guint64 x = *(const guint64 *)a;
    const guint64 y = *(const guint64 *)b;

    return (x > y) - (x < y);
}

static gboolean add_pids(HaywireListing *listing, const char *list,
                         GError **error)
{
    g_auto(GStrv) name = g_strsplit_set(list, SEPARATORS, -1);

    for (char **word = name; *word; word++) {
        guint64 pid;

        if (!haywire_argument_parse(HAYWIRE_ARGUMENT_PID, *word, &pid, error)) {
            return FALSE;
        }
        g_array_append_val(listing->pid, pid);
    }
    return TRUE;
}

static gboolean parse(HaywireListing *listing, const HaywireOptions *options,
                      GError **error)
{
    for (int i = 0; i < options->column_lists; i++) {
        if (!add_columns(listing, options->columns[i], error)) {
            return FALSE;
        }
    }
    if (options->sort && !add_keys(listing, options->sort, error)) {
        return FALSE;
    }
    for (int i = 0; i < options->arguments; i++) {
        if (!add_pids(listing, options->argument[i], error)) {
            return FALSE;
        }
    }
    g_array_sort(listing->pid, compare_pids);
    listing->forest = options->forest;
    return TRUE;
}

HaywireListing *haywire_listing_new(const HaywireOptions *options,
                                    GError **error)
{
    g_autoptr(HaywireListing) listing = g_new0(HaywireListing, 1);

    listing->column = g_array_new(FALSE, FALSE, sizeof(HaywireColumn));
    listing->title = g_ptr_array_new_with_free_func(g_free);
    listing->key = g_array_new(FALSE, FALSE, sizeof(SortKey));
    listing->pid = g_array_new(FALSE, FALSE, sizeof(guint64));
    listing->process = g_array_new(FALSE, FALSE, sizeof(HaywireProcess));
    return parse(listing, options, error) ? g_steal_pointer(&listing) : NULL;
}

void haywire_listing_free(HaywireListing *listing)
{
    if (listing) {
        g_array_unref(listing->column);
        g_ptr_array_unref(listing->title);
        g_array_unref(listing->key);
        g_array_unref(listing->pid);
        g_array_unref(listing->process);
        g_strfreev(listing->branch);
        g_free(listing);
    }
}

/* As it is shown: also what is no member. */
static int compare_text(const HaywireField *field, const HaywireProcess *a,
                        const HaywireProcess *b)
{
    g_autoptr(GString) x = g_string_new(NULL);
    g_autoptr(GString) y = g_string_new(NULL);

    haywire_format_field(x, field, a);
    haywire_format_field(y, field, b);
    return strcmp(x->str, y->str);
}

/* For signed numbers, in the order of unsigned ones. */
static uint64_t sort_number(const HaywireField *field,
                            const HaywireProcess *process)
{
    if (field->cell == HAYWIRE_CELL_TIME) {
        return process->user_time + process->system_time;
    }
    return haywire_field_number(field, process) ^
           (haywire_field_is_signed(field) ? UINT64_C(1) << 63 : 0);
}

/* Who lacks the field comes first. */
static int compare_by(const HaywireField *field, const HaywireProcess *a,
                      const HaywireProcess *b)
{
    const bool has_a = haywire_field_present(field, a);
    const bool has_b = haywire_field_present(field, b);
    uint64_t x;
    uint64_t y;

    if (!has_a || !has_b) {
        return has_a - has_b;
    }
    if (haywire_field_is_string(field) && field->cell != HAYWIRE_CELL_TIME) {
        return compare_text(field, a, b);
    }
    x = sort_number(field, a);
    y = sort_number(field, b);
    return (x > y) - (x < y);
}

static gint compare(gconstpointer a, gconstpointer b, gpointer opaque)
{
    const HaywireListing *listing = opaque;

    for (guint i = 0; i < listing->key->len; i++) {
        const SortKey *key = &g_array_index(listing->key, SortKey, i);
        const int order = compare_by(key->field, a, b);

        if (order != 0) {
            return key->descending ? -order : order;
        }
    }
    return 0;
}

static gboolean is_wanted(const HaywireListing *listing, guint64 pid)
{
    return listing->pid->len == 0 ||
           g_array_binary_search(listing->pid, &pid, compare_pids, NULL);
}

static gboolean fail_without(const HaywireListing *listing,
                             HaywireStatus status, GError **error)
{
    g_autoptr(GString) pids = g_string_new(NULL);

    for (guint i = 0; i < listing->pid->len; i++) {
        g_string_append_printf(pids, "%s%" G_GUINT64_FORMAT, i ? ", " : "",
                               g_array_index(listing->pid, guint64, i));
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING, "%s (pid %s)",
                             haywire_status_text(status), pids->str);
}

gboolean haywire_listing_take(HaywireListing *listing,
                              const HaywireOverview *overview,
                              const HaywireProcessList *list, GError **error)
{
    g_array_set_size(listing->process, 0);
    for (size_t i = 0; i < list->count; i++) {
        if (is_wanted(listing, list->process[i].pid)) {
            g_array_append_val(listing->process, list->process[i]);
        }
    }
    if (listing->process->len == 0 && listing->pid->len > 0) {
        return fail_without(listing, haywire_overview_absent(overview), error);
    }
    g_array_sort_with_data(listing->process, compare, listing);
    if (listing->forest) {
        g_strfreev(listing->branch);
        listing->branch = haywire_forest_order(listing->process);
    }
    return TRUE;
}

void haywire_listing_print(const HaywireListing *listing, GString *out)
{
    haywire_text_listing(out, (const HaywireColumn *)listing->column->data,
                         listing->column->len,
                         (const HaywireProcess *)listing->process->data,
                         listing->process->len, listing->branch);
}

void haywire_listing_reply(const HaywireListing *listing,
                           HaywireEmitter *emitter)
{
    HaywireMembers members = 0;

    for (guint i = 0; i < listing->column->len; i++) {
        const HaywireColumn *column =
            &g_array_index(listing->column, HaywireColumn, i);

        members |= haywire_table_members(
            &haywire_process_table,
            haywire_table_column(&haywire_process_table, column->field));
    }
    haywire_reply_chosen(
        emitter, "processes", (const HaywireProcess *)listing->process->data,
        listing->process->len, members ? members : HAYWIRE_MEMBERS_ALL);
}
