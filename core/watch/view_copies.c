/*
 * The copies of the shown session's pages, kept up to date.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "view_internal.h"

/* The class of a page, by its place in the session. */
static HaywireCopyClass find_class(const HaywireShown *shown,
                                   HaywireCategory category, uint32_t index)
{
    switch (category) {
    case HAYWIRE_CATEGORY_ROUNDROBIN:
        return index < haywire_map_pages(shown->map, category) / 2
                   ? HAYWIRE_COPIES_RECORDS
                   : HAYWIRE_COPIES_SECTIONS;
    case HAYWIRE_CATEGORY_PID:
        return HAYWIRE_COPIES_PID;
    case HAYWIRE_CATEGORY_CAMERA1:
        return index > 0 ? HAYWIRE_COPIES_CAMERA1 : HAYWIRE_COPIES_HEAD;
    case HAYWIRE_CATEGORY_CAMERA2:
        return index > 0 ? HAYWIRE_COPIES_CAMERA2 : HAYWIRE_COPIES_HEAD;
    default:
        return HAYWIRE_COPIES_HEAD;
    }
}

static void begin_pool(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    size_t slot_bytes =
        HAYWIRE_SLOT_BYTES + (shown->sighting ? sizeof(*shown->sighting) : 0);
    uint32_t need[HAYWIRE_COPIES_CLASSES] = { 0 };
    uint32_t index;
    int category;

    for (category = 0; category < HAYWIRE_CATEGORY_COUNT; category++) {
        uint32_t pages = haywire_map_pages(shown->map, category);

        for (index = 0; index < pages; index++) {
            need[find_class(shown, category, index)]++;
        }
    }
    haywire_pool_begin(&view->pool, slot_bytes * shown->total, need);
}

HaywireStatus haywire_view_begin_copies(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    bool needs_sightings = !haywire_memory_layout(view->source);
    int i;

    shown->total = 0;
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        shown->total += haywire_map_pages(shown->map, i);
    }
    shown->slot = calloc(shown->total, sizeof(*shown->slot));
    if (needs_sightings) {
        shown->sighting = calloc(shown->total, sizeof(*shown->sighting));
    }
    if (!shown->slot || (needs_sightings && !shown->sighting)) {
        shown->total = 0;
        return HAYWIRE_NO_MEMORY;
    }
    begin_pool(view);
    return HAYWIRE_OK;
}

void haywire_view_drop_copies(HaywireView *view)
{
    HaywireShown *shown = &view->shown;

    haywire_pool_reset(&view->pool);
    view->scratch = view->pool.page;
    free(shown->slot);
    free(shown->sighting);
    shown->slot = NULL;
    shown->sighting = NULL;
    shown->total = 0;
}

/* The copy of a slot; NULL when there is none. */
static HaywireHeld *find_held(HaywireView *view, const HaywireSlot *slot)
{
    return slot->copy >= HAYWIRE_SLOT_HELD
               ? &view->pool.held[slot->copy - HAYWIRE_SLOT_HELD]
               : NULL;
}

const HaywireCopy *const *haywire_view_list_copies(HaywireView *view,
                                                   size_t *ret_count)
{
    const HaywireShown *shown = &view->shown;
    HaywireCopyPool *pool = &view->pool;
    size_t count = 0;
    uint32_t i;

    for (i = 0; i < shown->total; i++) {
        const HaywireHeld *held = find_held(view, &shown->slot[i]);

        if (held) {
            pool->order[count++] = &held->copy;
        }
    }
    *ret_count = count;
    return pool->order;
}

void haywire_view_settle_copies(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    uint32_t i;

    for (i = 0; i < shown->total; i++) {
        HaywireHeld *held = find_held(view, &shown->slot[i]);

        if (held) {
            held->copy.counted = true;
        }
    }
    shown->changed = false;
}

/* Change what is known of a slot's page to one of the states without a copy. */
static void set_state(HaywireView *view, HaywireSlot *slot, uint32_t state)
{
    HaywireShown *shown = &view->shown;

    if (slot->copy >= HAYWIRE_SLOT_HELD) {
        haywire_pool_drop(&view->pool, slot->copy - HAYWIRE_SLOT_HELD);
        shown->changed = true;
    }
    shown->left_out -= slot->copy == HAYWIRE_SLOT_LEFT_OUT;
    shown->left_out += state == HAYWIRE_SLOT_LEFT_OUT;
    slot->copy = state;
}

/*
 * Is what is known of the slot what its page says now? A page that was left out
 * is read again when there is room.
 */
static bool is_current(HaywireView *view, const HaywireSlot *slot,
                       HaywirePosition position)
{
    const HaywireHeld *held = find_held(view, slot);
    const uint8_t *live;

    if (slot->copy == HAYWIRE_SLOT_UNREAD ||
        (slot->copy == HAYWIRE_SLOT_LEFT_OUT &&
         haywire_pool_has_room(&view->pool)) ||
        (held && held->copy.position.value != position.value)) {
        return false;
    }
    return haywire_memory_pointer(view->source, position, HAYWIRE_PAGE_SIZE,
                                  &live) == HAYWIRE_OK &&
           haywire_page_unchanged(live, slot->lock);
}

/* Does a model show anything of such a page? */
static bool is_needed(uint32_t kind)
{
    switch (kind) {
    case HAYWIRE_KIND_EMPTY:
    case HAYWIRE_KIND_DISCOVERY: /* kept with the session */
    case HAYWIRE_KIND_INDEX:     /* kept in the map */
    case HAYWIRE_KIND_REQUEST:
    case HAYWIRE_KIND_RESPONSE:
        return false;
    default:
        return true;
    }
}

/* A copy for the slot's page, which has none yet. False: there is none. */
static bool take_copy(HaywireView *view, HaywireSlot *slot,
                      const HaywirePageInfo *info)
{
    HaywireShown *shown = &view->shown;
    HaywireCopyClass class = find_class(shown, info->category, info->index);
    uint32_t evicted, number;

    number =
        haywire_pool_take(&view->pool, class, info->monotonic_ns, &evicted);
    if (evicted != HAYWIRE_COPY_NONE) {
        shown->slot[evicted].copy = HAYWIRE_SLOT_LEFT_OUT;
        shown->left_out++;
    }
    if (number == HAYWIRE_COPY_NONE) {
        return false;
    }
    view->pool.held[number].slot = (uint32_t)(slot - shown->slot);
    shown->left_out -= slot->copy == HAYWIRE_SLOT_LEFT_OUT;
    slot->copy = HAYWIRE_SLOT_HELD + number;
    return true;
}

/* Keep what was read into the scratch page, if it is needed and there is room:
   the scratch page becomes the copy, the old copy the scratch page. */
static void keep(HaywireView *view, HaywireSlot *slot, HaywirePosition position,
                 const HaywirePageInfo *info)
{
    HaywireShown *shown = &view->shown;
    HaywireHeld *held;

    view->host.pages_read++;
    slot->lock = info->lock;
    if (shown->sighting) {
        shown->sighting[slot - shown->slot] =
            (HaywireSighting){ position, info->pfn };
    }
    if (!is_needed(info->kind)) {
        set_state(view, slot, HAYWIRE_SLOT_UNNEEDED);
        return;
    }
    held = find_held(view, slot);
    if (held) {
        /* The index has led to where the page is now; see lose(). */
        view->host.remaps +=
            held->copy.position.value != HAYWIRE_POSITION_NONE.value &&
            held->copy.position.value != position.value;
        haywire_pool_renew(&view->pool, slot->copy - HAYWIRE_SLOT_HELD);
    } else if (!take_copy(view, slot, info)) {
        set_state(view, slot, HAYWIRE_SLOT_LEFT_OUT);
        return;
    }
    held = find_held(view, slot);
    held->copy.info = *info;
    held->copy.position = position;
    held->copy.counted = false;
    shown->changed = true;
    view->scratch = haywire_pool_swap(
        &view->pool, slot->copy - HAYWIRE_SLOT_HELD, view->scratch);
}

/*
 * The slot's page is not there any more. While the session beats that means
 * that it moved; what we hold stays until it is found, so that a snapshot does
 * not fall apart meanwhile. Else the companion may just have been killed: what
 * we hold is then the last that is to be known.
 */
static void lose(HaywireView *view, HaywireSlot *slot, HaywireCategory category,
                 uint32_t index, HaywireStatus why)
{
    HaywireShown *shown = &view->shown;
    HaywireHeld *held;

    if (!shown->beat_now && shown->copied) {
        return;
    }
    view->host.rejected[why]++;
    view->host.remaps++;
    haywire_map_forget(shown->map, category, index);
    held = find_held(view, slot);
    if (held) {
        held->copy.position = HAYWIRE_POSITION_NONE;
        shown->changed = true;
    } else {
        set_state(view, slot, HAYWIRE_SLOT_UNREAD);
    }
    shown->lost = true;
    shown->lost_now = true;
}

static HaywireStatus update_slot(HaywireView *view, HaywireSlot *slot,
                                 HaywireCategory category, uint32_t index,
                                 bool *ret_read)
{
    HaywireShown *shown = &view->shown;
    HaywirePosition position =
        haywire_map_position(shown->map, category, index);
    HaywirePageInfo info;
    HaywireStatus status;

    *ret_read = false;
    if (position.value == HAYWIRE_POSITION_NONE.value ||
        is_current(view, slot, position)) {
        return HAYWIRE_OK;
    }
    status = haywire_map_read(shown->map, view->source, category, index,
                              view->scratch, &info);
    if (status == HAYWIRE_OK) {
        *ret_read = true;
        keep(view, slot, position, &info);
        return HAYWIRE_OK;
    }
    if (status == HAYWIRE_IO_ERROR) {
        return status;
    }
    if (status == HAYWIRE_PAGE_BUSY) {
        view->host.rejected[status]++;
        return HAYWIRE_OK;
    }
    lose(view, slot, category, index, status);
    return HAYWIRE_OK;
}

static bool is_index(const HaywireShown *shown, HaywireCategory category,
                     uint32_t index)
{
    const HaywirePart *part =
        &shown->session.discovery.part[HAYWIRE_PART_INDEX];

    return category == HAYWIRE_CATEGORY_MASTER && index >= part->first &&
           index - part->first < part->pages;
}

/* @ret_index_read: the master index has changed. */
static HaywireStatus update_slots(HaywireView *view, bool *ret_index_read)
{
    HaywireShown *shown = &view->shown;
    uint32_t index, slot = 0;
    int category;

    *ret_index_read = false;
    for (category = 0; category < HAYWIRE_CATEGORY_COUNT; category++) {
        uint32_t pages = haywire_map_pages(shown->map, category);

        for (index = 0; index < pages; index++, slot++) {
            bool was_read;
            HaywireStatus status = update_slot(view, &shown->slot[slot],
                                               category, index, &was_read);

            if (status != HAYWIRE_OK) {
                return status;
            }
            if (was_read && is_index(shown, category, index)) {
                *ret_index_read = true;
            }
        }
    }
    return HAYWIRE_OK;
}

/* Once for each time that there is less room than before, not at each look. */
static void count_left_out(HaywireView *view)
{
    HaywireShown *shown = &view->shown;

    view->host.limits_reached += shown->left_out > shown->left_out_counted;
    shown->left_out_counted = shown->left_out;
    view->host.pages_left_out = shown->left_out;
}

/* What the map met since it was last asked. */
static void count_map(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    uint64_t clashes = haywire_map_clashes(shown->map);
    int i;

    view->host.slot_clashes += clashes - shown->clashes;
    shown->clashes = clashes;
    for (i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        uint64_t rejected = haywire_map_rejected(shown->map, i);

        view->host.rejected[i] += rejected - shown->rejected[i];
        shown->rejected[i] = rejected;
    }
}

HaywireStatus haywire_view_update_copies(HaywireView *view)
{
    const HaywireLayout *layout = haywire_view_layout(view);
    HaywireShown *shown = &view->shown;
    bool index_read, ignored;
    uint32_t missing;
    HaywireStatus status = update_slots(view, &index_read);

    if (status == HAYWIRE_OK && layout &&
        (index_read || shown->lost_now || shown->index_moved) &&
        haywire_map_add_index(shown->map, view->source, layout, &missing) ==
            HAYWIRE_OK) {
        /* Those that have moved; a lost page that is found is not lost. */
        shown->lost = shown->lost && missing > 0;
        status = update_slots(view, &ignored);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    count_map(view);
    shown->index_moved = false;
    shown->lost_now = false;
    count_left_out(view);
    shown->copied = true;
    if (!layout) {
        status = haywire_view_deduce_layout(view);
    }
    return status;
}
