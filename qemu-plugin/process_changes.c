/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process_changes.h"

static gint compare_start_times(gconstpointer a, gconstpointer b)
{
    const HaywireProcess *first = *(const HaywireProcess *const *)a;
    const HaywireProcess *second = *(const HaywireProcess *const *)b;

    if (first->start_time != second->start_time) {
        return first->start_time < second->start_time ? -1 : 1;
    }
    return first->pid < second->pid ? -1 : first->pid > second->pid;
}

/* Order of the models' process lists, which a pid has only once. */
static int compare_pids(const HaywireProcess *first,
                        const HaywireProcess *second)
{
    return first->pid < second->pid ? -1 : first->pid > second->pid;
}

static void add_both_if_different(HaywireProcessChanges *changes,
                                  const HaywireProcess *older,
                                  const HaywireProcess *newer)
{
    if (older->start_time != newer->start_time) {
        g_ptr_array_add(changes->exited, (gpointer)older);
        g_ptr_array_add(changes->started, (gpointer)newer);
    }
}

HaywireProcessChanges haywire_process_changes(const HaywireModel *older,
                                              const HaywireModel *newer)
{
    HaywireProcessChanges changes = {
        .exited = g_ptr_array_new(),
        .started = g_ptr_array_new(),
    };
    const HaywireProcess *a = older->process;
    const HaywireProcess *b = newer->process;
    const HaywireProcess *a_end = a + older->process_count;
    const HaywireProcess *b_end = b + newer->process_count;

    while (a < a_end || b < b_end) {
        int order = a == a_end ? 1 : b == b_end ? -1 : compare_pids(a, b);

        if (order < 0) {
            g_ptr_array_add(changes.exited, (gpointer)a++);
        } else if (order > 0) {
            g_ptr_array_add(changes.started, (gpointer)b++);
        } else {
            add_both_if_different(&changes, a++, b++);
        }
    }
    g_ptr_array_sort(changes.exited, compare_start_times);
    g_ptr_array_sort(changes.started, compare_start_times);
    return changes;
}

void haywire_process_changes_clear(HaywireProcessChanges *changes)
{
    g_clear_pointer(&changes->exited, g_ptr_array_unref);
    g_clear_pointer(&changes->started, g_ptr_array_unref);
}
