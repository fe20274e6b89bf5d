/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned tables: see text_table.h. libsmartcols fails only for want of
 * memory, which ends the process in glib programs.
 */

#include "text_table.h"

#include <libsmartcols.h>
#include <string.h>

#include "text_format.h"

struct HaywirePairs {
    struct libscols_table *table;
};

/* A table that cuts nothing, whatever the terminal. */
static struct libscols_table *table_new(void)
{
    struct libscols_table *table = scols_new_table();

    g_assert(table);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    return table;
}

static void table_finish(struct libscols_table *table, GString *out)
{
    char *text = NULL;
    int failed = scols_print_table_to_string(table, &text);

    g_assert(failed == 0);
    if (text) {
        g_string_append(out, text);
        if (text[0] && !g_str_has_suffix(text, "\n")) {
            g_string_append_c(out, '\n');
        }
    }
    free(text);
    scols_unref_table(table);
}

/*
 * Strings come escaped, so a backslash is safe and is not escaped again. The
 * library's own encoding stays on all the same: without it, the library (seen
 * in 2.38) never comes back from bytes that the locale has no character for.
 */
static void table_column(struct libscols_table *table, const char *title,
                         bool right)
{
    struct libscols_column *column =
        scols_table_new_column(table, title, 0, right ? SCOLS_FL_RIGHT : 0);

    g_assert(column);
    scols_column_set_safechars(column, "\\");
}

static struct libscols_line *table_line(struct libscols_table *table)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    g_assert(line);
    return line;
}

static void line_set(struct libscols_line *line, size_t column,
                     const char *value)
{
    int failed = scols_line_set_data(line, column, value);

    g_assert(failed == 0);
}

/* In capitals, what has no heading of its own. */
static char *column_heading(const HaywireColumn *column,
                            const HaywireField *field)
{
    if (column->title) {
        return g_strdup(column->title);
    }
    return field->heading ? g_strdup(field->heading)
                          : g_ascii_strup(field->name, -1);
}

static bool column_right(const HaywireColumn *column, const HaywireField *field)
{
    if (!field) {
        return column->right;
    }
    return field->cell == HAYWIRE_CELL_TIME ||
           (!haywire_field_is_string(field) &&
            field->type != HAYWIRE_TYPE_BOOL &&
            field->type != HAYWIRE_TYPE_FLAGS);
}

/* The columns' fields, NULL where there is none; and a heading in @text. */
static const HaywireField **table_begin(struct libscols_table *text,
                                        const HaywireTable *table,
                                        const HaywireColumn *column,
                                        size_t columns)
{
    const HaywireField **field = g_new0(const HaywireField *, columns);
    bool headings = false;

    for (size_t i = 0; i < columns; i++) {
        g_autofree char *heading = NULL;

        if (column[i].field) {
            field[i] = haywire_table_column(table, column[i].field);
            g_assert(field[i]);
        }
        heading = column_heading(&column[i], field[i]);
        table_column(text, heading, column_right(&column[i], field[i]));
        headings = headings || heading[0];
    }
    scols_table_enable_noheadings(text, !headings);
    return field;
}

static void append_cell(GString *out, const HaywireColumn *column,
                        const HaywireField *field, const void *row,
                        const char *branch)
{
    if (!field) {
        column->cell(out, row);
        return;
    }
    if (branch && field->tree) {
        g_string_append(out, branch);
    }
    haywire_format_field(out, field, row);
}

void haywire_table_print(GString *out, const HaywireTable *table,
                         const HaywireColumn *column, size_t columns,
                         const void *rows, size_t count, char *const *branch)
{
    struct libscols_table *text = table_new();
    g_autofree const HaywireField **field =
        table_begin(text, table, column, columns);
    g_autoptr(GString) cell = g_string_new(NULL);

    for (size_t i = 0; i < count; i++) {
        struct libscols_line *line = table_line(text);

        for (size_t j = 0; j < columns; j++) {
            g_string_truncate(cell, 0);
            append_cell(cell, &column[j], field[j],
                        (const uint8_t *)rows + i * table->size,
                        branch ? branch[i] : NULL);
            line_set(line, j, cell->str);
        }
    }
    table_finish(text, out);
}

HaywirePairs *haywire_pairs_new(void)
{
    HaywirePairs *pairs = g_new0(HaywirePairs, 1);

    pairs->table = table_new();
    scols_table_enable_noheadings(pairs->table, 1);
    table_column(pairs->table, "label", false);
    table_column(pairs->table, "value", false);
    return pairs;
}

void haywire_pairs_add(HaywirePairs *pairs, const char *label,
                       const char *value)
{
    struct libscols_line *line = table_line(pairs->table);
    g_autofree char *words = g_strdelimit(g_strdup(label), "-", ' ');

    line_set(line, 0, words);
    line_set(line, 1, value);
}

void haywire_pairs_print(HaywirePairs *pairs, GString *out)
{
    table_finish(pairs->table, out);
    g_free(pairs);
}

void haywire_pairs_add_members(HaywirePairs *pairs, const HaywireTable *table,
                               const void *object)
{
    g_autoptr(GString) value = g_string_new(NULL);

    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];

        if (haywire_field_present(field, object)) {
            g_string_truncate(value, 0);
            haywire_format_field(value, field, object);
            haywire_pairs_add(pairs, field->name, value->str);
        }
    }
}
