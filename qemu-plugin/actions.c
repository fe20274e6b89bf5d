/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "actions.h"

#include "haywire/focus.h"

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

    haywire_text_failure(text, status, what, number, diagnosis);
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
    HaywireStatus status = haywire_focus(haywire_worker_door(worker), target,
                                         pid, ret_control, diagnosis);

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
                    "camera %u does not exist: there are 1 and 2", camera);
        return FALSE;
    }
    status = haywire_focus_target(model, camera, &target);
    /* One that had no room in the list may live: then the companion knows. */
    if (status == HAYWIRE_OK && pid != 0 &&
        !haywire_model_process(model, pid) &&
        haywire_overview_absent(&model->overview) == HAYWIRE_NO_PROCESS) {
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

HaywireStatus haywire_action_processes(const HaywireModel *model,
                                       const HaywireListWindow *window,
                                       GArray **ret_rows, bool *ret_more)
{
    GArray *rows;

    if (!model->overview.has_session) {
        return HAYWIRE_NO_SESSION;
    }
    rows = haywire_window_processes(window, model->process,
                                    model->process_count, ret_more);
    if (window->pids > 0 && rows->len == 0) {
        g_array_unref(rows);
        return haywire_overview_absent(&model->overview);
    }
    *ret_rows = rows;
    return HAYWIRE_OK;
}

gboolean haywire_action_translate(HaywireWorker *worker,
                                  const HaywireRamBlocks *blocks, uint32_t pid,
                                  HaywireGva address, HaywirePlace *ret_place,
                                  GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(worker);
    HaywireRamPlace ram;
    HaywirePlace place;
    HaywireStatus status;

    status = haywire_model_translate(model, pid, address, &place.translation);
    if (status == HAYWIRE_OK) {
        status = haywire_ram_blocks_locate(blocks, place.translation.gpa, &ram)
                     ? HAYWIRE_OK
                     : HAYWIRE_NO_LAYOUT;
    }
    if (status != HAYWIRE_OK) {
        haywire_action_fail(error, status, pid);
        return FALSE;
    }
    /* Into the file behind guest RAM, where there is one. */
    place.ram_block = ram.block;
    place.has_offset = ram.has_file;
    place.offset = ram.has_file ? ram.file_offset : 0;
    *ret_place = place;
    return TRUE;
}
