/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All pids, as the folder /proc lists them. */

#include <stdlib.h>
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "os/linux/linux_collector.h"

/* 0 for a name that is no pid: 0 is none either. */
static uint32_t name_to_pid(const char *name)
{
    uint64_t pid = 0;

    for (; *name; name++) {
        if (*name < '0' || *name > '9') {
            return 0;
        }
        pid = pid * 10 + (uint64_t)(*name - '0');
        if (pid > INT32_MAX) {
            return 0;
        }
    }
    return (uint32_t)pid;
}

static int compare_pids(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* The kernel lists in ascending order; others may serve /proc too. */
static void sort_pids(HaywireVector *pids)
{
    uint32_t *pid = pids->data;

    for (size_t i = 1; i < pids->count; i++) {
        if (pid[i - 1] > pid[i]) {
            qsort(pid, pids->count, sizeof(*pid), compare_pids);
            return;
        }
    }
}

static bool add_entries(HaywireVector *pids, char *buffer, size_t length)
{
    for (size_t at = 0; at < length;) {
        struct dirent64 *entry = (struct dirent64 *)(buffer + at);
        uint32_t pid = name_to_pid(entry->d_name);

        if (pid > 0 && haywire_vector_push(pids, &pid) != HAYWIRE_OK) {
            return false;
        }
        at += entry->d_reclen;
    }
    return true;
}

HaywireCollect haywire_linux_list(HaywireCollector *collector,
                                  HaywireVector *pids)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    ssize_t length;

    pids->count = 0;
    haywire_kept_next_round(&self->kept);
    if (lseek(self->proc, 0, SEEK_SET) < 0) {
        return haywire_proc_result(errno);
    }
    while ((length = getdents64(self->proc, self->buffer,
                                sizeof(self->buffer))) > 0) {
        if (!add_entries(pids, self->buffer, (size_t)length)) {
            return HAYWIRE_COLLECT_FAILED;
        }
        haywire_collector_tick(collector);
    }
    sort_pids(pids);
    return length < 0 ? haywire_proc_result(errno) : HAYWIRE_COLLECT_OK;
}
