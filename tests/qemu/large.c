/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "large.h"

static void append_letters(GString *text, const char *key)
{
    g_string_append_printf(text, " %s=\"", key);
    for (guint i = 0; i < LARGE_LETTERS; i++) {
        g_string_append(text, "\\x01");
    }
    g_string_append_c(text, '"');
}

static void append_processes(GString *text)
{
    for (guint i = 0; i < LARGE_PROCESSES; i++) {
        g_string_append_printf(text, "process pid=%u name=\"p\"", 1000 + i);
        append_letters(text, "exe");
        g_string_append_c(text, '\n');
    }
}

static void append_section(GString *text, guint number)
{
    guint64 start = LARGE_START + number * LARGE_STEP;

    g_string_append_printf(
        text, "section start=%" G_GUINT64_FORMAT " end=%" G_GUINT64_FORMAT,
        start, start + 4096);
}

static void append_sections(GString *text)
{
    g_string_append_printf(text, "sections pid=%u\n", LARGE_PID);
    for (guint i = 0; i < LARGE_SECTIONS; i++) {
        append_section(text, i);
        g_string_append_c(text, '\n');
    }
}

static void append_paths(GString *text)
{
    g_string_append_printf(text, "sections pid=%u\n", LARGE_PATHS_PID);
    for (guint i = 0; i < LARGE_PATHS; i++) {
        append_section(text, i);
        append_letters(text, "path");
        g_string_append_c(text, '\n');
    }
}

static void append_runs(GString *text)
{
    g_string_append_printf(text, "camera 1 pid=%u status=1\n", LARGE_RUNS_PID);
    for (guint i = 0; i < LARGE_RUNS; i++) {
        g_string_append_printf(
            text, "run camera=1 gva=%" G_GUINT64_FORMAT " pfn=%u\n",
            LARGE_START + i * LARGE_STEP, 2 * i);
    }
}

char *large_text(LargeParts parts)
{
    GString *text =
        g_string_new("place first=0x4000000\n"
                     "session id=0xfeedface heartbeat=7 interval=10ms\n"
                     "geometry master=40 roundrobin=4500 pid=400 camera1=1200 "
                     "camera2=20\n");

    g_string_append_printf(text,
                           "processes first=100 count=20 sections=20\n"
                           "process pid=%u name=\"fat\"\n"
                           "process pid=%u name=\"paths\"\n"
                           "process pid=%u name=\"runs\"\n",
                           LARGE_PID, LARGE_PATHS_PID, LARGE_RUNS_PID);
    if (parts >= LARGE_FAT) {
        append_sections(text);
    }
    if (parts >= LARGE_ALL) {
        append_processes(text);
        append_paths(text);
        append_runs(text);
    }
    return g_string_free(text, FALSE);
}

char *large_yardstick(void)
{
    return g_strdup("place first=0x4000000\n"
                    "session heartbeat=7 interval=10ms\n"
                    "geometry roundrobin=2000\n"
                    "processes first=1 count=1000 sections=20 minor-faults=12 "
                    "major-faults=3 read-bytes=4096 written-bytes=8192 "
                    "voluntary-switches=100 involuntary-switches=7 "
                    "open-files=12 process-group=1 session=1 terminal=0 "
                    "priority=20\n");
}
