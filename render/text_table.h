/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned tables through libsmartcols.
 */

#ifndef HAYWIRE_RENDER_TEXT_TABLE_H
#define HAYWIRE_RENDER_TEXT_TABLE_H

#include <glib.h>

#include "fields.h"

/*
 * A column: the member @field as haywire_format_field() has it, or what @cell
 * appends. Columns of numbers are aligned to the right.
 */
typedef struct HaywireColumn {
    const char *title; /* NULL: the heading of @field */
    const char *field; /* name of a member or column; NULL: @cell */
    void (*cell)(GString *out, const void *row);
    bool right; /* for @cell; a field knows by its type */
} HaywireColumn;

/*
 * Append a table with a heading: @count @rows of @table's structure. Guest
 * strings in it must be escaped already: they are not escaped again. Without
 * a title for any column there is no heading.
 *
 * @branch: for each row, what stands before the names and commands of
 * processes in it; NULL for nothing
 */
void haywire_table_print(GString *out, const HaywireTable *table,
                         const HaywireColumn *column, size_t columns,
                         const void *rows, size_t count, char *const *branch);

/* Lines of a label and a value, aligned. */
typedef struct HaywirePairs HaywirePairs;

HaywirePairs *haywire_pairs_new(void);

/* @label: borrowed until printed; dashes become spaces. @value: copied. */
void haywire_pairs_add(HaywirePairs *pairs, const char *label,
                       const char *value);

/* Append all of them to @out and free @pairs. */
void haywire_pairs_print(HaywirePairs *pairs, GString *out);

/* One pair for each member of @object that is present. */
void haywire_pairs_add_members(HaywirePairs *pairs, const HaywireTable *table,
                               const void *object);

#endif
