/*
 * The map by the master index: docs/protocol.md, section 5.2.
 *
 * The index names all pages of a session. Those that the map does not have
 * where the index says are looked at in the order of their positions, so that
 * one question to the kernel covers what lies close, and the next page is under
 * way while one is verified. An index is as long as there are slots, whatever its
 * pages say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "map_internal.h"

#define CACHE_LINE 64
/* Entries that are sorted at a time: more than a usual session has. */
#define COLLECTED 2048
/* Pages between the question whether they are resident and their reading. */
#define BATCH 64
/* Pages under way ahead of the one that is verified. */
#define AHEAD 2

/* A page that a slot is said to have, by the number of the slot. */
typedef struct Entry {
    HaywirePosition position;
    uint32_t slot;
} Entry;

typedef struct IndexWalk {
    HaywireMap *map;
    HaywireMemory *source;
    const HaywireLayout *layout;
    Entry *entry; /* those to follow, and room to sort them; NULL: none yet */
    size_t count;
    uint32_t left; /* entries that can still come: one for each slot */
    bool any_pfn;
} IndexWalk;

/* Where the page of an entry lies; HAYWIRE_POSITION_NONE: nowhere. */
static HaywirePosition entry_position(IndexWalk *walk, uint64_t pfn)
{
    HaywireStatus status = HAYWIRE_BAD_RANGE;
    HaywirePosition position;

    if (pfn == 0) {
        return HAYWIRE_POSITION_NONE; /* not known to the guest */
    }
    walk->any_pfn = true;
    if (pfn <= UINT64_MAX >> HAYWIRE_PAGE_SHIFT) {
        status = haywire_layout_position(
            walk->layout, (HaywireGpa){ pfn << HAYWIRE_PAGE_SHIFT }, &position);
    }
    if (status != HAYWIRE_OK) {
        walk->map->rejected[status]++;
        return HAYWIRE_POSITION_NONE;
    }
    return position;
}

static void number_slot(const HaywireMap *map, uint32_t slot,
                        HaywireCategory *ret_category, uint32_t *ret_index)
{
    int category = 0;

    while (slot >= map->pages[category]) {
        slot -= map->pages[category++];
    }
    *ret_category = (HaywireCategory)category;
    *ret_index = slot;
}

/*
 * The page at @live claims its slot if it is the slot's. A page that moved
 * leaves an old copy behind with the same times until it is written again: on a
 * tie the index, which knows where the page is now, has the last word.
 */
static HaywireStatus follow_entry(HaywireMap *map, const Entry *entry,
                                  const uint8_t *live)
{
    HaywireMapSlot *slot = &map->slot[entry->slot];
    HaywireCategory category;
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status;
    uint32_t index;

    number_slot(map, entry->slot, &category, &index);
    status = haywire_map_snapshot(map, live, category, index, &copy, &info);
    if (status != HAYWIRE_OK) {
        return status;
    }
    map->clashes += haywire_map_slot_is_used(slot);
    if (info.monotonic_ns < slot->monotonic_ns) {
        return HAYWIRE_OK;
    }
    haywire_map_claim(map, slot, entry->position, &info);
    return HAYWIRE_OK;
}

/* A prefetch never faults, so a page that is not resident stays that. */
static void prefetch_page(HaywireMemory *source, HaywirePosition position)
{
    const uint8_t *host;
    size_t at;

    if (haywire_memory_pointer(source, position, HAYWIRE_PAGE_SIZE, &host) !=
        HAYWIRE_OK) {
        return;
    }
    for (at = 0; at < HAYWIRE_PAGE_SIZE; at += CACHE_LINE) {
        __builtin_prefetch(host + at);
    }
}

/* At most BATCH of them. */
static void follow_batch(IndexWalk *walk, const Entry *entry, size_t count)
{
    HaywirePosition where[BATCH];
    HaywireStatus status[BATCH];
    const uint8_t *live;
    size_t i;

    for (i = 0; i < count; i++) {
        where[i] = entry[i].position;
    }
    haywire_memory_resident_pages(walk->source, where, count, status);
    for (i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            prefetch_page(walk->source, where[i + AHEAD]);
        }
        if (status[i] == HAYWIRE_OK) {
            status[i] = haywire_memory_pointer(walk->source, where[i],
                                               HAYWIRE_PAGE_SIZE, &live);
        }
        if (status[i] == HAYWIRE_OK) {
            status[i] = follow_entry(walk->map, &entry[i], live);
        }
        if (status[i] != HAYWIRE_OK) {
            walk->map->rejected[status[i]]++;
        }
    }
}

/* One byte of the key, which counts pages from @first on. */
static uint8_t digit(const Entry *entry, uint64_t first, unsigned shift)
{
    return (uint8_t)((entry->position.value - first) >> shift);
}

/* Into @to, by that byte; equal ones stay in their order. */
static void sort_by_digit(const Entry *from, Entry *to, size_t count,
                          uint64_t first, unsigned shift)
{
    size_t place[256] = { 0 };
    size_t i, next = 0;

    for (i = 0; i < count; i++) {
        place[digit(&from[i], first, shift)]++;
    }
    for (i = 0; i < 256; i++) {
        size_t here = place[i];

        place[i] = next;
        next += here;
    }
    for (i = 0; i < count; i++) {
        to[place[digit(&from[i], first, shift)]++] = from[i];
    }
}

/*
 * By position, with @spare for as many. Byte by byte from the lowest: as fast
 * as reading a few pages, where comparing takes as long as reading all.
 * Returns where they are now.
 */
static Entry *sort_entries(Entry *entry, Entry *spare, size_t count)
{
    uint64_t first = UINT64_MAX, last = 0;
    unsigned shift;
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t at = entry[i].position.value;

        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    for (shift = HAYWIRE_PAGE_SHIFT; shift < 64 && (last - first) >> shift != 0;
         shift += 8) {
        Entry *sorted = spare;

        sort_by_digit(entry, sorted, count, first, shift);
        spare = entry;
        entry = sorted;
    }
    return entry;
}

static void follow_collected(IndexWalk *walk)
{
    size_t at, count = walk->count;
    Entry *entry = sort_entries(walk->entry, walk->entry + COLLECTED, count);

    for (at = 0; at < count; at += BATCH) {
        follow_batch(walk, entry + at, count - at < BATCH ? count - at : BATCH);
    }
    walk->count = 0;
}

static HaywireStatus collect(IndexWalk *walk, Entry entry)
{
    if (!walk->entry) {
        walk->entry = malloc(2 * COLLECTED * sizeof(*walk->entry));
    }
    if (!walk->entry) {
        return HAYWIRE_NO_MEMORY;
    }
    walk->entry[walk->count++] = entry;
    if (walk->count == COLLECTED) {
        follow_collected(walk);
    }
    return HAYWIRE_OK;
}

static bool is_followed(const HaywireMap *map, Entry entry)
{
    return entry.position.value == HAYWIRE_POSITION_NONE.value ||
           entry.position.value == map->slot[entry.slot].position.value;
}

/* A page of the index itself: it may lie elsewhere by now. */
static void follow_index_page(IndexWalk *walk, Entry entry)
{
    HaywireMap *map = walk->map;
    const uint8_t *live;
    HaywireStatus status;

    if (is_followed(map, entry)) {
        return;
    }
    status = haywire_memory_resident_page(walk->source, entry.position, &live);
    if (status == HAYWIRE_OK) {
        status = follow_entry(map, &entry, live);
    }
    if (status != HAYWIRE_OK) {
        map->rejected[status]++;
    }
}

/* Entries of the first index pages lead to the others: those cannot wait. */
static HaywireStatus take_entry(IndexWalk *walk, Entry entry)
{
    const HaywireMap *map = walk->map;

    if (entry.slot >= map->index.first &&
        entry.slot - map->index.first < map->index.pages) {
        follow_index_page(walk, entry);
        return HAYWIRE_OK;
    }
    return is_followed(map, entry) ? HAYWIRE_OK : collect(walk, entry);
}

static HaywireStatus take_entries(IndexWalk *walk, HaywireIndexPage *page)
{
    const uint32_t total = walk->map->total;
    HaywireStatus status = HAYWIRE_OK;
    uint32_t i;
    uint64_t pfn;

    for (i = 0; i < page->count && i < HAYWIRE_INDEX_PER_PAGE; i++) {
        if (page->first_slot >= total || i >= total - page->first_slot ||
            walk->left == 0 ||
            haywire_cursor_u64(&page->entries, &pfn) != HAYWIRE_OK) {
            break;
        }
        walk->left--;
        status = take_entry(
            walk, (Entry){ entry_position(walk, pfn), page->first_slot + i });
        if (status != HAYWIRE_OK) {
            break;
        }
    }
    return status;
}

/* The index's first pages, where the discovery page says that they are. */
static void follow_discovery(IndexWalk *walk)
{
    const HaywireMap *map = walk->map;
    uint32_t i;

    for (i = 0; i < map->index_frames && i < map->index.pages; i++) {
        follow_index_page(walk,
                          (Entry){ entry_position(walk, map->index_pfn[i]),
                                   map->index.first + i });
    }
}

static HaywireStatus take_index_page(IndexWalk *walk, uint32_t index)
{
    HaywireMap *map = walk->map;
    HaywireIndexPage page;
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status = haywire_map_read(
        map, walk->source, HAYWIRE_CATEGORY_MASTER, index, &copy, &info);

    if (status != HAYWIRE_OK) {
        return HAYWIRE_OK; /* the reader of that slot says why */
    }
    status = haywire_decode_index(&copy, &info, &page, NULL);
    if (status != HAYWIRE_OK) {
        map->rejected[status]++;
        return HAYWIRE_OK;
    }
    return take_entries(walk, &page);
}

static uint32_t count_missing(const HaywireMap *map)
{
    uint32_t missing = map->total;
    int i;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        missing -= map->mapped[i];
    }
    return missing;
}

HaywireStatus haywire_map_add_index(HaywireMap *map, HaywireMemory *source,
                                    const HaywireLayout *layout,
                                    uint32_t *ret_missing)
{
    IndexWalk walk = {
        .map = map, .source = source, .layout = layout, .left = map->total
    };
    HaywireStatus status = HAYWIRE_OK;
    uint32_t i;

    follow_discovery(&walk);
    for (i = 0; i < map->index.pages && status == HAYWIRE_OK; i++) {
        status = take_index_page(&walk, map->index.first + i);
    }
    if (walk.count > 0) {
        follow_collected(&walk);
    }
    free(walk.entry);
    if (status != HAYWIRE_OK) {
        return status;
    }
    *ret_missing = count_missing(map);
    return walk.any_pfn ? HAYWIRE_OK : HAYWIRE_NO_PFN;
}
