/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a page table for what it maps: see runs.h.
 */

#include "runs.h"

#include <string.h>

#include "haywire/beacon_protocol.h"

/* Runs, and entries looked at for them. */
#define RUNS_MAX    32768
#define ENTRIES_MAX (1u << 20)

/* What an entry may cost: those of one table lie on one page. */
#define ENTRY_READS 6
/* Pages of tables in all. */
#define TABLES_MAX 8192

typedef struct Runs {
    HaywireKernelView *view;
    const HaywireTable *table;
    HaywirePageRunList *list;
    HaywireBuilder *builder;
    HaywirePageRun run; /* that goes on; no pages: none */
    uint32_t entries;   /* looked at */
} Runs;

static bool flush(Runs *runs)
{
    bool added = true;

    if (runs->run.pages > 0) {
        runs->list->total++;
        added = haywire_builder_add_run(runs->builder, runs->list, &runs->run);
    }
    runs->run.pages = 0;
    return added;
}

static bool goes_on(const HaywirePageRun *run, const HaywirePageRun *next)
{
    uint64_t pages = run->pages;

    return run->pages > 0 && run->flags == next->flags &&
           run->page_shift == next->page_shift &&
           run->gva.value + pages * HAYWIRE_GUEST_PAGE == next->gva.value &&
           (!(run->flags & HAYWIRE_RUN_PRESENT) ||
            run->value + pages == next->value) &&
           next->pages < UINT32_MAX - run->pages;
}

static bool add(Runs *runs, const HaywirePageRun *next)
{
    if (goes_on(&runs->run, next)) {
        runs->run.pages += next->pages;
        return true;
    }
    if (!flush(runs)) {
        return false;
    }
    runs->run = *next;
    return true;
}

static void describe(const HaywireTableFormat *format,
                     const HaywireMapping *mapping, HaywirePageRun *run)
{
    uint64_t dirty = mapping->present ? format->page_dirty : format->swap_dirty;

    if (mapping->present) {
        run->flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN;
        run->value = mapping->gpa.value / HAYWIRE_GUEST_PAGE;
        run->page_shift = mapping->shift;
    } else {
        run->flags = HAYWIRE_RUN_SWAPPED;
    }
    run->flags |= mapping->entry & dirty ? HAYWIRE_RUN_SOFT_DIRTY : 0;
}

/* The entry for @at. *ret_next: where what it is about ends. */
static bool look_at(Runs *runs, uint64_t at, uint64_t end, uint64_t *ret_next)
{
    HaywireGuest *guest = runs->view->guest;
    HaywirePageRun run = { .gva = { at } };
    HaywireMapping mapping;
    uint64_t size, left;

    haywire_guest_allow(guest, ENTRY_READS, 0);
    if (runs->entries++ >= ENTRIES_MAX ||
        haywire_table_walk(guest, runs->table, (HaywireGva){ at }, &mapping) !=
            HAYWIRE_OK) {
        return false;
    }
    size = UINT64_C(1) << mapping.shift;
    left = size - at % size;
    left = left < end - at ? left : end - at;
    *ret_next = at + left;
    if (!mapping.present && !mapping.swapped) {
        return true;
    }
    run.pages = (uint32_t)(left / HAYWIRE_GUEST_PAGE);
    describe(runs->table->format, &mapping, &run);
    return add(runs, &run);
}

static bool walk_mapping(Runs *runs, uint64_t area)
{
    uint64_t at, end;

    haywire_guest_allow(runs->view->guest, 16, 4);
    at = haywire_view_get(runs->view, area, M_AREA_START);
    end = haywire_view_get(runs->view, area, M_AREA_END);
    if (at % HAYWIRE_GUEST_PAGE != 0 || end % HAYWIRE_GUEST_PAGE != 0) {
        return false;
    }
    while (at < end) {
        if (!look_at(runs, at, end, &at)) {
            return false;
        }
    }
    return true;
}

void haywire_runs_tell(HaywireKernelView *view, const HaywireTable *table,
                       const HaywireMappings *mappings,
                       HaywirePageRunList *list, HaywireBuilder *builder)
{
    Runs runs = {
        .view = view, .table = table, .list = list, .builder = builder
    };
    const uint64_t *area = mappings->area.data;
    bool whole = true;

    haywire_guest_allow(view->guest, 0, TABLES_MAX);
    haywire_builder_begin_runs(builder, list, RUNS_MAX);
    for (size_t i = 0; i < mappings->area.count && whole; i++) {
        whole = walk_mapping(&runs, area[i]);
    }
    list->complete = flush(&runs) && whole;
}
