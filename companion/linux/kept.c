/*
 * Folders and stat files that stay open: see kept.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cleanup.h"
#include "linux/kept.h"
#include "linux/proc_file.h"

/* Snapshots, cycles and sweeps each make a list: a few go between two looks. */
#define ROUNDS_UNUSED 4

static HaywireKeptProcess *find_slot(HaywireKept *kept, uint32_t pid)
{
    return &kept->slot[pid % HAYWIRE_KEPT_MAX];
}

static void release(HaywireKeptProcess *process)
{
    if (process->pid != 0) {
        haywire_cleanup_fd(&process->folder);
        haywire_cleanup_fd(&process->stat);
        process->pid = 0;
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
            release(&kept->slot[i]);
        }
    }
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
    process->folder = folder;
    process->pid = pid;
    folder = -1;
    return true;
}

const HaywireKeptProcess *haywire_kept_get(HaywireKept *kept, int proc,
                                           uint32_t pid)
{
    HaywireKeptProcess *process = find_slot(kept, pid);

    if (kept->off) {
        return NULL;
    }
    if (process->pid != pid) {
        /* One in use stays: two pids of one slot would drive each other out. */
        if (process->pid != 0 || !open_files(kept, process, proc, pid)) {
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
        release(process);
    }
}

void haywire_kept_clear(HaywireKept *kept)
{
    for (int i = 0; i < HAYWIRE_KEPT_MAX; i++) {
        release(&kept->slot[i]);
    }
}
