/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
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

static const HaywireField *column_field(const HaywireTable *table,
                                        const HaywireColumn *column)
{
    const HaywireField *field;

    if (!column->field) {
        return NULL;
    }
    field = haywire_table_column(table, column->field);
    g_assert(field);
    return field;
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

static void print_row(struct libscols_table *table, const HaywireColumn *column,
                      const HaywireField *const *field, size_t columns,
                      const void *row, GString *scratch)
{
    struct libscols_line *line = table_line(table);

    for (size_t i = 0; i < columns; i++) {
        g_string_truncate(scratch, 0);
        if (field[i]) {
            haywire_format_field(scratch, field[i], row);
        } else {
            column[i].cell(scratch, row);
        }
        line_set(line, i, scratch->str);
    }
}

void haywire_table_print(GString *out, const HaywireTable *table,
                         const HaywireColumn *column, size_t columns,
                         const void *rows, size_t count)
{
    g_autofree const HaywireField **field =
        g_new0(const HaywireField *, columns);
    g_autoptr(GString) scratch = g_string_new(NULL);
    struct libscols_table *text = table_new();
    const uint8_t *row = rows;

    for (size_t i = 0; i < columns; i++) {
        field[i] = column_field(table, &column[i]);
        table_column(text, column[i].title, column_right(&column[i], field[i]));
    }
    for (size_t i = 0; i < count; i++) {
        print_row(text, column, field, columns, row + i * table->size, scratch);
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
