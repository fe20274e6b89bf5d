/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding a kernel without its note: see bare.h. Types describe themselves, the
 * first task points to itself and so says where it is mapped, and the right page
 * table is the one that maps it there, and the task behind it.
 */

#include "bare.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "image_search.h"
#include "layouts.h"
#include "tasks.h"

/*
 * Places of each kind that are noted; of these, type information that is read,
 * and first tasks whose page table is searched for.
 */
#define PLACES_MAX 64
#define TYPES_MAX  16
#define SEARCH_MAX 8

/* How far from the first task the page table may lie: in the same image. */
#define TABLE_FAR (UINT64_C(32) << 20)

/* What reading a task, and trying one page as page table, may cost. */
#define TASK_READS  64
#define TASK_PAGES  8
#define TABLE_READS 32
#define TABLE_PAGES 6

#define PRESENT 1

typedef struct Places {
    size_t count;
    HaywirePosition at[PLACES_MAX];
} Places;

typedef struct Bare {
    HaywireLocate *locate;
    Places types;
    Places tasks;
    int read;     /* types */
    int searched; /* tables */
} Bare;

static void note_places(const HaywireWindow *window, const void *wanted,
                        size_t size, Places *places)
{
    const uint8_t *end = window->host + window->length, *at = window->host;

    while (places->count < PLACES_MAX &&
           (at = memmem(at, (size_t)(end - at), wanted, size))) {
        places->at[places->count++].value =
            window->start.value + (uint64_t)(at - window->host);
        at++;
    }
}

static HaywireStatus find_places(Bare *bare)
{
    HaywireMemory *memory = bare->locate->guest->memory;
    HaywirePosition at = { 0 };
    HaywireWindow window;
    HaywireStatus status;

    while ((status = haywire_memory_next_window(memory, at, &window)) ==
           HAYWIRE_OK) {
        note_places(&window, haywire_btf_start, sizeof(haywire_btf_start),
                    &bare->types);
        note_places(&window, HAYWIRE_FIRST_TASK, sizeof(HAYWIRE_FIRST_TASK),
                    &bare->tasks);
        at.value = window.start.value + window.length;
        if (!haywire_locate_goes_on(bare->locate, at)) {
            return HAYWIRE_OK;
        }
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

/* A member of what lies at @gpa, while no page table is known. */
static uint64_t raw(const HaywireKernelView *view, uint64_t gpa,
                    HaywireMemberId id)
{
    HaywireMember member = haywire_member(view, id);
    uint64_t value = 0;

    if (member.size > sizeof(value) ||
        haywire_guest_read(view->guest, (HaywireGpa){ gpa + member.offset },
                           &value, member.size) != HAYWIRE_OK) {
        return UINT64_MAX;
    }
    return le64toh(value);
}

/* The task at @gpa says where it is mapped: in an image. */
static bool is_first_task(HaywireKernelView *view, uint64_t gpa)
{
    uint64_t address = raw(view, gpa, M_TASK_REAL_PARENT);

    if (address < HAYWIRE_X86_IMAGE ||
        address % HAYWIRE_GUEST_PAGE != gpa % HAYWIRE_GUEST_PAGE ||
        raw(view, gpa, M_TASK_GROUP_LEADER) != address ||
        raw(view, gpa, M_TASK_PID) != 0 || raw(view, gpa, M_TASK_TGID) != 0) {
        return false;
    }
    view->init_task = address;
    view->offset = gpa - address;
    return true;
}

/* It maps the first task where it lies, and a second one that points back. */
static bool is_table(HaywireKernelView *view, uint64_t root, uint8_t va_bits)
{
    uint64_t element =
        view->init_task + haywire_member(view, M_TASK_TASKS).offset;
    HaywireMapping mapping;
    uint64_t next;

    view->table =
        (HaywireTable){ { root }, &haywire_table_x86, 12, va_bits, false };
    if (haywire_table_walk(view->guest, &view->table,
                           (HaywireGva){ view->init_task },
                           &mapping) != HAYWIRE_OK ||
        !mapping.present ||
        mapping.gpa.value != view->init_task + view->offset) {
        return false;
    }
    view->lost = false;
    next = haywire_view_number(view, element, 8);
    return !view->lost && haywire_view_number(view, next + 8, 8) == element &&
           !view->lost;
}

/* The last entry of a root is the one for the image. */
static bool may_be_table(HaywireGuest *guest, uint64_t root)
{
    uint64_t entry = 0;

    haywire_guest_allow(guest, TABLE_READS, TABLE_PAGES);
    return haywire_guest_read(guest,
                              (HaywireGpa){ root + HAYWIRE_GUEST_PAGE - 8 },
                              &entry, sizeof(entry)) == HAYWIRE_OK &&
           le64toh(entry) & PRESENT;
}

static bool find_table(HaywireKernelView *view)
{
    uint64_t task = view->init_task + view->offset;
    uint64_t from = task > TABLE_FAR ? task - TABLE_FAR : 0;

    from -= from % HAYWIRE_GUEST_PAGE;
    for (uint64_t root = from; root < task + TABLE_FAR;
         root += HAYWIRE_GUEST_PAGE) {
        if (may_be_table(view->guest, root) &&
            (is_table(view, root, 48) || is_table(view, root, 57))) {
            return true;
        }
    }
    return false;
}

/* The release stands in the names of the first task's name spaces. */
static void find_release(HaywireKernelView *view)
{
    uint64_t spaces = haywire_view_ask(view, view->init_task, M_TASK_NSPROXY);

    view->uts = spaces ? haywire_view_ask(view, spaces, M_NSPROXY_UTS) : 0;
    if (view->uts != 0) {
        haywire_view_text(
            view, view->uts + haywire_member(view, M_UTS_RELEASE).offset,
            view->release, sizeof(view->release));
    }
}

static bool is_known(const HaywireLocate *locate, const HaywireKernelView *view)
{
    for (size_t i = 0; i < locate->count; i++) {
        if (locate->view[i].init_task == view->init_task &&
            locate->view[i].offset == view->offset) {
            return true;
        }
    }
    return false;
}

static bool try_task(Bare *bare, HaywirePosition name, HaywireKernelView *view)
{
    HaywireLocate *locate = bare->locate;
    HaywireGpa gpa;

    haywire_guest_begin(locate->guest);
    haywire_guest_allow(locate->guest, TASK_READS, TASK_PAGES);
    if (haywire_layout_gpa(&view->layout, name, &gpa) != HAYWIRE_OK ||
        !is_first_task(view,
                       gpa.value - haywire_member(view, M_TASK_COMM).offset) ||
        is_known(locate, view) || bare->searched++ >= SEARCH_MAX ||
        !find_table(view)) {
        return false;
    }
    find_release(view);
    return haywire_tasks_close(view) && haywire_layout_agrees(view);
}

/* All first tasks that there are, read by the types at @types. */
static HaywireStatus try_types(Bare *bare, HaywirePosition types,
                               const HaywireLayout *layout)
{
    HaywireLocate *locate = bare->locate;
    HaywireKernelView *view;
    HaywireMembers members;
    HaywireStatus status = HAYWIRE_NOT_FOUND;

    if (bare->read++ < TYPES_MAX) {
        status = haywire_image_types(locate->guest->memory, types, &members,
                                     &locate->finding.missing);
    }
    if (status != HAYWIRE_OK) {
        return status == HAYWIRE_NO_MEMORY ? status : HAYWIRE_OK;
    }
    locate->finding.types++;
    locate->guest->layout = *layout;
    for (size_t i = 0;
         i < bare->tasks.count && locate->count < HAYWIRE_KERNELS_MAX; i++) {
        view = &locate->view[locate->count];
        memset(view, 0, sizeof(*view));
        view->guest = locate->guest;
        view->layout = *layout;
        view->members = members;
        if (try_task(bare, bare->tasks.at[i], view)) {
            locate->finding.lists++;
            locate->count++;
        }
    }
    return HAYWIRE_OK;
}

static HaywireStatus try_all(Bare *bare)
{
    HaywireLocate *locate = bare->locate;
    HaywireLayout layout[HAYWIRE_LAYOUTS_MAX];
    size_t layouts = haywire_layouts(locate->guest->memory, layout);
    HaywireStatus status = HAYWIRE_OK;

    for (size_t i = 0; i < layouts && locate->count == 0; i++) {
        for (size_t j = 0; j < bare->types.count && status == HAYWIRE_OK; j++) {
            status = try_types(bare, bare->types.at[j], &layout[i]);
        }
    }
    return status;
}

HaywireStatus haywire_locate_bare(HaywireLocate *locate)
{
    Bare *bare = calloc(1, sizeof(*bare));
    HaywireStatus status;

    if (!bare) {
        return HAYWIRE_NO_MEMORY;
    }
    bare->locate = locate;
    status = find_places(bare);
    if (status == HAYWIRE_OK && !locate->stopped) {
        status = try_all(bare);
    }
    free(bare);
    return status;
}
