/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companion: a session, a collector, and the tasks that publish. */

#ifndef HAYWIRE_COMPANION_H
#define HAYWIRE_COMPANION_H

#include "engine/doorbell.h"
#include "engine/pace.h"
#include "options.h"
#include "publish/camera.h"
#include "publish/manifest.h"
#include "publish/pid_ring.h"
#include "publish/roundrobin.h"
#include "publish/section_ring.h"

typedef enum HaywireTaskId {
    HAYWIRE_TASK_MANIFEST,
    HAYWIRE_TASK_PID,
    HAYWIRE_TASK_ROUNDROBIN,
    HAYWIRE_TASK_SECTIONS,
    HAYWIRE_TASK_CAMERA1,
    HAYWIRE_TASK_CAMERA2,
    HAYWIRE_TASK_COUNT
} HaywireTaskId;

/* What follows news of single processes, in this order. */
typedef enum HaywireNewsId {
    HAYWIRE_NEWS_TABLE, /* and the snapshot */
    HAYWIRE_NEWS_ROUNDROBIN,
    HAYWIRE_NEWS_SECTIONS,
    HAYWIRE_NEWS_COUNT
} HaywireNewsId;

typedef struct HaywireNews {
    bool due;         /* there is something to follow */
    uint64_t next_ns; /* not before */
} HaywireNews;

typedef struct HaywireCompanion {
    HaywireCollector *collector;
    HaywirePublisher *publisher;
    HaywireTable table;
    HaywireManifestWriter manifest;
    HaywirePidRing pid_ring;
    HaywireRoundrobin roundrobin;
    HaywireSectionRing section_ring;
    HaywireCameraWriter camera[HAYWIRE_CAMERAS];
    HaywireTask task[HAYWIRE_TASK_COUNT];
    bool enabled[HAYWIRE_TASK_COUNT];
    HaywireNews news[HAYWIRE_NEWS_COUNT];
    bool listens; /* it follows news between regular rounds */
    bool hearing; /* the system tells of processes that start and end */
    HaywirePace pace;
    uint64_t rounds_cpu_ns; /* processor time of all regular rounds */
    uint64_t next_poll_ns;
    uint64_t quick_until_ns; /* control words are looked at more often */
    HaywireDoorbell doorbell;
} HaywireCompanion;

/*
 * Start a session. Takes over @collector, also on failure. Returns NULL
 * without memory.
 */
HaywireCompanion *haywire_companion_new(const HaywireOptions *options,
                                        HaywireCollector *collector);
/* Close the session. NULL is fine. */
void haywire_companion_destroy(HaywireCompanion *companion);

/* Heartbeat, control words and index, as far as they are due. */
void haywire_companion_tick(HaywireCompanion *companion);

/* Do what is due. Returns when something is next due (monotonic ns). */
uint64_t haywire_companion_work(HaywireCompanion *companion);

/*
 * Sleep up to @ns, or until there is news that can be followed now. Returns
 * true when the program was asked to end.
 */
bool haywire_companion_wait(HaywireCompanion *companion, uint64_t ns);

/* Have all tasks but the cameras done a round? */
bool haywire_companion_round_done(const HaywireCompanion *companion);

#endif
