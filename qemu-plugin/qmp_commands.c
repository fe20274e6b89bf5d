/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp_commands.h"

#include "actions.h"
#include "qdict_emitter.h"
#include "qmp_args.h"

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

/* A command being answered, from one model. */
typedef struct Call {
    HaywireArgs args;
    HaywireModel *model;
    HaywireEmitter *reply;
} Call;

/* Tells @call's reply, or sets @error. */
typedef void Answer(Call *call, GError **error);

static void answer_overview(Call *call, GError **error)
{
    (void)error;
    haywire_reply_overview(call->reply, NULL, &call->model->overview);
}

static void answer_processes(Call *call, GError **error)
{
    const HaywireProcess *process;
    size_t count;
    HaywireStatus status = haywire_action_processes(
        call->model, call->args.given & HAYWIRE_ARG_PID, call->args.pid,
        &process, &count);

    if (status == HAYWIRE_OK) {
        haywire_reply_processes(call->reply, NULL, process, count);
    } else {
        haywire_action_fail(error, status, call->args.pid);
    }
}

static void answer_sections(Call *call, GError **error)
{
    HaywireSectionList list;
    HaywireStatus status =
        haywire_model_sections(call->model, call->args.pid, &list);

    if (status == HAYWIRE_OK) {
        haywire_reply_sections(call->reply, NULL, &list);
    } else {
        haywire_action_fail(error, status, call->args.pid);
    }
}

static void answer_ptes(Call *call, GError **error)
{
    const HaywireGvaRange range = { { call->args.address }, call->args.length };
    HaywirePageRunList list;
    HaywireStatus status =
        haywire_model_page_runs(call->model, call->args.pid, &list);

    if (status == HAYWIRE_OK) {
        haywire_reply_page_runs(call->reply, NULL, &list, range);
    } else {
        haywire_action_fail(error, status, call->args.pid);
    }
}

static void answer_cameras(Call *call, GError **error)
{
    (void)error;
    haywire_reply_cameras(call->reply, NULL, call->model->camera,
                          G_N_ELEMENTS(call->model->camera));
}

static void answer_stats(Call *call, GError **error)
{
    (void)error;
    haywire_reply_stats(call->reply, NULL, &call->model->host,
                        &call->model->guest);
}

static void answer_unfocus(Call *call, GError **error)
{
    HaywireCamera camera;

    if (haywire_action_focus(the_worker, call->args.camera, call->args.pid,
                             &camera, error)) {
        haywire_reply_camera(call->reply, NULL, &camera);
    }
}

/* In a control word 0 stands for nothing: that is haywire-unfocus. */
static void answer_focus(Call *call, GError **error)
{
    if (call->args.pid == 0) {
        haywire_action_fail(error, HAYWIRE_NO_PROCESS, 0);
    } else {
        answer_unfocus(call, error);
    }
}

static void answer_rescan(Call *call, GError **error)
{
    (void)error;
    haywire_worker_rescan(the_worker);
    call->reply->begin_object(call->reply, NULL);
    call->reply->end_object(call->reply);
}

static void answer_translate(Call *call, GError **error)
{
    g_autoptr(HaywireRamBlocks) blocks = haywire_worker_blocks(the_worker);
    HaywirePlace place;

    if (haywire_action_translate(the_worker, blocks, call->args.pid,
                                 (HaywireGva){ call->args.address }, &place,
                                 error)) {
        haywire_reply_place(call->reply, NULL, &place);
    }
}

/* The one place where a failure becomes QEMU's Error. */
static void run(Answer *answer, unsigned required, unsigned optional,
                QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    Call call = { .model = model, .reply = &emitter.base };
    g_autoptr(GError) error = NULL;

    if (!haywire_args_parse(dict, required, optional, &call.args, errp)) {
        return;
    }
    answer(&call, &error);
    if (error) {
        error_setg(errp, "%s", error->message);
    } else {
        *ret = emitter.root;
    }
}

/* QEMU does not tell a handler which command it is for. */
#define PID     HAYWIRE_ARG_PID
#define ADDRESS HAYWIRE_ARG_ADDRESS
#define LENGTH  HAYWIRE_ARG_LENGTH
#define CAMERA  HAYWIRE_ARG_CAMERA

#define COMMANDS(X)                                      \
    X("query-haywire", overview, 0, 0)                   \
    X("query-haywire-processes", processes, 0, PID)      \
    X("query-haywire-sections", sections, PID, 0)        \
    X("query-haywire-ptes", ptes, PID, ADDRESS | LENGTH) \
    X("query-haywire-cameras", cameras, 0, 0)            \
    X("query-haywire-stats", stats, 0, 0)                \
    X("haywire-focus", focus, PID, CAMERA)               \
    X("haywire-unfocus", unfocus, 0, CAMERA)             \
    X("haywire-rescan", rescan, 0, 0)                    \
    X("haywire-translate", translate, PID | ADDRESS, 0)

#define HANDLER(name, what, required, optional)                         \
    static void handle_##what(QDict *dict, QObject **ret, Error **errp) \
    {                                                                   \
        run(answer_##what, required, optional, dict, ret, errp);        \
    }
#define ROW(name, what, required, optional) { name, handle_##what },

COMMANDS(HANDLER)

static const struct {
    const char *name;
    QmpCommandFunc *handler;
} commands[] = { COMMANDS(ROW) };

void haywire_qmp_commands_register(HaywireWorker *worker)
{
    the_worker = worker;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        qmp_register_command(&qmp_commands, commands[i].name,
                             commands[i].handler, 0, 0);
    }
}
