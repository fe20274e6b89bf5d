/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is common to both backends: see backend.h.
 */
#include "backend.h"

#include "exit_status.h"

/* A session that beats more slowly than this is shown as not judged yet. */
#define JUDGE_LIMIT_US (3 * G_USEC_PER_SEC)
/* For how long to look again, and how often; the view scans when it is due. */
#define AGAIN_LIMIT_US (1 * G_USEC_PER_SEC)
#define AGAIN_PAUSE_US (G_USEC_PER_SEC / 10)

void haywire_backend_free(HaywireBackend *backend)
{
    if (backend) {
        backend->ops->destroy(backend);
    }
}

gboolean haywire_backend_look(HaywireBackend *backend, GError **error)
{
    return backend->ops->refresh(backend, error);
}

gboolean haywire_backend_refresh(HaywireBackend *backend, GError **error)
{
    gint64 limit = 0;

    /* What finding it has taken is not part of the time to judge it. */
    while (backend->ops->refresh(backend, error)) {
        const gint64 wait = backend->ops->beat_wait(backend);
        gint64 left;

        if (limit == 0) {
            limit = g_get_monotonic_time() + JUDGE_LIMIT_US;
        }
        left = limit - g_get_monotonic_time();
        if (wait <= 0 || left <= 0) {
            return TRUE;
        }
        g_usleep((gulong)MIN(wait, left));
    }
    return FALSE;
}

static gboolean has_guest(HaywireBackend *backend)
{
    return backend->ops->overview(backend)->has_guest;
}

/* Pages that looked like beacons in the newest scan, but are not good. */
static uint64_t count_rejected(HaywireBackend *backend)
{
    return backend->ops->overview(backend)->scan_rejected;
}

/*
 * A page that was being written at that moment, or that the guest's kernel
 * moved while the scan went by, is good a little later.
 */
static gboolean look_again(HaywireBackend *backend, GError **error)
{
    const gint64 limit = g_get_monotonic_time() + AGAIN_LIMIT_US;

    while (!has_guest(backend) && g_get_monotonic_time() < limit) {
        g_usleep(AGAIN_PAUSE_US);
        if (!backend->ops->refresh(backend, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Beacons, and none of them good: that is corruption. */
static gboolean fail_without_guest(HaywireBackend *backend, uint64_t rejected,
                                   GError **error)
{
    const char *why = backend->ops->why_no_kernel(backend);

    if (*why) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING, "%s", why);
    }
    if (rejected) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_CORRUPT,
                                 "No session, but %" G_GUINT64_FORMAT
                                 " corrupt beacon page%s",
                                 rejected, rejected == 1 ? "" : "s");
    }
    return haywire_exit_fail_status(error, HAYWIRE_NO_SESSION, NULL, NULL);
}

gboolean haywire_backend_seek_session(HaywireBackend *backend,
                                      uint64_t *ret_rejected, GError **error)
{
    if (!haywire_backend_refresh(backend, error)) {
        return FALSE;
    }
    *ret_rejected = 0;
    if (has_guest(backend)) {
        return TRUE;
    }
    if (count_rejected(backend) > 0 && !look_again(backend, error)) {
        return FALSE;
    }
    *ret_rejected = count_rejected(backend);
    /* One that was found late is judged like any other. */
    return !has_guest(backend) || haywire_backend_refresh(backend, error);
}

gboolean haywire_backend_refresh_session(HaywireBackend *backend,
                                         GError **error)
{
    uint64_t rejected;

    if (!haywire_backend_seek_session(backend, &rejected, error)) {
        return FALSE;
    }
    return has_guest(backend) || fail_without_guest(backend, rejected, error);
}
