/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which a user can ask: see view.h.
 */
#include "view.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

/* No single run of the tool takes nearly as long as this. */
#define TOOL_TIMEOUT_S 300
/* Nor does what is read from the kernel when somebody asks for it. */
#define LOOKING_TIMEOUT_S 60
#define LOOKING           "The guest's kernel is being looked at: ask again"

G_DEFINE_QUARK(haywire - test - view - error, view_error)

/* How to ask: names of the command and of the arguments, NULL for none. */
typedef struct {
    const char *qmp;
    const char *tool;
    const char *member;  /* of the tool's JSON that has the answer */
    const char *pid;     /* the QMP argument's name */
    const char *address; /* likewise; 0 leaves it out */
} Wording;

static const Wording wordings[] = {
    [VIEW_STATUS] = { "query-haywire", "status", "status", NULL, NULL },
    [VIEW_PROCESSES] = { "query-haywire-processes", "ps", "processes", NULL,
                         NULL },
    [VIEW_SECTIONS] = { "query-haywire-sections", "sections", "sections", "pid",
                        NULL },
    [VIEW_PAGE_RUNS] = { "query-haywire-ptes", "ptes", "ptes", "pid", NULL },
    [VIEW_CAMERAS] = { "query-haywire-cameras", "cameras", "cameras", NULL,
                       NULL },
    [VIEW_STATS] = { "query-haywire-stats", "stats", "stats", NULL, NULL },
    [VIEW_TRANSLATE] = { "haywire-translate", "translate", "translation", "pid",
                         "address" },
    [VIEW_FOCUS] = { "haywire-focus", "focus", "camera", "pid", "camera" },
    [VIEW_UNFOCUS] = { "haywire-unfocus", "unfocus", "camera", NULL, "camera" },
};

static char *qmp_arguments(const View *view, const Wording *wording,
                           guint32 pid, guint64 address)
{
    const char *name = wording->address ? wording->address : "address";
    GString *arguments = g_string_new("{");
    const char *comma = "";

    if (wording->pid) {
        g_string_append_printf(arguments, "\"%s\": %u", wording->pid, pid);
        comma = ", ";
    }
    if (address) {
        g_string_append_printf(arguments, "%s\"%s\": %" G_GUINT64_FORMAT, comma,
                               name, address);
        comma = ", ";
    }
    if (view->from) {
        g_string_append_printf(arguments, "%s\"from\": \"%s\"", comma,
                               view->from);
    }
    g_string_append_c(arguments, '}');
    return g_string_free(arguments, FALSE);
}

/* As long as the answer is to ask again. */
static JsonNode *ask_qmp_part(const View *view, const Wording *wording,
                              guint32 pid, guint64 address, GError **error)
{
    gint64 limit = g_get_monotonic_time() + LOOKING_TIMEOUT_S * G_USEC_PER_SEC;
    g_autofree char *arguments = qmp_arguments(view, wording, pid, address);

    for (;;) {
        GError *reason = NULL;
        JsonNode *node = vm_qmp_try(view->vm, wording->qmp, arguments, &reason);

        if (node) {
            return node;
        }
        if (!g_str_has_prefix(reason->message, LOOKING) ||
            g_get_monotonic_time() > limit) {
            g_propagate_error(error, reason);
            return NULL;
        }
        g_error_free(reason);
        g_usleep(G_USEC_PER_SEC / 20);
    }
}

static gboolean has_more(JsonNode *answer)
{
    return JSON_NODE_HOLDS_OBJECT(answer) &&
           json_object_get_boolean_member_with_default(
               json_node_get_object(answer), "more", FALSE);
}

/* The address behind the last of @rows. */
static guint64 end_of(JsonArray *rows)
{
    JsonObject *last =
        json_array_get_object_element(rows, json_array_get_length(rows) - 1);

    if (json_object_has_member(last, "end")) {
        return (guint64)json_object_get_int_member(last, "end");
    }
    return (guint64)(json_object_get_int_member(last, "address") +
                     json_object_get_int_member(last, "pages") * 4096);
}

/* False: it is of another moment than the parts before it. */
static gboolean append_part(JsonObject *whole, JsonObject *part,
                            const char *rows)
{
    JsonArray *to = json_object_get_array_member(whole, rows);
    JsonArray *from = json_object_get_array_member(part, rows);

    if (json_object_get_int_member(whole, "generation") !=
        json_object_get_int_member(part, "generation")) {
        return FALSE;
    }
    for (guint i = 0; i < json_array_get_length(from); i++) {
        json_array_add_element(to, json_array_dup_element(from, i));
    }
    json_object_set_boolean_member(
        whole, "more", json_object_get_boolean_member(part, "more"));
    return TRUE;
}

/* A list that a reply cannot hold is asked for in parts, of one moment. */
static JsonNode *ask_qmp(const View *view, const Wording *wording, guint32 pid,
                         guint64 address, GError **error)
{
    const gboolean runs = wording == &wordings[VIEW_PAGE_RUNS];
    const char *rows = runs ? "runs" : "sections";
    JsonNode *node =
        ask_qmp_part(view, wording, pid, wording->address ? address : 0, error);

    while (node && has_more(node)) {
        JsonObject *whole = json_node_get_object(node);
        guint64 end = end_of(json_object_get_array_member(whole, rows));
        g_autoptr(JsonNode) part = ask_qmp_part(view, wording, pid, end, error);

        if (!part || !append_part(whole, json_node_get_object(part), rows)) {
            json_node_unref(node);
            node = part ? ask_qmp_part(view, wording, pid, 0, error) : NULL;
        }
    }
    return node;
}

static void prepare_child(gpointer opaque)
{
    (void)opaque;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(TOOL_TIMEOUT_S);
}

int view_run_tool(const char *const *arguments, char **ret_out, char **ret_err)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    const char *tool = g_getenv("HAYWIRE_TEST_TOOL");
    int status;

    g_ptr_array_add(words, (gpointer)(tool ? tool : "haywire"));
    for (; *arguments; arguments++) {
        g_ptr_array_add(words, (gpointer)*arguments);
    }
    g_ptr_array_add(words, NULL);
    g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_SEARCH_PATH,
                 prepare_child, NULL, ret_out, ret_err, &status, &error);
    g_assert_no_error(error);
    if (!WIFEXITED(status)) {
        g_error("the host tool died of signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

/* The tool's answer: {"version": 1, "state": ..., MEMBER: ANSWER}. */
static JsonNode *unwrap(const char *text, const char *member)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = json_from_string(text, &error);
    JsonObject *object;

    g_assert_no_error(error);
    g_assert_true(node && JSON_NODE_HOLDS_OBJECT(node));
    object = json_node_get_object(node);
    g_assert_cmpint(json_object_get_int_member(object, "version"), ==, 1);
    g_assert_true(json_object_has_member(object, member));
    return json_object_dup_member(object, member);
}

static JsonNode *ask_tool(const View *view, const Wording *wording, guint32 pid,
                          guint64 address, GError **error)
{
    g_autofree char *pid_text = g_strdup_printf("%u", pid);
    g_autofree char *address_text = NULL;
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    const char *words[] = {
        view->kind == VIEW_TOOL_QMP ? "--qmp" : "--ram",
        view->path,
        "--no-hint",
        "--json",
        "--from",
        view->from ? view->from : "companion",
        wording->tool,
        NULL,
        NULL,
        NULL,
    };
    gsize count = 7;
    int status;

    if (wording->pid) {
        words[count++] = pid_text;
    }
    if (wording->address && address) {
        address_text = g_strdup_printf(address > 2 ? "0x%" G_GINT64_MODIFIER "x"
                                                   : "%" G_GUINT64_FORMAT,
                                       address);
        words[count++] = address_text;
    }
    status = view_run_tool(words, &out, &err);
    if (status != 0) {
        g_set_error_literal(error, VIEW_ERROR, status, g_strchomp(err));
        return NULL;
    }
    return unwrap(out, wording->member);
}

JsonNode *view_ask(const View *view, ViewQuestion question, guint32 pid,
                   guint64 address, GError **error)
{
    const Wording *wording = &wordings[question];

    if (view->kind == VIEW_QMP) {
        return ask_qmp(view, wording, pid, address, error);
    }
    return ask_tool(view, wording, pid, address, error);
}

JsonNode *view_ask_ok(const View *view, ViewQuestion question, guint32 pid,
                      guint64 address)
{
    g_autoptr(GError) error = NULL;
    JsonNode *answer = view_ask(view, question, pid, address, &error);

    if (!answer) {
        g_error("%s: %s %u %" G_GINT64_MODIFIER "x: %s", view->name,
                wordings[question].tool, pid, address, error->message);
    }
    return answer;
}
