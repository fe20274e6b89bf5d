/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A small guest of arrays: see view_world.h.
 */
#include "view_world.h"

#include <string.h>

#include "haywire/bytes.h"
#include "haywire/publish.h"

static const HaywireLayout *no_layout(HaywireSource *source)
{
    (void)source;
    return NULL;
}

World *world_new(const char *text, bool knows_layout)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, RAM_SIZE } },
    };
    World *world = g_new0(World, 1);
    HaywireRegion region = { { 0 }, RAM_SIZE, NULL };

    world->ram = g_aligned_alloc0(1, RAM_SIZE, HAYWIRE_PAGE_SIZE);
    region.host = world->ram;
    world->beacons = haywire_beacons_make(text);
    g_assert_true(
        haywire_beacons_place(world->beacons, world->ram, RAM_SIZE, NULL));
    g_assert_cmpint(
        haywire_array_source_new(&region, 1, true, &layout, &world->source), ==,
        HAYWIRE_OK);
    if (!knows_layout) {
        world->ops = *world->source->ops;
        world->ops.layout = no_layout;
        world->source->ops = &world->ops;
    }
    g_assert_cmpint(haywire_view_new(world->source, &world->view), ==,
                    HAYWIRE_OK);
    world->now = (HaywireNow){ .now_ns = 100 * S, .host_ns = 100 * S };
    return world;
}

void world_free(World *world)
{
    haywire_view_destroy(world->view);
    haywire_source_destroy(world->source);
    haywire_beacons_free(world->beacons);
    g_aligned_free(world->ram);
    g_free(world);
}

HaywirePage *world_page(World *world, unsigned session,
                        HaywireCategory category, uint32_t index)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(world->beacons, session, category, index);

    g_assert_nonnull(beacon);
    return (HaywirePage *)(world->ram + beacon->position.value);
}

void world_republish(HaywirePage *page)
{
    HaywirePageStamp stamp = {
        .kind = haywire_le32_get(page->header.kind),
        .generation = haywire_le64_get(page->header.generation),
        .monotonic_ns = haywire_le64_get(page->header.monotonic_ns) + 1,
        .realtime_ns = haywire_le64_get(page->header.realtime_ns) + 1,
        .pfn = haywire_le64_get(page->header.pfn),
    };
    uint32_t length = haywire_le32_get(page->header.payload_length);
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    memcpy(payload, page->payload, length);
    haywire_page_publish(page, &stamp, payload, length);
}

void world_beat(World *world, unsigned session)
{
    haywire_beacon_beat(world_page(world, session, HAYWIRE_CATEGORY_MASTER, 0),
                        100 * MS);
}

HaywireModel *world_refresh(World *world)
{
    HaywireModel *model = NULL;

    g_assert_cmpint(haywire_view_refresh(world->view, world->now, &model), ==,
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

void world_go_live(World *world, unsigned session)
{
    haywire_model_unref(world_refresh(world));
    world_beat(world, session);
    haywire_model_unref(world_refresh_after(world, 100 * MS));
}
