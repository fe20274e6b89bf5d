/*
 * What looking at a guest costs, gathered from the counters of both sides.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "model_private.h"

static void add_reader(const HaywireHostCounters *host, HaywireCost *cost)
{
    cost->cpu_time = host->cpu_time;
    cost->refreshes = host->refreshes;
    cost->scans = host->scans;
    cost->scan_time = host->scan_time;
    cost->pages_scanned = host->pages_scanned;
    cost->pages_read = host->pages_read;
    cost->bytes_decoded = host->bytes_decoded;
}

/* Both times are the guest's word: a start after the newest beat is a lie. */
static void add_companion(const HaywireModelInput *input,
                          const HaywireGuestStats *guest, HaywireCost *cost)
{
    uint64_t started = input->discovery->started_monotonic_ns;
    uint64_t beat = input->beat_monotonic_ns;

    cost->companion_known = true;
    cost->companion_time = beat > started ? beat - started : 0;
    cost->companion_cpu_time = guest->counter[HAYWIRE_COUNTER_CPU_TIME];
}

void haywire_build_cost(const HaywireModelInput *input, HaywireModel *model)
{
    HaywireCost *cost = &model->overview.cost;

    add_reader(&model->host, cost);
    if (input->discovery && model->guest.valid) {
        add_companion(input, &model->guest, cost);
    }
}
