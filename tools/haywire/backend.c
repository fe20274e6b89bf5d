/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is common to both backends: see backend.h.
 */
#include "backend.h"

#include "exit_status.h"

/* A session that beats more slowly than this is shown as not judged yet. */
#define JUDGE_LIMIT_US (3 * G_USEC_PER_SEC)

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
    const gint64 limit = g_get_monotonic_time() + JUDGE_LIMIT_US;

    while (backend->ops->refresh(backend, error)) {
        const gint64 wait = backend->ops->beat_wait(backend);
        const gint64 left = limit - g_get_monotonic_time();

        if (wait <= 0 || left <= 0) {
            return TRUE;
        }
        g_usleep((gulong)MIN(wait, left));
    }
    return FALSE;
}

/* Pages that look like beacons, and none of them good: that is corruption. */
static gboolean fail_without_session(HaywireBackend *backend, GError **error)
{
    HaywireHostCounters host;
    HaywireGuestStats guest;
    uint64_t rejected = 0;

    if (!backend->ops->stats(backend, &host, &guest, error)) {
        return FALSE;
    }
    for (int i = HAYWIRE_BAD_MAGIC; i <= HAYWIRE_BAD_VALUE; i++) {
        rejected += host.rejected[i];
    }
    if (rejected) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_CORRUPT,
                                 "No session, but %" G_GUINT64_FORMAT
                                 " corrupt beacon pages",
                                 rejected);
    }
    return haywire_exit_fail_status(error, HAYWIRE_NO_SESSION, NULL, NULL);
}

gboolean haywire_backend_refresh_session(HaywireBackend *backend,
                                         GError **error)
{
    if (!haywire_backend_refresh(backend, error)) {
        return FALSE;
    }
    if (!backend->ops->overview(backend)->has_session) {
        return fail_without_session(backend, error);
    }
    return TRUE;
}
