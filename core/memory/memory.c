/*
 * What all memory sources have in common.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <endian.h>
#include <stdatomic.h>
#include <string.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

void haywire_memory_destroy(HaywireMemory *source)
{
    if (source) {
        source->ops->destroy(source);
    }
}

/* The last region that starts at or below @where; NULL when there is none. */
static const HaywireRegion *find_region(HaywireMemory *source,
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

HaywireStatus haywire_memory_pointer(HaywireMemory *source,
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

static HaywireStatus page_is_resident(HaywireMemory *source,
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

static void ask_region(HaywireMemory *source, const HaywireRegion *region,
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

void haywire_memory_resident_pages(HaywireMemory *source,
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

HaywireStatus haywire_memory_resident_page(HaywireMemory *source,
                                           HaywirePosition where,
                                           const uint8_t **ret_host)
{
    HaywireStatus status;

    haywire_memory_resident_pages(source, &where, 1, &status);
    return status == HAYWIRE_OK
               ? haywire_memory_pointer(source, where, HAYWIRE_PAGE_SIZE,
                                        ret_host)
               : status;
}

const HaywireLayout *haywire_memory_layout(const HaywireMemory *memory)
{
    const HaywireLayout *own = memory->ops->layout((HaywireMemory *)memory);

    return own ? own : memory->layout_told ? &memory->layout : NULL;
}

void haywire_memory_set_layout(HaywireMemory *memory,
                               const HaywireLayout *layout)
{
    memory->layout_told = layout != NULL;
    if (layout) {
        memory->layout = *layout;
    }
}

static void read_piece(HaywireMemory *memory, HaywirePiece *piece)
{
    piece->got = 0;
    piece->status = HAYWIRE_OK;
    while (piece->got < piece->length) {
        HaywirePosition page = { piece->where.value + piece->got };
        size_t within = page.value % HAYWIRE_PAGE_SIZE;
        size_t step = HAYWIRE_PAGE_SIZE - within;
        const uint8_t *host;

        if (page.value < piece->where.value) {
            piece->status = HAYWIRE_OUT_OF_RANGE;
            return;
        }
        if (step > piece->length - piece->got) {
            step = piece->length - piece->got;
        }
        page.value -= within;
        piece->status = haywire_memory_resident_page(memory, page, &host);
        if (piece->status != HAYWIRE_OK) {
            return;
        }
        memcpy((uint8_t *)piece->to + piece->got, host + within, step);
        piece->got += step;
    }
}

void haywire_memory_read_pieces(HaywireMemory *memory, HaywirePiece *piece,
                                size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        read_piece(memory, &piece[i]);
    }
}

HaywireStatus haywire_memory_read(HaywireMemory *memory, HaywirePosition where,
                                  void *to, size_t length, size_t *ret_got)
{
    HaywirePiece piece = { .where = where, .to = to, .length = length };

    haywire_memory_read_pieces(memory, &piece, 1);
    *ret_got = piece.got;
    return piece.status;
}

void haywire_memory_peek(HaywireMemory *memory, const size_t offset[2],
                         HaywirePeek *peek, size_t count)
{
    const uint8_t *host;
    size_t i, j;

    for (i = 0; i < count; i++) {
        peek[i].status =
            haywire_memory_resident_page(memory, peek[i].page, &host);
        for (j = 0; j < 2 && peek[i].status == HAYWIRE_OK; j++) {
            const _Atomic uint32_t *word =
                (const _Atomic uint32_t *)(host + offset[j]);

            peek[i].word[j] =
                le32toh(atomic_load_explicit(word, memory_order_acquire));
        }
    }
}

HaywireStatus haywire_memory_next_window(HaywireMemory *memory,
                                         HaywirePosition from,
                                         HaywireWindow *ret_window)
{
    HaywireWindow window;
    HaywireStatus status = memory->ops->check(memory);

    if (status == HAYWIRE_OK) {
        status = memory->ops->next_resident(memory, from, &window.start,
                                            &window.length);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_memory_pointer(memory, window.start, window.length,
                                        &window.host);
    }
    if (status == HAYWIRE_OK) {
        window.length = window.length < HAYWIRE_WINDOW_MAX ? window.length
                                                           : HAYWIRE_WINDOW_MAX;
        *ret_window = window;
    }
    return status;
}

uint64_t haywire_memory_size_before(const HaywireMemory *memory,
                                    HaywirePosition end)
{
    size_t i, count;
    const HaywireRegion *region =
        memory->ops->regions((HaywireMemory *)memory, &count);
    uint64_t bytes = 0;

    for (i = 0; i < count && region[i].start.value < end.value; i++) {
        uint64_t within = end.value - region[i].start.value;

        bytes += within < region[i].length ? within : region[i].length;
    }
    return bytes;
}

uint64_t haywire_memory_size(const HaywireMemory *memory)
{
    return haywire_memory_size_before(memory, (HaywirePosition){ UINT64_MAX });
}

HaywireStatus haywire_memory_swap_word(HaywireMemory *memory,
                                       HaywirePosition where, uint64_t expected,
                                       uint64_t desired)
{
    return memory->ops->compare_and_swap(memory, where, expected, desired);
}
