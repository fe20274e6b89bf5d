/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What numbers of the wire and of the model are called.
 */

#include <glib.h>

#include "haywire/decode.h"
#include "haywire/model.h"

static void test_counters(void)
{
    for (int i = 0; i < HAYWIRE_COUNTER_COUNT; i++) {
        g_assert_nonnull(haywire_guest_counter_name(i));
    }
    g_assert_cmpstr(haywire_guest_counter_name(HAYWIRE_COUNTER_CPU_TIME), ==,
                    "cpu-time");
    g_assert_null(haywire_guest_counter_name(HAYWIRE_COUNTER_COUNT));
}

static void test_enumerations(void)
{
    g_assert_cmpstr(haywire_state_name(HAYWIRE_STATE_LIVE), ==, "live");
    g_assert_cmpstr(haywire_state_name(HAYWIRE_STATE_PAUSED), ==, "paused");
    g_assert_cmpstr(haywire_os_name(HAYWIRE_OS_MACOS), ==, "macos");
    g_assert_cmpstr(haywire_os_name(0), ==, "unknown");
    g_assert_cmpstr(haywire_os_name(UINT32_MAX), ==, "unknown");
    g_assert_cmpstr(haywire_arch_name(HAYWIRE_ARCH_AARCH64), ==, "arm64");
    g_assert_cmpstr(haywire_arch_name(3), ==, "unknown");
    g_assert_cmpstr(haywire_category_name(HAYWIRE_CATEGORY_CAMERA2), ==,
                    "camera2");
    g_assert_cmpstr(haywire_camera_status_name(HAYWIRE_CAMERA_NO_PROCESS), ==,
                    "no-process");
    g_assert_cmpstr(haywire_origin_name(HAYWIRE_ORIGIN_ROUNDROBIN), ==,
                    "roundrobin");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/counters", test_counters);
    g_test_add_func("/names/enumerations", test_enumerations);
    return g_test_run();
}
