/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Camera control pages: docs/protocol.md, section 5.6.
 */

#include "decode_fields.h"

static void read_state(HaywireFields *fields, HaywireControl *control)
{
    uint32_t camera_status;

    control->nonce = haywire_fields_u32(fields, "nonce");
    if (control->nonce == 0) {
        haywire_fields_fail(fields, HAYWIRE_BAD_VALUE, 4, "nonce", 0);
    }
    camera_status = haywire_fields_u32(fields, "status");
    if (camera_status > HAYWIRE_CAMERA_DENIED) {
        haywire_fields_fail(fields, HAYWIRE_BAD_VALUE, 4, "status",
                            camera_status);
    }
    control->status = (HaywireCameraStatus)camera_status;
    control->target_pid = haywire_fields_u32(fields, "target");
    control->current_pid = haywire_fields_u32(fields, "current pid");
    control->current_start_time_ns =
        haywire_fields_u64(fields, "start time of the current process");
}

static void read_pass(HaywireFields *fields, HaywireControl *control)
{
    control->pass = haywire_fields_u64(fields, "newest complete pass");
    control->first_page = haywire_fields_u32(fields, "index of its first page");
    control->pages = haywire_fields_u32(fields, "its pages");
    control->sections_total = haywire_fields_u32(fields, "sections");
    control->sections_stored = haywire_fields_u32(fields, "sections stored");
    control->runs_total = haywire_fields_u32(fields, "page runs found");
    control->runs_stored = haywire_fields_u32(fields, "page runs stored");
    control->pass_started_ns = haywire_fields_u64(fields, "pass started");
    control->pass_finished_ns = haywire_fields_u64(fields, "pass finished");
    control->target_taken_ns = haywire_fields_u64(fields, "target taken");
    control->rss = haywire_fields_u64(fields, "resident bytes");
    control->pss = haywire_fields_u64(fields, "proportional bytes");
    control->swap = haywire_fields_u64(fields, "swapped bytes");
    control->flags = haywire_fields_u32(fields, "flags");
    haywire_fields_skip(fields, 4);
}

HaywireStatus haywire_decode_control(const HaywirePage *copy,
                                     const HaywirePageInfo *info,
                                     HaywireControl *ret_control,
                                     HaywireDiagnosis *diagnosis)
{
    HaywireControl control;
    HaywireFields fields;
    HaywireStatus status;

    status =
        haywire_check_kind(info, HAYWIRE_KIND_CONTROL, HAYWIRE_CATEGORY_CAMERA1,
                           HAYWIRE_CATEGORY_CAMERA2, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (info->index != 0) {
        return haywire_diagnose(diagnosis, HAYWIRE_BAD_INDEX,
                                offsetof(HaywirePageHeader, index), "index",
                                info->index);
    }
    haywire_fields_init(&fields, copy, info, diagnosis);
    read_state(&fields, &control);
    read_pass(&fields, &control);
    if (fields.status == HAYWIRE_OK) {
        *ret_control = control;
    }
    return fields.status;
}
