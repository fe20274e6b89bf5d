/*
 * The memory of a process by what a camera says of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_CAMERA_SPACE_H
#define HAYWIRE_CAMERA_SPACE_H

#include "haywire/memory.h"
#include "haywire/model.h"

/* For haywire_memory_read_gva(). */
typedef struct HaywireCameraSpace {
    HaywireAddressSpace space;
    const HaywireModel *model;
    uint32_t pid;
} HaywireCameraSpace;

/*
 * The page runs of process @pid in @model (borrowed). Translating fails as
 * haywire_model_translate() does.
 */
HaywireCameraSpace haywire_camera_space(const HaywireModel *model,
                                        uint32_t pid);

#endif
