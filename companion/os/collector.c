/*
 * Parts of the collector interface that are the same on every system.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "os/collector.h"

void haywire_collector_destroy(HaywireCollector *collector)
{
    if (collector) {
        collector->ops->destroy(collector);
    }
}
