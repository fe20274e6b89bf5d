/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables as address spaces: see haywire/kernel_memory.h.
 */

#include <stdlib.h>

#include "haywire/kernel_memory.h"
#include "process.h"
#include "provider.h"

/* What opening one, and each walk, may cost. */
#define OPEN_READS 4000
#define OPEN_PAGES 300
#define WALK_READS 8
#define WALK_PAGES 8

/* An image is mapped within so much, behind where it would be unmoved. */
#define IMAGE_ROOM (UINT64_C(1) << 30)

typedef struct KernelSpace {
    HaywireAddressSpace space;
    HaywireKernelView *view;
    HaywireTable table;
} KernelSpace;

/* What is of one size in the page table ends where that does. */
static HaywireStatus translate(const HaywireAddressSpace *base, HaywireGva gva,
                               HaywireStretch *ret_stretch)
{
    const KernelSpace *space = (const KernelSpace *)base;
    HaywireMapping mapping;
    HaywireStatus status;
    uint64_t size;

    ret_stretch->length = HAYWIRE_GUEST_PAGE - gva.value % HAYWIRE_GUEST_PAGE;
    haywire_guest_allow(space->view->guest, WALK_READS, WALK_PAGES);
    status =
        haywire_table_walk(space->view->guest, &space->table, gva, &mapping);
    if (status != HAYWIRE_OK) {
        return status;
    }
    size = UINT64_C(1) << mapping.shift;
    ret_stretch->length = size - gva.value % size;
    if (mapping.present) {
        ret_stretch->gpa = mapping.gpa;
        return HAYWIRE_OK;
    }
    ret_stretch->level = haywire_table_level(&space->table, mapping.shift);
    ret_stretch->swapped = mapping.swapped;
    return HAYWIRE_NOT_PRESENT;
}

/* A process may have ended since the look, and its memory be another's. */
static HaywireStatus find_table(HaywireKernel *kernel, HaywireKernelView *view,
                                uint32_t pid, HaywireTable *ret_table)
{
    uint64_t task = haywire_kernel_task(kernel, pid), mm;
    bool readable;

    view->lost = false;
    if (task == 0 || haywire_view_get(view, task, M_TASK_PID) != pid ||
        view->lost) {
        return HAYWIRE_NO_PROCESS;
    }
    readable = haywire_process_pages(view, task, ret_table, &mm);
    if (view->lost || (!readable && mm != 0)) {
        return HAYWIRE_NO_PROCESS;
    }
    return readable ? HAYWIRE_OK : HAYWIRE_NO_SECTIONS;
}

HaywireStatus haywire_kernel_space_new(HaywireKernel *kernel, uint32_t pid,
                                       HaywireAddressSpace **ret_space)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    HaywireStatus status = HAYWIRE_OK;
    KernelSpace *space;
    HaywireTable table;

    if (!view) {
        return HAYWIRE_NOT_FOUND;
    }
    haywire_guest_begin(view->guest);
    haywire_guest_allow(view->guest, OPEN_READS, OPEN_PAGES);
    table = view->table;
    if (pid != 0) {
        status = find_table(kernel, view, pid, &table);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    space = calloc(1, sizeof(*space));
    if (!space) {
        return HAYWIRE_NO_MEMORY;
    }
    *space = (KernelSpace){ { translate, &view->layout }, view, table };
    *ret_space = &space->space;
    return HAYWIRE_OK;
}

void haywire_kernel_space_free(HaywireAddressSpace *space)
{
    free(space); /* it is the first member */
}

/* The task behind the first one was allocated, so it lies there. */
HaywireStatus haywire_kernel_direct_map(HaywireKernel *kernel,
                                        HaywireGva *ret_base)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    HaywireMapping mapping;
    uint64_t task;

    if (!view) {
        return HAYWIRE_NOT_FOUND;
    }
    haywire_guest_begin(view->guest);
    haywire_guest_allow(view->guest, OPEN_READS, OPEN_PAGES);
    view->lost = false;
    task = haywire_view_number(
        view, view->init_task + haywire_member(view, M_TASK_TASKS).offset, 8);
    if (view->lost ||
        haywire_table_walk(view->guest, &view->table, (HaywireGva){ task },
                           &mapping) != HAYWIRE_OK ||
        !mapping.present) {
        return HAYWIRE_NOT_FOUND;
    }
    ret_base->value = task - mapping.gpa.value;
    return HAYWIRE_OK;
}

HaywireStatus haywire_kernel_image(HaywireKernel *kernel,
                                   HaywireKernelImage *ret_image)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    uint64_t at = HAYWIRE_X86_IMAGE, end = at + IMAGE_ROOM;
    HaywireKernelImage image = { 0 };
    HaywireAddressSpace *space;
    HaywireStatus status = haywire_kernel_space_new(kernel, 0, &space);

    if (status != HAYWIRE_OK) {
        return status;
    }
    while (at < end) {
        HaywireStretch stretch = { 0 };

        status = space->translate(space, (HaywireGva){ at }, &stretch);
        /* Modules lie there as well, but anywhere in memory. */
        if (status == HAYWIRE_OK && stretch.gpa.value == at + view->offset) {
            image.start.value = image.length ? image.start.value : at;
            image.length = at + stretch.length - image.start.value;
        }
        at += stretch.length < end - at ? stretch.length : end - at;
    }
    haywire_kernel_space_free(space);
    image.gpa.value = image.start.value + view->offset;
    *ret_image = image;
    return image.length > 0 ? HAYWIRE_OK : HAYWIRE_NOT_FOUND;
}
