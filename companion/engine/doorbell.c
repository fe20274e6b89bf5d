/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the host is told at once. */

#include <string.h>

#include "engine/doorbell.h"

#define FIND_NS (10 * HAYWIRE_NS_PER_SECOND)

/* A session is known to live when it was seen to beat. */
#define TOLD_BEATS 2

void haywire_doorbell_init(HaywireDoorbell *doorbell, bool wanted,
                           uint32_t port)
{
    memset(doorbell, 0, sizeof(*doorbell));
    doorbell->wanted = wanted;
    doorbell->port = port;
}

void haywire_doorbell_ring(HaywireDoorbell *doorbell,
                           const HaywirePublisher *publisher)
{
    uint64_t pfn = publisher->pfn[0];

    if (doorbell->there) {
        doorbell->rings++;
        haywire_os_doorbell_ring(pfn <= UINT32_MAX ? (uint32_t)pfn : 0);
    }
}

/* A host that was not there before, or has changed, is told of all. */
static void find(HaywireDoorbell *doorbell, HaywirePublisher *publisher,
                 uint64_t now_ns)
{
    bool there = doorbell->there;

    if (!doorbell->wanted || now_ns < doorbell->next_find_ns) {
        return;
    }
    doorbell->next_find_ns = now_ns + FIND_NS;
    doorbell->there = haywire_os_doorbell_find(doorbell->port);
    haywire_publisher_set_capability(publisher, HAYWIRE_CAPABILITY_DOORBELL,
                                     doorbell->there);
    if (doorbell->there && !there) {
        memset(&doorbell->told, 0xff, sizeof(doorbell->told));
    }
}

static HaywireDoorbellNews gather(const HaywirePublisher *publisher,
                                  const HaywirePidRing *pids,
                                  const HaywireCameraWriter *camera)
{
    HaywireDoorbellNews news = {
        .beats = publisher->heartbeat < TOLD_BEATS ? publisher->heartbeat
                                                   : TOLD_BEATS,
        .snapshot = pids->content,
    };

    for (int i = 0; i < HAYWIRE_CAMERAS; i++) {
        news.camera[i].target = camera[i].said.target_pid;
        news.camera[i].status = camera[i].said.status;
        news.camera[i].current = camera[i].said.current_pid;
    }
    return news;
}

void haywire_doorbell_work(HaywireDoorbell *doorbell,
                           HaywirePublisher *publisher,
                           const HaywirePidRing *pids,
                           const HaywireCameraWriter *camera, uint64_t now_ns)
{
    HaywireDoorbellNews news;

    find(doorbell, publisher, now_ns);
    if (!doorbell->there) {
        return;
    }
    news = gather(publisher, pids, camera);
    if (memcmp(&news, &doorbell->told, sizeof(news)) != 0) {
        doorbell->told = news;
        haywire_doorbell_ring(doorbell, publisher);
    }
}
