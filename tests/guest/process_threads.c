/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a process was let run: see process_threads.h. Format of schedstat:
 * Linux, Documentation/scheduler/sched-stats.rst.
 */
#include "process_threads.h"

static char *read_word(const char *folder, const char *task, const char *name)
{
    g_autofree char *path = g_build_filename(folder, task, name, NULL);
    char *text = NULL;

    /* A thread that has ended meanwhile has no files. */
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text)
                                                        : g_strdup("");
}

ProcessThreads process_threads(GPid pid, const char *name)
{
    g_autofree char *folder = g_strdup_printf("/proc/%d/task", (int)pid);
    g_autoptr(GDir) tasks = g_dir_open(folder, 0, NULL);
    ProcessThreads sum = { 0 };
    const char *task;

    while (tasks && (task = g_dir_read_name(tasks))) {
        g_autofree char *comm = read_word(folder, task, "comm");
        g_autofree char *times = read_word(folder, task, "schedstat");
        char *rest = times;

        if (g_str_has_prefix(comm, name)) {
            sum.ran += g_ascii_strtoull(rest, &rest, 10);
            sum.waited += g_ascii_strtoull(rest, &rest, 10);
        }
    }
    return sum;
}
