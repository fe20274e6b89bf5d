/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of enumeration values, as replies and statistics show them.
 */

#include "haywire/names.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_at(const char *const *names, size_t count, size_t value)
{
    return value < count && names[value] ? names[value] : "unknown";
}

const char *haywire_os_name(uint32_t os)
{
    static const char *const names[] = {
        [HAYWIRE_OS_LINUX] = "linux",
        [HAYWIRE_OS_WINDOWS] = "windows",
        [HAYWIRE_OS_MACOS] = "macos",
    };

    return name_at(names, COUNT_OF(names), os);
}

const char *haywire_arch_name(uint32_t arch)
{
    static const char *const names[] = {
        [HAYWIRE_ARCH_X86_64] = "x86-64",
        [HAYWIRE_ARCH_AARCH64] = "arm64",
    };

    return name_at(names, COUNT_OF(names), arch);
}

const char *haywire_category_name(HaywireCategory category)
{
    static const char *const names[] = {
        [HAYWIRE_CATEGORY_MASTER] = "master",
        [HAYWIRE_CATEGORY_ROUNDROBIN] = "roundrobin",
        [HAYWIRE_CATEGORY_PID] = "pid",
        [HAYWIRE_CATEGORY_CAMERA1] = "camera1",
        [HAYWIRE_CATEGORY_CAMERA2] = "camera2",
    };

    return name_at(names, COUNT_OF(names), category);
}

const char *haywire_camera_status_name(HaywireCameraStatus status)
{
    static const char *const names[] = {
        [HAYWIRE_CAMERA_IDLE] = "idle",
        [HAYWIRE_CAMERA_ACTIVE] = "active",
        [HAYWIRE_CAMERA_NO_PROCESS] = "no-process",
        [HAYWIRE_CAMERA_DENIED] = "denied",
    };

    return name_at(names, COUNT_OF(names), status);
}

const char *haywire_guest_counter_name(HaywireGuestCounter counter)
{
    static const char *const names[HAYWIRE_COUNTER_COUNT] = {
        [HAYWIRE_COUNTER_PID_ROUNDS] = "pid-rounds",
        [HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS] = "roundrobin-rounds",
        [HAYWIRE_COUNTER_CAMERA1_PASSES] = "camera1-passes",
        [HAYWIRE_COUNTER_CAMERA2_PASSES] = "camera2-passes",
        [HAYWIRE_COUNTER_PID_ROUND_TIME] = "pid-round-time",
        [HAYWIRE_COUNTER_ROUNDROBIN_ROUND_TIME] = "roundrobin-round-time",
        [HAYWIRE_COUNTER_CAMERA1_PASS_TIME] = "camera1-pass-time",
        [HAYWIRE_COUNTER_CAMERA2_PASS_TIME] = "camera2-pass-time",
        [HAYWIRE_COUNTER_PROCESSES] = "processes",
        [HAYWIRE_COUNTER_PROCESSES_DROPPED] = "processes-dropped",
        [HAYWIRE_COUNTER_DETAILS_DROPPED] = "details-dropped",
        [HAYWIRE_COUNTER_SECTIONS_DROPPED] = "sections-dropped",
        [HAYWIRE_COUNTER_PAGE_RUNS_DROPPED] = "page-runs-dropped",
        [HAYWIRE_COUNTER_VANISHED] = "vanished",
        [HAYWIRE_COUNTER_DENIED] = "denied",
        [HAYWIRE_COUNTER_READ_ERRORS] = "read-errors",
        [HAYWIRE_COUNTER_PAGES_PUBLISHED] = "pages-published",
        [HAYWIRE_COUNTER_PAGES_MOVED] = "pages-moved",
        [HAYWIRE_COUNTER_PAGES_UNLOCKED] = "pages-unlocked",
        [HAYWIRE_COUNTER_CPU_TIME] = "cpu-time",
        [HAYWIRE_COUNTER_STRINGS_TRUNCATED] = "strings-truncated",
        [HAYWIRE_COUNTER_CAPABILITIES] = "capabilities",
        [HAYWIRE_COUNTER_BLOCKED] = "processes-blocked",
        [HAYWIRE_COUNTER_READS_GIVEN_UP] = "reads-given-up",
    };

    return counter < HAYWIRE_COUNTER_COUNT ? names[counter] : NULL;
}
