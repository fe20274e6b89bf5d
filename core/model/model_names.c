/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of enumeration values, as replies and statistics show them.
 */

#include "haywire/model.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_at(const char *const *names, size_t count, size_t value)
{
    return value < count && names[value] ? names[value] : "unknown";
}

const char *haywire_state_name(HaywireState state)
{
    static const char *const names[] = {
        [HAYWIRE_STATE_SEARCHING] = "searching",
        [HAYWIRE_STATE_LIVE] = "live",
        [HAYWIRE_STATE_STALE] = "stale",
        [HAYWIRE_STATE_PAUSED] = "paused",
    };

    return name_at(names, COUNT_OF(names), state);
}

bool haywire_state_is_current(HaywireState state)
{
    return state == HAYWIRE_STATE_LIVE || state == HAYWIRE_STATE_PAUSED;
}

const char *haywire_origin_name(HaywireOrigin origin)
{
    static const char *const names[] = {
        [HAYWIRE_ORIGIN_ROUNDROBIN] = "roundrobin",
        [HAYWIRE_ORIGIN_CAMERA1] = "camera1",
        [HAYWIRE_ORIGIN_CAMERA2] = "camera2",
        [HAYWIRE_ORIGIN_KERNEL] = "kernel",
    };

    return name_at(names, COUNT_OF(names), origin);
}

const char *haywire_provider_name(HaywireProvider provider)
{
    static const char *const names[] = {
        [HAYWIRE_PROVIDER_COMPANION] = "companion",
        [HAYWIRE_PROVIDER_KERNEL] = "kernel",
    };

    return name_at(names, COUNT_OF(names), provider);
}
