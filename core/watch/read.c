/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading for people: see haywire/watch_read.h.
 */

#include "haywire/camera_space.h"
#include "haywire/kernel_memory.h"
#include "haywire/watch_read.h"

const char *haywire_whose_name(uint32_t whose)
{
    static const char *const names[] = {
        [HAYWIRE_WHOSE_PROCESS] = "process",
        [HAYWIRE_WHOSE_KERNEL] = "kernel",
        [HAYWIRE_WHOSE_PHYSICAL] = "physical",
    };

    return whose < sizeof(names) / sizeof(names[0]) ? names[whose] : "unknown";
}

static HaywireStatus read_by(HaywireWatch *watch,
                             const HaywireAddressSpace *space,
                             const HaywireReadWish *wish, void *to,
                             HaywireReadResult *result)
{
    HaywireStatus status = haywire_memory_read_gva(
        haywire_watch_memory(watch), space, (HaywireGva){ wish->address }, to,
        wish->length, result->missing, HAYWIRE_READ_MISSING_MAX,
        &result->count);

    if (status == HAYWIRE_OK) {
        result->present = wish->length;
        for (size_t i = 0; i < result->count; i++) {
            result->present -= result->missing[i].length;
        }
    }
    return status;
}

static HaywireStatus read_by_kernel(HaywireWatch *watch, HaywireNow now,
                                    uint32_t pid, const HaywireReadWish *wish,
                                    void *to, HaywireReadResult *result)
{
    HaywireKernel *kernel = haywire_watch_kernel(watch, now);
    HaywireAddressSpace *space;
    HaywireStatus status;

    if (!kernel) {
        return HAYWIRE_NOT_FOUND;
    }
    result->source = HAYWIRE_PROVIDER_KERNEL;
    status = haywire_kernel_space_new(kernel, pid, &space);
    if (status == HAYWIRE_OK) {
        status = read_by(watch, space, wish, to, result);
        haywire_kernel_space_free(space);
    }
    return status;
}

static HaywireStatus read_process(HaywireWatch *watch, HaywireNow now,
                                  const HaywireModel *model,
                                  const HaywireReadWish *wish, void *to,
                                  HaywireReadResult *result)
{
    HaywireCameraSpace camera = haywire_camera_space(model, wish->pid);
    HaywirePageRunList runs;
    HaywireStatus held = model->overview.source == HAYWIRE_PROVIDER_COMPANION
                             ? haywire_model_page_runs(model, wish->pid, &runs)
                             : HAYWIRE_NO_CAMERA;
    HaywireStatus status;

    if (wish->pid == 0) {
        return HAYWIRE_NO_PROCESS;
    }
    if (held == HAYWIRE_OK) {
        camera.space.layout = &model->layout;
        return read_by(watch, &camera.space, wish, to, result);
    }
    status = read_by_kernel(watch, now, wish->pid, wish, to, result);
    return status == HAYWIRE_NOT_FOUND ? held : status;
}

static HaywireStatus read_physical(HaywireWatch *watch, HaywireNow now,
                                   const HaywireModel *model,
                                   const HaywireReadWish *wish, void *to,
                                   HaywireReadResult *result)
{
    const HaywireLayout *layout = &model->layout;
    HaywireAddressSpace space;

    result->source = model->overview.source;
    if (layout->count == 0) {
        HaywireKernel *kernel = haywire_watch_kernel(watch, now);

        layout = kernel ? haywire_kernel_layout(kernel) : NULL;
        result->source = HAYWIRE_PROVIDER_KERNEL;
    }
    if (!layout) {
        return HAYWIRE_NO_LAYOUT;
    }
    space = haywire_physical_space(layout);
    return read_by(watch, &space, wish, to, result);
}

HaywireStatus haywire_watch_read(HaywireWatch *watch, HaywireNow now,
                                 const HaywireModel *model,
                                 const HaywireReadWish *wish, void *to,
                                 HaywireReadResult *ret_result)
{
    ret_result->source = HAYWIRE_PROVIDER_COMPANION;
    ret_result->present = 0;
    ret_result->count = 0;
    if (wish->length == 0 || wish->length > HAYWIRE_READ_MAX) {
        return HAYWIRE_LIMIT;
    }
    switch (wish->whose) {
    case HAYWIRE_WHOSE_PROCESS:
        return read_process(watch, now, model, wish, to, ret_result);
    case HAYWIRE_WHOSE_KERNEL:
        return read_by_kernel(watch, now, 0, wish, to, ret_result);
    default:
        return read_physical(watch, now, model, wish, to, ret_result);
    }
}
