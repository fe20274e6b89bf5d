/*
 * All pids, as the folder /proc lists them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "engine/array.h"
#include "os/linux/linux_collector.h"

#define FIRST_LIST_SIZE 1024
/* PID_MAX_LIMIT of the kernel. */
#define LIST_LIMIT 4194304

static bool list_append(HaywirePidList *list, uint32_t pid)
{
    if (list->count == list->allocated) {
        uint32_t *grown;

        if (list->allocated >= LIST_LIMIT) {
            return false;
        }
        grown = haywire_array_double(list->pid, &list->allocated,
                                     FIRST_LIST_SIZE, sizeof(*grown));
        if (!grown) {
            return false;
        }
        list->pid = grown;
    }
    list->pid[list->count++] = pid;
    return true;
}

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
static void list_sort(HaywirePidList *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (list->pid[i - 1] > list->pid[i]) {
            qsort(list->pid, list->count, sizeof(*list->pid), compare_pids);
            return;
        }
    }
}

static bool list_entries(HaywirePidList *list, char *buffer, size_t length)
{
    for (size_t at = 0; at < length;) {
        struct dirent64 *entry = (struct dirent64 *)(buffer + at);
        uint32_t pid = name_to_pid(entry->d_name);

        if (pid > 0 && !list_append(list, pid)) {
            return false;
        }
        at += entry->d_reclen;
    }
    return true;
}

HaywireCollect haywire_linux_list(HaywireCollector *collector,
                                  HaywirePidList *list)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    ssize_t length;

    list->count = 0;
    haywire_kept_next_round(&self->kept);
    if (lseek(self->proc, 0, SEEK_SET) < 0) {
        return haywire_proc_result(errno);
    }
    while ((length = getdents64(self->proc, self->buffer,
                                sizeof(self->buffer))) > 0) {
        if (!list_entries(list, self->buffer, (size_t)length)) {
            return HAYWIRE_COLLECT_FAILED;
        }
        haywire_collector_tick(collector);
    }
    list_sort(list);
    return length < 0 ? haywire_proc_result(errno) : HAYWIRE_COLLECT_OK;
}
