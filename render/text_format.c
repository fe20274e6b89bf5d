/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as text: see text_format.h.
 */

#include "text_format.h"

#define NS_PER_SECOND UINT64_C(1000000000)

void haywire_format_bytes(GString *out, uint64_t bytes)
{
    static const char *const unit[] = { "B",   "KiB", "MiB", "GiB",
                                        "TiB", "PiB", "EiB" };
    size_t i = 0;

    while (i + 1 < G_N_ELEMENTS(unit) && bytes >> (10 * (i + 1))) {
        i++;
    }
    if (i == 0 || bytes % (UINT64_C(1) << (10 * i)) == 0) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " %s",
                               bytes >> (10 * i), unit[i]);
    } else {
        g_string_append_printf(
            out, "%.1f %s", (double)bytes / (double)(UINT64_C(1) << (10 * i)),
            unit[i]);
    }
}

static void format_long_duration(GString *out, uint64_t seconds)
{
    const uint64_t minutes = seconds / 60;
    const uint64_t hours = minutes / 60;

    if (hours >= 48) {
        g_string_append_printf(
            out, "%" G_GUINT64_FORMAT " d %" G_GUINT64_FORMAT " h", hours / 24,
            hours % 24);
    } else if (hours > 0) {
        g_string_append_printf(
            out, "%" G_GUINT64_FORMAT " h %" G_GUINT64_FORMAT " min", hours,
            minutes % 60);
    } else {
        g_string_append_printf(
            out, "%" G_GUINT64_FORMAT " min %" G_GUINT64_FORMAT " s", minutes,
            seconds % 60);
    }
}

void haywire_format_duration(GString *out, uint64_t ns)
{
    if (ns < 1000) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " ns", ns);
    } else if (ns < 1000 * 1000) {
        g_string_append_printf(out, "%.1f us", (double)ns / 1e3);
    } else if (ns < NS_PER_SECOND) {
        g_string_append_printf(out, "%.1f ms", (double)ns / 1e6);
    } else if (ns < 120 * NS_PER_SECOND) {
        g_string_append_printf(out, "%.1f s", (double)ns / 1e9);
    } else {
        format_long_duration(out, ns / NS_PER_SECOND);
    }
}

void haywire_format_cpu_time(GString *out, uint64_t ns)
{
    const uint64_t seconds = ns / NS_PER_SECOND;
    const uint64_t days = seconds / 86400;

    if (days > 0) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT "-", days);
    }
    g_string_append_printf(
        out, "%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24),
        (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void format_wall_time(GString *out, uint64_t ns)
{
    g_autoptr(GDateTime) time =
        g_date_time_new_from_unix_utc((gint64)(ns / NS_PER_SECOND));
    g_autofree char *text = NULL;

    if (time) {
        text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC");
    }
    g_string_append(out, text ? text : "?");
}

void haywire_format_number(GString *out, HaywireUnit unit, uint64_t value)
{
    switch (unit) {
    case HAYWIRE_UNIT_BYTES:
        haywire_format_bytes(out, value);
        break;
    case HAYWIRE_UNIT_DURATION:
        haywire_format_duration(out, value);
        break;
    case HAYWIRE_UNIT_BOOT_TIME:
        haywire_format_duration(out, value);
        g_string_append(out, " after boot");
        break;
    case HAYWIRE_UNIT_WALL_TIME:
        format_wall_time(out, value);
        break;
    case HAYWIRE_UNIT_ADDRESS:
        g_string_append_printf(out, "0x%" G_GINT64_MODIFIER "x", value);
        break;
    default:
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
        break;
    }
}

/* What ps shows of it: state, niceness, more than one thread; and ours. */
static void format_stat(GString *out, const HaywireProcess *process)
{
    g_string_append_c(out, process->state);
    if (process->has_details && process->nice != 0) {
        g_string_append_c(out, process->nice < 0 ? '<' : 'N');
    }
    if (process->threads > 1) {
        g_string_append_c(out, 'l');
    }
    if (process->blocked) {
        g_string_append_c(out, '!');
    }
}

static void format_time(GString *out, const HaywireProcess *process)
{
    if (process->has_details) {
        haywire_format_cpu_time(out, process->user_time + process->system_time);
    } else {
        g_string_append_c(out, '-');
    }
}

static void format_command(GString *out, const HaywireProcess *process)
{
    if (process->has_details && process->cmdline[0]) {
        g_string_append(out, process->cmdline);
        if (process->cmdline_truncated) {
            g_string_append(out, " ...");
        }
        return;
    }
    g_string_append_printf(out, "[%s]", process->name);
    if (process->state == 'Z') {
        g_string_append(out, " <defunct>");
    }
}

static void format_capabilities(GString *out, uint64_t bits)
{
    static const char *const name[] = { "frame numbers", "RAM ranges",
                                        "locked memory", "all processes",
                                        "vmcoreinfo",    "doorbell" };
    const char *comma = "";

    for (size_t i = 0; i < G_N_ELEMENTS(name); i++) {
        if (bits & UINT64_C(1) << i) {
            g_string_append_printf(out, "%s%s", comma, name[i]);
            comma = ", ";
        }
    }
    if (!comma[0]) {
        g_string_append(out, "none");
    }
}

static void format_value(GString *out, const HaywireField *field,
                         uint64_t number)
{
    switch (field->type) {
    case HAYWIRE_TYPE_BOOL:
    case HAYWIRE_TYPE_FLAGS:
        g_string_append(out, number ? "yes" : "no");
        break;
    case HAYWIRE_TYPE_I32:
    case HAYWIRE_TYPE_I64:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)number);
        break;
    default:
        haywire_format_number(out, field->unit, number);
        break;
    }
}

static void format_member(GString *out, const HaywireField *field,
                          const void *object)
{
    const uint64_t number = haywire_field_number(field, object);
    char buffer[HAYWIRE_FIELD_BUFFER];

    if (!haywire_field_present(field, object)) {
        g_string_append_c(out, '-');
    } else if (haywire_field_is_string(field)) {
        g_string_append(out, haywire_field_string(field, object, buffer));
    } else if (field->cell == HAYWIRE_CELL_KIB) {
        haywire_format_number(out, HAYWIRE_UNIT_NONE, number / 1024);
    } else if (field->cell == HAYWIRE_CELL_NUMBER) {
        haywire_format_number(out, HAYWIRE_UNIT_NONE, number);
    } else if (field->cell == HAYWIRE_CELL_CPU_TIME) {
        haywire_format_cpu_time(out, number);
    } else {
        format_value(out, field, number);
    }
}

void haywire_format_field(GString *out, const HaywireField *field,
                          const void *object)
{
    switch (field->cell) {
    case HAYWIRE_CELL_STAT:
        format_stat(out, object);
        break;
    case HAYWIRE_CELL_TIME:
        format_time(out, object);
        break;
    case HAYWIRE_CELL_COMMAND:
        format_command(out, object);
        break;
    case HAYWIRE_CELL_CAPABILITIES:
        format_capabilities(out, haywire_field_number(field, object));
        break;
    default:
        format_member(out, field, object);
        break;
    }
}
