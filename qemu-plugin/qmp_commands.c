/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp_commands.h"

#include "actions.h"
#include "qdict_emitter.h"
#include "qmp_args.h"

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

/* The one place where a failure becomes QEMU's Error. */
static void fail_with(Error **errp, GError *error)
{
    error_setg(errp, "%s", error->message);
    g_error_free(error);
}

static void fail_for_pid(Error **errp, HaywireStatus status, uint32_t pid)
{
    GError *error = NULL;

    haywire_action_fail(&error, status, pid);
    fail_with(errp, error);
}

static void query_haywire(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    HaywireArgs args;

    if (haywire_args_parse(dict, 0, 0, &args, errp)) {
        haywire_reply_overview(&emitter.base, NULL, &model->overview);
        *ret = emitter.root;
    }
}

static void query_haywire_processes(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    const HaywireProcess *process;
    size_t count;
    HaywireStatus status;
    HaywireArgs args;

    if (!haywire_args_parse(dict, 0, HAYWIRE_ARG_PID, &args, errp)) {
        return;
    }
    status = haywire_action_processes(model, args.given & HAYWIRE_ARG_PID,
                                      args.pid, &process, &count);
    if (status != HAYWIRE_OK) {
        fail_for_pid(errp, status, args.pid);
        return;
    }
    haywire_reply_processes(&emitter.base, NULL, process, count);
    *ret = emitter.root;
}

static void query_haywire_sections(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    HaywireSectionList list;
    HaywireStatus status;
    HaywireArgs args;

    if (!haywire_args_parse(dict, HAYWIRE_ARG_PID, 0, &args, errp)) {
        return;
    }
    status = haywire_model_sections(model, args.pid, &list);
    if (status != HAYWIRE_OK) {
        fail_for_pid(errp, status, args.pid);
        return;
    }
    haywire_reply_sections(&emitter.base, NULL, &list);
    *ret = emitter.root;
}

static void query_haywire_ptes(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    HaywirePageRunList list;
    HaywireGvaRange range;
    HaywireStatus status;
    HaywireArgs args;

    if (!haywire_args_parse(dict, HAYWIRE_ARG_PID,
                            HAYWIRE_ARG_ADDRESS | HAYWIRE_ARG_LENGTH, &args,
                            errp)) {
        return;
    }
    status = haywire_model_page_runs(model, args.pid, &list);
    if (status != HAYWIRE_OK) {
        fail_for_pid(errp, status, args.pid);
        return;
    }
    range.start.value = args.address;
    range.length = args.length;
    haywire_reply_page_runs(&emitter.base, NULL, &list, range);
    *ret = emitter.root;
}

static void query_haywire_cameras(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    HaywireArgs args;

    if (haywire_args_parse(dict, 0, 0, &args, errp)) {
        haywire_reply_cameras(&emitter.base, NULL, model->camera,
                              G_N_ELEMENTS(model->camera));
        *ret = emitter.root;
    }
}

static void query_haywire_stats(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    HaywireArgs args;

    if (haywire_args_parse(dict, 0, 0, &args, errp)) {
        haywire_reply_stats(&emitter.base, NULL, &model->host, &model->guest);
        *ret = emitter.root;
    }
}

static void focus_and_reply(const HaywireArgs *args, QObject **ret,
                            Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    GError *error = NULL;
    HaywireCamera camera;

    if (!haywire_action_focus(the_worker, args->camera, args->pid, &camera,
                              &error)) {
        fail_with(errp, error);
        return;
    }
    haywire_reply_camera(&emitter.base, NULL, &camera);
    *ret = emitter.root;
}

static void haywire_qmp_focus(QDict *dict, QObject **ret, Error **errp)
{
    HaywireArgs args;

    if (!haywire_args_parse(dict, HAYWIRE_ARG_PID, HAYWIRE_ARG_CAMERA, &args,
                            errp)) {
        return;
    }
    if (args.pid == 0) {
        /* In a control word 0 stands for nothing: that is haywire-unfocus. */
        fail_for_pid(errp, HAYWIRE_NO_PROCESS, args.pid);
        return;
    }
    focus_and_reply(&args, ret, errp);
}

static void haywire_qmp_unfocus(QDict *dict, QObject **ret, Error **errp)
{
    HaywireArgs args;

    if (haywire_args_parse(dict, 0, HAYWIRE_ARG_CAMERA, &args, errp)) {
        focus_and_reply(&args, ret, errp);
    }
}

static void haywire_qmp_rescan(QDict *dict, QObject **ret, Error **errp)
{
    HaywireArgs args;

    if (haywire_args_parse(dict, 0, 0, &args, errp)) {
        haywire_worker_rescan(the_worker);
        *ret = haywire_qobject(qdict_new());
    }
}

static void haywire_qmp_translate(QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireRamBlocks) blocks = NULL;
    GError *error = NULL;
    HaywirePlace place;
    HaywireArgs args;

    if (!haywire_args_parse(dict, HAYWIRE_ARG_PID | HAYWIRE_ARG_ADDRESS, 0,
                            &args, errp)) {
        return;
    }
    blocks = haywire_worker_blocks(the_worker);
    if (!haywire_action_translate(the_worker, blocks, args.pid,
                                  (HaywireGva){ args.address }, &place,
                                  &error)) {
        fail_with(errp, error);
        return;
    }
    haywire_reply_place(&emitter.base, NULL, &place);
    *ret = emitter.root;
}

static const struct {
    const char *name;
    QmpCommandFunc *handler;
} commands[] = {
    { "query-haywire", query_haywire },
    { "query-haywire-processes", query_haywire_processes },
    { "query-haywire-sections", query_haywire_sections },
    { "query-haywire-ptes", query_haywire_ptes },
    { "query-haywire-cameras", query_haywire_cameras },
    { "query-haywire-stats", query_haywire_stats },
    { "haywire-focus", haywire_qmp_focus },
    { "haywire-unfocus", haywire_qmp_unfocus },
    { "haywire-rescan", haywire_qmp_rescan },
    { "haywire-translate", haywire_qmp_translate },
};

void haywire_qmp_commands_register(HaywireWorker *worker)
{
    the_worker = worker;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        qmp_register_command(&qmp_commands, commands[i].name,
                             commands[i].handler, 0, 0);
    }
}
