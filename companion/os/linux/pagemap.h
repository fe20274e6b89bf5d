/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of /proc/PID/pagemap to runs. Pure functions. */

#ifndef HAYWIRE_PAGEMAP_H
#define HAYWIRE_PAGEMAP_H

#include "os/os.h"

/*
 * What /proc/kpageflags says of a frame. Returns 0 where it cannot be asked.
 */
typedef uint64_t HaywireFrameFlags(void *opaque, uint64_t pfn);

typedef struct HaywirePagemapDecoder {
    uint32_t frames_per_page; /* 4096-byte frames in a kernel page */
    HaywireFrameFlags *frame_flags;
    void *frame_opaque;
} HaywirePagemapDecoder;

/*
 * Turn @count entries, the first of which is that of @gva, into runs.
 * Huge pages are recognised when all their entries are there.
 */
void haywire_pagemap_runs(const HaywirePagemapDecoder *decoder,
                          const uint64_t *entry, size_t count, uint64_t gva,
                          HaywireRunSink *sink, void *opaque);

#endif
