/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process whose first thread has ended while others run: /proc/PID then
 * knows nothing of its memory, executable and files, for those belong to
 * threads. Any other thread, at /proc/PID/task/TID, knows them.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/linux_collector.h"

/* Only of threads that a debugger holds is anything left once they ended. */
#define THREADS_TRIED 512

/* Some threads' numbers, but not the first thread's. Returns how many. */
static size_t list_threads(HaywireLinuxCollector *self, int folder,
                           uint32_t first, uint32_t ret_tid[THREADS_TRIED])
{
    HAYWIRE_AUTOCLOSE int task = -1;
    size_t count = 0;
    ssize_t length;

    if (haywire_proc_open(folder, "task", O_DIRECTORY, &task) !=
        HAYWIRE_COLLECT_OK) {
        return 0;
    }
    length = getdents64(task, self->buffer, sizeof(self->buffer));
    for (ssize_t at = 0; at < length && count < THREADS_TRIED;) {
        struct dirent64 *entry = (struct dirent64 *)(self->buffer + at);
        uint32_t tid = (uint32_t)strtoul(entry->d_name, NULL, 10);

        if (tid != 0 && tid != first) {
            ret_tid[count++] = tid;
        }
        at += entry->d_reclen;
    }
    return count;
}

/* False when this thread has ended, too. */
static bool take_thread(HaywireLinuxCollector *self,
                        HaywireLinuxProcess *process, uint32_t tid)
{
    HAYWIRE_AUTOCLOSE int folder = -1;
    char path[32];
    HaywireProcStat stat;
    size_t length = 0;

    snprintf(path, sizeof(path), "task/%u", tid);
    if (haywire_proc_open(process->folder, path, O_PATH | O_DIRECTORY,
                          &folder) != HAYWIRE_COLLECT_OK ||
        haywire_proc_read(folder, "stat", self->buffer, sizeof(self->buffer),
                          &length) != HAYWIRE_COLLECT_OK ||
        !haywire_parse_stat(self->buffer, length, &stat) ||
        haywire_linux_has_ended(&stat)) {
        return false;
    }
    process->stat.vsize = stat.vsize;
    process->thread = folder;
    folder = -1;
    return true;
}

HaywireCollect haywire_linux_find_thread(HaywireLinuxCollector *self,
                                         HaywireLinuxProcess *process)
{
    uint32_t tid[THREADS_TRIED];
    size_t count = list_threads(self, process->folder, process->base.pid, tid);

    for (size_t i = 0; i < count; i++) {
        if (take_thread(self, process, tid[i])) {
            return HAYWIRE_COLLECT_OK;
        }
    }
    /* All have ended, and their memory is gone. Or one was not tried. */
    return count < THREADS_TRIED ? HAYWIRE_COLLECT_OK : HAYWIRE_COLLECT_FAILED;
}
