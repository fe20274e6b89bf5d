/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `haywire scan` on a RAM file: see ram_scan.h.
 */
#include "ram_scan.h"

#include "haywire/scan.h"

/* Sessions whose pages are counted; a guest can fake any number of them. */
#define COUNTED_SESSIONS_MAX 65536

/* How long sessions are watched, and how often. */
#define JUDGE_LIMIT_US (3 * G_USEC_PER_SEC)
#define JUDGE_STEP_US  (50 * 1000)

typedef struct Scan {
    HaywireSessions sessions;
    GHashTable *pages; /* session id (guint64 *) -> pages, as a pointer */
    uint64_t rejected;
    HaywireProgress *progress;
} Scan;

static uint64_t now_ns(void)
{
    return (uint64_t)g_get_monotonic_time() * 1000;
}

static void count_page(Scan *scan, uint64_t session)
{
    gpointer count = g_hash_table_lookup(scan->pages, &session);

    if (!count && g_hash_table_size(scan->pages) >= COUNTED_SESSIONS_MAX) {
        return;
    }
    count = GSIZE_TO_POINTER(GPOINTER_TO_SIZE(count) + 1);
    g_hash_table_insert(scan->pages, g_memdup2(&session, sizeof(session)),
                        count);
}

/* HaywireCandidate */
static bool candidate(void *opaque, HaywirePosition position,
                      HaywireStatus status, const HaywirePage *copy,
                      const HaywirePageInfo *info)
{
    Scan *scan = opaque;
    HaywireDiscovery discovery;

    if (status == HAYWIRE_OK && info->kind == HAYWIRE_KIND_DISCOVERY) {
        status = haywire_decode_discovery(copy, info, &discovery, NULL);
        if (status == HAYWIRE_OK) {
            haywire_sessions_add(&scan->sessions, position, info, &discovery,
                                 now_ns());
        }
    }
    if (status == HAYWIRE_OK) {
        count_page(scan, info->session);
    } else {
        scan->rejected++;
    }
    return true;
}

static bool show_progress(void *opaque, uint64_t done, uint64_t total)
{
    const Scan *scan = opaque;

    return haywire_progress_show(scan->progress, done, total);
}

static bool all_judged(const HaywireSessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++) {
        if (!haywire_session_is_judged(&sessions->session[i])) {
            return false;
        }
    }
    return true;
}

static void judge(HaywireSessions *sessions, HaywireMemory *source, bool still)
{
    const gint64 limit = g_get_monotonic_time() + JUDGE_LIMIT_US;

    haywire_sessions_observe(sessions, source, now_ns());
    if (still) {
        haywire_sessions_settle(sessions);
    }
    while (!all_judged(sessions) && g_get_monotonic_time() < limit) {
        g_usleep(JUDGE_STEP_US);
        haywire_sessions_observe(sessions, source, now_ns());
    }
}

static HaywireState state_of(const HaywireSession *session)
{
    if (session->beating) {
        return HAYWIRE_STATE_LIVE;
    }
    return session->stale || session->gone ? HAYWIRE_STATE_STALE
                                           : HAYWIRE_STATE_SEARCHING;
}

static GArray *make_rows(const Scan *scan)
{
    const HaywireSessions *sessions = &scan->sessions;
    const HaywireSession *chosen = haywire_sessions_choose(sessions);
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(HaywireScanRow));

    for (size_t i = 0; i < sessions->count; i++) {
        const HaywireSession *session = &sessions->session[i];
        HaywireScanRow row = {
            .state = state_of(session),
            .session = session->id,
            .os = session->discovery.os,
            .arch = session->discovery.arch,
            .companion_pid = session->discovery.companion_pid,
            .started = session->discovery.started_realtime_ns,
            .heartbeat = session->discovery.heartbeat,
            .heartbeat_time = session->info.realtime_ns,
            .pages = GPOINTER_TO_SIZE(
                g_hash_table_lookup(scan->pages, &session->id)),
            .chosen = session == chosen,
        };

        g_array_append_val(rows, row);
    }
    return rows;
}

static HaywireStatus run(Scan *scan, HaywireMemory *source, bool still,
                         HaywireScanReport *ret_report)
{
    const uint64_t start = now_ns();
    HaywireScanStats stats;
    HaywireStatus status;

    status = haywire_scan(source, candidate, show_progress, scan, &stats);
    if (status != HAYWIRE_OK) {
        return status;
    }
    ret_report->duration = now_ns() - start;
    judge(&scan->sessions, source, still);
    status = haywire_memory_check(source);
    if (status != HAYWIRE_OK) {
        return status;
    }
    ret_report->pages = stats.resident_pages;
    ret_report->counted = true;
    ret_report->candidates = stats.candidates;
    ret_report->rejected = scan->rejected;
    ret_report->sessions = scan->sessions.count + scan->sessions.dropped;
    ret_report->row = make_rows(scan);
    return HAYWIRE_OK;
}

HaywireStatus haywire_ram_scan(HaywireMemory *source, bool still,
                               HaywireProgress *progress,
                               HaywireScanReport *ret_report)
{
    Scan *scan = g_new0(Scan, 1);
    HaywireStatus status;

    scan->progress = progress;
    scan->pages =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    status = run(scan, source, still, ret_report);
    g_hash_table_destroy(scan->pages);
    g_free(scan);
    return status;
}
