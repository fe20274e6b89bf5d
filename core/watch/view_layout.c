/*
 * Where guest addresses lie in a source that does not know it itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "view_internal.h"

/* RAM ranges of a manifest that count; real guests have a handful. */
#define RAM_RANGES_MAX 128

const HaywireLayout *haywire_view_layout(HaywireView *view)
{
    const HaywireLayout *own = haywire_memory_layout(view->source);

    if (own) {
        return own;
    }
    return view->shown.layout_known ? &view->shown.layout : NULL;
}

static size_t collect_sightings(const HaywireShown *shown,
                                HaywireSighting *ret_sighting)
{
    size_t count = 0;
    uint32_t i;

    for (i = 0; i < shown->total; i++) {
        if (shown->slot[i].copy != HAYWIRE_SLOT_UNREAD) {
            ret_sighting[count++] = shown->sighting[i];
        }
    }
    return count;
}

static void collect_ranges(const HaywireCopy *copy, HaywireRamRange *ret_ram,
                           size_t *count)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status;

    if (haywire_record_reader_init(&reader, copy->page, &copy->info) !=
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

static size_t collect_manifest(HaywireView *view, HaywireRamRange *ret_ram)
{
    size_t i, copies, count = 0;
    const HaywireCopy *const *copy = haywire_view_list_copies(view, &copies);

    for (i = 0; i < copies; i++) {
        if (copy[i]->info.kind == HAYWIRE_KIND_MANIFEST) {
            collect_ranges(copy[i], ret_ram, &count);
        }
    }
    return count;
}

HaywireStatus haywire_view_deduce_layout(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    HaywireRamRange ram[RAM_RANGES_MAX];
    size_t sightings, ram_count;
    HaywireSighting *sighting =
        calloc((size_t)shown->total + 1, sizeof(*sighting));

    if (!sighting) {
        return HAYWIRE_NO_MEMORY;
    }
    sightings = collect_sightings(shown, sighting);
    ram_count = collect_manifest(view, ram);
    shown->layout_known =
        haywire_layout_deduce(haywire_memory_size(view->source), sighting,
                              sightings, ram, ram_count,
                              &shown->layout) == HAYWIRE_OK;
    free(sighting);
    return HAYWIRE_OK;
}
