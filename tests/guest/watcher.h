/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who asks a plugin all the time, in a thread and on a socket of his
 * own, and fails the test when an answer mixes two sessions.
 *
 * Processes whose names begin with WATCHER_ERA and go on with a number tell
 * what an answer is from: the test sees to it that during the life of one
 * companion there is no more than one of them, each time with a greater number,
 * and that each comes before its companion does.
 */
#ifndef HAYWIRE_TESTS_WATCHER_H
#define HAYWIRE_TESTS_WATCHER_H

#include <glib.h>

#define WATCHER_ERA "era-"

typedef struct Watcher Watcher;

/* What was seen so far. */
typedef struct {
    guint64 answers;
    guint sessions; /* shown, one after the other */
    guint eras; /* shown with a session that was the same before and after */
} WatcherCounts;

/* Begin to ask on the QMP socket at @path. */
Watcher *watcher_start(const char *path);

/*
 * Have it end, and free it. That held for all answers:
 *
 * - a process list has one era at most, and where it has details of that
 *   process, they are that process's;
 * - a session that was shown does not come back after another one;
 * - the answers that name a session agree on its companion and its start;
 *   neither its heartbeat nor its snapshots go back;
 * - the process lists of a session have one era, and no other session's have it.
 */
WatcherCounts watcher_end(Watcher *watcher);

#endif
