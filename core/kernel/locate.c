/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding kernels by their notes: see locate.h.
 */

#include "locate.h"

#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "haywire/clock.h"
#include "image_search.h"
#include "layouts.h"
#include "tasks.h"
#include "vmcoreinfo.h"

/* Notes that are kept for a closer look. */
#define NOTES_MAX 64

/* Reads and pages that checking one of them may take. */
#define CHECK_READS 20000
#define CHECK_PAGES 2000

typedef struct Notes {
    size_t count;
    HaywireNote note[NOTES_MAX];
} Notes;

static bool is_known(const Notes *notes, const HaywireNote *note)
{
    for (size_t i = 0; i < notes->count; i++) {
        if (memcmp(&notes->note[i], note, sizeof(*note)) == 0) {
            return true;
        }
    }
    return false;
}

static void take_note(HaywireLocate *locate, Notes *notes,
                      HaywirePosition where)
{
    uint8_t page[HAYWIRE_GUEST_PAGE];
    HaywireNote note;
    size_t got;

    if (haywire_memory_read(locate->guest->memory, where, page, sizeof(page),
                            &got) != HAYWIRE_OK ||
        haywire_note_parse(page, &note) != HAYWIRE_OK ||
        is_known(notes, &note) || notes->count == NOTES_MAX) {
        return;
    }
    notes->note[notes->count++] = note;
    locate->finding.notes++;
    locate->finding.other_machine |= !note.table.format;
    memcpy(locate->finding.release, note.release, sizeof(note.release));
}

static void look_at_window(HaywireLocate *locate, Notes *notes,
                           const HaywireWindow *window)
{
    for (uint64_t at = 0; at < window->length; at += HAYWIRE_GUEST_PAGE) {
        if (haywire_note_begins(window->host + at)) {
            take_note(locate, notes,
                      (HaywirePosition){ window->start.value + at });
        }
    }
}

static HaywireStatus find_notes(HaywireLocate *locate, Notes *notes)
{
    HaywireMemory *memory = locate->guest->memory;
    HaywirePosition at = { 0 };
    HaywireWindow window;
    HaywireStatus status;

    while ((status = haywire_memory_next_window(memory, at, &window)) ==
           HAYWIRE_OK) {
        look_at_window(locate, notes, &window);
        at.value = window.start.value + window.length;
        if (!haywire_locate_goes_on(locate, at)) {
            return HAYWIRE_OK;
        }
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

/* The note's page table maps the image where the note says that it lies. */
static bool maps_image(HaywireGuest *guest, const HaywireKernelView *view,
                       const HaywireNote *note)
{
    HaywireMapping mapping;

    return haywire_table_walk(guest, &view->table, (HaywireGva){ note->stext },
                              &mapping) == HAYWIRE_OK &&
           mapping.present && mapping.gpa.value == note->stext + view->offset;
}

/* Its name space of names has the note's release. Its member lies nearby. */
static bool has_release(HaywireKernelView *view, const HaywireNote *note)
{
    char names[8 + 3 * HAYWIRE_RELEASE_SIZE];

    return haywire_view_bytes(view, note->uts, names, sizeof(names)) &&
           memmem(names, sizeof(names), note->release,
                  strlen(note->release) + 1);
}

static void begin_view(HaywireGuest *guest, const HaywireNote *note,
                       const HaywireLayout *layout, HaywireKernelView *view)
{
    memset(view, 0, sizeof(*view));
    guest->layout = *layout;
    view->guest = guest;
    view->layout = *layout;
    view->offset = note->offset;
    view->table = note->table;
    view->table.root.value = note->page_table + view->offset;
    view->uts = note->uts;
    memcpy(view->release, note->release, sizeof(view->release));
    haywire_guest_begin(guest);
    haywire_guest_allow(guest, CHECK_READS, CHECK_PAGES);
}

/* HAYWIRE_OK, HAYWIRE_NOT_FOUND: it is no kernel's; HAYWIRE_NO_MEMORY. */
static HaywireStatus try_note(HaywireLocate *locate, const HaywireNote *note,
                              const HaywireLayout *layout,
                              HaywireKernelView *view)
{
    HaywireKernelFinding *finding = &locate->finding;
    HaywireStatus status;

    begin_view(locate->guest, note, layout, view);
    if (!maps_image(locate->guest, view, note) || !has_release(view, note)) {
        return HAYWIRE_NOT_FOUND;
    }
    finding->tables++;
    status = haywire_image_search(
        view, (HaywireGpa){ note->stext + view->offset }, &finding->missing);
    if (status != HAYWIRE_OK) {
        return status;
    }
    finding->types++;
    if (!haywire_tasks_close(view) || !haywire_layout_agrees(view)) {
        return HAYWIRE_NOT_FOUND;
    }
    finding->lists++;
    return HAYWIRE_OK;
}

static HaywireStatus try_layouts(HaywireLocate *locate, const HaywireNote *note)
{
    HaywireLayout layout[HAYWIRE_LAYOUTS_MAX];
    size_t count =
        haywire_layouts(locate->guest->memory, note->table.format, layout);

    for (size_t i = 0; i < count; i++) {
        HaywireKernelView *view = &locate->view[locate->count];
        HaywireStatus status = try_note(locate, note, &layout[i], view);

        if (status == HAYWIRE_OK) {
            locate->count++;
            return HAYWIRE_OK;
        }
        if (status != HAYWIRE_NOT_FOUND) {
            return status;
        }
    }
    return HAYWIRE_OK;
}

HaywireStatus haywire_locate(HaywireLocate *locate)
{
    uint64_t started = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    uint32_t types = locate->notes_only ? locate->finding.types : 0;
    Notes *notes = calloc(1, sizeof(*notes));
    HaywireStatus status;

    if (!notes) {
        return HAYWIRE_NO_MEMORY;
    }
    locate->count = 0;
    locate->stopped = false;
    locate->bare = false;
    locate->finding = (HaywireKernelFinding){ .types = types };
    status = find_notes(locate, notes);
    for (size_t i = 0; i < notes->count && status == HAYWIRE_OK &&
                       locate->count < HAYWIRE_KERNELS_MAX;
         i++) {
        if (notes->note[i].table.format) {
            status = try_layouts(locate, &notes->note[i]);
        }
    }
    free(notes);
    locate->notes_time = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started;
    if (status == HAYWIRE_OK && locate->finding.tables == 0 &&
        !locate->stopped && !locate->notes_only) {
        locate->bare = true;
        status = haywire_locate_bare(locate);
    }
    return status;
}
