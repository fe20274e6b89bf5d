/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A memory source over a mapping of this process: see mapped_source.h.
 */
#include "mapped_source.h"

#include <glib.h>

typedef struct MappedSource {
    HaywireMemory base;
    HaywireRegion region;
    int fd;
    HaywireLayout layout;
    HaywireResidency *residency;
} MappedSource;

static const HaywireRegion *regions(HaywireMemory *source, size_t *ret_count)
{
    *ret_count = 1;
    return &((MappedSource *)source)->region;
}

static HaywireStatus next_resident(HaywireMemory *source, HaywirePosition from,
                                   HaywirePosition *ret_start,
                                   uint64_t *ret_length)
{
    MappedSource *mapped = (MappedSource *)source;

    return haywire_residency_next(mapped->residency, mapped->region.host,
                                  mapped->region.length, mapped->fd, 0, true,
                                  from.value, &ret_start->value, ret_length);
}

static void are_resident(HaywireMemory *source, const HaywireRegion *region,
                         const HaywirePosition *where, size_t count,
                         HaywireStatus *ret_status)
{
    MappedSource *mapped = (MappedSource *)source;

    haywire_residency_pages(mapped->residency, region, mapped->fd, 0, true,
                            where, count, ret_status);
}

static HaywireStatus compare_and_swap(HaywireMemory *source,
                                      HaywirePosition where, uint64_t expected,
                                      uint64_t desired)
{
    (void)source;
    (void)where;
    (void)expected;
    (void)desired;
    return HAYWIRE_READ_ONLY;
}

static HaywireStatus check(HaywireMemory *source)
{
    (void)source;
    return HAYWIRE_OK;
}

static const HaywireLayout *layout(HaywireMemory *source)
{
    return &((MappedSource *)source)->layout;
}

static void destroy(HaywireMemory *source)
{
    haywire_residency_destroy(((MappedSource *)source)->residency);
    g_free(source);
}

static const HaywireMemoryOps ops = {
    .regions = regions,
    .next_resident = next_resident,
    .compare_and_swap = compare_and_swap,
    .check = check,
    .layout = layout,
    .destroy = destroy,
    .are_resident = are_resident,
};

HaywireMemory *mapped_source_new(uint8_t *host, uint64_t length, int fd)
{
    MappedSource *mapped = g_new0(MappedSource, 1);
    HaywireStatus status =
        haywire_residency_new(HAYWIRE_RESIDENCY_AUTO, &mapped->residency);

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    mapped->base.ops = &ops;
    mapped->region = (HaywireRegion){ { 0 }, length, host };
    mapped->fd = fd;
    mapped->layout.count = 1;
    mapped->layout.range[0].length = length;
    return &mapped->base;
}
