/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small guest of arrays, and a watch of it. What goes wrong ends the test.
 */
#ifndef HAYWIRE_TEST_WATCH_WORLD_H
#define HAYWIRE_TEST_WATCH_WORLD_H

#include <glib.h>

#include "beacon_ram.h"
#include "haywire/watch.h"

#define MS       UINT64_C(1000000)
#define S        UINT64_C(1000000000)
#define RAM_SIZE (64u << 20)
#define TOTAL    1010 /* pages of a session, unless its text says otherwise */

/* Times what a scan costs: the pause behind it, at least. */
#define LOST_SHARE 20
#define LIVE_SHARE 400

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

typedef struct World {
    HaywireBeaconRam ram;
    HaywireWatch *watch;
    HaywireNow now;
} World;

/*
 * RAM with the pages of @text. @knows_layout: the source knows where guest
 * addresses lie, as in QEMU; false: as a file.
 */
World *world_new(const char *text, bool knows_layout);
void world_free(World *world);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* A page of the text's session of this number, as it lies in RAM. */
HaywirePage *world_page(World *world, unsigned session,
                        HaywireCategory category, uint32_t index);

/* Where that is. */
HaywireGpa world_gpa(World *world, unsigned session, HaywireCategory category,
                     uint32_t index);

/* What lies at an address of the guest. */
HaywirePage *world_at(World *world, HaywireGpa gpa);

/*
 * Another companion's pages, over whatever is there. Returns where its
 * discovery page lies.
 */
HaywireGpa world_add(World *world, const char *text);

/* One more heartbeat of such a session. */
void world_beat_at(World *world, HaywireGpa discovery);

/* The first session's index says that the page of a slot lies there now. */
void world_set_index(World *world, uint32_t slot, HaywireGpa there);

/* The same content once more, published a moment later. */
void world_republish(HaywirePage *page);

/* One more heartbeat. */
void world_beat(World *world, unsigned session);

/* Look again, after so long by both clocks. A reference to be unreffed. */
HaywireModel *world_refresh(World *world);
HaywireModel *world_refresh_after(World *world, uint64_t ns);

/* A beat of the first session, and a look 100 ms after the last one. */
HaywireModel *world_next(World *world);

/* How many scans there were, all told, by that look. */
uint64_t world_scans_after(World *world, uint64_t ns);

/* How long the last one took. */
uint64_t world_scan_duration(World *world);

/* Pages whose place is known. */
uint32_t world_mapped(const HaywireModel *model);

/* Found, and seen beating. */
void world_go_live(World *world, unsigned session);

#define SESSION1                                                             \
    "place first=0x100000\n"                                                 \
    "session id=0x11 started=10s wall-started=10s time=20s interval=100ms\n" \
    "ram start=0x1000 end=0x3ff0000\n"                                       \
    "process pid=1 name=\"init\" exe=\"/sbin/init\"\n"                       \
    "process pid=2 name=\"kthreadd\" flags=kernel\n"                         \
    "camera 1 nonce=0x1234 pid=1\n"

#define SESSION2                                                             \
    "place first=0x2000000\n"                                                \
    "session id=0x22 started=30s wall-started=30s time=40s interval=100ms\n" \
    "ram start=0x1000 end=0x3ff0000\n"                                       \
    "process pid=7 name=\"other\"\n"

/* The same, in no order: what leads from page to page is the index alone. */
#define SCATTERED1                                                           \
    "place seed=1 first=0x100000 pages=4000\n"                               \
    "session id=0x11 started=10s wall-started=10s time=20s interval=100ms\n" \
    "process pid=1 name=\"init\"\n"                                          \
    "process pid=2 name=\"kthreadd\" flags=kernel\n"

#define SCATTERED2                                                           \
    "place seed=2 first=0x2000000 pages=4000\n"                              \
    "session id=0x22 started=30s wall-started=30s time=40s interval=100ms\n" \
    "process pid=7 name=\"other\"\n"

#endif
