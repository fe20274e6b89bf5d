/*
 * Starting a companion on this system, with messages for its user.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>

#include "os/os.h"
#include "engine/start.h"

HaywireCompanion *haywire_start(const HaywireOptions *options)
{
    const char *why = NULL;
    HaywireCollector *collector = haywire_collector_new(&why);
    HaywireCompanion *companion;

    if (!collector) {
        fprintf(stderr, "haywire-companion: cannot read processes: %s\n", why);
        return NULL;
    }
    haywire_os_catch_end();
    companion = haywire_companion_new(options, collector);
    if (!companion) {
        fprintf(stderr, "haywire-companion: not enough memory\n");
    }
    return companion;
}
