/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * docs/qmp.md names every member of every reply as the tables do.
 */
#include <glib.h>
#include <string.h>

#include "reply.h"

static const char *const type_names[] = {
    [HAYWIRE_FIELD_BOOL] = "bool",  [HAYWIRE_FIELD_U8] = "uint",
    [HAYWIRE_FIELD_U32] = "uint",   [HAYWIRE_FIELD_U64] = "uint",
    [HAYWIRE_FIELD_I32] = "int",    [HAYWIRE_FIELD_STRING] = "str",
    [HAYWIRE_FIELD_CHAR] = "str",   [HAYWIRE_FIELD_ENUM] = "str",
    [HAYWIRE_FIELD_HEX64] = "str",  [HAYWIRE_FIELD_FLAGS] = "bool",
    [HAYWIRE_FIELD_SHIFT] = "uint",
};

/* The line that the document should have for a member. */
static char *document_line(const HaywireField *field)
{
    return g_strdup_printf("\n| `%s`%s | %s | %s |\n", field->name,
                           field->presence == HAYWIRE_PRESENT_ALWAYS ? "" : "?",
                           type_names[field->type], field->help);
}

static char *document_load(void)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(g_getenv("HAYWIRE_QMP_DOC"), &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static void test_members(gconstpointer data)
{
    const HaywireTable *table = data;
    g_autofree char *document = document_load();

    for (size_t i = 0; i < table->count; i++) {
        g_autofree char *line = document_line(&table->field[i]);

        if (!strstr(document, line)) {
            g_test_message("missing:%s", line);
            g_test_fail();
        }
    }
}

int main(int argc, char **argv)
{
    static const HaywireTable *const tables[] = {
        &haywire_overview_table, &haywire_category_table,
        &haywire_process_table,  &haywire_section_list_table,
        &haywire_section_table,  &haywire_page_run_list_table,
        &haywire_page_run_table, &haywire_camera_table,
        &haywire_host_table,     &haywire_rejected_table,
        &haywire_place_table,    &haywire_cost_table,
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *path =
            g_strdup_printf("/docs/qmp/%s", tables[i]->name);

        g_test_add_data_func(path, tables[i], test_members);
    }
    return g_test_run();
}
