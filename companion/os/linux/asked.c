/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations that may block. A helper does them (ask.c) as process.c,
 * fields.c and pages.c have them, which know of no helper.
 */

#include <string.h>

#include "os/linux/linux_collector.h"

/* What is left of a record: see haywire_linux_details(). */
static void read_rest(void *context, void *shared)
{
    HaywireLinuxCollector *self = context;
    HaywireLinuxJob *job = shared;

    haywire_linux_simple(self, &job->process, &job->details);
    job->result = haywire_linux_cmdline(self, &job->process, &job->details);
    haywire_linux_read_fields(self, &job->process, &job->fields);
}

/* Afterwards self->asked_of is this one, if it could be read. */
static HaywireCollect ask_rest(HaywireLinuxCollector *self,
                               HaywireLinuxProcess *process)
{
    HaywireCollect result =
        haywire_linux_ask(self, process, HAYWIRE_ASKED_MEMORY, read_rest, NULL);

    if (result != HAYWIRE_COLLECT_BLOCKED && self->job) {
        self->asked_of = process;
    }
    return result;
}

static void read_simple(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;

    job->result = HAYWIRE_COLLECT_OK;
    haywire_linux_simple(context, &job->process, &job->details);
}

static void add_simple(HaywireDetails *details, const HaywireDetails *rest)
{
    details->rss = rest->rss;
    details->exe_unreadable = rest->exe_unreadable;
    details->exe_deleted = rest->exe_deleted;
    details->exe_truncated = rest->exe_truncated;
    details->exe_length = rest->exe_length;
    memcpy(details->exe, rest->exe, rest->exe_length);
}

static void add_cmdline(HaywireDetails *details, const HaywireDetails *rest)
{
    details->cmdline_truncated = rest->cmdline_truncated;
    details->cmdline_length = rest->cmdline_length;
    memcpy(details->cmdline, rest->cmdline, rest->cmdline_length);
}

HaywireCollect haywire_linux_ask_details(HaywireCollector *collector,
                                         HaywireOpenProcess *process,
                                         HaywireDetails *ret_details)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireLinuxProcess *of = haywire_linux_process(process);
    HaywireCollect result;

    haywire_linux_details(self, of, ret_details);
    if (haywire_linux_is_kernel(process)) {
        return HAYWIRE_COLLECT_OK;
    }
    result = ask_rest(self, of);
    ret_details->blocked = result == HAYWIRE_COLLECT_BLOCKED;
    if (self->asked_of == of) {
        add_simple(ret_details, &self->job->details);
        add_cmdline(ret_details, &self->job->details);
    } else if (haywire_linux_ask(self, of, HAYWIRE_ASKED_SIMPLE, read_simple,
                                 NULL) == HAYWIRE_COLLECT_OK) {
        add_simple(ret_details, &self->job->details);
    }
    return result == HAYWIRE_COLLECT_GONE ? result : HAYWIRE_COLLECT_OK;
}

void haywire_linux_ask_fields(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireFields *ret_fields)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireLinuxProcess *of = haywire_linux_process(process);

    if (haywire_linux_is_kernel(process)) {
        haywire_linux_read_fields(self, of, ret_fields);
        return;
    }
    if (self->asked_of != of) {
        (void)ask_rest(self, of);
    }
    if (self->asked_of == of) {
        *ret_fields = self->job->fields;
    } else {
        haywire_linux_stat_fields(of, ret_fields);
    }
    self->asked_of = NULL;
}

static void read_figures(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;

    job->result =
        haywire_linux_figures(context, &job->process.base, &job->figures);
}

HaywireCollect haywire_linux_ask_figures(HaywireCollector *collector,
                                         HaywireOpenProcess *process,
                                         HaywireFigures *ret_figures)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireCollect result =
        haywire_linux_ask(self, haywire_linux_process(process),
                          HAYWIRE_ASKED_FIGURES, read_figures, NULL);

    if (result == HAYWIRE_COLLECT_OK) {
        *ret_figures = self->job->figures;
    }
    return result;
}

static void keep_run(void *opaque, const HaywireGuestRun *run)
{
    HaywireLinuxJob *job = opaque;

    job->run[job->count++] = *run;
}

static void read_pages(void *context, void *shared)
{
    HaywireLinuxJob *job = shared;

    job->count = 0;
    job->result =
        haywire_linux_pages(context, &job->process.base, job->task.start,
                            job->task.end, keep_run, job, &job->next);
}

HaywireCollect haywire_linux_ask_pages(HaywireCollector *collector,
                                       HaywireOpenProcess *process,
                                       uint64_t start, uint64_t end,
                                       HaywireRunSink *sink, void *opaque,
                                       uint64_t *ret_next)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireLinuxTask task = { .start = start, .end = end };
    HaywireCollect result =
        haywire_linux_ask(self, haywire_linux_process(process),
                          HAYWIRE_ASKED_MEMORY, read_pages, &task);

    if (result == HAYWIRE_COLLECT_OK) {
        for (size_t i = 0; i < self->job->count; i++) {
            sink(opaque, &self->job->run[i]);
        }
        *ret_next = self->job->next;
    }
    return result;
}
