/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts to be tried: see layouts.h.
 */

#include "layouts.h"

#define GIB  (UINT64_C(1) << 30)
#define HOLE (4 * GIB)

/*
 * RAM below the hole, where there is more than that: microvm and pc up to 3 GiB
 * or 3.5, q35 2 GiB (QEMU's hw/i386: pc_q35.c, pc_piix.c, microvm.c).
 */
static const uint64_t low_parts[] = { 2 * GIB, 3 * GIB, 7 * GIB / 2 };

/* Where virt has it, in one piece, however much it is (hw/arm/virt.c). */
#define VIRT_RAM GIB

size_t haywire_layouts(const HaywireMemory *memory,
                       const HaywireTableFormat *format,
                       HaywireLayout ret_layout[HAYWIRE_LAYOUTS_MAX])
{
    const HaywireLayout *known = haywire_memory_layout(memory);
    uint64_t size = haywire_memory_size(memory);
    size_t count = 0;

    if (known && known->count > 0) {
        ret_layout[0] = *known;
        return 1;
    }
    if (format == &haywire_table_arm64) {
        ret_layout[0] = (HaywireLayout){ 1, { { { VIRT_RAM }, { 0 }, size } } };
        return 1;
    }
    if (size <= low_parts[2]) {
        ret_layout[count++] = (HaywireLayout){ 1, { { { 0 }, { 0 }, size } } };
    }
    for (size_t i = 0; i < sizeof(low_parts) / sizeof(low_parts[0]); i++) {
        uint64_t low = low_parts[i];

        if (size > low) {
            ret_layout[count++] = (HaywireLayout){
                2, { { { 0 }, { 0 }, low }, { { HOLE }, { low }, size - low } }
            };
        }
    }
    return count;
}

static bool is_mapped(HaywireKernelView *view, uint64_t address)
{
    HaywireMapping mapping;

    return haywire_table_walk(view->guest, &view->table,
                              (HaywireGva){ address },
                              &mapping) == HAYWIRE_OK &&
           mapping.present;
}

/*
 * Firmware keeps the end of the low part for itself, not that of the high one.
 * The kernel maps all RAM in one piece of its address space. The task behind
 * the first one was allocated, so it lies there.
 */
bool haywire_layout_agrees(HaywireKernelView *view)
{
    const HaywireLayout *layout = &view->layout;
    const HaywireLayoutRange *last = &layout->range[layout->count - 1];
    uint64_t end = last->gpa.value + last->length;
    HaywireMapping mapping;
    uint64_t task;

    if (haywire_memory_layout(view->guest->memory) ||
        view->table.format != &haywire_table_x86) {
        return true;
    }
    task = haywire_view_number(
        view, view->init_task + haywire_member(view, M_TASK_TASKS).offset, 8);
    if (haywire_table_walk(view->guest, &view->table, (HaywireGva){ task },
                           &mapping) != HAYWIRE_OK ||
        !mapping.present) {
        return false;
    }
    task -= mapping.gpa.value;
    if (layout->count == 1) {
        return !is_mapped(view, task + HOLE);
    }
    return is_mapped(view, task + end - HAYWIRE_GUEST_PAGE) &&
           !is_mapped(view, task + end);
}
