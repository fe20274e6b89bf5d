/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all kinds of memory have in common: pieces become spots, each within one
 * page of one region, and many spots are dealt with at a time.
 */

#include <endian.h>
#include <stdatomic.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

void haywire_memory_destroy(HaywireMemory *memory)
{
    if (memory) {
        memory->ops->destroy(memory);
    }
}

void haywire_memory_stop(HaywireMemory *memory)
{
    atomic_store_explicit(&memory->stopped, true, memory_order_relaxed);
}

static bool is_stopped(const HaywireMemory *memory)
{
    return atomic_load_explicit(&memory->stopped, memory_order_relaxed);
}

const char *haywire_memory_residency(const HaywireMemory *memory,
                                     const char **ret_why)
{
    *ret_why = memory->residency_why;
    return memory->residency;
}

const HaywireLayout *haywire_memory_layout(const HaywireMemory *memory)
{
    return memory->layout;
}

void haywire_memory_set_layout(HaywireMemory *memory,
                               const HaywireLayout *layout)
{
    if (layout) {
        memory->told = *layout;
    }
    memory->layout = layout ? &memory->told : NULL;
}

HaywireStatus haywire_memory_check(HaywireMemory *memory)
{
    return memory->ops->check ? memory->ops->check(memory) : HAYWIRE_OK;
}

/* The number of regions that start at or below @where. */
static size_t regions_up_to(const HaywireMemory *memory, HaywirePosition where)
{
    size_t low = 0, count = memory->region_count;

    while (count > 0) {
        size_t half = count / 2;

        if (memory->region[low + half].start.value <= where.value) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* The region that holds @where, and where in it; NULL: none does. */
static const HaywireRegion *find_region(const HaywireMemory *memory,
                                        HaywirePosition where,
                                        uint64_t *ret_offset)
{
    size_t count = regions_up_to(memory, where);
    const HaywireRegion *region;

    if (count == 0 || is_stopped(memory)) {
        return NULL;
    }
    region = &memory->region[count - 1];
    *ret_offset = where.value - region->start.value;
    return *ret_offset < region->length ? region : NULL;
}

/* ---- Reading ----------------------------------------------------------- */

typedef struct Batch {
    HaywireMemory *memory;
    size_t count;
    HaywireSpot spot[HAYWIRE_SPOTS_MAX];
    HaywirePiece *piece[HAYWIRE_SPOTS_MAX]; /* that the spot is of */
} Batch;

static void flush(Batch *batch)
{
    size_t i;

    if (batch->count > 0) {
        batch->memory->ops->read(batch->memory, batch->spot, batch->count);
    }
    for (i = 0; i < batch->count; i++) {
        const HaywireSpot *spot = &batch->spot[i];
        HaywirePiece *piece = batch->piece[i];

        if (piece->status != HAYWIRE_OK) {
            continue;
        }
        piece->status = spot->status;
        piece->got += spot->status == HAYWIRE_OK ? spot->length : 0;
    }
    batch->count = 0;
}

/* The spot that begins at byte @at of the piece. False: there is none. */
static bool add_spot(Batch *batch, HaywirePiece *piece, size_t at,
                     size_t *ret_length)
{
    HaywirePosition where = { piece->where.value + at };
    size_t length = HAYWIRE_PAGE_SIZE - where.value % HAYWIRE_PAGE_SIZE;
    const HaywireRegion *region;
    uint64_t offset;

    length = length < piece->length - at ? length : piece->length - at;
    region = where.value >= piece->where.value
                 ? find_region(batch->memory, where, &offset)
                 : NULL;
    if (!region) {
        return false;
    }
    batch->piece[batch->count] = piece;
    batch->spot[batch->count++] = (HaywireSpot){
        .region = region,
        .offset = offset,
        .to = (uint8_t *)piece->to + at,
        .length = length,
    };
    *ret_length = length;
    return true;
}

static void add_piece(Batch *batch, HaywirePiece *piece)
{
    size_t at = 0, length;

    piece->got = 0;
    piece->status = HAYWIRE_OK;
    while (at < piece->length && piece->status == HAYWIRE_OK) {
        if (add_spot(batch, piece, at, &length)) {
            at += length;
            if (batch->count == HAYWIRE_SPOTS_MAX) {
                flush(batch);
            }
            continue;
        }
        flush(batch);
        if (piece->status == HAYWIRE_OK) {
            piece->status = HAYWIRE_OUT_OF_RANGE;
        }
    }
}

void haywire_memory_read_pieces(HaywireMemory *memory, HaywirePiece *piece,
                                size_t count)
{
    Batch batch;
    size_t i;

    batch.memory = memory;
    batch.count = 0;
    for (i = 0; i < count; i++) {
        add_piece(&batch, &piece[i]);
    }
    flush(&batch);
}

HaywireStatus haywire_memory_read(HaywireMemory *memory, HaywirePosition where,
                                  void *to, size_t length, size_t *ret_got)
{
    HaywirePiece piece = { .where = where, .to = to, .length = length };

    haywire_memory_read_pieces(memory, &piece, 1);
    *ret_got = piece.got;
    return piece.status;
}

/* ---- Looking, without copying ------------------------------------------ */

static const uint8_t *host_of(const HaywireSpot *spot)
{
    return spot->region->host + spot->offset;
}

static void load_word(size_t offset, const HaywireSpot *spot, HaywirePeek *peek)
{
    const _Atomic uint32_t *word =
        (const _Atomic uint32_t *)(host_of(spot) + offset);

    peek->word = atomic_load_explicit(word, memory_order_acquire);
    peek->status = HAYWIRE_OK;
}

/* By way of a read: pages that are there, but not for touching, or are not. */
static void read_words(HaywireMemory *memory, size_t offset, HaywireSpot *spot,
                       HaywirePeek *const *peek, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        spot[i].offset += offset;
        spot[i].to = (uint8_t *)&peek[i]->word;
        spot[i].length = sizeof(peek[i]->word);
    }
    memory->ops->read(memory, spot, count);
    for (i = 0; i < count; i++) {
        peek[i]->status = spot[i].status;
    }
}

/* What is prefetched never faults. */
static void peek_some(HaywireMemory *memory, size_t offset, HaywireSpot *spot,
                      HaywirePeek **peek, size_t count)
{
    size_t i, others = 0;

    memory->ops->ask(memory, spot, count);
    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_OK) {
            __builtin_prefetch(host_of(&spot[i]) + offset);
        }
    }
    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_OK) {
            load_word(offset, &spot[i], peek[i]);
        } else {
            spot[others] = spot[i];
            peek[others++] = peek[i];
        }
    }
    if (others > 0) {
        read_words(memory, offset, spot, peek, others);
    }
}

void haywire_memory_peek(HaywireMemory *memory, size_t offset,
                         HaywirePeek *peek, size_t count)
{
    HaywireSpot spot[HAYWIRE_PEEKS_MAX];
    HaywirePeek *asked[HAYWIRE_PEEKS_MAX];
    size_t i, some = 0;

    for (i = 0; i < count; i++) {
        peek[i].word = 0;
        peek[i].status = HAYWIRE_OUT_OF_RANGE;
        spot[some] = (HaywireSpot){ .length = HAYWIRE_PAGE_SIZE };
        spot[some].region =
            find_region(memory, peek[i].page, &spot[some].offset);
        if (spot[some].region && spot[some].offset % HAYWIRE_PAGE_SIZE == 0) {
            asked[some++] = &peek[i];
        }
        if (some == HAYWIRE_PEEKS_MAX) {
            peek_some(memory, offset, spot, asked, some);
            some = 0;
        }
    }
    if (some > 0) {
        peek_some(memory, offset, spot, asked, some);
    }
    for (i = 0; i < count; i++) {
        peek[i].word = le32toh(peek[i].word);
    }
}

HaywireStatus haywire_memory_next_window(HaywireMemory *memory,
                                         HaywirePosition from,
                                         HaywireWindow *ret_window)
{
    size_t i = regions_up_to(memory, from);

    i = i > 0 ? i - 1 : 0;
    for (; i < memory->region_count && !is_stopped(memory); i++) {
        const HaywireRegion *region = &memory->region[i];
        uint64_t at = from.value > region->start.value
                          ? from.value - region->start.value
                          : 0;
        HaywireStatus status = HAYWIRE_NOT_FOUND;

        at -= at % HAYWIRE_PAGE_SIZE;
        if (at < region->length) {
            status = memory->ops->next_window(memory, region, at, ret_window);
        }
        if (status != HAYWIRE_NOT_FOUND) {
            return status;
        }
    }
    return HAYWIRE_NOT_FOUND;
}

uint64_t haywire_memory_size_before(const HaywireMemory *memory,
                                    HaywirePosition end)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < regions_up_to(memory, end); i++) {
        const HaywireRegion *region = &memory->region[i];
        uint64_t within = end.value - region->start.value;

        bytes += within < region->length ? within : region->length;
    }
    return bytes;
}

uint64_t haywire_memory_size(const HaywireMemory *memory)
{
    return haywire_memory_size_before(memory, (HaywirePosition){ UINT64_MAX });
}

bool haywire_memory_place(const HaywireMemory *memory, HaywirePosition where,
                          size_t *ret_file, uint64_t *ret_offset)
{
    uint64_t offset, start;
    const HaywireRegion *region = find_region(memory, where, &offset);

    if (!region || !memory->ops->place) {
        return false;
    }
    memory->ops->place(memory, region, ret_file, &start);
    *ret_offset = start + offset;
    return true;
}

/* ---- The door ---------------------------------------------------------- */

HaywireStatus haywire_memory_swap_word(HaywireMemory *memory,
                                       HaywirePosition where, uint64_t expected,
                                       uint64_t desired)
{
    uint64_t offset;
    const HaywireRegion *region = find_region(memory, where, &offset);

    if (!region || offset % sizeof(desired) != 0) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    if (region->read_only) {
        return HAYWIRE_READ_ONLY;
    }
    return memory->ops->swap_word(memory, region, offset, expected, desired);
}

HaywireStatus haywire_memory_swap_at(uint8_t *host, uint64_t expected,
                                     uint64_t desired)
{
    uint64_t old = htole64(expected);

    return atomic_compare_exchange_strong((_Atomic uint64_t *)host, &old,
                                          htole64(desired))
               ? HAYWIRE_OK
               : HAYWIRE_FOCUS_LOST_RACE;
}
