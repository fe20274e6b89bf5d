/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire-fields: what documents say of the field tables, made from them.
 *
 *   haywire-fields --qmp TABLE   the members, as a table of docs/qmp.md
 *   haywire-fields --man TABLE   the columns of ps -o, as a list of mdoc(7)
 *   haywire-fields --qapi TABLE  the structure for QEMU's schema, as QEMU 10
 *                                writes it; "Since: @VERSION@" is to be filled
 *   haywire-fields --fill FILE...   make the marked parts of FILE anew
 *   haywire-fields --check FILE...  a TAP line for each; fail when --fill would
 *                                   change FILE, or when there is nothing to fill
 *
 * In a file, a marked part stands between a line that holds
 * "haywire-fields --qmp TABLE:" (or --man) and one that holds
 * "haywire-fields end".
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"

#define MARK     "haywire-fields --"
#define MARK_END "haywire-fields end"

/* QEMU's schema is written within these many columns. */
#define QAPI_WIDTH  70
#define QAPI_INDENT "#     "

static const HaywireTable *const tables[] = {
    &haywire_overview_table,      &haywire_category_table,
    &haywire_cost_table,          &haywire_process_table,
    &haywire_section_list_table,  &haywire_section_table,
    &haywire_page_run_list_table, &haywire_page_run_table,
    &haywire_camera_table,        &haywire_host_table,
    &haywire_guest_table,         &haywire_rejected_table,
    &haywire_place_table,
};

typedef struct TypeNames {
    const char *qmp;
    const char *qapi;
} TypeNames;

static const TypeNames type_names[] = {
    [HAYWIRE_TYPE_BOOL] = { "bool", "bool" },
    [HAYWIRE_TYPE_U8] = { "uint", "uint8" },
    [HAYWIRE_TYPE_U32] = { "uint", "uint32" },
    [HAYWIRE_TYPE_U64] = { "uint", "uint64" },
    [HAYWIRE_TYPE_I32] = { "int", "int32" },
    [HAYWIRE_TYPE_I64] = { "int", "int64" },
    [HAYWIRE_TYPE_SHIFT] = { "uint", "size" },
    [HAYWIRE_TYPE_FLAGS] = { "bool", "bool" },
    [HAYWIRE_TYPE_STRING] = { "str", "str" },
    [HAYWIRE_TYPE_CHAR] = { "str", "str" },
    [HAYWIRE_TYPE_ENUM] = { "str", "str" },
    [HAYWIRE_TYPE_HEX64] = { "str", "str" },
    [HAYWIRE_TYPE_DEVICE] = { "str", "str" },
};

static bool is_optional(const HaywireField *field)
{
    return field->presence != HAYWIRE_PRESENT_ALWAYS;
}

static void print_qmp(GString *out, const HaywireTable *table)
{
    g_string_append(out, "| member | type | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];

        g_string_append_printf(out, "| `%s`%s | %s | %s |\n", field->name,
                               is_optional(field) ? "?" : "",
                               type_names[field->type].qmp, field->help);
    }
}

static void print_man(GString *out, const HaywireTable *table)
{
    g_string_append(out, ".Bl -tag -width indent -compact\n");
    for (size_t i = 0; i < table->count + table->extra; i++) {
        const HaywireField *field = &table->field[i];
        g_auto(GStrv) alias =
            g_strsplit(field->aliases ? field->aliases : "", " ", -1);

        if (field->presence == HAYWIRE_PRESENT_REPLY) {
            continue; /* no column */
        }
        g_string_append_printf(out, ".It Cm %s", field->name);
        for (char **name = alias; *name && **name; name++) {
            g_string_append_printf(out, " , %s", *name);
        }
        g_string_append_printf(
            out, "\n%s%s\n", field->help,
            field->cell == HAYWIRE_CELL_KIB        ? "; the column is in KiB"
            : field->cell == HAYWIRE_CELL_CPU_TIME ? "; the column is as time"
            : field->type == HAYWIRE_TYPE_COLUMN   ? "; only a column"
                                                   : "");
    }
    g_string_append(out, ".El\n");
}

/* A member's comment, word by word, no line longer than QAPI_WIDTH. */
static void print_qapi_comment(GString *out, const HaywireField *field)
{
    g_auto(GStrv) words = g_strsplit(field->help, " ", -1);
    gsize start = out->len;

    g_string_append_printf(out, "# @%s:", field->name);
    for (char **word = words; *word; word++) {
        if (out->len - start + 1 + strlen(*word) > QAPI_WIDTH) {
            g_string_append(out, "\n" QAPI_INDENT);
            start = out->len - strlen(QAPI_INDENT);
        } else {
            g_string_append_c(out, ' ');
        }
        g_string_append(out, *word);
    }
    g_string_append(out, "\n#\n");
}

static const char *qapi_type(const HaywireField *field)
{
    if (field->schema) {
        return field->schema;
    }
    return field->type == HAYWIRE_TYPE_U64 && field->unit == HAYWIRE_UNIT_BYTES
               ? "size"
               : type_names[field->type].qapi;
}

static void print_qapi(GString *out, const HaywireTable *table)
{
    const char *start = "  'data': { ";

    for (size_t i = 0; i < table->count; i++) {
        print_qapi_comment(out, &table->field[i]);
    }
    g_string_append_printf(out,
                           "# Since: @VERSION@\n##\n{ 'struct': 'Haywire%c%s',",
                           g_ascii_toupper(table->name[0]), table->name + 1);
    for (size_t i = 0; i < table->count; i++) {
        const HaywireField *field = &table->field[i];

        /* Who asks for some members of a process gets its pid beside them. */
        const bool chosen = table == &haywire_process_table && i > 0;

        g_string_append_printf(out, "%s\n%s'%s%s': '%s'", i > 0 ? "," : "",
                               start, chosen || is_optional(field) ? "*" : "",
                               field->name, qapi_type(field));
        start = "            ";
    }
    g_string_append(out, " } }\n");
}

/* @how: "qmp", "man" or "qapi". False when there is no such table or way. */
static bool print_table(GString *out, const char *how, const char *name)
{
    static const struct {
        const char *how;
        void (*print)(GString *out, const HaywireTable *table);
    } ways[] = { { "qmp", print_qmp },
                 { "man", print_man },
                 { "qapi", print_qapi } };

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(tables); j++) {
            if (strcmp(ways[i].how, how) == 0 &&
                strcmp(tables[j]->name, name) == 0) {
                ways[i].print(out, tables[j]);
                return true;
            }
        }
    }
    return false;
}

/* What belongs behind a marking line; false when that is not known. */
static bool print_marked(GString *out, const char *mark)
{
    g_auto(GStrv) word = g_strsplit_set(mark + strlen(MARK), " :", 3);

    return g_strv_length(word) == 3 && print_table(out, word[0], word[1]);
}

/* @text with its marked parts made anew; NULL when something is wrong. */
static char *fill(const char *text)
{
    g_auto(GStrv) line = g_strsplit(text, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    unsigned parts = 0;
    bool inside = false;

    for (char **at = line; *at; at++) {
        const char *mark = strstr(*at, MARK);

        if (strstr(*at, MARK_END)) {
            inside = false;
        }
        if (!inside) {
            g_string_append_printf(out, "%s%s", *at, at[1] ? "\n" : "");
        }
        if (mark) {
            if (inside || !print_marked(out, mark)) {
                return NULL;
            }
            inside = true;
            parts++;
        }
    }
    return inside || parts == 0 ? NULL
                                : g_string_free(g_steal_pointer(&out), FALSE);
}

static int work_on(const char *path, bool check)
{
    g_autofree char *text = NULL;
    g_autofree char *filled = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    filled = fill(text);
    if (!filled) {
        fprintf(stderr, "%s: its marks are missing or wrong\n", path);
        return 1;
    }
    if (strcmp(text, filled) == 0) {
        return 0;
    }
    if (check) {
        fprintf(stderr, "%s is older than the field tables: use --fill\n",
                path);
        return 1;
    }
    if (!g_file_set_contents(path, filled, -1, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 2 ? argv[1] : "";
    g_autoptr(GString) out = g_string_new(NULL);
    int failed = 0;

    if (strcmp(how, "--fill") == 0) {
        for (int i = 2; i < argc; i++) {
            failed |= work_on(argv[i], false);
        }
        return failed;
    }
    if (strcmp(how, "--check") == 0) {
        printf("1..%d\n", argc - 2);
        for (int i = 2; i < argc; i++) {
            const int bad = work_on(argv[i], true);

            printf("%sok %d - %s\n", bad ? "not " : "", i - 1, argv[i]);
            failed |= bad;
        }
        return failed;
    }
    if (argc != 3 || !g_str_has_prefix(how, "--") ||
        !print_table(out, how + 2, argv[2])) {
        fprintf(stderr, "Usage: haywire-fields --qmp|--man|--qapi TABLE\n"
                        "       haywire-fields --fill|--check FILE...\n");
        return 2;
    }
    fputs(out->str, stdout);
    return 0;
}
