/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * focus and unfocus: write the control word, then wait for the companion.
 */
#include "commands.h"
#include "exit_status.h"
#include "text.h"

/* Companions read the control word every 50 ms; a pass takes longer. */
#define ANSWER_LIMIT_US (2 * G_USEC_PER_SEC)
#define ANSWER_STEP_US  (20 * 1000)

/* One that had no room in the list may live: then the companion knows. */
static gboolean check_process(HaywireBackend *backend, guint32 pid,
                              GError **error)
{
    HaywireProcessList list;

    if (haywire_overview_absent(backend->ops->overview(backend)) ==
        HAYWIRE_NOT_SHOWN) {
        return TRUE;
    }
    if (!backend->ops->processes(backend, &list, error)) {
        return FALSE;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.process[i].pid == pid) {
            return TRUE;
        }
    }
    return haywire_exit_fail_about(error, HAYWIRE_NO_PROCESS, "pid", pid, NULL);
}

/* The companion has taken the pid over from the control word. */
static gboolean is_answered(const HaywireCamera *camera, guint32 pid)
{
    return camera->mapped && camera->target_pid == pid &&
           (camera->status == HAYWIRE_CAMERA_IDLE) == (pid == 0);
}

/* And there is something to see. */
static gboolean is_settled(const HaywireCamera *camera, guint32 pid)
{
    return is_answered(camera, pid) &&
           (camera->status != HAYWIRE_CAMERA_ACTIVE ||
            camera->current_pid == pid);
}

static gboolean wait_for_answer(HaywireBackend *backend, guint32 number,
                                guint32 pid, HaywireCamera *ret_camera,
                                GError **error)
{
    const gint64 limit = g_get_monotonic_time() + ANSWER_LIMIT_US;
    HaywireCamera camera[2];

    do {
        g_usleep(ANSWER_STEP_US);
        if (!haywire_backend_look(backend, error) ||
            !backend->ops->cameras(backend, camera, error)) {
            return FALSE;
        }
        *ret_camera = camera[number - 1];
        if (is_settled(ret_camera, pid)) {
            return TRUE;
        }
    } while (g_get_monotonic_time() < limit);
    return is_answered(ret_camera, pid) ||
           haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "The companion did not answer in time (camera %u)",
                             number);
}

/* Nobody in the guest can answer before it goes on. */
static gboolean take_unanswered(HaywireBackend *backend, guint32 number,
                                guint32 pid, HaywireCamera *ret_camera,
                                GError **error)
{
    g_autofree char *line = g_strdup_printf(
        "The guest is paused: pid %u was written for camera %u, and its "
        "companion will take it once it goes on",
        pid, number);
    HaywireCamera camera[2];

    if (!backend->ops->cameras(backend, camera, error)) {
        return FALSE;
    }
    haywire_exit_complain(line);
    *ret_camera = camera[number - 1];
    return TRUE;
}

static gboolean check_answer(const HaywireCamera *camera, guint32 pid,
                             GError **error)
{
    switch (camera->status) {
    case HAYWIRE_CAMERA_NO_PROCESS:
        return haywire_exit_fail_about(error, HAYWIRE_NO_PROCESS, "pid", pid,
                                       NULL);
    case HAYWIRE_CAMERA_DENIED:
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "The companion may not look into this process "
                                 "(pid %u)",
                                 pid);
    default:
        return TRUE;
    }
}

static gboolean see_answer(HaywireBackend *backend, guint32 number, guint32 pid,
                           HaywireCamera *ret_camera, GError **error)
{
    if (backend->ops->overview(backend)->state == HAYWIRE_STATE_PAUSED) {
        return take_unanswered(backend, number, pid, ret_camera, error);
    }
    return wait_for_answer(backend, number, pid, ret_camera, error) &&
           check_answer(ret_camera, pid, error);
}

/* JSON says what was written, and whether the companion has taken it. */
static void reply_written(HaywireEmitter *emitter, const HaywireCamera *camera,
                          guint32 pid)
{
    emitter->begin_object(emitter, "written");
    emitter->number(emitter, "camera", camera->camera);
    if (pid) {
        emitter->number(emitter, "pid", pid);
    }
    emitter->boolean(emitter, "taken", is_answered(camera, pid));
    emitter->end_object(emitter);
}

static gboolean print_camera(HaywireContext *context,
                             const HaywireCamera *camera, guint32 pid,
                             GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireEmitter *emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));

    if (emitter) {
        reply_written(emitter, camera, pid);
        haywire_reply_camera(emitter, "camera", camera);
    } else {
        haywire_text_cameras(context->output.text, camera, 1);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean point(HaywireContext *context, guint32 number, guint32 pid,
                      GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireCamera camera;

    return backend->ops->focus(backend, number, pid, error) &&
           see_answer(backend, number, pid, &camera, error) &&
           print_camera(context, &camera, pid, error);
}

/* Writing for a companion that does not listen helps nobody. */
static gboolean refresh_live(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;

    if (!haywire_command_begin(context, error)) {
        return FALSE;
    }
    if (!haywire_state_is_current(backend->ops->overview(backend)->state)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "The session is not live: nothing was "
                                 "written");
    }
    return TRUE;
}

gboolean haywire_run_focus(HaywireContext *context, GError **error)
{
    return refresh_live(context, error) &&
           check_process(context->backend, context->pid, error) &&
           point(context, context->camera, context->pid, error);
}

gboolean haywire_run_unfocus(HaywireContext *context, GError **error)
{
    return refresh_live(context, error) &&
           point(context, context->camera, 0, error);
}
