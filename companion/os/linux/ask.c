/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking a helper, by way of a HaywireLinuxJob; and what are files alone. */

#include <errno.h>
#include <unistd.h>

#include "os/linux/linux_collector.h"

/* A stat line: 50 numbers of at most 20 digits, and the name. */
#define STAT_SIZE 2048

/* Then what was asked for is not in this kernel. */
static bool lives(const HaywireLinuxProcess *process)
{
    return faccessat(process->folder, "stat", F_OK, 0) == 0;
}

HaywireCollect haywire_linux_ask(HaywireLinuxCollector *self,
                                 HaywireLinuxProcess *process,
                                 HaywireAsked asked, HaywireHelperWork *work,
                                 const HaywireLinuxTask *task)
{
    HaywireAsking asking = {
        .pid = process->base.pid,
        .start_time_ns = process->base.start_time_ns,
        .asked = asked,
    };
    HaywireLinuxJob *job =
        haywire_helper_shared(&self->helper, &self->base, sizeof(*job));
    HaywireCollect result;

    self->job = job;
    self->asked_of = NULL;
    if (job) {
        job->process = *process;
        job->task = task ? *task : (HaywireLinuxTask){ 0 };
    }
    if (process->stat.blocked) {
        return HAYWIRE_COLLECT_BLOCKED;
    }
    result = haywire_helper_do(&self->helper, &self->base, &asking, work);
    if (result == HAYWIRE_COLLECT_OK) {
        *process = job->process;
        result = job->result;
    }
    return result == HAYWIRE_COLLECT_GONE && lives(process)
               ? HAYWIRE_COLLECT_FAILED
               : result;
}

/* As much as there is room for; less: that was the end of the file. */
static void read_text(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;
    ssize_t done = 1;

    (void)context;
    job->count = 0;
    job->result = HAYWIRE_COLLECT_OK;
    if (job->task.fd < 0) {
        job->result = haywire_proc_open(haywire_linux_folder(&job->process),
                                        job->task.file, 0, &job->task.fd);
    }
    while (job->result == HAYWIRE_COLLECT_OK && done > 0 &&
           job->count < sizeof(job->text)) {
        done = read(job->task.fd, job->text + job->count,
                    sizeof(job->text) - job->count);
        job->count += done > 0 ? (size_t)done : 0;
        job->result = done < 0 ? haywire_proc_result(errno) : job->result;
    }
}

HaywireCollect haywire_linux_read_all(HaywireLinuxCollector *self,
                                      HaywireLinuxProcess *process,
                                      const char *name, size_t limit,
                                      HaywireProcText *text)
{
    HaywireLinuxTask task = { .file = name, .fd = -1 };
    HaywireCollect result;

    text->length = 0;
    do {
        result = haywire_linux_ask(self, process, HAYWIRE_ASKED_MEMORY,
                                   read_text, &task);
        if (result == HAYWIRE_COLLECT_BLOCKED) {
            break;
        }
        task.fd = self->job ? self->job->task.fd : task.fd;
        if (result == HAYWIRE_COLLECT_OK &&
            !haywire_proc_text_append(text, limit, self->job->text,
                                      self->job->count)) {
            result = HAYWIRE_COLLECT_FAILED;
        }
    } while (result == HAYWIRE_COLLECT_OK &&
             self->job->count == sizeof(self->job->text));
    haywire_proc_close(task.fd);
    return result;
}

static void read_stat(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;

    (void)context;
    job->result = job->task.fd >= 0
                      ? haywire_proc_read_kept(job->task.fd, job->text,
                                               STAT_SIZE, &job->count)
                      : haywire_proc_read(job->process.folder, "stat",
                                          job->text, STAT_SIZE, &job->count);
}

HaywireCollect haywire_linux_ask_stat(HaywireLinuxCollector *self, uint32_t pid,
                                      int folder, int stat)
{
    HaywireLinuxTask task = { .fd = stat };
    HaywireLinuxProcess process = {
        .base.pid = pid,
        .folder = folder,
        .thread = -1,
    };

    return haywire_linux_ask(self, &process, HAYWIRE_ASKED_STAT, read_stat,
                             &task);
}

static void find_thread(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;

    job->result = haywire_linux_find_thread(context, &job->process);
}

HaywireCollect haywire_linux_ask_thread(HaywireLinuxCollector *self,
                                        HaywireLinuxProcess *process)
{
    return haywire_linux_ask(self, process, HAYWIRE_ASKED_STAT, find_thread,
                             NULL);
}
