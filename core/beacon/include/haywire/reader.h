/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader of what companions publish, a provider of models: it finds their sessions, follows the one
 * that is to be shown and makes models of it. One thread, but for hints.
 *
 * Which session: haywire_sessions_choose(). One that was seen live stays, as
 * stale, until another one is seen beating; its copies are then left as they
 * are, because dead pages are reused bit by bit. A page that is gone is dropped
 * only while its session beats; where it went says the index, else a scan.
 */

#ifndef HAYWIRE_READER_H
#define HAYWIRE_READER_H

#include "haywire/limits.h"
#include "haywire/model.h"
#include "haywire/scan.h"
#include "haywire/sessions.h"

/*
 * Times for a look. @now_ns judges heartbeats: guest virtual time in QEMU,
 * CLOCK_MONOTONIC elsewhere. @host_ns measures durations and ages of scans, and
 * paces looks.
 *
 * @paused: the guest's processors are stopped, and mostly the clock of @now_ns
 * with them; not while the guest is suspended to RAM. A session that is live is
 * then shown as paused. Only QEMU knows.
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

/* What somebody remembers of a memory that he has looked at before. */
typedef struct HaywireFileHint {
    uint64_t session;         /* whose discovery page lay... */
    HaywirePosition position; /* ...there, and was stamped, */
    uint64_t realtime_ns;     /* by the guest's wall clock, at this time */
    uint64_t late_ns;         /* or so much before it at most, or after it */
    HaywireLayout layout;     /* that was worked out */
} HaywireFileHint;

typedef struct HaywireReader HaywireReader;

/* @memory, @host: borrowed until destroy. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_reader_new(HaywireMemory *memory,
                                 HaywireHostCounters *host,
                                 HaywireReader **ret_reader) HAYWIRE_MUST_CHECK;
void haywire_reader_destroy(HaywireReader *reader); /* NULL is fine */

/* See haywire_watch_set_memory(); of any size. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_reader_share(HaywireReader *reader,
                                   HaywireShares shares) HAYWIRE_MUST_CHECK;
/* Forget all that was found. */
void haywire_reader_reset(HaywireReader *reader);
void haywire_reader_set_progress(HaywireReader *reader,
                                 HaywireScanProgress progress, void *opaque);
/* See haywire_watch_hint_file(). */
void haywire_reader_hint_file(HaywireReader *reader,
                              const HaywireFileHint *hint);
/* See haywire_watch_hint(). Any thread. */
void haywire_reader_hint(HaywireReader *reader, HaywireGpa gpa);

/* A look has three steps. All return HAYWIRE_OK or an error that ends it. */

/* First: what is known, and what hints lead to. */
HaywireStatus haywire_reader_observe(HaywireReader *reader,
                                     HaywireNow now) HAYWIRE_MUST_CHECK;
/* If it is due: all of the memory. */
HaywireStatus haywire_reader_scan(HaywireReader *reader,
                                  HaywireNow now) HAYWIRE_MUST_CHECK;
/* Then: the pages of the session that is shown. */
HaywireStatus haywire_reader_follow(HaywireReader *reader,
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
HaywireSearch haywire_reader_search(const HaywireReader *reader);

/*
 * What was seen, as a model. @began_ns: host clock; since when there were looks.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_reader_model(HaywireReader *reader, HaywireNow now,
                                   uint64_t began_ns,
                                   HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

#endif
