/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A watch with less memory than a session's pages would take.
 */

#include "haywire/bytes.h"
#include "haywire/publish.h"
#include "follower.h"
#include "watch_world.h"

/* More processes than a default geometry's details are for, and sections. */
#define PROCESSES 3000
#define CROWD                                    \
    "place seed=1 first=0x100000 pages=15000\n"  \
    "session heartbeat=7 interval=100ms\n"       \
    "geometry roundrobin=6000 pid=600\n"         \
    "processes first=1 count=3000 sections=30\n" \
    "camera 1 nonce=0x1234 pid=1\n"              \
    "camera 2 nonce=0x1234 pid=2\n"

static World *crowd_new(size_t memory)
{
    World *world = world_new(CROWD, TRUE);

    g_assert_cmpint(haywire_watch_set_memory(world->watch, memory), ==,
                    HAYWIRE_OK);
    return world;
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
    g_autoptr(World) world = crowd_new(HAYWIRE_MEMORY_DEFAULT);

    first = world_next(world);
    g_assert_cmpuint(first->process_count, ==, PROCESSES);
    g_assert_cmpuint(with_details(first), ==, PROCESSES);
    g_assert_true(first->camera[0].mapped && first->camera[1].mapped);
    g_assert_cmpuint(first->host.pages_left_out, >, 0);
    g_assert_cmpuint(first->host.limits_reached, >, 0);
    /* What stays as it is is not counted again, even in another model. */
    world_republish(world_page(world, 0, HAYWIRE_CATEGORY_PID, 0));
    second = world_next(world);
    g_assert_cmpuint(second->host.pages_left_out, ==,
                     first->host.pages_left_out);
    g_assert_cmpuint(second->host.limits_reached, ==,
                     first->host.limits_reached);
    g_assert_cmpuint(second->host.bytes_decoded, >, first->host.bytes_decoded);
    /* The discovery page and that one. */
    g_assert_cmpuint(second->host.pages_read, ==, first->host.pages_read + 2);
    g_assert_cmpuint(second->process_count, ==, PROCESSES);
}

/* Even the least there may be shows every process. */
static void test_least(void)
{
    g_autoptr(HaywireModel) model = NULL;
    g_autoptr(World) world = crowd_new(HAYWIRE_MEMORY_MIN);

    model = world_next(world);
    g_assert_cmpuint(model->process_count, ==, PROCESSES);
    g_assert_true(model->camera[0].mapped && model->camera[1].mapped);
    g_assert_cmpuint(model->host.pages_left_out, >, 0);
}

/* Nor does the largest geometry take all of it. */
static void test_largest_geometry(void)
{
    size_t slots = HAYWIRE_CATEGORY_COUNT * HAYWIRE_CATEGORY_PAGES_MAX;
    size_t copies = haywire_shares_divide(HAYWIRE_MEMORY_MIN).copies;

    g_assert_cmpuint(slots * HAYWIRE_SLOT_BYTES + 100 * HAYWIRE_PAGE_SIZE, <,
                     copies);
}

/* With enough of it nothing is left out; and it can be changed. */
static void test_roomy(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireSectionList list;
    g_autoptr(World) world = crowd_new(HAYWIRE_MEMORY_MIN);

    haywire_model_unref(world_next(world));
    g_assert_cmpint(
        haywire_watch_set_memory(world->watch, HAYWIRE_MEMORY_ROOMY), ==,
        HAYWIRE_OK);
    g_assert_cmpint(
        haywire_watch_set_memory(world->watch, HAYWIRE_MEMORY_MIN - 1), ==,
        HAYWIRE_LIMIT);
    haywire_model_unref(world_next(world));
    model = world_next(world);
    g_assert_cmpuint(model->process_count, ==, PROCESSES);
    g_assert_cmpuint(model->host.pages_left_out, ==, 0);
    /* Of the first two their cameras say more, or less. */
    for (uint32_t pid = 3; pid <= PROCESSES; pid++) {
        g_assert_cmpint(haywire_model_sections(model, pid, &list), ==,
                        HAYWIRE_OK);
        g_assert_true(list.complete);
        g_assert_cmpuint(list.count, ==, 30);
    }
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
    g_autoptr(World) world = crowd_new(HAYWIRE_MEMORY_DEFAULT);

    before = world_next(world);
    for (uint32_t i = 0; i < 3000; i++) {
        empty_page(world_page(world, 0, HAYWIRE_CATEGORY_ROUNDROBIN, i));
    }
    haywire_model_unref(world_next(world));
    after = world_next(world);
    g_assert_cmpuint(before->host.pages_left_out, >, 0);
    g_assert_cmpuint(after->host.pages_left_out, <,
                     before->host.pages_left_out);
    g_assert_cmpuint(after->process_count, ==, PROCESSES);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-memory/sections-give-way", test_sections_give_way);
    g_test_add_func("/watch-memory/least", test_least);
    g_test_add_func("/watch-memory/largest-geometry", test_largest_geometry);
    g_test_add_func("/watch-memory/roomy", test_roomy);
    g_test_add_func("/watch-memory/room-again", test_room_again);
    return g_test_run();
}
