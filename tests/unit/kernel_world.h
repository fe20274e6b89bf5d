/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up kernel, and a watch that asks it: for the tests of core/kernel.
 */
#ifndef HAYWIRE_TESTS_KERNEL_WORLD_H
#define HAYWIRE_TESTS_KERNEL_WORLD_H

#include "haywire/watch.h"
#include "kernel_image.h"

typedef struct KernelWorld {
    KernelImage *image;
    HaywireMemory *memory;
    HaywireWatch *watch; /* from the kernel alone */
    HaywireModel *model; /* of the newest look */
} KernelWorld;

/* @image: given away. */
void kernel_world_open(KernelWorld *world, KernelImage *image);
void kernel_world_close(KernelWorld *world);

/* Look at @now_ns, by all clocks; the model is the world's. */
HaywireModel *kernel_world_look(KernelWorld *world, uint64_t now_ns,
                                bool still);

#endif /* HAYWIRE_TESTS_KERNEL_WORLD_H */
