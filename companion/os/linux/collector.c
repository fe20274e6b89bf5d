/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux collector: creation and its table of operations. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/linux_collector.h"
#include "os/os.h"

static void linux_destroy(HaywireCollector *collector)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);

    haywire_helper_end(&self->helper);
    haywire_proc_events_close(&self->events);
    haywire_kept_clear(&self->kept);
    haywire_cleanup_fd(&self->proc);
    haywire_cleanup_fd(&self->kpageflags);
    free(self->maps.data);
    free(self);
}

static bool linux_hear(HaywireCollector *collector, HaywireHeard *ret_heard)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);

    return haywire_proc_events_hear(&self->events, haywire_os_monotonic_ns(),
                                    ret_heard);
}

static bool linux_wait(HaywireCollector *collector, uint64_t ns)
{
    haywire_proc_events_wait(&haywire_linux_collector(collector)->events, ns);
    return haywire_os_wait(0);
}

static const HaywireCollectorOps linux_ops = {
    .destroy = linux_destroy,
    .list = haywire_linux_list,
    .brief = haywire_linux_brief,
    .mark = haywire_linux_mark,
    .hear = linux_hear,
    .wait = linux_wait,
    .open = haywire_linux_open,
    .close = haywire_linux_close,
    .details = haywire_linux_ask_details,
    .fields = haywire_linux_ask_fields,
    .sections = haywire_linux_sections,
    .sections_next = haywire_linux_sections_next,
    .figures = haywire_linux_ask_figures,
    .pages = haywire_linux_ask_pages,
    .facts = haywire_linux_facts,
    .reads_all = haywire_linux_reads_all,
};

HaywireCollector *haywire_collector_new(const char **ret_why)
{
    HaywireLinuxCollector *self = calloc(1, sizeof(*self));

    if (!self) {
        *ret_why = strerror(ENOMEM);
        return NULL;
    }
    self->base.ops = &linux_ops;
    self->kpageflags = -1;
    haywire_proc_events_init(&self->events);
    haywire_kept_make_room(&self->kept);
    self->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->proc < 0 || faccessat(self->proc, "self/stat", R_OK, 0) != 0) {
        *ret_why = strerror(errno);
        linux_destroy(&self->base);
        return NULL;
    }
    (void)haywire_proc_open(self->proc, "kpageflags", 0, &self->kpageflags);
    self->counts_files = haywire_linux_counts_files(self);
    self->ticks_per_second = sysconf(_SC_CLK_TCK);
    self->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    return &self->base;
}
