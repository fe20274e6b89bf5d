/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks all the time, and looks for mixtures: see watcher.h.
 */
#include "watcher.h"

#include "compare.h"
#include "vm.h"

#include <string.h>

/* What the answers that name a session say of it. */
typedef struct {
    char *session; /* NULL: none yet */
    gint64 companion;
    gint64 started;
    gint64 heartbeat;
    gint64 generation; /* of its newest snapshot; 0: none */
    guint64 era;       /* of its process lists; 0: none seen */
} Shown;

struct Watcher {
    HaywireQmpClient *qmp;
    GThread *thread;
    gint ending;
    WatcherCounts counts;
    Shown shown;
    guint64 newest_era;
    GHashTable *over; /* sessions that are shown no longer */
};

static JsonNode *ask(Watcher *watcher, const char *command)
{
    g_autoptr(GError) error = NULL;
    JsonNode *reply =
        haywire_qmp_client_execute(watcher->qmp, command, NULL, &error);

    /* Without any session there is no list; nothing else may fail. */
    if (!reply && (error->code != HAYWIRE_QMP_ERROR_COMMAND ||
                   !strstr(error->message, "No companion's session"))) {
        g_error("%s: %s", command, error->message);
    }
    watcher->counts.answers += reply != NULL;
    return reply;
}

static gint64 optional(JsonObject *object, const char *member)
{
    return json_object_get_int_member_with_default(object, member, 0);
}

/* Another session: it was never shown before. */
static void begin_session(Watcher *watcher, JsonObject *status)
{
    Shown *shown = &watcher->shown;
    const char *session = compare_string(status, "session");

    if (g_hash_table_contains(watcher->over, session)) {
        g_error("session %s is shown again after %s", session, shown->session);
    }
    if (shown->session) {
        g_hash_table_add(watcher->over, shown->session);
    }
    *shown = (Shown){
        .session = g_strdup(session),
        .companion = compare_int(status, "companion-pid"),
        .started = compare_int(status, "started"),
    };
    watcher->counts.sessions++;
}

static void grow(const char *session, const char *member, gint64 value,
                 gint64 *before)
{
    if (value < *before) {
        g_error("%s of session %s goes back from %" G_GINT64_FORMAT
                " to %" G_GINT64_FORMAT,
                member, session, *before, value);
    }
    *before = value;
}

/* False when no session is shown. */
static gboolean look_at_status(Watcher *watcher)
{
    Shown *shown = &watcher->shown;
    g_autoptr(JsonNode) reply = ask(watcher, "query-haywire");
    JsonObject *status = json_node_get_object(reply);

    if (!json_object_has_member(status, "session")) {
        return FALSE;
    }
    if (g_strcmp0(compare_string(status, "session"), shown->session) != 0) {
        begin_session(watcher, status);
    }
    g_assert_cmpint(compare_int(status, "companion-pid"), ==, shown->companion);
    g_assert_cmpint(compare_int(status, "started"), ==, shown->started);
    grow(shown->session, "the heartbeat", compare_int(status, "heartbeat"),
         &shown->heartbeat);
    grow(shown->session, "the snapshot",
         optional(status, "snapshot-generation"), &shown->generation);
    return TRUE;
}

/* Another process's details would be of another session. */
static void check_details(JsonObject *process, const char *name)
{
    const char *line =
        json_object_get_string_member_with_default(process, "cmdline", name);

    if (!strstr(line, name)) {
        g_error("%s has the command line '%s'", name, line);
    }
}

/* The process list's era; 0 for none. */
static guint64 era_of(JsonArray *processes)
{
    guint64 era = 0;

    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);
        const char *name = compare_string(process, "name");

        if (!g_str_has_prefix(name, WATCHER_ERA)) {
            continue;
        }
        if (era != 0) {
            g_error("%s in one list with era %" G_GUINT64_FORMAT, name, era);
        }
        era = g_ascii_strtoull(name + strlen(WATCHER_ERA), NULL, 10);
        check_details(process, name);
    }
    return era;
}

static void check_era(Watcher *watcher, guint64 era)
{
    Shown *shown = &watcher->shown;

    if (era < watcher->newest_era) {
        g_error("era %" G_GUINT64_FORMAT " is shown after %" G_GUINT64_FORMAT,
                era, watcher->newest_era);
    }
    if (shown->era == 0 && era == watcher->newest_era) {
        g_error("session %s has the era of the one before, %" G_GUINT64_FORMAT,
                shown->session, era);
    }
    if (shown->era != 0 && era != shown->era) {
        g_error("session %s has two eras, %" G_GUINT64_FORMAT
                " and %" G_GUINT64_FORMAT,
                shown->session, shown->era, era);
    }
    watcher->counts.eras += shown->era == 0;
    shown->era = era;
    watcher->newest_era = era;
}

static gpointer watcher_run(gpointer opaque)
{
    Watcher *watcher = opaque;

    while (!g_atomic_int_get(&watcher->ending)) {
        gboolean any = look_at_status(watcher);
        guint sessions = watcher->counts.sessions;
        g_autoptr(JsonNode) list = ask(watcher, "query-haywire-processes");
        guint64 era = list ? era_of(json_node_get_array(list)) : 0;

        /* Of whose the list is, is certain if the session is the same still. */
        if (look_at_status(watcher) && any && era != 0 &&
            watcher->counts.sessions == sessions) {
            check_era(watcher, era);
        }
    }
    return NULL;
}

Watcher *watcher_start(const char *path)
{
    Watcher *watcher = g_new0(Watcher, 1);
    g_autoptr(GError) error = NULL;

    watcher->qmp = haywire_qmp_client_new(path, VM_QMP_TIMEOUT_MS, &error);
    g_assert_no_error(error);
    watcher->over =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watcher->thread = g_thread_new("watcher", watcher_run, watcher);
    return watcher;
}

WatcherCounts watcher_end(Watcher *watcher)
{
    WatcherCounts counts;

    g_atomic_int_set(&watcher->ending, TRUE);
    g_thread_join(watcher->thread);
    counts = watcher->counts;
    haywire_qmp_client_free(watcher->qmp);
    g_hash_table_unref(watcher->over);
    g_free(watcher->shown.session);
    g_free(watcher);
    return counts;
}
