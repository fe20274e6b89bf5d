/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "actions.h"

#include "haywire/focus.h"

#include "ram_source.h"
#include "text.h"

GQuark haywire_action_error_quark(void)
{
    return g_quark_from_static_string("haywire-action-error-quark");
}

/* @what and @number: of what it is said; not when there is no session. */
static void fail(GError **error, HaywireStatus status, const char *what,
                 uint32_t number, const HaywireDiagnosis *diagnosis)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_status(text, status, diagnosis);
    if (status != HAYWIRE_NO_SESSION) {
        g_string_append_printf(text, " (%s %u)", what, number);
    }
    g_set_error_literal(error, HAYWIRE_ACTION_ERROR, status, text->str);
}

void haywire_action_fail(GError **error, HaywireStatus status, uint32_t pid)
{
    fail(error, status, "pid", pid, NULL);
}

static HaywireStatus focus_write(HaywireWorker *worker,
                                 const HaywireFocusTarget *target, uint32_t pid,
                                 HaywireControl *ret_control,
                                 HaywireDiagnosis *diagnosis)
{
    g_autoptr(HaywireRamBlocks) blocks = haywire_worker_blocks(worker);
    HaywireMemory *source;
    HaywireStatus status;

    status = haywire_ram_source_new(blocks, &source);
    if (status != HAYWIRE_OK) {
        return status;
    }
    status = haywire_focus(source, target, pid, ret_control, diagnosis);
    haywire_memory_destroy(source);
    haywire_worker_count_focus(worker, status);
    return status;
}

gboolean haywire_action_focus(HaywireWorker *worker, uint32_t camera,
                              uint32_t pid, HaywireCamera *ret_camera,
                              GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(worker);
    HaywireDiagnosis diagnosis = { 0 };
    HaywireFocusTarget target;
    HaywireControl control;
    HaywireStatus status;

    if (camera < 1 || camera > G_N_ELEMENTS(model->camera)) {
        g_set_error(error, HAYWIRE_ACTION_ERROR, HAYWIRE_BAD_VALUE,
                    "There is no camera %u, only 1 and 2", camera);
        return FALSE;
    }
    status = haywire_focus_target(model, camera, &target);
    if (status == HAYWIRE_OK && pid != 0 &&
        !haywire_model_process(model, pid)) {
        haywire_action_fail(error, HAYWIRE_NO_PROCESS, pid);
        return FALSE;
    }
    if (status == HAYWIRE_OK) {
        status = focus_write(worker, &target, pid, &control, &diagnosis);
    }
    if (status != HAYWIRE_OK) {
        fail(error, status, "camera", camera, &diagnosis);
        return FALSE;
    }
    /* Its data stays what the model has until the companion answers. */
    *ret_camera = model->camera[camera - 1];
    ret_camera->target_pid = pid;
    ret_camera->status = control.status;
    return TRUE;
}

HaywireStatus haywire_action_processes(const HaywireModel *model, bool one,
                                       uint32_t pid,
                                       const HaywireProcess **ret_process,
                                       size_t *ret_count)
{
    const HaywireProcess *process = model->process;

    if (!model->overview.has_session) {
        return HAYWIRE_NO_SESSION;
    }
    if (one) {
        process = haywire_model_process(model, pid);
        if (!process) {
            return HAYWIRE_NO_PROCESS;
        }
    }
    *ret_process = process;
    *ret_count = one ? 1 : model->process_count;
    return HAYWIRE_OK;
}

/* Into the file behind guest RAM, where there is one. */
static void place_locate(HaywirePlace *place, const HaywireRamPiece *piece)
{
    uint64_t inside = place->translation.gpa.value - piece->gpa.value;

    place->ram_block = piece->block;
    place->has_offset = piece->fd >= 0;
    place->offset = place->has_offset ? piece->file_offset + inside : 0;
}

gboolean haywire_action_translate(HaywireWorker *worker,
                                  const HaywireRamBlocks *blocks, uint32_t pid,
                                  HaywireGva address, HaywirePlace *ret_place,
                                  GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(worker);
    const HaywireRamPiece *piece = NULL;
    HaywirePlace place;
    HaywireStatus status;

    status = haywire_model_translate(model, pid, address, &place.translation);
    if (status == HAYWIRE_OK) {
        piece = haywire_ram_blocks_find(blocks, place.translation.gpa, 1);
        status = piece ? HAYWIRE_OK : HAYWIRE_NO_LAYOUT;
    }
    if (status != HAYWIRE_OK) {
        haywire_action_fail(error, status, pid);
        return FALSE;
    }
    place_locate(&place, piece);
    *ret_place = place;
    return TRUE;
}
