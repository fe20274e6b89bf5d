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
#define SEARCH_MAX 16

/* How far from the first task the page table may lie: in the same image. */
#define TABLE_FAR (UINT64_C(32) << 20)

/* What reading a task, and trying one page as page table, may cost. */
#define TASK_READS  64
#define TASK_PAGES  8
#define TABLE_READS 32
#define TABLE_PAGES 6

/* Kernels are mapped in the uppermost part of all addresses. */
#define LOWEST UINT64_C(0xfff0000000000000)

/* In an entry of a root, of whatever format. */
#define PRESENT 1

static const HaywireTableFormat *const formats[] = { &haywire_table_x86,
                                                     &haywire_table_arm64 };

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

/* The task at @gpa says where it is mapped. */
static bool is_first_task(HaywireKernelView *view, uint64_t gpa)
{
    uint64_t address = raw(view, gpa, M_TASK_REAL_PARENT);

    if (address < LOWEST ||
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
static bool is_table(HaywireKernelView *view)
{
    uint64_t element =
        view->init_task + haywire_member(view, M_TASK_TASKS).offset;
    HaywireMapping mapping;
    uint64_t next;

    haywire_guest_allow(view->guest, TABLE_READS, TABLE_PAGES);
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

/* The root has an entry for the first task. */
static bool may_be_table(const HaywireKernelView *view)
{
    HaywireGva task = { view->init_task };
    uint64_t entry = 0;
    HaywireGpa at;

    haywire_guest_allow(view->guest, 1, 1);
    return haywire_table_root_entry(&view->table, task, &at) == HAYWIRE_OK &&
           haywire_guest_read(view->guest, at, &entry, sizeof(entry)) ==
               HAYWIRE_OK &&
           le64toh(entry) & PRESENT;
}

/* Of one shape; a root begins a page. */
static bool find_shaped(HaywireKernelView *view)
{
    uint64_t task = view->init_task + view->offset;
    uint64_t from = task > TABLE_FAR ? task - TABLE_FAR : 0;
    uint64_t *root = &view->table.root.value;

    from -= from % haywire_view_page(view);
    for (*root = from; *root < task + TABLE_FAR;
         *root += haywire_view_page(view)) {
        if (may_be_table(view) && is_table(view)) {
            return true;
        }
    }
    return false;
}

static bool find_table(HaywireKernelView *view,
                       const HaywireTableFormat *format)
{
    for (size_t i = 0; i < format->shapes; i++) {
        HaywireTableShape shape = format->shape[i];

        if (haywire_table_shaped(format, UINT64_C(1) << shape.page_shift,
                                 shape.va_bits, &view->table) &&
            format->covers(&view->table, view->init_task) &&
            find_shaped(view)) {
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

static bool try_task(Bare *bare, HaywirePosition name,
                     const HaywireTableFormat *format, HaywireKernelView *view)
{
    HaywireLocate *locate = bare->locate;
    HaywireGpa gpa;

    haywire_guest_begin(locate->guest);
    haywire_guest_allow(locate->guest, TASK_READS, TASK_PAGES);
    if (haywire_layout_gpa(&view->layout, name, &gpa) != HAYWIRE_OK ||
        !is_first_task(view,
                       gpa.value - haywire_member(view, M_TASK_COMM).offset) ||
        is_known(locate, view) || bare->searched++ >= SEARCH_MAX ||
        !find_table(view, format)) {
        return false;
    }
    find_release(view);
    return haywire_tasks_close(view) && haywire_layout_agrees(view);
}

/* All first tasks that there are, in machines of one kind. */
static void try_tasks(Bare *bare, const HaywireMembers *members,
                      const HaywireLayout *layout,
                      const HaywireTableFormat *format)
{
    HaywireLocate *locate = bare->locate;

    locate->guest->layout = *layout;
    for (size_t i = 0;
         i < bare->tasks.count && locate->count < HAYWIRE_KERNELS_MAX; i++) {
        HaywireKernelView *view = &locate->view[locate->count];

        memset(view, 0, sizeof(*view));
        view->guest = locate->guest;
        view->layout = *layout;
        view->members = *members;
        if (try_task(bare, bare->tasks.at[i], format, view)) {
            locate->finding.lists++;
            locate->count++;
        }
    }
}

/* In all machines; once there is a kernel, in those that are like its own. */
static void try_machines(Bare *bare, const HaywireMembers *members)
{
    HaywireLocate *locate = bare->locate;
    HaywireLayout layout[HAYWIRE_LAYOUTS_MAX];

    if (locate->count > 0) {
        try_tasks(bare, members, &locate->view[0].layout,
                  locate->view[0].table.format);
        return;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t count =
            haywire_layouts(locate->guest->memory, formats[i], layout);

        for (size_t j = 0; j < count && locate->count == 0; j++) {
            try_tasks(bare, members, &layout[j], formats[i]);
        }
    }
}

/* By the types at @types. */
static HaywireStatus try_types(Bare *bare, HaywirePosition types)
{
    HaywireLocate *locate = bare->locate;
    HaywireMembers members;
    HaywireStatus status = HAYWIRE_NOT_FOUND;

    if (bare->read++ < TYPES_MAX) {
        status = haywire_image_types(locate->guest->memory, types, &members,
                                     &locate->finding.missing);
    }
    if (status == HAYWIRE_OK) {
        locate->finding.types++;
        try_machines(bare, &members);
    }
    return status == HAYWIRE_NO_MEMORY ? status : HAYWIRE_OK;
}

static HaywireStatus try_all(Bare *bare)
{
    HaywireStatus status = HAYWIRE_OK;

    for (size_t i = 0; i < bare->types.count && status == HAYWIRE_OK; i++) {
        status = try_types(bare, bare->types.at[i]);
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
