/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows: see window.h.
 */

#include "window.h"

#include <stdlib.h>
#include <string.h>

/* Takes rows until one does not fit any more. */
typedef struct Taker {
    const HaywireTable *table;
    HaywireMembers members;
    uint32_t rows; /* that may be taken yet */
    bool bounded;
    uint64_t bytes; /* if so, what they may cost yet */
    GArray *taken;
    bool more;
} Taker;

static Taker taker_new(const HaywireListWindow *window,
                       const HaywireTable *table, HaywireMembers members)
{
    return (Taker){
        .table = table,
        .members = members,
        .rows = MIN(window->limit ? window->limit : UINT32_MAX,
                    window->bounded ? HAYWIRE_REPLY_ROWS : UINT32_MAX),
        .bounded = window->bounded,
        .bytes = HAYWIRE_REPLY_BYTES,
        .taken = g_array_new(FALSE, FALSE, table->size),
    };
}

/* False, and nothing is taken, when @row is too much. */
static bool take(Taker *taker, const void *row)
{
    uint64_t cost = 0;

    if (taker->bounded) {
        cost = haywire_reply_cost(taker->table, row, taker->members);
    }
    if (taker->rows == 0 || cost > taker->bytes) {
        taker->more = true;
        return false;
    }
    taker->rows--;
    taker->bytes -= cost;
    g_array_append_vals(taker->taken, row, 1);
    return true;
}

static int compare_pids(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The wanted pids, sorted; NULL when all are wanted. */
static uint32_t *sorted_pids(const HaywireListWindow *window)
{
    uint32_t *pid = NULL;

    if (window->pid) {
        pid = g_new(uint32_t, window->pids + 1);
        memcpy(pid, window->pid, window->pids * sizeof(*pid));
        qsort(pid, window->pids, sizeof(*pid), compare_pids);
    }
    return pid;
}

GArray *haywire_window_processes(const HaywireListWindow *window,
                                 const HaywireProcess *process, size_t count,
                                 bool *ret_more)
{
    g_autofree uint32_t *pid = sorted_pids(window);
    Taker taker =
        taker_new(window, &haywire_process_table,
                  window->members ? window->members : HAYWIRE_MEMBERS_ALL);

    for (size_t i = 0; i < count; i++) {
        if (window->after && process[i].pid <= window->after) {
            continue;
        }
        if (pid && !bsearch(&process[i].pid, pid, window->pids, sizeof(*pid),
                            compare_pids)) {
            continue;
        }
        if (!take(&taker, &process[i])) {
            break;
        }
    }
    *ret_more = taker.more;
    return taker.taken;
}

/* One of no length lies where it starts. */
static bool touches(const HaywireSection *section, HaywireGvaRange range)
{
    return (section->end > range.start.value ||
            section->start >= range.start.value) &&
           (range.length == 0 || section->start < range.start.value ||
            section->start - range.start.value < range.length);
}

GArray *haywire_window_sections(const HaywireListWindow *window,
                                HaywireSectionList *list, bool *ret_more)
{
    Taker taker =
        taker_new(window, &haywire_section_table, HAYWIRE_MEMBERS_ALL);

    for (size_t i = 0; i < list->count; i++) {
        if (touches(&list->section[i], window->range) &&
            !take(&taker, &list->section[i])) {
            break;
        }
    }
    list->section = (const HaywireSection *)taker.taken->data;
    list->count = taker.taken->len;
    *ret_more = taker.more;
    return taker.taken;
}

GArray *haywire_window_page_runs(const HaywireListWindow *window,
                                 HaywirePageRunList *list, bool *ret_more)
{
    Taker taker =
        taker_new(window, &haywire_page_run_table, HAYWIRE_MEMBERS_ALL);

    for (size_t i = 0; i < list->count; i++) {
        HaywirePageRun part;

        if (haywire_page_run_clip(&list->run[i], window->range.start,
                                  window->range.length, &part) &&
            !take(&taker, &part)) {
            break;
        }
    }
    list->run = (const HaywirePageRun *)taker.taken->data;
    list->count = taker.taken->len;
    *ret_more = taker.more;
    return taker.taken;
}
