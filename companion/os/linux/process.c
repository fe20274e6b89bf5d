/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process: /proc/PID/stat, statm, exe, cmdline, smaps_rollup. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/linux_collector.h"

#define PID_PATH_SIZE 32
/* Three such numbers. */
#define SCHEDSTAT_SIZE 80

static uint64_t ticks_to_ns(const HaywireLinuxCollector *self, uint64_t ticks)
{
    uint64_t ns;

    if (__builtin_mul_overflow(
            ticks, HAYWIRE_NS_PER_SECOND / (uint64_t)self->ticks_per_second,
            &ns)) {
        return UINT64_MAX;
    }
    return ns;
}

/*
 * In a time namespace the clock may begin after processes did: the kernel then
 * shows a negative time as a huge one.
 */
static uint64_t start_ns(const HaywireLinuxCollector *self, uint64_t ticks)
{
    uint64_t ns = ticks_to_ns(self, ticks);

    return ns > INT64_MAX ? 0 : ns;
}

static void brief_from_stat(const HaywireLinuxCollector *self,
                            const HaywireProcStat *stat, HaywireBrief *brief)
{
    memset(brief, 0, sizeof(*brief));
    brief->pid = stat->pid;
    brief->ppid = stat->ppid;
    brief->start_time_ns = start_ns(self, stat->start_ticks);
    brief->threads = stat->threads;
    brief->state = stat->state;
    brief->kernel = stat->flags & HAYWIRE_PF_KTHREAD;
    brief->name_length = stat->name_length;
    if (brief->name_length > sizeof(brief->name)) {
        brief->name_length = sizeof(brief->name);
        brief->name_truncated = true;
    }
    memcpy(brief->name, stat->name, brief->name_length);
}

/*
 * The owner of the folder /proc/PID is the effective uid and gid, even of
 * processes that may not be dumped (task_dump_owner() in fs/proc/base.c):
 * much cheaper than reading /proc/PID/status.
 */
static void brief_set_ids(HaywireBrief *brief, int error,
                          const struct stat *folder)
{
    brief->ids_known = error == 0;
    if (brief->ids_known) {
        brief->uid = folder->st_uid;
        brief->gid = folder->st_gid;
    }
}

/* The value of a line of /proc/PID/status. */
static const char *status_line(const HaywireLinuxCollector *self, size_t length,
                               const char *name)
{
    const char *found = memmem(self->buffer, length, name, strlen(name));

    return found ? found + strlen(name) : "";
}

/*
 * Of a process whose stat blocks: what is told without a lock, with what stat
 * said last, if it was read before.
 */
static HaywireCollect stat_from_others(HaywireLinuxCollector *self, int folder,
                                       const HaywireProcStat *last,
                                       uint32_t pid, HaywireProcStat *ret_stat)
{
    uint64_t ppid = 0, threads = 0;
    size_t name = 0, length = 0;
    HaywireCollect result = haywire_proc_read(folder, "comm", self->name,
                                              sizeof(self->name), &name);

    if (result == HAYWIRE_COLLECT_OK) {
        result = haywire_proc_read(folder, "status", self->buffer,
                                   sizeof(self->buffer) - 1, &length);
    }
    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    self->buffer[length] = '\0';
    (void)haywire_parse_named(self->buffer, length, "PPid:", &ppid);
    (void)haywire_parse_named(self->buffer, length, "Threads:", &threads);
    *ret_stat = last ? *last : (HaywireProcStat){ 0 };
    ret_stat->blocked = true;
    ret_stat->pid = pid;
    ret_stat->ppid = (uint32_t)ppid;
    ret_stat->threads = (uint32_t)threads;
    ret_stat->state = (uint8_t)*status_line(self, length, "\nState:\t");
    ret_stat->name = self->name;
    ret_stat->name_length = name > 0 ? name - 1 : 0; /* its newline */
    return HAYWIRE_COLLECT_OK;
}

/* @kept: its open files; NULL: only its folder is open */
static HaywireCollect look(HaywireLinuxCollector *self, uint32_t pid,
                           int folder, HaywireKeptProcess *kept,
                           HaywireProcStat *ret_stat, HaywireBrief *ret_brief)
{
    struct stat owner;
    /* First, so that the process was there when its owner was asked for. */
    int error = fstat(folder, &owner);
    HaywireCollect result =
        haywire_linux_ask_stat(self, pid, folder, kept ? kept->stat : -1);

    if (result == HAYWIRE_COLLECT_OK) {
        result = haywire_parse_stat(self->job->text, self->job->count, ret_stat)
                     ? HAYWIRE_COLLECT_OK
                     : HAYWIRE_COLLECT_FAILED;
    } else if (result == HAYWIRE_COLLECT_BLOCKED) {
        result = stat_from_others(self, folder,
                                  kept && kept->last.pid ? &kept->last : NULL,
                                  pid, ret_stat);
    }
    if (result == HAYWIRE_COLLECT_OK) {
        brief_from_stat(self, ret_stat, ret_brief);
        brief_set_ids(ret_brief, error, &owner);
        if (kept) {
            kept->last = *ret_stat;
        }
    }
    return result;
}

/*
 * By way of the files that are kept open, or else by name.
 *
 * @ret_folder: a descriptor of the caller's own, for it holds the process while
 *              others are let go of; NULL: not wanted
 */
static HaywireCollect find(HaywireLinuxCollector *self, uint32_t pid,
                           HaywireProcStat *ret_stat, HaywireBrief *ret_brief,
                           int *ret_folder)
{
    HaywireKeptProcess *kept = haywire_kept_get(&self->kept, self->proc, pid);
    HAYWIRE_AUTOCLOSE int own = -1;
    char path[PID_PATH_SIZE];
    HaywireCollect result = HAYWIRE_COLLECT_GONE;

    if (kept) {
        result = look(self, pid, kept->folder, kept, ret_stat, ret_brief);
        if (result == HAYWIRE_COLLECT_OK && ret_folder) {
            own = fcntl(kept->folder, F_DUPFD_CLOEXEC, 0);
        }
    }
    if (result == HAYWIRE_COLLECT_GONE) {
        haywire_kept_drop(&self->kept, pid);
        snprintf(path, sizeof(path), "%u", pid);
        result =
            haywire_proc_open(self->proc, path, O_PATH | O_DIRECTORY, &own);
        if (result == HAYWIRE_COLLECT_OK) {
            result = look(self, pid, own, NULL, ret_stat, ret_brief);
        }
    }
    if (result == HAYWIRE_COLLECT_OK && ret_folder) {
        *ret_folder = own;
        result = own >= 0 ? result : HAYWIRE_COLLECT_FAILED;
        own = -1;
    }
    return result;
}

HaywireCollect haywire_linux_brief(HaywireCollector *collector, uint32_t pid,
                                   HaywireBrief *ret_brief)
{
    HaywireProcStat stat;

    return find(haywire_linux_collector(collector), pid, &stat, ret_brief,
                NULL);
}

/*
 * The first number of /proc/PID/schedstat is how long the first thread has
 * run, to the nanosecond (se.sum_exec_runtime; proc_pid_schedstat() in
 * fs/proc/base.c). While a thread runs it lags, but it has grown by the time
 * that the thread stops: so what was read after an equal number still holds.
 * Zero: not counted by this kernel, or not run yet.
 */
void haywire_linux_mark(HaywireCollector *collector, uint32_t pid,
                        HaywireMark *ret_mark)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    const HaywireKeptProcess *kept =
        haywire_kept_get(&self->kept, self->proc, pid);
    size_t length = 0;
    uint64_t run = 0;

    *ret_mark = (HaywireMark){ 0, 0 };
    if (!kept || kept->schedstat < 0) {
        return;
    }
    if (haywire_proc_read_kept(kept->schedstat, self->buffer, SCHEDSTAT_SIZE,
                               &length) != HAYWIRE_COLLECT_OK) {
        haywire_kept_drop(&self->kept, pid);
        return;
    }
    if (haywire_parse_run_time(self->buffer, length, &run) && run > 0) {
        *ret_mark = (HaywireMark){ kept->serial, run };
    }
}

HaywireCollect haywire_linux_open(HaywireCollector *collector, uint32_t pid,
                                  HaywireOpenProcess **ret_process,
                                  HaywireBrief *ret_brief)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HAYWIRE_AUTOFREE HaywireLinuxProcess *process = malloc(sizeof(*process));
    HaywireCollect result;

    if (!process) {
        return HAYWIRE_COLLECT_FAILED;
    }
    result = find(self, pid, &process->stat, ret_brief, &process->folder);
    if (result == HAYWIRE_COLLECT_OK) {
        process->base.pid = ret_brief->pid;
        process->base.start_time_ns = ret_brief->start_time_ns;
        process->pagemap = -1;
        process->no_huge = false;
        process->thread = -1;
        if (haywire_linux_has_ended(&process->stat) &&
            process->stat.threads > 1) {
            result = haywire_linux_ask_thread(self, process);
        }
        if (result != HAYWIRE_COLLECT_OK && result != HAYWIRE_COLLECT_BLOCKED) {
            haywire_cleanup_fd(&process->folder);
            return result;
        }
        result = HAYWIRE_COLLECT_OK;
        *ret_process = &process->base;
        process = NULL;
    }
    return result;
}

void haywire_linux_close(HaywireCollector *collector,
                         HaywireOpenProcess *process)
{
    HaywireLinuxProcess *self = haywire_linux_process(process);

    (void)collector;
    haywire_cleanup_fd(&self->folder);
    haywire_cleanup_fd(&self->thread);
    haywire_cleanup_fd(&self->pagemap);
    free(self);
}

/*
 * Is " (deleted)" part of the file's name? Not where the file has no name: its
 * inode says so, without asking its file system.
 */
static bool has_name(int folder)
{
    struct statx file;

    return statx(folder, "exe", AT_STATX_DONT_SYNC, STATX_NLINK, &file) == 0 &&
           file.stx_nlink > 0;
}

static void set_exe(HaywireDetails *details, int folder, const char *path,
                    size_t length)
{
    size_t cut = length;

    if (haywire_parse_deleted(path, &cut) && !has_name(folder)) {
        details->exe_deleted = true;
        length = cut;
    }
    details->exe_truncated = length > sizeof(details->exe);
    if (details->exe_truncated) {
        length = sizeof(details->exe);
    }
    memcpy(details->exe, path, length);
    details->exe_length = length;
}

/*
 * Kernel threads and zombies have none. The link is read and never followed:
 * its path is of a user's making. The kernel tells no path of more than a page.
 */
static void read_exe(HaywireLinuxCollector *self, int folder,
                     HaywireDetails *details)
{
    ssize_t length =
        readlinkat(folder, "exe", self->buffer, sizeof(self->buffer));

    details->exe_length = 0;
    details->exe_deleted = false;
    details->exe_truncated = length < 0 && errno == ENAMETOOLONG;
    details->exe_unreadable = length < 0 && (errno == EACCES || errno == EPERM);
    if (length >= 0) {
        set_exe(details, folder, self->buffer, (size_t)length);
    }
}

/* 0 where it cannot be told. */
static uint64_t read_rss(HaywireLinuxCollector *self, int folder)
{
    uint64_t pages = 0;
    size_t length = 0;

    if (haywire_proc_read(folder, "statm", self->buffer, sizeof(self->buffer),
                          &length) != HAYWIRE_COLLECT_OK ||
        !haywire_parse_statm_rss(self->buffer, length, &pages)) {
        return 0;
    }
    return pages * self->page_size;
}

void haywire_linux_simple(HaywireLinuxCollector *self,
                          const HaywireLinuxProcess *process,
                          HaywireDetails *details)
{
    details->rss = read_rss(self, haywire_linux_folder(process));
    read_exe(self, haywire_linux_folder(process), details);
}

HaywireCollect haywire_linux_cmdline(HaywireLinuxCollector *self,
                                     const HaywireLinuxProcess *process,
                                     HaywireDetails *ret_details)
{
    size_t length = 0;
    HaywireCollect result = haywire_proc_read(
        haywire_linux_folder(process), "cmdline", self->buffer,
        sizeof(ret_details->cmdline) + 1, &length);

    ret_details->cmdline_truncated = length > sizeof(ret_details->cmdline);
    if (ret_details->cmdline_truncated) {
        length = sizeof(ret_details->cmdline);
    }
    memcpy(ret_details->cmdline, self->buffer, length);
    ret_details->cmdline_length = length;
    return result;
}

void haywire_linux_details(HaywireLinuxCollector *self,
                           const HaywireLinuxProcess *process,
                           HaywireDetails *ret_details)
{
    const HaywireProcStat *stat = &process->stat;

    memset(ret_details, 0, offsetof(HaywireDetails, exe));
    ret_details->vsize = stat->vsize;
    ret_details->nice = stat->nice;
    ret_details->user_time_ns = ticks_to_ns(self, stat->user_ticks);
    ret_details->system_time_ns = ticks_to_ns(self, stat->system_ticks);
}

/* Linux 5.4 and later say so of all that the page table can have. */
static bool has_no_huge(const char *text, size_t length)
{
    static const char *const names[] = { "AnonHugePages:", "ShmemPmdMapped:",
                                         "FilePmdMapped:" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint64_t size;

        if (!haywire_parse_named(text, length, names[i], &size) || size > 0) {
            return false;
        }
    }
    return true;
}

HaywireCollect haywire_linux_figures(HaywireCollector *collector,
                                     HaywireOpenProcess *process,
                                     HaywireFigures *ret_figures)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    size_t length = 0;
    HaywireCollect result = haywire_proc_read(
        haywire_linux_folder(haywire_linux_process(process)), "smaps_rollup",
        self->buffer, sizeof(self->buffer), &length);

    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    haywire_linux_process(process)->no_huge = has_no_huge(self->buffer, length);
    return haywire_parse_rollup(self->buffer, length, ret_figures)
               ? HAYWIRE_COLLECT_OK
               : HAYWIRE_COLLECT_FAILED;
}
