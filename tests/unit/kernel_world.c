/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_world.h"

#include <glib.h>

void kernel_world_open(KernelWorld *world, KernelImage *image)
{
    world->image = image;
    world->memory = kernel_image_memory(image);
    world->model = NULL;
    g_assert_cmpint(haywire_watch_new(world->memory, &world->watch), ==,
                    HAYWIRE_OK);
    haywire_watch_set_from(world->watch, HAYWIRE_FROM_KERNEL);
}

void kernel_world_close(KernelWorld *world)
{
    haywire_model_unref(world->model);
    haywire_watch_destroy(world->watch);
    haywire_memory_destroy(world->memory);
    kernel_image_free(world->image);
}

HaywireModel *kernel_world_look(KernelWorld *world, uint64_t now_ns, bool still)
{
    HaywireNow now = { .now_ns = now_ns, .host_ns = now_ns, .still = still };

    haywire_model_unref(world->model);
    world->model = NULL;
    g_assert_cmpint(haywire_watch_look(world->watch, now, &world->model), ==,
                    HAYWIRE_OK);
    return world->model;
}
