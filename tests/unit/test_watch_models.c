/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The models that a watch makes, one after the other: what is decoded again,
 * and what is counted again.
 */

#include <string.h>

#include "haywire/bytes.h"
#include "watch_world.h"

#define GUEST                                                                \
    "place first=0x100000\n"                                                 \
    "session id=0x11 started=10s wall-started=10s time=20s interval=100ms\n" \
    "ram start=0x1000 end=0x7ff0000\n"                                       \
    "processes first=1 count=50 sections=3\n"                                \
    "camera 1 nonce=0x1234 pid=1\n"

/* Nothing has changed but the heartbeat: what was decoded is shown again. */
static void test_unchanged(void)
{
    g_autoptr(World) world = world_new(GUEST, TRUE);
    g_autoptr(HaywireModel) first = world_next(world);
    g_autoptr(HaywireModel) second = world_next(world);
    HaywireSectionList list;

    g_assert_true(first->process == second->process);
    g_assert_cmpuint(second->process_count, ==, 50);
    g_assert_cmpuint(second->host.bytes_decoded, ==, first->host.bytes_decoded);
    g_assert_cmpuint(second->host.refreshes, ==, first->host.refreshes + 1);
    /* What does not come out of pages is new, all the same. */
    g_assert_cmpuint(second->overview.heartbeat, ==,
                     first->overview.heartbeat + 1);
    g_assert_cmpint(second->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(second->overview.cost.bytes_decoded, ==,
                     second->host.bytes_decoded);
    g_assert_cmpuint(second->camera[0].age, ==,
                     first->camera[0].age + 100 * MS);
    g_assert_cmpuint(second->layout.count, ==, 1);
    /* And what is shared outlives whoever had it first. */
    g_clear_pointer(&first, haywire_model_unref);
    g_clear_pointer(&world, world_free);
    g_assert_cmpstr(second->process[49].exe, ==, "/usr/bin/p50");
    g_assert_cmpint(haywire_model_sections(second, 50, &list), ==, HAYWIRE_OK);
    g_assert_cmpuint(list.count, ==, 3);
}

/* A page was published anew: so is the model. */
static void test_changed(void)
{
    static const HaywireCategory categories[] = {
        HAYWIRE_CATEGORY_ROUNDROBIN,
        HAYWIRE_CATEGORY_PID,
        HAYWIRE_CATEGORY_CAMERA1,
    };
    g_autoptr(World) world = world_new(GUEST, TRUE);
    g_autoptr(HaywireModel) last = world_next(world);

    for (size_t i = 0; i < G_N_ELEMENTS(categories); i++) {
        HaywireModel *next;

        world_republish(world_page(world, 0, categories[i], 0));
        next = world_next(world);
        g_assert_cmpuint(next->host.bytes_decoded, >, last->host.bytes_decoded);
        haywire_model_unref(last);
        last = next;
    }
}

/* A page that the model shows nothing of changes nothing. */
static void test_index_changed(void)
{
    g_autoptr(World) world = world_new(GUEST, TRUE);
    g_autoptr(HaywireModel) first = world_next(world);
    g_autoptr(HaywireModel) second = NULL;

    world_republish(world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 1));
    second = world_next(world);
    g_assert_cmpuint(second->host.pages_read, ==, first->host.pages_read + 2);
    g_assert_true(first->process == second->process);
}

/* How often anything was rejected. */
static uint64_t rejections(const HaywireModel *model)
{
    uint64_t sum = 0;

    for (int i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        sum += model->host.rejected[i];
    }
    return sum;
}

/* Each page with something wrong counts once for each time it is published. */
static void check_counted_once(HaywireCategory category, uint32_t index,
                               const char *damage)
{
    g_autofree char *text = g_strconcat(GUEST, damage, "\n", NULL);
    g_autoptr(World) world = world_new(text, TRUE);
    g_autoptr(HaywireModel) last = world_next(world);
    uint64_t once = rejections(last);

    g_assert_cmpuint(once, >, 0);
    for (int i = 0; i < 4; i++) {
        haywire_model_unref(last);
        world_republish(world_page(world, 0, HAYWIRE_CATEGORY_ROUNDROBIN, 490));
        last = world_next(world);
        g_assert_cmpuint(rejections(last), ==, once);
    }
    haywire_model_unref(last);
    world_republish(world_page(world, 0, category, index));
    last = world_next(world);
    g_assert_cmpuint(rejections(last), ==, 2 * once);
}

static void test_counted_once(void)
{
    check_counted_once(HAYWIRE_CATEGORY_ROUNDROBIN, 0,
                       "set roundrobin 0 +2.2=4");
    check_counted_once(HAYWIRE_CATEGORY_PID, 0, "set pid 0 +20.4=32768");
    check_counted_once(HAYWIRE_CATEGORY_MASTER, 4, "set master 4 +0.4=9999");
    check_counted_once(HAYWIRE_CATEGORY_MASTER, 7, "set master 7 +2.2=4");
    check_counted_once(HAYWIRE_CATEGORY_CAMERA1, 0, "set camera1 0 +4.4=77");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-models/unchanged", test_unchanged);
    g_test_add_func("/watch-models/changed", test_changed);
    g_test_add_func("/watch-models/index-changed", test_index_changed);
    g_test_add_func("/watch-models/counted-once", test_counted_once);
    return g_test_run();
}
