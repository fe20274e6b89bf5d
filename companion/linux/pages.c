/*
 * Page tables: /proc/PID/pagemap, and /proc/kpageflags for page sizes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <unistd.h>

#include "linux/linux_collector.h"
#include "linux/pagemap.h"

static uint64_t frame_flags(void *opaque, uint64_t pfn)
{
    HaywireLinuxCollector *self = opaque;
    uint64_t flags = 0;

    if (self->kpageflags < 0 || pfn > INT64_MAX / sizeof(flags) ||
        pread(self->kpageflags, &flags, sizeof(flags),
              (off_t)(pfn * sizeof(flags))) != sizeof(flags)) {
        return 0;
    }
    return flags;
}

/* Up to a multiple of the chunk, so that no huge page is cut in two. */
static size_t chunk_entries(const HaywireLinuxCollector *self, uint64_t start,
                            uint64_t end)
{
    uint64_t first = start / self->page_size;
    uint64_t left = (end - start) / self->page_size;
    uint64_t chunk = HAYWIRE_PAGEMAP_CHUNK - first % HAYWIRE_PAGEMAP_CHUNK;

    return (size_t)(left < chunk ? left : chunk);
}

HaywireCollect haywire_linux_pages(HaywireCollector *collector,
                                   HaywireOpenProcess *process, uint64_t start,
                                   uint64_t end, HaywireRunSink *sink,
                                   void *opaque, uint64_t *ret_next)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywirePagemapDecoder decoder = {
        .frames_per_page = (uint32_t)(self->page_size / HAYWIRE_PAGE_SIZE),
        .frame_flags = frame_flags,
        .frame_opaque = self,
    };
    size_t count = chunk_entries(self, start, end);
    ssize_t done;

    if (process->pagemap < 0) {
        HaywireCollect result =
            haywire_proc_open(process->folder, "pagemap", 0, &process->pagemap);

        if (result != HAYWIRE_COLLECT_OK) {
            return result;
        }
    }
    done =
        pread(process->pagemap, self->entries, count * sizeof(self->entries[0]),
              (off_t)(start / self->page_size * sizeof(uint64_t)));
    if (done < 0) {
        return haywire_proc_result(errno);
    }
    haywire_pagemap_runs(&decoder, self->entries,
                         (size_t)done / sizeof(self->entries[0]), start, sink,
                         opaque);
    /*
     * Nothing read: no page table is there. The process ended, or the section
     * is one of the kernel's own, as [vsyscall].
     */
    *ret_next =
        done > 0 ? start + (uint64_t)done / sizeof(uint64_t) * self->page_size
                 : end;
    return HAYWIRE_COLLECT_OK;
}
