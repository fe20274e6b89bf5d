/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that Haywire answers about a guest: see answers.h.
 */
#include "answers.h"

#include "harmless.h"
#include "view.h"

#define TOOL_STATUS_MAX 4

void answers_check_text(const char *text)
{
    const char *harm = haywire_text_find_harm(text, true);

    if (harm) {
        g_error("U+%04X in the output", g_utf8_get_char_validated(harm, -1));
    }
}

static void check_node(JsonNode *node);

static void check_element(JsonArray *array, guint index, JsonNode *node,
                          gpointer opaque)
{
    (void)array;
    (void)index;
    (void)opaque;
    check_node(node);
}

static void check_member(JsonObject *object, const char *name, JsonNode *node,
                         gpointer opaque)
{
    (void)object;
    (void)opaque;
    answers_check_text(name);
    check_node(node);
}

/* All strings, however deep; json-glib would escape them if it printed. */
static void check_node(JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        json_object_foreach_member(json_node_get_object(node), check_member,
                                   NULL);
    } else if (JSON_NODE_HOLDS_ARRAY(node)) {
        json_array_foreach_element(json_node_get_array(node), check_element,
                                   NULL);
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        answers_check_text(json_node_get_string(node));
    }
}

void answers_check_qmp(Vm *vm)
{
    static const char *const commands[][2] = {
        { "query-haywire", NULL },
        { "query-haywire-processes", NULL },
        { "query-haywire-cameras", NULL },
        { "query-haywire-stats", NULL },
        { "query-haywire-sections", "{\"pid\": 1}" },
        { "query-haywire-sections", "{\"pid\": 4294967295}" },
        { "query-haywire-ptes", "{\"pid\": 1}" },
        { "haywire-translate", "{\"pid\": 1, \"address\": 4096}" },
        { "haywire-focus", "{\"pid\": 1}" },
        { "haywire-unfocus", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) reply =
            vm_qmp_try(vm, commands[i][0], commands[i][1], &error);

        if (reply) {
            check_node(reply);
        } else {
            answers_check_text(error->message);
        }
    }
}

void answers_check_monitor(Vm *vm)
{
    static const char *const lines[] = {
        "info haywire",
        "info haywire processes",
        "info haywire sections 1",
        "info haywire ptes 1",
        "info haywire cameras",
        "info haywire stats",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *answer = vm_hmp(vm, lines[i]);

        answers_check_text(answer);
    }
}

void answers_check_tool(Vm *vm)
{
    static const char *const words[][3] = {
        { "status" },    { "--json", "ps" }, { "ps" },    { "sections", "1" },
        { "ptes", "1" }, { "cameras" },      { "stats" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *line[] = { "--ram",     vm_ram_path(vm), words[i][0],
                               words[i][1], words[i][2],     NULL };
        g_autofree char *out = NULL;
        g_autofree char *err = NULL;
        int status = view_run_tool(line, &out, &err);

        if (status > TOOL_STATUS_MAX) {
            g_error("haywire %s: status %d: %s", words[i][0], status, err);
        }
        answers_check_text(out);
        answers_check_text(err);
    }
}
