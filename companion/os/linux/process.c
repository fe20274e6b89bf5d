/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process: /proc/PID/stat, statm, exe, cmdline, smaps_rollup. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "os/linux/cleanup.h"
#include "os/linux/linux_collector.h"

#define PID_PATH_SIZE 32
/* A stat line: 50 numbers of at most 20 digits, and the name. */
#define STAT_SIZE 2048
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

static HaywireCollect read_stat(HaywireLinuxCollector *self, int folder,
                                const char *name, HaywireProcStat *ret_stat)
{
    size_t length = 0;
    HaywireCollect result =
        haywire_proc_read(folder, name, self->buffer, STAT_SIZE, &length);

    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    return haywire_parse_stat(self->buffer, length, ret_stat)
               ? HAYWIRE_COLLECT_OK
               : HAYWIRE_COLLECT_FAILED;
}

/*
 * By way of the files that are kept open. GONE also when there are none: the
 * files are then to be looked for by name.
 */
static HaywireCollect read_kept(HaywireLinuxCollector *self, uint32_t pid,
                                HaywireProcStat *ret_stat,
                                HaywireBrief *ret_brief, int *ret_folder)
{
    const HaywireKeptProcess *kept =
        haywire_kept_get(&self->kept, self->proc, pid);
    HaywireCollect result = HAYWIRE_COLLECT_GONE;
    struct stat folder;
    size_t length = 0;
    int error;

    if (!kept) {
        return result;
    }
    /* First, so that the process was there when its owner was asked for. */
    error = fstat(kept->folder, &folder);
    result =
        haywire_proc_read_kept(kept->stat, self->buffer, STAT_SIZE, &length);
    if (result != HAYWIRE_COLLECT_OK) {
        haywire_kept_drop(&self->kept, pid);
        return HAYWIRE_COLLECT_GONE;
    }
    if (!haywire_parse_stat(self->buffer, length, ret_stat)) {
        return HAYWIRE_COLLECT_FAILED;
    }
    brief_from_stat(self, ret_stat, ret_brief);
    brief_set_ids(ret_brief, error, &folder);
    *ret_folder = kept->folder;
    return HAYWIRE_COLLECT_OK;
}

static HaywireCollect brief_by_name(HaywireLinuxCollector *self, uint32_t pid,
                                    HaywireBrief *ret_brief)
{
    char path[PID_PATH_SIZE];
    struct stat folder;
    HaywireProcStat stat;
    HaywireCollect result;
    int error;

    snprintf(path, sizeof(path), "%u", pid);
    error = fstatat(self->proc, path, &folder, 0);
    snprintf(path, sizeof(path), "%u/stat", pid);
    result = read_stat(self, self->proc, path, &stat);
    if (result == HAYWIRE_COLLECT_OK) {
        brief_from_stat(self, &stat, ret_brief);
        brief_set_ids(ret_brief, error, &folder);
    }
    return result;
}

HaywireCollect haywire_linux_brief(HaywireCollector *collector, uint32_t pid,
                                   HaywireBrief *ret_brief)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireProcStat stat;
    int folder;
    HaywireCollect result = read_kept(self, pid, &stat, ret_brief, &folder);

    return result == HAYWIRE_COLLECT_GONE ? brief_by_name(self, pid, ret_brief)
                                          : result;
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

static HaywireCollect open_by_name(HaywireLinuxCollector *self, uint32_t pid,
                                   HaywireProcStat *ret_stat,
                                   HaywireBrief *ret_brief, int *ret_fd)
{
    HAYWIRE_AUTOCLOSE int fd = -1;
    char path[PID_PATH_SIZE];
    struct stat folder;
    HaywireCollect result;

    snprintf(path, sizeof(path), "%u", pid);
    result = haywire_proc_open(self->proc, path, O_PATH | O_DIRECTORY, &fd);
    if (result == HAYWIRE_COLLECT_OK) {
        result = read_stat(self, fd, "stat", ret_stat);
    }
    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    brief_from_stat(self, ret_stat, ret_brief);
    brief_set_ids(ret_brief, fstat(fd, &folder), &folder);
    *ret_fd = fd;
    fd = -1;
    return HAYWIRE_COLLECT_OK;
}

/* A descriptor of our own: a camera holds it while others are let go of. */
static HaywireCollect open_kept(HaywireLinuxCollector *self, uint32_t pid,
                                HaywireProcStat *ret_stat,
                                HaywireBrief *ret_brief, int *ret_fd)
{
    int folder = -1;
    HaywireCollect result = read_kept(self, pid, ret_stat, ret_brief, &folder);

    if (result == HAYWIRE_COLLECT_OK) {
        *ret_fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
        result = *ret_fd < 0 ? HAYWIRE_COLLECT_GONE : result;
    }
    return result;
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
    result = open_kept(self, pid, &process->stat, ret_brief, &process->folder);
    if (result == HAYWIRE_COLLECT_GONE) {
        result = open_by_name(self, pid, &process->stat, ret_brief,
                              &process->folder);
    }
    if (result == HAYWIRE_COLLECT_OK) {
        process->base.pid = ret_brief->pid;
        process->base.start_time_ns = ret_brief->start_time_ns;
        process->pagemap = -1;
        process->no_huge = false;
        process->thread = -1;
        if (haywire_linux_has_ended(&process->stat) &&
            process->stat.threads > 1) {
            result = haywire_linux_find_thread(self, process);
        }
        if (result != HAYWIRE_COLLECT_OK) {
            haywire_cleanup_fd(&process->folder);
            return result;
        }
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
 * Is " (deleted)" part of the file's name? Only if the name as shown leads to
 * the very file.
 */
static bool names_itself(int folder, const char *path, size_t length)
{
    char rooted[HAYWIRE_EXE_MAX + 64];
    struct stat named;
    struct stat file;

    if (snprintf(rooted, sizeof(rooted), "root%.*s", (int)length, path) >=
        (int)sizeof(rooted)) {
        return false;
    }
    return fstatat(folder, "exe", &file, 0) == 0 &&
           fstatat(folder, rooted, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           file.st_dev == named.st_dev && file.st_ino == named.st_ino;
}

static void set_exe(HaywireDetails *details, int folder, const char *path,
                    size_t length)
{
    size_t cut = length;

    if (haywire_parse_deleted(path, &cut) &&
        !names_itself(folder, path, length)) {
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

/* Kernel threads and zombies have none: that is GONE, and no error. */
static HaywireCollect read_exe(HaywireLinuxCollector *self, int folder,
                               HaywireDetails *details)
{
    ssize_t length =
        readlinkat(folder, "exe", self->buffer, sizeof(self->buffer));

    if (length >= 0) {
        set_exe(details, folder, self->buffer, (size_t)length);
        return HAYWIRE_COLLECT_OK;
    }
    details->exe_unreadable = errno == EACCES || errno == EPERM;
    return haywire_proc_result(errno) == HAYWIRE_COLLECT_FAILED
               ? HAYWIRE_COLLECT_FAILED
               : HAYWIRE_COLLECT_OK;
}

static HaywireCollect read_cmdline(HaywireLinuxCollector *self, int folder,
                                   HaywireDetails *details)
{
    size_t length = 0;
    HaywireCollect result = haywire_proc_read(
        folder, "cmdline", self->buffer, sizeof(details->cmdline) + 1, &length);

    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    details->cmdline_truncated = length > sizeof(details->cmdline);
    if (details->cmdline_truncated) {
        length = sizeof(details->cmdline);
    }
    memcpy(details->cmdline, self->buffer, length);
    details->cmdline_length = length;
    return HAYWIRE_COLLECT_OK;
}

static HaywireCollect read_rss(HaywireLinuxCollector *self, int folder,
                               HaywireDetails *details)
{
    uint64_t pages = 0;
    size_t length = 0;
    HaywireCollect result = haywire_proc_read(folder, "statm", self->buffer,
                                              sizeof(self->buffer), &length);

    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    if (!haywire_parse_statm_rss(self->buffer, length, &pages)) {
        return HAYWIRE_COLLECT_FAILED;
    }
    details->rss = pages * self->page_size;
    return HAYWIRE_COLLECT_OK;
}

HaywireCollect haywire_linux_details(HaywireCollector *collector,
                                     HaywireOpenProcess *process,
                                     HaywireDetails *ret_details)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    const HaywireProcStat *stat = &haywire_linux_process(process)->stat;
    int folder = haywire_linux_folder(haywire_linux_process(process));
    HaywireCollect result;

    memset(ret_details, 0, offsetof(HaywireDetails, exe));
    ret_details->vsize = stat->vsize;
    ret_details->nice = stat->nice;
    ret_details->user_time_ns = ticks_to_ns(self, stat->user_ticks);
    ret_details->system_time_ns = ticks_to_ns(self, stat->system_ticks);
    if (stat->flags & HAYWIRE_PF_KTHREAD) {
        return HAYWIRE_COLLECT_OK;
    }
    result = read_rss(self, folder, ret_details);
    if (result == HAYWIRE_COLLECT_OK) {
        result = read_exe(self, folder, ret_details);
    }
    if (result == HAYWIRE_COLLECT_OK) {
        result = read_cmdline(self, folder, ret_details);
    }
    return result;
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
