/*
 * A process's memory, by the page runs of a camera.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "beacon_model.h"
#include "haywire/camera_space.h"

#define PAGE  HAYWIRE_PAGE_SIZE
#define PAGES 8

/* Two pages that lie apart and backwards, one in the swap, one without RAM. */
#define SCENE                                              \
    "session time=10s\n"                                   \
    "geometry roundrobin=40 pid=8 camera1=20 camera2=20\n" \
    "process pid=5\nprocess pid=6\n"                       \
    "camera 1 pid=5 pass=4\n"                              \
    "run camera=1 gva=0x1000 pfn=6\n"                      \
    "run camera=1 gva=0x2000 pfn=3\n"                      \
    "run camera=1 gva=0x3000 swap=0x77 type=3\n"           \
    "run camera=1 gva=0x4000 pfn=0x500\n"                  \
    "run camera=1 gva=0x5000 pfn=7\n"

static void test_read(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(SCENE, NULL);
    uint8_t *ram = g_aligned_alloc0(PAGES, PAGE, PAGE);
    const HaywireRegion region = { .length = PAGES * PAGE, .host = ram };
    const HaywireLayout layout = {
        .count = 1, .range = { { { 0 }, { 0 }, PAGES * PAGE } }
    };
    HaywireCameraSpace space = haywire_camera_space(model, 5);
    uint8_t to[5 * PAGE];
    HaywireMissing missing[4];
    HaywireMemory *memory;
    size_t count;

    g_assert_cmpint(
        haywire_memory_array_new(&region, 1, true, &layout, &memory), ==,
        HAYWIRE_OK);
    memset(ram + 6 * PAGE, 0x66, PAGE);
    memset(ram + 3 * PAGE, 0x33, PAGE);
    g_assert_cmpint(haywire_memory_read_gva(memory, &space.space,
                                            (HaywireGva){ 0x1800 }, to,
                                            sizeof(to), missing, 4, &count),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(to[0], ==, 0x66);
    g_assert_cmphex(to[0x7ff], ==, 0x66);
    g_assert_cmphex(to[0x800], ==, 0x33);
    g_assert_cmphex(to[0x17ff], ==, 0x33);
    g_assert_cmphex(to[0x1800], ==, 0);
    g_assert_cmpuint(count, ==, 4);
    g_assert_cmphex(missing[0].start.value, ==, 0x3000);
    g_assert_cmpint(missing[0].why, ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmphex(missing[1].start.value, ==, 0x4000);
    g_assert_cmpint(missing[1].why, ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmphex(missing[2].start.value, ==, 0x5000);
    g_assert_cmpint(missing[2].why, ==, HAYWIRE_HOLE);
    g_assert_cmphex(missing[3].start.value, ==, 0x6000);
    g_assert_cmphex(missing[3].length, ==, 0x800);
    g_assert_cmpint(missing[3].why, ==, HAYWIRE_NOT_PRESENT);

    /* No camera is on it: all is missing, in one part. */
    space = haywire_camera_space(model, 6);
    g_assert_cmpint(haywire_memory_read_gva(memory, &space.space,
                                            (HaywireGva){ 0x1800 }, to,
                                            sizeof(to), missing, 4, &count),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmphex(missing[0].length, ==, sizeof(to));
    g_assert_cmpint(missing[0].why, ==, HAYWIRE_NO_CAMERA);
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/camera-space/read", test_read);
    return g_test_run();
}
