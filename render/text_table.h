/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Aligned tables through libsmartcols. Private to render/.
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
    const char *title;
    const char *field; /* NULL: @cell */
    void (*cell)(GString *out, const void *row);
    bool right; /* for @cell; a field knows by its type */
} HaywireColumn;

/*
 * Append a table with a heading: @count @rows of @table's structure. Guest
 * strings in it must be escaped already: they are not escaped again.
 */
void haywire_table_print(GString *out, const HaywireTable *table,
                         const HaywireColumn *column, size_t columns,
                         const void *rows, size_t count);

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
