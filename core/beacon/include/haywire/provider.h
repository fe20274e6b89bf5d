/*
 * Provider of what companions publish: it finds their sessions, follows the one
 * that is to be shown and makes models of it. One thread, but for hints.
 *
 * Which session: haywire_sessions_choose(). One that was seen live stays, as
 * stale, until another one is seen beating; its copies are then left as they
 * are, because dead pages are reused bit by bit. A page that is gone is dropped
 * only while its session beats; where it went says the index, else a scan.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_PROVIDER_H
#define HAYWIRE_PROVIDER_H

#include "haywire/limits.h"
#include "haywire/model.h"
#include "haywire/scan.h"
#include "haywire/sessions.h"

/*
 * Times for a look. @now_ns judges heartbeats: guest virtual time in QEMU,
 * CLOCK_MONOTONIC elsewhere. @host_ns measures durations and ages of scans, and
 * paces looks.
 *
 * @paused: the guest's processors are stopped, and the clock of @now_ns with
 * them. A session that is live is then shown as paused. Only QEMU knows.
 *
 * @still: nobody can write to the memory just now, so that no heartbeat grows
 * and every session is stale. For a file that is known to be at rest.
 */
typedef struct HaywireNow {
    uint64_t now_ns;
    uint64_t host_ns;
    bool paused;
    bool still;
} HaywireNow;

typedef struct HaywireProvider HaywireProvider;

/* @memory, @host: borrowed until destroy. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus
haywire_provider_new(HaywireMemory *memory, HaywireHostCounters *host,
                     HaywireProvider **ret_provider) HAYWIRE_MUST_CHECK;
void haywire_provider_destroy(HaywireProvider *provider); /* NULL is fine */

/* See haywire_watch_set_memory(); of any size. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_provider_share(HaywireProvider *provider,
                                     HaywireShares shares) HAYWIRE_MUST_CHECK;
/* Forget all that was found. */
void haywire_provider_reset(HaywireProvider *provider);
void haywire_provider_set_progress(HaywireProvider *provider,
                                   HaywireScanProgress progress, void *opaque);
/* See haywire_watch_hint(). Any thread. */
void haywire_provider_hint(HaywireProvider *provider, HaywireGpa gpa);

/* A look has three steps. All return HAYWIRE_OK or an error that ends it. */

/* First: what is known, and what hints lead to. */
HaywireStatus haywire_provider_observe(HaywireProvider *provider,
                                       HaywireNow now) HAYWIRE_MUST_CHECK;
/* If it is due: all of the memory. */
HaywireStatus haywire_provider_scan(HaywireProvider *provider,
                                    HaywireNow now) HAYWIRE_MUST_CHECK;
/* Then: the pages of the session that is shown. */
HaywireStatus haywire_provider_follow(HaywireProvider *provider,
                                      HaywireNow now) HAYWIRE_MUST_CHECK;

/* By which scans are paced, and looks. */
typedef struct HaywireSearch {
    HaywireState state;            /* never paused: that is for users alone */
    const HaywireSession *session; /* that is followed; NULL: none */
    bool complete;                 /* all its pages are found */
    bool lost;                     /* some are lost, and only a scan helps */
    uint64_t scan_ended_ns;        /* host clock */
    uint64_t scan_cost_ns;         /* processor time */
} HaywireSearch;

/* Valid until the next step. */
HaywireSearch haywire_provider_search(const HaywireProvider *provider);

/*
 * What was seen, as a model. @began_ns: host clock; since when there were looks.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus
haywire_provider_model(HaywireProvider *provider, HaywireNow now,
                       uint64_t began_ns,
                       HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

#endif
