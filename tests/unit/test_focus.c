/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Focus: what it writes, and that every failure writes nothing.
 */

#include <glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "haywire/bytes.h"
#include "haywire/focus.h"

#define RAM_SIZE (8u << 20)
#define SESSION  0x77
#define NONCE    0xabcd1234

typedef struct World {
    HaywireBeaconRam ram;
    HaywireFocusTarget target;
    HaywirePage *page; /* camera 1's control page in memory */
} World;

static const char text[] = "session id=0x77\nprocess pid=42\n"
                           "camera 1 nonce=0xabcd1234\n"
                           "camera 2 nonce=0x55\n";

static World *new_world(void)
{
    World *world = g_new0(World, 1);

    haywire_beacon_ram_init(&world->ram, text, RAM_SIZE, false);
    world->target.session = SESSION;
    world->target.camera = 1;
    world->target.position = haywire_beacon_ram_position(
        &world->ram, 0, HAYWIRE_CATEGORY_CAMERA1, 0);
    world->page = haywire_beacon_ram_at(&world->ram, world->target.position);
    return world;
}

static void free_world(World *world)
{
    haywire_beacon_ram_clear(&world->ram);
    g_free(world);
}

static uint64_t word(const World *world)
{
    return haywire_le64_get(world->page->control_word);
}

/* Refused with this status, and not one byte of memory is another. */
static void assert_refused(World *world, HaywireStatus status,
                           const char *field)
{
    g_autofree uint8_t *before = g_memdup2(world->ram.host, RAM_SIZE);
    HaywireDiagnosis diagnosis = { 0 };
    HaywireControl control, untouched;

    memset(&control, 0x3c, sizeof(control));
    untouched = control;
    g_assert_cmpint(haywire_focus(world->ram.source, &world->target, 42,
                                  &control, &diagnosis),
                    ==, status);
    g_assert_cmpstr(diagnosis.field, ==, field);
    g_assert_true(memcmp(world->ram.host, before, RAM_SIZE) == 0);
    g_assert_cmpmem(&control, sizeof(control), &untouched, sizeof(untouched));
    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 42, &control, NULL),
        ==, status);
    free_world(world);
}

static void test_focus(void)
{
    World *world = new_world();
    g_autofree uint8_t *before = g_memdup2(world->ram.host, RAM_SIZE);
    HaywireControl control;
    HaywireDiagnosis diagnosis;

    g_assert_cmpint(haywire_focus(world->ram.source, &world->target, 42,
                                  &control, &diagnosis),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(word(world), ==, HAYWIRE_CONTROL_WORD(NONCE, 42));
    g_assert_cmphex(control.nonce, ==, NONCE);
    /* Nothing but the word was written. */
    world->page->control_word = haywire_le64(HAYWIRE_CONTROL_WORD(NONCE, 0));
    g_assert_true(memcmp(world->ram.host, before, RAM_SIZE) == 0);
    free_world(world);
}

static void test_again_and_off(void)
{
    World *world = new_world();
    HaywireControl control;

    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 42, &control, NULL),
        ==, HAYWIRE_OK);
    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 42, &control, NULL),
        ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_focus(world->ram.source, &world->target, UINT32_MAX,
                                  &control, NULL),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(word(world), ==, HAYWIRE_CONTROL_WORD(NONCE, UINT32_MAX));
    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 0, &control, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmphex(word(world), ==, HAYWIRE_CONTROL_WORD(NONCE, 0));
    free_world(world);
}

static void test_second_camera(void)
{
    World *world = new_world();
    HaywireControl control;

    world->target.camera = 2;
    world->target.position = haywire_beacon_ram_position(
        &world->ram, 0, HAYWIRE_CATEGORY_CAMERA2, 0);
    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 42, &control, NULL),
        ==, HAYWIRE_OK);
    g_assert_cmphex(control.nonce, ==, 0x55);
    g_assert_cmphex(word(world), ==, HAYWIRE_CONTROL_WORD(NONCE, 0));
    free_world(world);
}

static void test_overwritten(void)
{
    World *world = new_world();

    memset(world->page, 0x41, sizeof(*world->page));
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "magic");
    world = new_world();
    memset(world->page, 0, sizeof(*world->page));
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "magic");
    world = new_world();
    memset(world->page->payload, 0x41, 64);
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "checksum");
}

static void test_other_session(void)
{
    World *world = new_world();

    world->page->header.session = haywire_le64(SESSION + 1);
    haywire_beacon_reseal(world->page);
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "session");
}

static void test_other_camera(void)
{
    World *world = new_world();

    world->target.camera = 2;
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "category");
}

static void test_other_page(void)
{
    World *world = new_world();

    world->target.position = haywire_beacon_ram_position(
        &world->ram, 0, HAYWIRE_CATEGORY_CAMERA1, 1);
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "index");
}

static void test_not_control(void)
{
    World *world = new_world();

    world->page->header.kind = haywire_le32(HAYWIRE_KIND_CAMERA);
    haywire_beacon_reseal(world->page);
    assert_refused(world, HAYWIRE_FOCUS_FOREIGN_PAGE, "kind");
}

static void test_bad_nonce(void)
{
    World *world = new_world();

    world->page->control_word =
        haywire_le64(HAYWIRE_CONTROL_WORD(NONCE + 1, 0));
    assert_refused(world, HAYWIRE_FOCUS_BAD_NONCE, "control word");
    world = new_world();
    world->page->control_word = haywire_le64(0);
    assert_refused(world, HAYWIRE_FOCUS_BAD_NONCE, "control word");
}

static void test_busy(void)
{
    World *world = new_world();

    world->page->header.lock_top = haywire_le32(1000);
    assert_refused(world, HAYWIRE_PAGE_BUSY, "lock bottom");
}

static void test_out_of_range(void)
{
    World *world = new_world();

    world->target.position.value = RAM_SIZE;
    assert_refused(world, HAYWIRE_OUT_OF_RANGE, NULL);
    world = new_world();
    world->target.position.value = UINT64_MAX - 4095;
    assert_refused(world, HAYWIRE_OUT_OF_RANGE, NULL);
    world = new_world();
    world->target.position.value++;
    assert_refused(world, HAYWIRE_OUT_OF_RANGE, NULL);
}

/* Memory that cannot be written, such as ROM: it is not even touched. */
static void test_read_only(void)
{
    World *world = new_world();

    ((HaywireRegion *)world->ram.source->region)->read_only = true;
    assert_refused(world, HAYWIRE_READ_ONLY, NULL);
}

static HaywireMemoryOps array_ops;

/* Somebody else was faster, and points the camera at pid 9. */
static HaywireStatus racing_swap(HaywireMemory *memory,
                                 const HaywireRegion *region, uint64_t offset,
                                 uint64_t expected, uint64_t desired)
{
    g_assert_cmpint(array_ops.swap_word(memory, region, offset, expected,
                                        HAYWIRE_CONTROL_WORD(NONCE, 9)),
                    ==, HAYWIRE_OK);
    return array_ops.swap_word(memory, region, offset, expected, desired);
}

static void test_lost_race(void)
{
    World *world = new_world();
    HaywireControl control;

    array_ops = world->ram.ops;
    world->ram.ops.swap_word = racing_swap;
    g_assert_cmpint(
        haywire_focus(world->ram.source, &world->target, 42, &control, NULL),
        ==, HAYWIRE_FOCUS_LOST_RACE);
    g_assert_cmphex(word(world), ==, HAYWIRE_CONTROL_WORD(NONCE, 9));
    free_world(world);
}

/* The page changes hands right after the write. */
static HaywireStatus swap_then_overwrite(HaywireMemory *memory,
                                         const HaywireRegion *region,
                                         uint64_t offset, uint64_t expected,
                                         uint64_t desired)
{
    HaywireStatus status =
        array_ops.swap_word(memory, region, offset, expected, desired);

    memset((uint8_t *)region->host + offset - 4000, 0x41, 8);
    return status;
}

/* The word is put back by somebody right after the write. */
static HaywireStatus swap_then_undo(HaywireMemory *memory,
                                    const HaywireRegion *region,
                                    uint64_t offset, uint64_t expected,
                                    uint64_t desired)
{
    HaywireStatus status =
        array_ops.swap_word(memory, region, offset, expected, desired);

    g_assert_cmpint(
        array_ops.swap_word(memory, region, offset, desired, expected), ==,
        HAYWIRE_OK);
    return status;
}

static void test_unconfirmed(void)
{
    World *world = new_world();
    HaywireControl control;
    HaywireDiagnosis diagnosis;

    array_ops = world->ram.ops;
    world->ram.ops.swap_word = swap_then_overwrite;
    g_assert_cmpint(haywire_focus(world->ram.source, &world->target, 42,
                                  &control, &diagnosis),
                    ==, HAYWIRE_FOCUS_UNCONFIRMED);
    g_assert_cmpstr(diagnosis.field, ==, "checksum");
    free_world(world);

    world = new_world();
    world->ram.ops.swap_word = swap_then_undo;
    g_assert_cmpint(haywire_focus(world->ram.source, &world->target, 42,
                                  &control, &diagnosis),
                    ==, HAYWIRE_FOCUS_UNCONFIRMED);
    g_assert_cmpstr(diagnosis.field, ==, "control word");
    free_world(world);
}

static void test_target(void)
{
    HaywireModel model = { 0 };
    HaywireFocusTarget target;

    g_assert_cmpint(haywire_focus_target(&model, 0, &target), ==,
                    HAYWIRE_BAD_VALUE);
    g_assert_cmpint(haywire_focus_target(&model, 3, &target), ==,
                    HAYWIRE_BAD_VALUE);
    g_assert_cmpint(haywire_focus_target(&model, 1, &target), ==,
                    HAYWIRE_NO_SESSION);
    model.overview.has_guest = true;
    model.overview.has_session = true;
    model.overview.session = SESSION;
    model.overview.state = HAYWIRE_STATE_STALE;
    g_assert_cmpint(haywire_focus_target(&model, 1, &target), ==,
                    HAYWIRE_NO_SESSION);
    model.overview.state = HAYWIRE_STATE_LIVE;
    g_assert_cmpint(haywire_focus_target(&model, 2, &target), ==,
                    HAYWIRE_NOT_FOUND);
    /* Its companion will answer once the guest goes on. */
    model.overview.state = HAYWIRE_STATE_PAUSED;
    g_assert_cmpint(haywire_focus_target(&model, 2, &target), ==,
                    HAYWIRE_NOT_FOUND);
    model.camera[1].mapped = true;
    model.camera[1].position.value = 0x4000;
    g_assert_cmpint(haywire_focus_target(&model, 2, &target), ==, HAYWIRE_OK);
    g_assert_cmpuint(target.session, ==, SESSION);
    g_assert_cmpuint(target.camera, ==, 2);
    g_assert_cmphex(target.position.value, ==, 0x4000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/focus/focus", test_focus);
    g_test_add_func("/focus/again-and-off", test_again_and_off);
    g_test_add_func("/focus/second-camera", test_second_camera);
    g_test_add_func("/focus/overwritten", test_overwritten);
    g_test_add_func("/focus/other-session", test_other_session);
    g_test_add_func("/focus/other-camera", test_other_camera);
    g_test_add_func("/focus/other-page", test_other_page);
    g_test_add_func("/focus/not-control", test_not_control);
    g_test_add_func("/focus/bad-nonce", test_bad_nonce);
    g_test_add_func("/focus/busy", test_busy);
    g_test_add_func("/focus/out-of-range", test_out_of_range);
    g_test_add_func("/focus/read-only", test_read_only);
    g_test_add_func("/focus/lost-race", test_lost_race);
    g_test_add_func("/focus/unconfirmed", test_unconfirmed);
    g_test_add_func("/focus/target", test_target);
    return g_test_run();
}
