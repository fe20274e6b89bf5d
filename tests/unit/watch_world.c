/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small guest of arrays: see watch_world.h.
 */
#include "watch_world.h"

#include <string.h>

#include "haywire/bytes.h"

World *world_new(const char *text, bool knows_layout)
{
    World *world = g_new0(World, 1);

    haywire_beacon_ram_init(&world->ram, text, RAM_SIZE, knows_layout);
    g_assert_cmpint(haywire_watch_new(world->ram.source, &world->watch), ==,
                    HAYWIRE_OK);
    world->now = (HaywireNow){ .now_ns = 100 * S, .host_ns = 100 * S };
    return world;
}

void world_free(World *world)
{
    haywire_watch_destroy(world->watch);
    haywire_beacon_ram_clear(&world->ram);
    g_free(world);
}

HaywirePage *world_page(World *world, unsigned session,
                        HaywireCategory category, uint32_t index)
{
    return haywire_beacon_ram_page(&world->ram, session, category, index);
}

HaywireGpa world_gpa(World *world, unsigned session, HaywireCategory category,
                     uint32_t index)
{
    return (HaywireGpa){
        haywire_beacon_ram_position(&world->ram, session, category, index).value
    };
}

HaywirePage *world_at(World *world, HaywireGpa gpa)
{
    return haywire_beacon_ram_at(&world->ram, (HaywirePosition){ gpa.value });
}

HaywireGpa world_add(World *world, const char *text)
{
    return (HaywireGpa){ haywire_beacon_ram_add(&world->ram, text).value };
}

void world_beat_at(World *world, HaywireGpa discovery)
{
    haywire_beacon_beat(world_at(world, discovery), 100 * MS);
}

void world_set_index(World *world, uint32_t slot, HaywireGpa there)
{
    HaywirePage *page = world_page(world, 0, HAYWIRE_CATEGORY_MASTER,
                                   1 + slot / HAYWIRE_INDEX_PER_PAGE);
    const HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_INDEX,
                                     .monotonic_ns = 30 * S };
    uint32_t length = haywire_le32_get(page->header.payload_length);
    HaywireLe64 pfn = haywire_le64(there.value >> HAYWIRE_PAGE_SHIFT);
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    memcpy(payload, page->payload, length);
    memcpy(payload + sizeof(HaywireWireIndex) +
               slot % HAYWIRE_INDEX_PER_PAGE * sizeof(pfn),
           &pfn, sizeof(pfn));
    haywire_page_publish(page, &stamp, payload, length);
}

void world_republish(HaywirePage *page)
{
    HaywirePageStamp stamp = haywire_beacon_stamp(page);

    stamp.monotonic_ns++;
    stamp.realtime_ns++;
    haywire_beacon_republish(page, &stamp);
}

void world_beat(World *world, unsigned session)
{
    haywire_beacon_beat(world_page(world, session, HAYWIRE_CATEGORY_MASTER, 0),
                        100 * MS);
}

HaywireModel *world_refresh(World *world)
{
    HaywireModel *model = NULL;

    g_assert_cmpint(haywire_watch_look(world->watch, world->now, &model), ==,
                    HAYWIRE_OK);
    return model;
}

HaywireModel *world_refresh_after(World *world, uint64_t ns)
{
    world->now.now_ns += ns;
    world->now.host_ns += ns;
    return world_refresh(world);
}

HaywireModel *world_next(World *world)
{
    world_beat(world, 0);
    return world_refresh_after(world, 100 * MS);
}

uint64_t world_scans_after(World *world, uint64_t ns)
{
    g_autoptr(HaywireModel) model = world_refresh_after(world, ns);

    return model->host.scans;
}

uint64_t world_scan_duration(World *world)
{
    g_autoptr(HaywireModel) model = world_refresh(world);

    return model->overview.scan_duration;
}

uint32_t world_mapped(const HaywireModel *model)
{
    uint32_t sum = 0;

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        sum += model->overview.category[i].mapped;
    }
    return sum;
}

void world_go_live(World *world, unsigned session)
{
    haywire_model_unref(world_refresh(world));
    world_beat(world, session);
    haywire_model_unref(world_refresh_after(world, 100 * MS));
}
