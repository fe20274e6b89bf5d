/*
 * What all memory sources have in common.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "haywire/beacon_protocol.h"
#include "haywire/memory_source.h"

void haywire_source_destroy(HaywireSource *source)
{
    if (source) {
        source->ops->destroy(source);
    }
}

/* The last region that starts at or below @where; NULL when there is none. */
static const HaywireRegion *find_region(HaywireSource *source,
                                        HaywirePosition where)
{
    size_t count, low = 0;
    const HaywireRegion *region = source->ops->regions(source, &count);

    while (count > 0) {
        size_t half = count / 2;

        if (region[low + half].start.value <= where.value) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low > 0 ? &region[low - 1] : NULL;
}

HaywireStatus haywire_source_pointer(HaywireSource *source,
                                     HaywirePosition where, uint64_t length,
                                     const uint8_t **ret_host)
{
    const HaywireRegion *region = find_region(source, where);
    uint64_t offset;

    if (!region) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    offset = where.value - region->start.value;
    if (offset >= region->length || length > region->length - offset) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    *ret_host = region->host + offset;
    return HAYWIRE_OK;
}

static HaywireStatus page_is_resident(HaywireSource *source,
                                      HaywirePosition where)
{
    HaywirePosition start;
    uint64_t length;
    HaywireStatus status =
        source->ops->next_resident(source, where, &start, &length);

    if (status == HAYWIRE_NOT_FOUND ||
        (status == HAYWIRE_OK && start.value != where.value)) {
        return HAYWIRE_NOT_RESIDENT;
    }
    return status;
}

/* How many of the first @count pages lie within @region. */
static size_t pages_within(const HaywireRegion *region,
                           const HaywirePosition *where, size_t count)
{
    size_t i = 0;

    while (i < count && where[i].value % HAYWIRE_PAGE_SIZE == 0 &&
           where[i].value >= region->start.value &&
           region->length >= HAYWIRE_PAGE_SIZE &&
           where[i].value - region->start.value <=
               region->length - HAYWIRE_PAGE_SIZE) {
        i++;
    }
    return i;
}

static void ask_region(HaywireSource *source, const HaywireRegion *region,
                       const HaywirePosition *where, size_t count,
                       HaywireStatus *ret_status)
{
    size_t i;

    if (source->ops->are_resident) {
        source->ops->are_resident(source, region, where, count, ret_status);
        return;
    }
    for (i = 0; i < count; i++) {
        ret_status[i] = page_is_resident(source, where[i]);
    }
}

void haywire_source_resident_pages(HaywireSource *source,
                                   const HaywirePosition *where, size_t count,
                                   HaywireStatus *ret_status)
{
    size_t i = 0;

    while (i < count) {
        const HaywireRegion *region = find_region(source, where[i]);
        size_t pages = region ? pages_within(region, where + i, count - i) : 0;

        if (pages == 0) {
            ret_status[i++] = HAYWIRE_OUT_OF_RANGE;
            continue;
        }
        ask_region(source, region, where + i, pages, ret_status + i);
        i += pages;
    }
}

HaywireStatus haywire_source_resident_page(HaywireSource *source,
                                           HaywirePosition where,
                                           const uint8_t **ret_host)
{
    HaywireStatus status;

    haywire_source_resident_pages(source, &where, 1, &status);
    return status == HAYWIRE_OK
               ? haywire_source_pointer(source, where, HAYWIRE_PAGE_SIZE,
                                        ret_host)
               : status;
}
