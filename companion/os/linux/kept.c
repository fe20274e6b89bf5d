/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc that stay open: see kept.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "os/linux/cleanup.h"
#include "os/linux/kept.h"
#include "os/linux/proc_file.h"

/* Each process that is listed is asked for before the next list is made. */
#define ROUNDS_UNUSED 1
/* Descriptors for all else: cameras, the event socket, files being read. */
#define DESCRIPTORS_LEFT 64

static HaywireKeptProcess *find_slot(HaywireKept *kept, uint32_t pid)
{
    return &kept->slot[pid % HAYWIRE_KEPT_MAX];
}

static void release(HaywireKept *kept, HaywireKeptProcess *process)
{
    if (process->pid != 0) {
        haywire_cleanup_fd(&process->folder);
        haywire_cleanup_fd(&process->stat);
        haywire_cleanup_fd(&process->schedstat);
        process->pid = 0;
        kept->count--;
    }
}

void haywire_kept_make_room(HaywireKept *kept)
{
    const rlim_t wanted =
        HAYWIRE_KEPT_MAX * HAYWIRE_KEPT_DESCRIPTORS + DESCRIPTORS_LEFT;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        kept->off = true;
        return;
    }
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    kept->off = limit.rlim_cur < DESCRIPTORS_LEFT + HAYWIRE_KEPT_DESCRIPTORS;
    if (limit.rlim_cur < wanted && !kept->off) {
        kept->limit = (uint32_t)(limit.rlim_cur - DESCRIPTORS_LEFT) /
                      HAYWIRE_KEPT_DESCRIPTORS;
    }
}

static bool is_unused(const HaywireKept *kept,
                      const HaywireKeptProcess *process)
{
    return kept->round - process->round > ROUNDS_UNUSED;
}

void haywire_kept_next_round(HaywireKept *kept)
{
    kept->round++;
    for (int i = 0; i < HAYWIRE_KEPT_MAX; i++) {
        if (is_unused(kept, &kept->slot[i])) {
            release(kept, &kept->slot[i]);
        }
    }
}

static bool is_full(const HaywireKept *kept)
{
    return kept->limit > 0 && kept->count >= kept->limit;
}

/* Others need descriptors more. */
static void note_failure(HaywireKept *kept)
{
    if (errno == EMFILE || errno == ENFILE) {
        haywire_kept_clear(kept);
        kept->off = true;
    }
}

static bool open_files(HaywireKept *kept, HaywireKeptProcess *process, int proc,
                       uint32_t pid)
{
    HAYWIRE_AUTOCLOSE int folder = -1;
    char path[16];

    snprintf(path, sizeof(path), "%u", pid);
    if (haywire_proc_open(proc, path, O_PATH | O_DIRECTORY, &folder) !=
            HAYWIRE_COLLECT_OK ||
        haywire_proc_open(folder, "stat", 0, &process->stat) !=
            HAYWIRE_COLLECT_OK) {
        note_failure(kept);
        return false;
    }
    process->schedstat = -1;
    (void)haywire_proc_open(folder, "schedstat", 0, &process->schedstat);
    process->folder = folder;
    process->pid = pid;
    process->serial = ++kept->serial;
    process->last.pid = 0;
    kept->count++;
    folder = -1;
    return true;
}

HaywireKeptProcess *haywire_kept_get(HaywireKept *kept, int proc, uint32_t pid)
{
    HaywireKeptProcess *process = find_slot(kept, pid);

    if (kept->off) {
        return NULL;
    }
    if (process->pid != pid) {
        /* One in use stays: two pids of one slot would drive each other out. */
        if (process->pid != 0 || is_full(kept) ||
            !open_files(kept, process, proc, pid)) {
            return NULL;
        }
    }
    process->round = kept->round;
    return process;
}

void haywire_kept_drop(HaywireKept *kept, uint32_t pid)
{
    HaywireKeptProcess *process = find_slot(kept, pid);

    if (process->pid == pid) {
        release(kept, process);
    }
}

void haywire_kept_clear(HaywireKept *kept)
{
    for (int i = 0; i < HAYWIRE_KEPT_MAX; i++) {
        release(kept, &kept->slot[i]);
    }
}
