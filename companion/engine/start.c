/*
 * Starting a companion on this system, with messages for its user.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/platform.h"
#include "engine/start.h"

HaywireCompanion *haywire_start(const HaywireOptions *options)
{
    HaywireCollector *collector = haywire_collector_new();
    HaywireCompanion *companion;

    if (!collector) {
        fprintf(stderr, "haywire-companion: cannot read processes: %s\n",
                strerror(errno));
        return NULL;
    }
    haywire_platform_catch_end();
    companion = haywire_companion_new(options, collector);
    if (!companion) {
        fprintf(stderr, "haywire-companion: not enough memory\n");
    }
    return companion;
}
