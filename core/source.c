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
    HaywireStatus status;

    if (source->ops->is_resident) {
        return source->ops->is_resident(source, where);
    }
    status = source->ops->next_resident(source, where, &start, &length);
    if (status == HAYWIRE_NOT_FOUND ||
        (status == HAYWIRE_OK && start.value != where.value)) {
        return HAYWIRE_NOT_RESIDENT;
    }
    return status;
}

HaywireStatus haywire_source_resident_page(HaywireSource *source,
                                           HaywirePosition where,
                                           const uint8_t **ret_host)
{
    const uint8_t *host;
    HaywireStatus status;

    if (where.value % HAYWIRE_PAGE_SIZE != 0) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    status = haywire_source_pointer(source, where, HAYWIRE_PAGE_SIZE, &host);
    if (status == HAYWIRE_OK) {
        status = page_is_resident(source, where);
    }
    if (status == HAYWIRE_OK) {
        *ret_host = host;
    }
    return status;
}
