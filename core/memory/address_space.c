/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading by guest addresses: physical, through the layout; virtual, through an
 * address space.
 */

#include <string.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

/* The stretch of the layout that @gpa begins. */
static HaywireStatus place(const HaywireLayout *layout, HaywireGpa gpa,
                           HaywirePosition *ret_position, uint64_t *ret_length)
{
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

static HaywireStatus read_gpa(HaywireMemory *memory,
                              const HaywireLayout *layout, HaywireGpa gpa,
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
                                      : place(layout, at, &where, &room);
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

HaywireStatus haywire_memory_read_gpa(HaywireMemory *memory, HaywireGpa gpa,
                                      void *to, size_t length, size_t *ret_got)
{
    return read_gpa(memory, haywire_memory_layout(memory), gpa, to, length,
                    ret_got);
}

/* Up to the end of the address space. */
static HaywireStatus stay(const HaywireAddressSpace *space, HaywireGva gva,
                          HaywireStretch *ret_stretch)
{
    (void)space;
    ret_stretch->gpa.value = gva.value;
    ret_stretch->length = gva.value == 0 ? UINT64_MAX : -gva.value;
    return HAYWIRE_OK;
}

HaywireAddressSpace haywire_physical_space(const HaywireLayout *layout)
{
    return (HaywireAddressSpace){ stay, layout };
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

static bool is_alike(const HaywireMissing *one, const HaywireMissing *other)
{
    return one->why == other->why && one->level == other->level &&
           one->swapped == other->swapped;
}

/* False: there is no room for another one. */
static bool add_missing(Parts *parts, const HaywireMissing *next)
{
    HaywireMissing *last =
        parts->count > 0 ? &parts->missing[parts->count - 1] : NULL;

    if (last && is_alike(last, next) &&
        last->start.value + last->length == next->start.value) {
        last->length += next->length;
        return true;
    }
    if (parts->count == parts->room) {
        return false;
    }
    parts->missing[parts->count++] = *next;
    return true;
}

/* One stretch that lies together. *ret_done: bytes that are dealt with. */
static bool read_stretch(HaywireMemory *memory,
                         const HaywireAddressSpace *space, HaywireGva at,
                         uint8_t *to, size_t length, Parts *parts,
                         size_t *ret_done)
{
    const HaywireLayout *layout =
        space->layout ? space->layout : haywire_memory_layout(memory);
    HaywireStretch stretch = { 0 };
    HaywireMissing missing;
    uint64_t run;
    size_t got = 0;
    HaywireStatus status = space->translate(space, at, &stretch);

    run = stretch.length < length ? stretch.length : length;
    if (status == HAYWIRE_OK) {
        status = read_gpa(memory, layout, stretch.gpa, to, (size_t)run, &got);
        if (status != HAYWIRE_OK) {
            stretch.gpa.value += got;
            run = got + skip(stretch.gpa, run - got);
        }
    }
    *ret_done = (size_t)run;
    if (status == HAYWIRE_OK) {
        return true;
    }
    memset(to + got, 0, (size_t)run - got);
    missing = (HaywireMissing){
        { at.value + got }, run - got, status, stretch.level, stretch.swapped
    };
    return add_missing(parts, &missing);
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
