/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend that asks a running plugin over QMP: see backend.h.
 */
#include <string.h>

#include "backend.h"
#include "exit_status.h"
#include "qmp_client.h"
#include "reply_parse.h"

#define TIMEOUT_MS 5000

/* How long a rescan may take, and how often it is asked after. */
#define RESCAN_LIMIT_US (60 * G_USEC_PER_SEC)
#define RESCAN_STEP_US  (100 * 1000)

typedef struct QmpBackend {
    HaywireBackend base;
    char *path; /* or the machine's name: stands before what is said */
    HaywireQmpClient *client;
    GPtrArray *replies;  /* of JsonNode: strings are borrowed from them */
    HaywireArena *arena; /* lists */
    HaywireOverview overview;
} QmpBackend;

static QmpBackend *qmp(HaywireBackend *backend)
{
    return (QmpBackend *)backend;
}

/* Some errors of the client name the socket already. */
static void prefix_path(GError **error, const char *path)
{
    if (!g_str_has_prefix((*error)->message, path)) {
        g_prefix_error(error, "%s: ", path);
    }
}

/* A QEMU without the plugin does not know the commands. */
static void explain(const QmpBackend *backend, GError **error)
{
    if (g_strcmp0(haywire_qmp_error_get_class(*error), "CommandNotFound") ==
        0) {
        g_clear_error(error);
        haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                          "This QEMU has no Haywire plugin");
    }
    prefix_path(error, backend->path);
}

/*
 * The reply to @command, kept until the next refresh. @arguments: taken over,
 * may be NULL. Errors of the command itself keep their domain and text.
 */
static JsonNode *ask(QmpBackend *backend, const char *command,
                     JsonObject *arguments, GError **error)
{
    GError *reason = NULL;
    JsonNode *reply = haywire_qmp_client_execute(backend->client, command,
                                                 arguments, &reason);

    g_clear_pointer(&arguments, json_object_unref);
    if (reply) {
        g_ptr_array_add(backend->replies, reply);
        return reply;
    }
    if (!g_error_matches(reason, HAYWIRE_QMP_ERROR,
                         HAYWIRE_QMP_ERROR_COMMAND) ||
        g_strcmp0(haywire_qmp_error_get_class(reason), "GenericError") != 0) {
        explain(backend, &reason);
    }
    g_propagate_error(error, reason);
    return NULL;
}

static JsonObject *with_pid(uint32_t pid)
{
    JsonObject *arguments = json_object_new();

    json_object_set_int_member(arguments, "pid", pid);
    return arguments;
}

static gboolean refresh(HaywireBackend *base, GError **error)
{
    QmpBackend *backend = qmp(base);
    JsonNode *reply;

    g_ptr_array_set_size(backend->replies, 0);
    g_ptr_array_set_size(backend->arena, 0);
    reply = ask(backend, "query-haywire", NULL, error);
    return reply && haywire_parse_overview(reply, &backend->overview, error);
}

/* The plugin judges on its own; it has no session, or it soon knows. */
static gint64 beat_wait(HaywireBackend *base)
{
    const HaywireOverview *overview = &qmp(base)->overview;
    const bool judging =
        overview->has_session && overview->state == HAYWIRE_STATE_SEARCHING;

    return judging ? RESCAN_STEP_US : 0;
}

/* A plugin is asked when it comes to that. */
static gboolean want(HaywireBackend *base, uint32_t pid)
{
    (void)base;
    (void)pid;
    return FALSE;
}

static const char *why_no_kernel(HaywireBackend *base)
{
    (void)base;
    return "";
}

static const HaywireOverview *overview(HaywireBackend *base)
{
    return &qmp(base)->overview;
}

/*
 * A list that comes in parts, since the plugin bounds each reply. What is said
 * of the whole is the same in all parts, or else it is asked for anew; after
 * some attempts, what has come is shown.
 */
#define PARTS_MAX    1000
#define ATTEMPTS_MAX 4

typedef struct RowList {
    const char *command;
    const char *from; /* the argument that says where a part begins */
    size_t size;      /* of the list's structure */
    size_t count;     /* where in it the number of its rows is, */
    size_t rows;      /* and the pointer to them */
    size_t row_size;
    gboolean (*parse)(JsonNode *node, HaywireArena *arena, void *ret_list,
                      GError **error);
    uint64_t (*end)(const void *row); /* where the next part begins */
} RowList;

#define ROW_LIST(name, list_type, member, row_type, command_, from_, end_) \
    static gboolean parse_##name(JsonNode *node, HaywireArena *arena,      \
                                 void *ret_list, GError **error)           \
    {                                                                      \
        return haywire_parse_##name(node, arena, ret_list, error);         \
    }                                                                      \
    static uint64_t end_of_##name(const void *opaque)                      \
    {                                                                      \
        const row_type *row = opaque;                                      \
                                                                           \
        return (end_);                                                     \
    }                                                                      \
    static const RowList name##_list = {                                   \
        .command = (command_),                                             \
        .from = (from_),                                                   \
        .size = sizeof(list_type),                                         \
        .count = offsetof(list_type, count),                               \
        .rows = offsetof(list_type, member),                               \
        .row_size = sizeof(row_type),                                      \
        .parse = parse_##name,                                             \
        .end = end_of_##name,                                              \
    };

ROW_LIST(processes, HaywireProcessList, process, HaywireProcess,
         "query-haywire-processes", "after", row->pid)
ROW_LIST(sections, HaywireSectionList, section, HaywireSection,
         "query-haywire-sections", "address", row->end)
ROW_LIST(page_runs, HaywirePageRunList, run, HaywirePageRun,
         "query-haywire-ptes", "address",
         row->gva.value + ((uint64_t)row->pages << HAYWIRE_PAGE_SHIFT))

/* Older plugins do not know the arguments that are left out. */
static JsonNode *ask_part(QmpBackend *backend, const RowList *of, uint32_t pid,
                          HaywireGvaRange range, GError **error)
{
    JsonObject *arguments = pid ? with_pid(pid) : json_object_new();

    if (range.start.value) {
        json_object_set_int_member(arguments, of->from,
                                   (gint64)range.start.value);
    }
    if (range.length) {
        json_object_set_int_member(arguments, "length", (gint64)range.length);
    }
    return ask(backend, of->command, arguments, error);
}

/* Up to the same end. False when nothing is left. */
static gboolean advance(HaywireGvaRange *range, uint64_t to)
{
    const uint64_t by = to - range->start.value;

    if (to <= range->start.value || (range->length && by >= range->length)) {
        return FALSE;
    }
    range->start.value = to;
    range->length -= range->length ? by : 0;
    return TRUE;
}

/* Move the rows of @list, which is of this kind, behind @rows. */
static gsize move_rows(const RowList *of, char *list, GArray *rows)
{
    const gsize count = *(size_t *)(list + of->count);

    g_array_append_vals(rows, *(void **)(list + of->rows), (guint)count);
    *(size_t *)(list + of->count) = 0;
    *(void **)(list + of->rows) = NULL;
    return count;
}

/* *ret_same: whether all parts say the same of the whole. */
static gboolean take_rows(QmpBackend *backend, const RowList *of, uint32_t pid,
                          HaywireGvaRange range, char *list, GArray *rows,
                          gboolean *ret_same, GError **error)
{
    g_autofree char *part = g_malloc0(of->size);
    JsonNode *reply;
    gboolean more;

    *ret_same = TRUE;
    g_array_set_size(rows, 0);
    for (int parts = 0; parts < PARTS_MAX; parts++) {
        reply = ask_part(backend, of, pid, range, error);
        if (!reply || !of->parse(reply, backend->arena, part, error)) {
            return FALSE;
        }
        more = move_rows(of, part, rows) > 0 && haywire_parse_more(reply);
        *ret_same = parts == 0 || memcmp(list, part, of->size) == 0;
        memcpy(list, part, of->size);
        if (!more || !*ret_same ||
            !advance(&range,
                     of->end(rows->data + (rows->len - 1) * of->row_size))) {
            return TRUE;
        }
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "The plugin's list does not come to its end");
}

static gboolean all_rows(HaywireBackend *base, const RowList *of, uint32_t pid,
                         HaywireGvaRange range, void *ret_list, GError **error)
{
    QmpBackend *backend = qmp(base);
    GArray *rows = g_array_new(FALSE, FALSE, (guint)of->row_size);
    char *list = ret_list;
    int attempts = 0;
    gboolean same, done;

    do {
        done = take_rows(backend, of, pid, range, list, rows, &same, error);
    } while (done && !same && ++attempts < ATTEMPTS_MAX);
    *(size_t *)(list + of->count) = rows->len;
    *(void **)(list + of->rows) = g_array_free(rows, FALSE);
    g_ptr_array_add(backend->arena, *(void **)(list + of->rows));
    return done;
}

static gboolean processes(HaywireBackend *base, HaywireProcessList *ret_list,
                          GError **error)
{
    return all_rows(base, &processes_list, 0, (HaywireGvaRange){ 0 }, ret_list,
                    error);
}

static gboolean sections(HaywireBackend *base, uint32_t pid,
                         HaywireSectionList *ret_list, GError **error)
{
    return all_rows(base, &sections_list, pid, (HaywireGvaRange){ 0 }, ret_list,
                    error);
}

static gboolean page_runs(HaywireBackend *base, uint32_t pid,
                          HaywireGvaRange range, HaywirePageRunList *ret_list,
                          GError **error)
{
    return all_rows(base, &page_runs_list, pid, range, ret_list, error);
}

static gboolean cameras(HaywireBackend *base, HaywireCamera ret_camera[2],
                        GError **error)
{
    JsonNode *reply = ask(qmp(base), "query-haywire-cameras", NULL, error);

    return reply && haywire_parse_cameras(reply, ret_camera, error);
}

static gboolean stats(HaywireBackend *base, HaywireHostCounters *ret_host,
                      HaywireGuestStats *ret_guest, GError **error)
{
    JsonNode *reply = ask(qmp(base), "query-haywire-stats", NULL, error);

    return reply && haywire_parse_stats(reply, ret_host, ret_guest, error);
}

static gboolean translate(HaywireBackend *base, uint32_t pid,
                          HaywireGva address, HaywirePlace *ret_place,
                          GError **error)
{
    JsonObject *arguments = with_pid(pid);
    JsonNode *reply;

    json_object_set_int_member(arguments, "address", (gint64)address.value);
    reply = ask(qmp(base), "haywire-translate", arguments, error);
    return reply && haywire_parse_place(reply, ret_place, error);
}

static gboolean focus(HaywireBackend *base, uint32_t camera, uint32_t pid,
                      GError **error)
{
    JsonObject *arguments = pid ? with_pid(pid) : json_object_new();

    json_object_set_int_member(arguments, "camera", camera);
    return ask(qmp(base), pid ? "haywire-focus" : "haywire-unfocus", arguments,
               error) != NULL;
}

/* The scan that was asked for has ended when one is younger than the wish. */
static gboolean wait_for_scan(HaywireBackend *base, GError **error)
{
    const gint64 start = g_get_monotonic_time();
    gint64 waited = 0;

    while (waited < RESCAN_LIMIT_US) {
        g_usleep(RESCAN_STEP_US);
        if (!refresh(base, error)) {
            return FALSE;
        }
        waited = g_get_monotonic_time() - start;
        if (qmp(base)->overview.has_scan &&
            qmp(base)->overview.scan_age / 1000 < (uint64_t)waited) {
            return TRUE;
        }
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "%s: the plugin did not end its scan in time",
                             qmp(base)->path);
}

/* The plugin tells of one session, and how many there are. */
static GArray *make_rows(const HaywireOverview *overview)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(HaywireScanRow));
    HaywireScanRow row = {
        .state = overview->state,
        .session = overview->session,
        .os = overview->os,
        .arch = overview->arch,
        .companion_pid = overview->companion_pid,
        .started = overview->started,
        .heartbeat = overview->heartbeat,
        .heartbeat_time = overview->heartbeat_time,
        .chosen = true,
    };

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        row.pages += overview->category[i].mapped;
    }
    if (overview->has_session) {
        g_array_append_val(rows, row);
    }
    return rows;
}

static gboolean scan(HaywireBackend *base, HaywireScanReport *ret_report,
                     GError **error)
{
    const HaywireOverview *found = &qmp(base)->overview;

    if (!ask(qmp(base), "haywire-rescan", NULL, error) ||
        !wait_for_scan(base, error)) {
        return FALSE;
    }
    ret_report->duration = found->scan_duration;
    ret_report->pages = found->scan_pages;
    ret_report->counted = false;
    ret_report->sessions = found->sessions;
    ret_report->row = make_rows(found);
    return TRUE;
}

static void destroy(HaywireBackend *base)
{
    QmpBackend *backend = qmp(base);

    haywire_qmp_client_free(backend->client);
    g_ptr_array_unref(backend->replies);
    g_ptr_array_unref(backend->arena);
    g_free(backend->path);
    g_free(backend);
}

static const HaywireBackendOps qmp_ops = {
    .refresh = refresh,
    .beat_wait = beat_wait,
    .overview = overview,
    .want = want,
    .why_no_kernel = why_no_kernel,
    .processes = processes,
    .sections = sections,
    .page_runs = page_runs,
    .cameras = cameras,
    .stats = stats,
    .translate = translate,
    .focus = focus,
    .scan = scan,
    .destroy = destroy,
};

static HaywireBackend *new_backend(HaywireQmpClient *client, const char *name)
{
    QmpBackend *backend = g_new0(QmpBackend, 1);

    backend->base.ops = &qmp_ops;
    backend->path = g_strdup(name);
    backend->replies =
        g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);
    backend->arena = haywire_arena_new();
    backend->client = client;
    return &backend->base;
}

HaywireBackend *haywire_backend_qmp_new(const char *path, GError **error)
{
    GError *reason = NULL;
    HaywireQmpClient *client =
        haywire_qmp_client_new(path, TIMEOUT_MS, &reason);

    if (!client) {
        prefix_path(&reason, path);
        g_propagate_error(error, reason);
        return NULL;
    }
    return new_backend(client, path);
}

HaywireBackend *haywire_backend_pass_new(const char *name,
                                         const HaywireQmpPass *pass)
{
    return new_backend(haywire_qmp_client_new_passing(pass), name);
}
