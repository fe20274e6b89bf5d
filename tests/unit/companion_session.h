/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A companion's session over made-up processes, and what a reader finds on its
 * pages. What goes wrong ends the test.
 */

#ifndef HAYWIRE_COMPANION_SESSION_H
#define HAYWIRE_COMPANION_SESSION_H

#include <glib.h>

#include "engine/companion.h"
#include "fake_collector.h"
#include "haywire/decode.h"

typedef struct Session {
    FakeCollector fake;
    FakeProcess *process; /* by pid - 1 */
    HaywireCompanion *companion;
    HaywirePublisher *publisher; /* the companion's */
} Session;

/*
 * As the command line @line sets it up ("c --pages pid=9"), which begins with
 * the program's name. The processes have pids from 1 on and @sections each.
 */
Session *session_new(const char *line, size_t processes, unsigned sections);
void session_free(Session *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/*
 * A whole round of a task, over a table that is looked at anew. Returns how many
 * processes it read: a snapshot for the table, another for itself.
 */
unsigned session_round(Session *session, HaywireTaskId id);

/*
 * Work as the program does, for so long; time in which this program was not
 * let run does not count. Returns how long it was by the clock, ms.
 */
uint64_t session_work(Session *session, uint64_t ms);

/* A verified copy of the page of this slot. */
HaywirePageInfo session_read(Session *session, HaywireCategory category,
                             uint32_t index, HaywirePage *ret_copy);

HaywireDiscovery session_discovery(Session *session);

/* The newest that ROUNDROBIN says of one process. */
typedef struct Seen {
    uint64_t cycle;    /* of its record */
    uint64_t sweep;    /* of its sections: */
    uint32_t sections; /* that were found */
    uint32_t total;
    bool unreadable;
} Seen;

/*
 * By pid, 0 to @processes, from @pages pages of ROUNDROBIN; to be freed with
 * g_free().
 */
Seen *session_see(Session *session, uint32_t first, uint32_t pages,
                  size_t processes);

#endif
