/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading by guest addresses: physical, through the layout; virtual, through an
 * address space.
 */

#include <string.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

/* The stretch of the layout that @gpa begins. */
static HaywireStatus place(const HaywireMemory *memory, HaywireGpa gpa,
                           HaywirePosition *ret_position, uint64_t *ret_length)
{
    const HaywireLayout *layout = haywire_memory_layout(memory);
    size_t i;

    for (i = 0; layout && i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];
        uint64_t within = gpa.value - range->gpa.value;

        if (gpa.value >= range->gpa.value && within < range->length) {
            ret_position->value = range->position.value + within;
            *ret_length = range->length - within;
            return HAYWIRE_OK;
        }
    }
    return HAYWIRE_NO_LAYOUT;
}

HaywireStatus haywire_memory_read_gpa(HaywireMemory *memory, HaywireGpa gpa,
                                      void *to, size_t length, size_t *ret_got)
{
    HaywireStatus status = HAYWIRE_OK;
    size_t got = 0;

    while (got < length && status == HAYWIRE_OK) {
        HaywireGpa at = { gpa.value + got };
        HaywirePosition where;
        uint64_t room;
        size_t step;

        status = at.value < gpa.value ? HAYWIRE_NO_LAYOUT
                                      : place(memory, at, &where, &room);
        if (status == HAYWIRE_OK) {
            step = length - got < room ? length - got : (size_t)room;
            status = haywire_memory_read(memory, where, (uint8_t *)to + got,
                                         step, &step);
            got += step;
        }
    }
    *ret_got = got;
    return status;
}

/* Where the next part begins at which reading may go on. */
static uint64_t skip(HaywireGpa gpa, uint64_t left)
{
    uint64_t page = HAYWIRE_PAGE_SIZE - gpa.value % HAYWIRE_PAGE_SIZE;

    return page < left ? page : left;
}

typedef struct Parts {
    HaywireMissing *missing;
    size_t room;
    size_t count;
} Parts;

/* False: there is no room for another one. */
static bool add_missing(Parts *parts, HaywireGva start, uint64_t length,
                        HaywireStatus why)
{
    HaywireMissing *last =
        parts->count > 0 ? &parts->missing[parts->count - 1] : NULL;

    if (last && last->why == why &&
        last->start.value + last->length == start.value) {
        last->length += length;
        return true;
    }
    if (parts->count == parts->room) {
        return false;
    }
    parts->missing[parts->count++] = (HaywireMissing){ start, length, why };
    return true;
}

/* One stretch that lies together. *ret_done: bytes that are dealt with. */
static bool read_stretch(HaywireMemory *memory,
                         const HaywireAddressSpace *space, HaywireGva at,
                         uint8_t *to, size_t length, Parts *parts,
                         size_t *ret_done)
{
    HaywireGpa gpa;
    uint64_t run;
    size_t got = 0;
    HaywireStatus status = space->translate(space, at, &gpa, &run);

    run = run < length ? run : length;
    if (status == HAYWIRE_OK) {
        status = haywire_memory_read_gpa(memory, gpa, to, (size_t)run, &got);
        if (status != HAYWIRE_OK) {
            gpa.value += got;
            run = got + skip(gpa, run - got);
        }
    }
    *ret_done = (size_t)run;
    if (status == HAYWIRE_OK) {
        return true;
    }
    memset(to + got, 0, (size_t)run - got);
    at.value += got;
    return add_missing(parts, at, run - got, status);
}

HaywireStatus haywire_memory_read_gva(HaywireMemory *memory,
                                      const HaywireAddressSpace *space,
                                      HaywireGva gva, void *to, size_t length,
                                      HaywireMissing *ret_missing, size_t room,
                                      size_t *ret_count)
{
    Parts parts = { ret_missing, room, 0 };
    size_t at = 0, done;

    if (length > 0 && length - 1 > UINT64_MAX - gva.value) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    while (at < length) {
        HaywireGva here = { gva.value + at };

        if (!read_stretch(memory, space, here, (uint8_t *)to + at, length - at,
                          &parts, &done)) {
            memset((uint8_t *)to + at, 0, length - at);
            *ret_count = parts.count;
            return HAYWIRE_LIMIT;
        }
        at += done;
    }
    *ret_count = parts.count;
    return HAYWIRE_OK;
}
