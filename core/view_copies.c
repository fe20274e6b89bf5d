/*
 * The copies of the shown session's pages, kept up to date.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "view_internal.h"

/* RAM ranges of a manifest that count; real guests have a handful. */
#define RAM_RANGES_MAX 128

static void drop_copy(HaywireShown *shown, HaywireCopy *held)
{
    if (held->page) {
        free((HaywirePage *)held->page);
        held->page = NULL;
        shown->held_pages--;
    }
}

void haywire_view_drop_copies(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    uint32_t i;

    for (i = 0; i < shown->total; i++) {
        drop_copy(shown, &shown->held[i]);
    }
}

static bool is_current(HaywireView *view, const HaywireCopy *held,
                       HaywirePosition position)
{
    const uint8_t *live;

    return held->page && held->position.value == position.value &&
           haywire_source_pointer(view->source, position, HAYWIRE_PAGE_SIZE,
                                  &live) == HAYWIRE_OK &&
           haywire_page_unchanged(live, held->info.lock);
}

static HaywireStatus hold(HaywireView *view, HaywireCopy *held,
                          HaywirePosition position, const HaywirePageInfo *info)
{
    HaywireShown *shown = &view->shown;
    HaywirePage *room = (HaywirePage *)held->page;

    if (!room) {
        if (shown->held_pages == HAYWIRE_COPIES_MAX) {
            view->host.limits_reached += !shown->limited;
            shown->limited = true;
            return HAYWIRE_OK;
        }
        room = malloc(sizeof(*room));
        if (!room) {
            return HAYWIRE_NO_MEMORY;
        }
        shown->held_pages++;
    }
    /* The copy becomes the held one, the old one the next scratch page. */
    held->page = view->scratch;
    view->scratch = room;
    held->info = *info;
    held->position = position;
    view->host.pages_read++;
    return HAYWIRE_OK;
}

/*
 * The slot's page is not there any more. While the session beats that means
 * that it moved. Else the companion may just have been killed: what we hold is
 * then the last that is to be known.
 */
static void lose(HaywireView *view, HaywireCopy *held, HaywireCategory category,
                 uint32_t index, HaywireStatus why)
{
    HaywireShown *shown = &view->shown;

    if (!shown->beat_now && shown->copied) {
        return;
    }
    view->host.rejected[why]++;
    view->host.remaps++;
    haywire_map_forget(shown->map, category, index);
    drop_copy(shown, held);
    shown->lost = true;
}

static HaywireStatus update_slot(HaywireView *view, HaywireCopy *held,
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
        is_current(view, held, position)) {
        return HAYWIRE_OK;
    }
    status = haywire_map_read(shown->map, view->source, category, index,
                              view->scratch, &info);
    if (status == HAYWIRE_OK) {
        *ret_read = true;
        return hold(view, held, position, &info);
    }
    if (status == HAYWIRE_IO_ERROR) {
        return status;
    }
    if (status == HAYWIRE_PAGE_BUSY) {
        view->host.rejected[status]++;
        return HAYWIRE_OK;
    }
    lose(view, held, category, index, status);
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
            HaywireStatus status = update_slot(view, &shown->held[slot],
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

static size_t collect_sightings(const HaywireShown *shown,
                                HaywireSighting *ret_sighting)
{
    size_t count = 0;
    uint32_t i;

    for (i = 0; i < shown->total; i++) {
        const HaywireCopy *held = &shown->held[i];

        if (held->page) {
            ret_sighting[count++] =
                (HaywireSighting){ held->position, held->info.pfn };
        }
    }
    return count;
}

static void collect_ranges(const HaywireCopy *held, HaywireRamRange *ret_ram,
                           size_t *count)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status;

    if (haywire_record_reader_init(&reader, held->page, &held->info) !=
        HAYWIRE_OK) {
        return;
    }
    do {
        status = haywire_record_next(&reader, &record, NULL);
        if (status == HAYWIRE_OK && *count < RAM_RANGES_MAX &&
            record.type == HAYWIRE_RECORD_RAM_RANGE) {
            ret_ram[(*count)++] = record.ram_range;
        }
    } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
             status != HAYWIRE_SHORT_PAYLOAD);
}

/* A file is one region from 0 on; anything else knows its layout itself. */
static uint64_t file_size(HaywireSource *source)
{
    size_t count;
    const HaywireRegion *region = source->ops->regions(source, &count);

    return count == 1 && region->start.value == 0 ? region->length : 0;
}

static HaywireStatus deduce_layout(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    HaywireRamRange ram[RAM_RANGES_MAX];
    size_t sightings, ram_count = 0;
    HaywireSighting *sighting =
        calloc((size_t)shown->total + 1, sizeof(*sighting));
    uint32_t i;

    if (!sighting) {
        return HAYWIRE_NO_MEMORY;
    }
    sightings = collect_sightings(shown, sighting);
    for (i = 0; i < shown->total; i++) {
        const HaywireCopy *held = &shown->held[i];

        if (held->page && held->info.kind == HAYWIRE_KIND_MANIFEST) {
            collect_ranges(held, ram, &ram_count);
        }
    }
    shown->layout_known =
        haywire_layout_deduce(file_size(view->source), sighting, sightings, ram,
                              ram_count, &shown->layout) == HAYWIRE_OK;
    free(sighting);
    return HAYWIRE_OK;
}

const HaywireLayout *haywire_view_layout(HaywireView *view)
{
    const HaywireLayout *own = view->source->ops->layout(view->source);

    if (own) {
        return own;
    }
    return view->shown.layout_known ? &view->shown.layout : NULL;
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
        (index_read || shown->lost || shown->index_moved) &&
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
    shown->copied = true;
    if (!layout) {
        status = deduce_layout(view);
    }
    return status;
}
