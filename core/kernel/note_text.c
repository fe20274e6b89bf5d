/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's note as a whole: see haywire/kernel_memory.h.
 */

#include <string.h>

#include "haywire/kernel_memory.h"
#include "provider.h"
#include "vmcoreinfo.h"

/* Notes of older boots look the same, but for where their kernel lay. */
static bool is_of(const HaywireKernelView *view, const HaywireNote *note)
{
    return note->page_table + view->offset == view->table.root.value &&
           strcmp(note->release, view->release) == 0;
}

/* The page of a window at @at: whether it is this kernel's note, copied. */
static bool take(HaywireKernelView *view, HaywirePosition where,
                 uint8_t page[HAYWIRE_GUEST_PAGE], size_t *ret_start)
{
    HaywireNote note;
    size_t got;

    return haywire_memory_read(view->guest->memory, where, page,
                               HAYWIRE_GUEST_PAGE, &got) == HAYWIRE_OK &&
           haywire_note_parse(page, &note) == HAYWIRE_OK &&
           is_of(view, &note) && haywire_note_text(page, ret_start);
}

static bool look_at(HaywireKernelView *view, const HaywireWindow *window,
                    uint8_t page[HAYWIRE_GUEST_PAGE], size_t *ret_start,
                    HaywirePosition *ret_position)
{
    for (uint64_t at = 0; at < window->length; at += HAYWIRE_GUEST_PAGE) {
        HaywirePosition where = { window->start.value + at };

        if (haywire_note_begins(window->host + at) &&
            take(view, where, page, ret_start)) {
            ret_position->value = where.value + *ret_start;
            return true;
        }
    }
    return false;
}

HaywireStatus haywire_kernel_note(HaywireKernel *kernel,
                                  uint8_t ret_text[HAYWIRE_KERNEL_NOTE_MAX],
                                  size_t *ret_length,
                                  HaywirePosition *ret_position)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    uint8_t page[HAYWIRE_GUEST_PAGE];
    HaywirePosition at = { 0 };
    HaywireWindow window;
    HaywireStatus status;
    size_t start;

    if (!view) {
        return HAYWIRE_NOT_FOUND;
    }
    while ((status = haywire_memory_next_window(view->guest->memory, at,
                                                &window)) == HAYWIRE_OK) {
        if (look_at(view, &window, page, &start, ret_position)) {
            *ret_length =
                strnlen((const char *)page + start, HAYWIRE_GUEST_PAGE - start);
            memcpy(ret_text, page + start, *ret_length);
            return HAYWIRE_OK;
        }
        at.value = window.start.value + window.length;
    }
    return status;
}
