/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where guest addresses lie in a memory that does not know it: what machines
 * there are, and whether a kernel agrees. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_LAYOUTS_H
#define HAYWIRE_KERNEL_LAYOUTS_H

#include "view.h"

#define HAYWIRE_LAYOUTS_MAX 4

/*
 * Those to be tried for the machines of a format: that of the memory, if it has
 * one. Returns how many.
 */
size_t haywire_layouts(const HaywireMemory *memory,
                       const HaywireTableFormat *format,
                       HaywireLayout ret_layout[HAYWIRE_LAYOUTS_MAX]);

/*
 * Whether the kernel of the view maps RAM up to where its layout ends, and not
 * beyond. Always true for one that is not guessed, and where there is no choice.
 */
bool haywire_layout_agrees(HaywireKernelView *view);

#endif
