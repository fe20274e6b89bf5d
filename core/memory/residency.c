/*
 * Which pages of a mapping are resident.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "residency_method.h"

#define RUNS_PER_BATCH 256
/* Pages this far apart are asked for together: a question costs as much as
   walking over some sixty entries of the page table. */
#define GAP_MAX (UINT64_C(64) * HAYWIRE_PAGE_SIZE)

struct HaywireResidency {
    HaywireResidencyMethod method; /* as asked for */
    HaywireResidencyMethod used;   /* last */
    int pagemap;                   /* -1: not there */
    bool has_scan;
    /* The rest of the last batch, good for a call that goes on from @next. */
    HaywireMapping mapping;
    uint64_t next;
    uint64_t looked; /* how far the batch reaches */
    size_t taken;
    size_t count;
    HaywireRun run[RUNS_PER_BATCH];
};

static const struct {
    HaywireRunFiller fill;
    const char *name;
} methods[] = {
    [HAYWIRE_RESIDENCY_AUTO] = { NULL, "auto" },
    [HAYWIRE_RESIDENCY_PAGEMAP_SCAN] = { haywire_fill_pagemap_scan,
                                         "pagemap-scan" },
    [HAYWIRE_RESIDENCY_SEEK_DATA] = { haywire_fill_seek_data, "seek-data" },
    [HAYWIRE_RESIDENCY_PAGEMAP] = { haywire_fill_pagemap, "pagemap" },
};

static HaywireResidencyMethod choose(const HaywireResidency *residency, int fd,
                                     bool own_mapping)
{
    if (residency->method != HAYWIRE_RESIDENCY_AUTO) {
        return residency->method;
    }
    if (!own_mapping && fd >= 0) {
        return HAYWIRE_RESIDENCY_SEEK_DATA;
    }
    if (residency->has_scan) {
        return HAYWIRE_RESIDENCY_PAGEMAP_SCAN;
    }
    return fd >= 0 && residency->pagemap < 0 ? HAYWIRE_RESIDENCY_SEEK_DATA
                                             : HAYWIRE_RESIDENCY_PAGEMAP;
}

static bool method_available(const HaywireResidency *residency)
{
    switch (residency->method) {
    case HAYWIRE_RESIDENCY_PAGEMAP_SCAN:
        return residency->has_scan;
    case HAYWIRE_RESIDENCY_PAGEMAP:
        return residency->pagemap >= 0;
    default:
        return true;
    }
}

HaywireStatus haywire_residency_new(HaywireResidencyMethod method,
                                    HaywireResidency **ret_residency)
{
    HaywireResidency *residency = calloc(1, sizeof(*residency));

    if (!residency) {
        return HAYWIRE_NO_MEMORY;
    }
    residency->method = method;
    residency->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    residency->has_scan = residency->pagemap >= 0 &&
                          haywire_pagemap_scan_works(residency->pagemap);
    residency->used = method;
    if (method == HAYWIRE_RESIDENCY_AUTO) {
        residency->used = choose(residency, -1, true);
    }
    if (!method_available(residency)) {
        haywire_residency_destroy(residency);
        errno = ENOTSUP;
        return HAYWIRE_IO_ERROR;
    }
    *ret_residency = residency;
    return HAYWIRE_OK;
}

void haywire_residency_destroy(HaywireResidency *residency)
{
    if (!residency) {
        return;
    }
    if (residency->pagemap >= 0) {
        close(residency->pagemap);
    }
    free(residency);
}

static HaywireStatus fill(HaywireResidency *residency,
                          const HaywireMapping *mapping, bool own_mapping,
                          uint64_t from, uint64_t end)
{
    HaywireResidencyMethod method = choose(residency, mapping->fd, own_mapping);

    if ((method == HAYWIRE_RESIDENCY_SEEK_DATA && mapping->fd < 0) ||
        (method == HAYWIRE_RESIDENCY_PAGEMAP && residency->pagemap < 0)) {
        errno = ENOTSUP;
        return HAYWIRE_IO_ERROR;
    }
    residency->used = method;
    return methods[method].fill(residency->pagemap, mapping, from, end,
                                residency->run, RUNS_PER_BATCH,
                                &residency->count, &residency->looked);
}

static bool same_mapping(const HaywireMapping *a, const HaywireMapping *b)
{
    return a->host == b->host && a->length == b->length && a->fd == b->fd &&
           a->fd_offset == b->fd_offset;
}

static void drop_batch(HaywireResidency *residency)
{
    residency->taken = residency->count = 0;
    residency->mapping.host = NULL;
}

/* A batch with a run in it, or HAYWIRE_NOT_FOUND. */
static HaywireStatus next_batch(HaywireResidency *residency,
                                const HaywireMapping *mapping, bool own_mapping,
                                uint64_t from)
{
    HaywireStatus status;

    drop_batch(residency);
    while (from < mapping->length) {
        status = fill(residency, mapping, own_mapping, from, mapping->length);
        if (status != HAYWIRE_OK || residency->looked <= from) {
            residency->count = 0;
            return status == HAYWIRE_OK ? HAYWIRE_NOT_FOUND : status;
        }
        if (residency->count > 0) {
            residency->mapping = *mapping;
            return HAYWIRE_OK;
        }
        from = residency->looked;
    }
    return HAYWIRE_NOT_FOUND;
}

static bool batch_goes_on(const HaywireResidency *residency,
                          const HaywireMapping *mapping, uint64_t from)
{
    return residency->mapping.host && residency->next == from &&
           same_mapping(&residency->mapping, mapping);
}

HaywireStatus haywire_residency_next(HaywireResidency *residency,
                                     const uint8_t *host, uint64_t length,
                                     int fd, uint64_t fd_offset,
                                     bool own_mapping, uint64_t from,
                                     uint64_t *ret_start, uint64_t *ret_length)
{
    const HaywireMapping mapping = { host, length, fd, fd_offset };
    bool goes_on = batch_goes_on(residency, &mapping, from);
    HaywireRun *run;
    HaywireStatus status;

    if (!goes_on || residency->taken == residency->count) {
        status = next_batch(residency, &mapping, own_mapping,
                            goes_on ? residency->looked : from);
        if (status != HAYWIRE_OK) {
            return status;
        }
    }
    run = &residency->run[residency->taken++];
    residency->next = run->start + run->length;
    *ret_start = run->start;
    *ret_length = run->length;
    return HAYWIRE_OK;
}

static HaywireStatus seek_page(int fd, uint64_t offset)
{
    /* Not by way of a run: finding its end costs as much as the run is long. */
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

    if (data < 0 && errno != ENXIO) {
        return HAYWIRE_IO_ERROR;
    }
    return data >= 0 && (uint64_t)data - offset < HAYWIRE_PAGE_SIZE
               ? HAYWIRE_OK
               : HAYWIRE_NOT_RESIDENT;
}

/* Pages of a mapping to be asked for, by their positions. */
typedef struct Question {
    HaywireMapping mapping;
    uint64_t start; /* position of the mapping */
    const HaywirePosition *where;
    HaywireStatus *status;
} Question;

static uint64_t offset_of(const Question *question, size_t i)
{
    return question->where[i].value - question->start;
}

static bool is_inside(const Question *question, size_t i)
{
    uint64_t length = question->mapping.length;

    return question->where[i].value >= question->start &&
           length >= HAYWIRE_PAGE_SIZE &&
           offset_of(question, i) <= length - HAYWIRE_PAGE_SIZE;
}

/* How many from @first on lie so close that one question is cheaper. */
static size_t close_pages(const Question *question, size_t first, size_t count)
{
    size_t i = first + 1;

    while (i < count && is_inside(question, i) &&
           question->where[i].value - question->where[i - 1].value <= GAP_MAX) {
        i++;
    }
    return i - first;
}

/* Pages from *at to @end, which are sorted, against the runs just filled. */
static void take_runs(const HaywireResidency *residency,
                      const Question *question, size_t *at, size_t end)
{
    size_t i;

    for (i = 0; i < residency->count; i++) {
        const HaywireRun *run = &residency->run[i];

        while (*at < end && offset_of(question, *at) < run->start) {
            ++*at;
        }
        while (*at < end &&
               offset_of(question, *at) - run->start < run->length) {
            question->status[(*at)++] = HAYWIRE_OK;
        }
    }
    while (*at < end && offset_of(question, *at) < residency->looked) {
        ++*at;
    }
}

static void answer(const Question *question, size_t first, size_t end,
                   HaywireStatus status)
{
    for (; first < end; first++) {
        question->status[first] = status;
    }
}

/* Pages @first to @end - 1, which lie close to each other. */
static void ask_span(HaywireResidency *residency, const Question *question,
                     bool own_mapping, size_t first, size_t end)
{
    uint64_t from = offset_of(question, first);
    uint64_t behind = offset_of(question, end - 1) + HAYWIRE_PAGE_SIZE;

    answer(question, first, end, HAYWIRE_NOT_RESIDENT);
    while (first < end) {
        HaywireStatus status =
            fill(residency, &question->mapping, own_mapping, from, behind);

        if (status != HAYWIRE_OK) {
            answer(question, first, end, status);
            return;
        }
        if (residency->looked <= from) {
            return;
        }
        take_runs(residency, question, &first, end);
        from = residency->looked;
    }
}

void haywire_residency_pages(HaywireResidency *residency,
                             const HaywireRegion *region, int fd,
                             uint64_t fd_offset, bool own_mapping,
                             const HaywirePosition *where, size_t count,
                             HaywireStatus *ret_status)
{
    const Question question = {
        .mapping = { region->host, region->length, fd, fd_offset },
        .start = region->start.value,
        .where = where,
        .status = ret_status,
    };
    bool seeks = fd >= 0 && choose(residency, fd, own_mapping) ==
                                HAYWIRE_RESIDENCY_SEEK_DATA;
    size_t i, pages;

    drop_batch(residency);
    for (i = 0; i < count; i += pages) {
        pages = 1;
        ret_status[i] = HAYWIRE_NOT_RESIDENT;
        if (!is_inside(&question, i)) {
            continue;
        }
        if (seeks) {
            ret_status[i] = seek_page(fd, fd_offset + offset_of(&question, i));
            continue;
        }
        pages = close_pages(&question, i, count);
        ask_span(residency, &question, own_mapping, i, i + pages);
    }
    drop_batch(residency);
}

const char *haywire_residency_method_name(const HaywireResidency *residency)
{
    return methods[residency->used].name;
}
