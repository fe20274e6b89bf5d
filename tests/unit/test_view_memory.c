/*
 * A view with less memory than a session's pages would take.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"
#include "haywire/view.h"

#define MS       UINT64_C(1000000)
#define S        UINT64_C(1000000000)
#define RAM_SIZE (128u << 20)

/* More processes than a default geometry's details are for, and sections. */
#define PROCESSES 3000
#define CROWD                                    \
    "place seed=1 first=0x100000 pages=20000\n"  \
    "session heartbeat=7 interval=100ms\n"       \
    "geometry roundrobin=6000 pid=600\n"         \
    "processes first=1 count=3000 sections=30\n" \
    "camera 1 nonce=0x1234 pid=1\n"              \
    "camera 2 nonce=0x1234 pid=2\n"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

typedef struct World {
    HaywireBeacons *beacons;
    uint8_t *ram;
    HaywireSource *source;
    HaywireView *view;
    HaywireNow now;
} World;

static void world_open(World *world, const char *text, size_t memory)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, RAM_SIZE } },
    };
    HaywireRegion region = { { 0 }, RAM_SIZE, NULL };

    world->ram = g_aligned_alloc0(1, RAM_SIZE, HAYWIRE_PAGE_SIZE);
    region.host = world->ram;
    world->beacons = haywire_beacons_make(text);
    g_assert_true(
        haywire_beacons_place(world->beacons, world->ram, RAM_SIZE, NULL));
    g_assert_cmpint(
        haywire_array_source_new(&region, 1, false, &layout, &world->source),
        ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_view_new(world->source, &world->view), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_view_set_memory(world->view, memory), ==,
                    HAYWIRE_OK);
    world->now = (HaywireNow){ .now_ns = 100 * S, .host_ns = 100 * S };
}

static void world_close(World *world)
{
    haywire_view_destroy(world->view);
    haywire_source_destroy(world->source);
    haywire_beacons_free(world->beacons);
    g_aligned_free(world->ram);
}

static HaywirePage *find_page(World *world, HaywireCategory category,
                              uint32_t index)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(world->beacons, 0, category, index);

    return (HaywirePage *)(world->ram + beacon->position.value);
}

/* A look after the next beat. */
static HaywireModel *look(World *world)
{
    HaywireModel *model = NULL;

    haywire_beacon_beat(find_page(world, HAYWIRE_CATEGORY_MASTER, 0), 100 * MS);
    world->now.now_ns += 100 * MS;
    world->now.host_ns += 100 * MS;
    g_assert_cmpint(haywire_view_refresh(world->view, world->now, &model), ==,
                    HAYWIRE_OK);
    return model;
}

static size_t with_details(const HaywireModel *model)
{
    size_t count = 0;

    for (size_t i = 0; i < model->process_count; i++) {
        count += model->process[i].has_details;
    }
    return count;
}

/* Sections go first; the table, details and cameras are whole. */
static void test_sections_give_way(void)
{
    g_autoptr(HaywireModel) first = NULL;
    g_autoptr(HaywireModel) second = NULL;
    World world;

    world_open(&world, CROWD, HAYWIRE_MEMORY_DEFAULT);
    first = look(&world);
    g_assert_cmpuint(first->process_count, ==, PROCESSES);
    g_assert_cmpuint(with_details(first), ==, PROCESSES);
    g_assert_true(first->camera[0].mapped && first->camera[1].mapped);
    g_assert_cmpuint(first->host.pages_left_out, >, 0);
    g_assert_cmpuint(first->host.limits_reached, >, 0);
    /* What stays as it is is not counted again. */
    second = look(&world);
    g_assert_cmpuint(second->host.pages_left_out, ==,
                     first->host.pages_left_out);
    /* The discovery page alone. */
    g_assert_cmpuint(second->host.pages_read, ==, first->host.pages_read + 1);
    g_assert_cmpuint(second->process_count, ==, PROCESSES);
    world_close(&world);
}

/* Even the least there may be shows every process. */
static void test_least(void)
{
    g_autoptr(HaywireModel) model = NULL;
    World world;

    world_open(&world, CROWD, HAYWIRE_MEMORY_MIN);
    model = look(&world);
    g_assert_cmpuint(model->process_count, ==, PROCESSES);
    g_assert_true(model->camera[0].mapped && model->camera[1].mapped);
    g_assert_cmpuint(model->host.pages_left_out, >, 0);
    world_close(&world);
}

/* With enough of it nothing is left out; and it can be changed. */
static void test_roomy(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireSectionList list;
    World world;

    world_open(&world, CROWD, HAYWIRE_MEMORY_MIN);
    haywire_model_unref(look(&world));
    g_assert_cmpint(haywire_view_set_memory(world.view, HAYWIRE_MEMORY_ROOMY),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_view_set_memory(world.view, HAYWIRE_MEMORY_MIN - 1),
                    ==, HAYWIRE_LIMIT);
    haywire_model_unref(look(&world));
    model = look(&world);
    g_assert_cmpuint(model->process_count, ==, PROCESSES);
    g_assert_cmpuint(model->host.pages_left_out, ==, 0);
    /* Of the first two their cameras say more, or less. */
    for (uint32_t pid = 3; pid <= PROCESSES; pid++) {
        g_assert_cmpint(haywire_model_sections(model, pid, &list), ==,
                        HAYWIRE_OK);
        g_assert_true(list.complete);
        g_assert_cmpuint(list.count, ==, 30);
    }
    world_close(&world);
}

/* Publish a page anew, as an empty one. */
static void empty_page(HaywirePage *page)
{
    HaywirePageStamp stamp = {
        .kind = HAYWIRE_KIND_EMPTY,
        .monotonic_ns = haywire_le64_get(page->header.monotonic_ns) + 1,
        .pfn = haywire_le64_get(page->header.pfn),
    };

    haywire_page_publish(page, &stamp, NULL, 0);
}

/* Where pages become empty, those that were left out are read after all. */
static void test_room_again(void)
{
    g_autoptr(HaywireModel) before = NULL;
    g_autoptr(HaywireModel) after = NULL;
    World world;

    world_open(&world, CROWD, HAYWIRE_MEMORY_DEFAULT);
    before = look(&world);
    for (uint32_t i = 0; i < 3000; i++) {
        empty_page(find_page(&world, HAYWIRE_CATEGORY_ROUNDROBIN, i));
    }
    haywire_model_unref(look(&world));
    after = look(&world);
    g_assert_cmpuint(before->host.pages_left_out, >, 0);
    g_assert_cmpuint(after->host.pages_left_out, <,
                     before->host.pages_left_out);
    g_assert_cmpuint(after->process_count, ==, PROCESSES);
    world_close(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/view-memory/sections-give-way", test_sections_give_way);
    g_test_add_func("/view-memory/least", test_least);
    g_test_add_func("/view-memory/roomy", test_roomy);
    g_test_add_func("/view-memory/room-again", test_room_again);
    return g_test_run();
}
