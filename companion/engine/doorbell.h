/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doorbell: tell a host that has one that there is news, at once. See the
 * section of the protocol.
 */

#ifndef HAYWIRE_COMPANION_DOORBELL_H
#define HAYWIRE_COMPANION_DOORBELL_H

#include "engine/publisher.h"
#include "publish/camera.h"
#include "publish/pid_ring.h"

/* What a host is told of: a ring is due when one differs from the last time. */
typedef struct HaywireDoorbellNews {
    uint64_t beats; /* the first few */
    uint64_t snapshot;
    struct {
        uint64_t target;
        uint64_t status;
        uint64_t current;
    } camera[HAYWIRE_CAMERAS];
} HaywireDoorbellNews;

typedef struct HaywireDoorbell {
    bool wanted;
    uint32_t port; /* 0: one of the usual */
    bool there;    /* the host has one, and we may reach it */
    uint64_t next_find_ns;
    HaywireDoorbellNews told;
    uint64_t rings; /* so far */
} HaywireDoorbell;

void haywire_doorbell_init(HaywireDoorbell *doorbell, bool wanted,
                           uint32_t port);

/*
 * Ring, if there is news since the last time. Looks for a doorbell every ten
 * seconds: the guest may have been moved to another host. Cheap; to be called
 * often.
 *
 * @camera: HAYWIRE_CAMERAS of them
 */
void haywire_doorbell_work(HaywireDoorbell *doorbell,
                           HaywirePublisher *publisher,
                           const HaywirePidRing *pids,
                           const HaywireCameraWriter *camera, uint64_t now_ns);

/* Ring, whatever there is; nothing where there is no doorbell. */
void haywire_doorbell_ring(HaywireDoorbell *doorbell,
                           const HaywirePublisher *publisher);

#endif
