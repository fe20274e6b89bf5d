/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address space over the page runs of a camera.
 */

#include "haywire/beacon_protocol.h"
#include "haywire/camera_space.h"

/* To the end of the page: its size is what the guest says, or the smallest. */
static HaywireStatus translate(const HaywireAddressSpace *base, HaywireGva gva,
                               HaywireStretch *ret_stretch)
{
    const HaywireCameraSpace *space = (const HaywireCameraSpace *)base;
    HaywireTranslation translation;
    HaywireStatus status =
        haywire_model_translate(space->model, space->pid, gva, &translation);
    uint64_t page = HAYWIRE_PAGE_SIZE;

    if (status == HAYWIRE_OK) {
        ret_stretch->gpa = translation.gpa;
        page = translation.page_size > page ? translation.page_size : page;
    }
    ret_stretch->length = page - gva.value % page;
    return status;
}

HaywireCameraSpace haywire_camera_space(const HaywireModel *model, uint32_t pid)
{
    return (HaywireCameraSpace){ { translate, NULL }, model, pid };
}
