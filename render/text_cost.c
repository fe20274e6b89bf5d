/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looking at a guest costs, for people: see text.h.
 */

#include "text.h"

#include "text_format.h"
#include "text_table.h"

/* A share of less time than this says nothing. */
#define SHARE_TIME_MIN_NS UINT64_C(1000000000)

/* "41.3 ms in 25.1 s (0.16 %)" */
static void append_share(GString *out, uint64_t used, uint64_t time)
{
    haywire_format_duration(out, used);
    if (time >= SHARE_TIME_MIN_NS) {
        g_string_append(out, " in ");
        haywire_format_duration(out, time);
        g_string_append_printf(out, " (%.2f %%)",
                               (double)used * 100 / (double)time);
    }
}

static void append_scans(GString *out, const HaywireCost *cost)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, cost->scans);
    if (cost->scans) {
        g_string_append(out, ", ");
        haywire_format_duration(out, cost->scan_time);
        g_string_append_printf(out, " for %" G_GUINT64_FORMAT " pages",
                               cost->pages_scanned);
    }
}

static void append_reading(GString *out, const HaywireCost *cost)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT ", ", cost->pages_read);
    haywire_format_bytes(out, cost->bytes_decoded);
    g_string_append(out, " decoded");
}

static void take_line(HaywirePairs *pairs, const char *label, GString *value)
{
    haywire_pairs_add(pairs, label, value->str);
    g_string_truncate(value, 0);
}

void haywire_text_cost(GString *out, const HaywireCost *cost)
{
    g_autoptr(GString) value = g_string_new(NULL);
    HaywirePairs *pairs;

    if (!cost->refreshes) {
        return;
    }
    pairs = haywire_pairs_new();
    append_share(value, cost->cpu_time, cost->time);
    take_line(pairs, "reader's processor time", value);
    if (cost->companion_known) {
        append_share(value, cost->companion_cpu_time, cost->companion_time);
        take_line(pairs, "companion's processor time", value);
    }
    g_string_append_printf(value, "%" G_GUINT64_FORMAT, cost->refreshes);
    take_line(pairs, "looks", value);
    append_scans(value, cost);
    take_line(pairs, "full scans", value);
    append_reading(value, cost);
    take_line(pairs, "pages read", value);
    g_string_append(out, "cost\n");
    haywire_pairs_print(pairs, out);
}
