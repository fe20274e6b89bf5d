/*
 * The mapping arrays of one session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/map.h"

#define CACHE_LINE 64

typedef struct Slot {
    HaywirePosition position; /* HAYWIRE_POSITION_NONE: not mapped */
    uint64_t monotonic_ns;    /* of the page when it claimed the slot */
} Slot;

struct HaywireMap {
    uint64_t session;
    HaywirePart index;     /* where in MASTER the index lies */
    uint32_t index_frames; /* the first pages of it, by the discovery page */
    uint64_t index_pfn[HAYWIRE_INDEX_FRAMES_MAX];
    uint64_t clashes;
    uint64_t rejected[HAYWIRE_STATUS_COUNT]; /* of the index, by reason */
    uint32_t pages[HAYWIRE_CATEGORY_COUNT];
    uint32_t mapped[HAYWIRE_CATEGORY_COUNT];
    Slot *array[HAYWIRE_CATEGORY_COUNT]; /* into slot[] */
    uint32_t total;
    Slot slot[];
};

bool haywire_map_take_discovery(HaywireMap *map,
                                const HaywireDiscovery *discovery)
{
    if (map->index_frames == discovery->index_frames &&
        memcmp(map->index_pfn, discovery->index_pfn, sizeof(map->index_pfn)) ==
            0) {
        return false;
    }
    map->index_frames = discovery->index_frames;
    memcpy(map->index_pfn, discovery->index_pfn, sizeof(map->index_pfn));
    return true;
}

HaywireStatus haywire_map_new(uint64_t session,
                              const HaywireDiscovery *discovery,
                              HaywireMap **ret_map)
{
    uint32_t i, total = 0;
    HaywireMap *map;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        total += discovery->geometry[i];
    }
    map = calloc(1, sizeof(*map) + total * sizeof(map->slot[0]));
    if (!map) {
        return HAYWIRE_NO_MEMORY;
    }
    map->session = session;
    map->index = discovery->part[HAYWIRE_PART_INDEX];
    haywire_map_take_discovery(map, discovery);
    for (i = 0; i < total; i++) {
        map->slot[i].position = HAYWIRE_POSITION_NONE;
    }
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        map->pages[i] = discovery->geometry[i];
        map->array[i] = map->slot + map->total;
        map->total += discovery->geometry[i];
    }
    *ret_map = map;
    return HAYWIRE_OK;
}

void haywire_map_destroy(HaywireMap *map)
{
    free(map);
}

static Slot *find_slot(const HaywireMap *map, HaywireCategory category,
                       uint32_t index)
{
    if ((unsigned)category >= HAYWIRE_CATEGORY_COUNT ||
        index >= map->pages[category]) {
        return NULL;
    }
    return &map->array[category][index];
}

static bool is_mapped(const Slot *slot)
{
    return slot->position.value != UINT64_MAX;
}

static void claim(HaywireMap *map, Slot *slot, HaywirePosition position,
                  const HaywirePageInfo *info)
{
    if (!is_mapped(slot)) {
        map->mapped[info->category]++;
    }
    slot->position = position;
    slot->monotonic_ns = info->monotonic_ns;
}

HaywireStatus haywire_map_add(HaywireMap *map, HaywirePosition position,
                              const HaywirePageInfo *info)
{
    Slot *slot = find_slot(map, info->category, info->index);

    if (info->session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (!slot) {
        return HAYWIRE_BAD_INDEX;
    }
    if (is_mapped(slot) && slot->position.value != position.value) {
        map->clashes++;
        if (info->monotonic_ns <= slot->monotonic_ns) {
            return HAYWIRE_OK;
        }
    }
    claim(map, slot, position, info);
    return HAYWIRE_OK;
}

void haywire_map_forget(HaywireMap *map, HaywireCategory category,
                        uint32_t index)
{
    Slot *slot = find_slot(map, category, index);

    if (slot && is_mapped(slot)) {
        slot->position = HAYWIRE_POSITION_NONE;
        slot->monotonic_ns = 0;
        map->mapped[category]--;
    }
}

uint32_t haywire_map_pages(const HaywireMap *map, HaywireCategory category)
{
    return (unsigned)category < HAYWIRE_CATEGORY_COUNT ? map->pages[category]
                                                       : 0;
}

uint32_t haywire_map_mapped(const HaywireMap *map, HaywireCategory category)
{
    return (unsigned)category < HAYWIRE_CATEGORY_COUNT ? map->mapped[category]
                                                       : 0;
}

uint64_t haywire_map_clashes(const HaywireMap *map)
{
    return map->clashes;
}

uint64_t haywire_map_rejected(const HaywireMap *map, HaywireStatus reason)
{
    return (unsigned)reason < HAYWIRE_STATUS_COUNT ? map->rejected[reason] : 0;
}

HaywirePosition haywire_map_position(const HaywireMap *map,
                                     HaywireCategory category, uint32_t index)
{
    const Slot *slot = find_slot(map, category, index);

    return slot ? slot->position : HAYWIRE_POSITION_NONE;
}

/* Copy the page at @position; it must be the one of this slot. */
static HaywireStatus read_at(const HaywireMap *map, HaywireSource *source,
                             HaywirePosition position, HaywireCategory category,
                             uint32_t index, HaywirePage *ret_copy,
                             HaywirePageInfo *ret_info)
{
    HaywirePageInfo info;
    const uint8_t *live;
    HaywireStatus status =
        haywire_source_resident_page(source, position, &live);

    if (status == HAYWIRE_OK) {
        status = haywire_page_snapshot(live, ret_copy, &info, NULL);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (info.session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (info.category != category) {
        return HAYWIRE_BAD_CATEGORY;
    }
    if (info.index != index) {
        return HAYWIRE_BAD_INDEX;
    }
    *ret_info = info;
    return HAYWIRE_OK;
}

HaywireStatus haywire_map_read(const HaywireMap *map, HaywireSource *source,
                               HaywireCategory category, uint32_t index,
                               HaywirePage *ret_copy, HaywirePageInfo *ret_info)
{
    const Slot *slot = find_slot(map, category, index);

    if (!slot || !is_mapped(slot)) {
        return HAYWIRE_NOT_FOUND;
    }
    return read_at(map, source, slot->position, category, index, ret_copy,
                   ret_info);
}

/* The category and index of a slot of the master index (section 5.2). */
static bool number_slot(const HaywireMap *map, uint32_t number,
                        HaywireCategory *ret_category, uint32_t *ret_index)
{
    int category;

    for (category = 0; category < HAYWIRE_CATEGORY_COUNT; category++) {
        if (number < map->pages[category]) {
            *ret_category = (HaywireCategory)category;
            *ret_index = number;
            return true;
        }
        number -= map->pages[category];
    }
    return false;
}

/*
 * What the index says of one slot. A page that moved leaves an old copy behind
 * with the same times until it is written again: on a tie the index, which
 * knows where the page is now, has the last word.
 */
static HaywireStatus follow_entry(HaywireMap *map, HaywireSource *source,
                                  HaywirePosition position,
                                  HaywireCategory category, uint32_t index)
{
    Slot *slot = find_slot(map, category, index);
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status;

    if (slot->position.value == position.value) {
        return HAYWIRE_OK;
    }
    status = read_at(map, source, position, category, index, &copy, &info);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (is_mapped(slot)) {
        map->clashes++;
        if (info.monotonic_ns < slot->monotonic_ns) {
            return HAYWIRE_OK;
        }
    }
    claim(map, slot, position, &info);
    return HAYWIRE_OK;
}

typedef struct IndexWalk {
    HaywireMap *map;
    HaywireSource *source;
    const HaywireLayout *layout;
    uint32_t found;
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

static uint32_t read_entries(IndexWalk *walk, HaywireIndexPage *page,
                             HaywirePosition *ret_position)
{
    uint32_t i;
    uint64_t pfn;

    for (i = 0; i < page->count && i < HAYWIRE_INDEX_PER_PAGE; i++) {
        if (haywire_cursor_u64(&page->entries, &pfn) != HAYWIRE_OK) {
            break;
        }
        ret_position[i] = entry_position(walk, pfn);
    }
    return i;
}

/*
 * Have a page underway while the one before it is verified: asking whether
 * that is resident takes as long as the memory does. A prefetch never faults,
 * so a page that is not resident stays that.
 */
static void prefetch_page(HaywireSource *source, HaywirePosition position)
{
    const uint8_t *host;
    size_t at;

    if (haywire_source_pointer(source, position, HAYWIRE_PAGE_SIZE, &host) !=
        HAYWIRE_OK) {
        return;
    }
    for (at = 0; at < HAYWIRE_PAGE_SIZE; at += CACHE_LINE) {
        __builtin_prefetch(host + at);
    }
}

static void follow_page(IndexWalk *walk, HaywireIndexPage *page)
{
    HaywirePosition position[HAYWIRE_INDEX_PER_PAGE];
    uint32_t i, index, count = read_entries(walk, page, position);
    HaywireCategory category;
    HaywireStatus status;

    for (i = 0; i < count; i++) {
        if (i + 1 < count) {
            prefetch_page(walk->source, position[i + 1]);
        }
        if (!number_slot(walk->map, page->first_slot + i, &category, &index)) {
            return;
        }
        if (position[i].value == HAYWIRE_POSITION_NONE.value) {
            continue;
        }
        status =
            follow_entry(walk->map, walk->source, position[i], category, index);
        if (status == HAYWIRE_OK) {
            walk->found++;
        } else {
            walk->map->rejected[status]++;
        }
    }
}

/* The index's first pages, where the discovery page says that they are. */
static void follow_discovery(IndexWalk *walk)
{
    HaywireMap *map = walk->map;
    uint32_t i;

    for (i = 0; i < map->index_frames && i < map->index.pages; i++) {
        HaywirePosition position = entry_position(walk, map->index_pfn[i]);
        HaywireStatus status;

        if (position.value == HAYWIRE_POSITION_NONE.value) {
            continue;
        }
        status = follow_entry(map, walk->source, position,
                              HAYWIRE_CATEGORY_MASTER, map->index.first + i);
        if (status != HAYWIRE_OK) {
            map->rejected[status]++;
        }
    }
}

HaywireStatus haywire_map_add_index(HaywireMap *map, HaywireSource *source,
                                    const HaywireLayout *layout,
                                    uint32_t *ret_missing)
{
    IndexWalk walk = { .map = map, .source = source, .layout = layout };
    HaywireIndexPage page;
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status;
    uint32_t i;

    follow_discovery(&walk);
    for (i = 0; i < map->index.pages; i++) {
        status = haywire_map_read(map, source, HAYWIRE_CATEGORY_MASTER,
                                  map->index.first + i, &copy, &info);
        if (status != HAYWIRE_OK) {
            continue; /* the reader of that slot says why */
        }
        status = haywire_decode_index(&copy, &info, &page, NULL);
        if (status == HAYWIRE_OK) {
            follow_page(&walk, &page);
        } else {
            map->rejected[status]++;
        }
    }
    *ret_missing = walk.found < map->total ? map->total - walk.found : 0;
    return walk.any_pfn ? HAYWIRE_OK : HAYWIRE_NO_PFN;
}
