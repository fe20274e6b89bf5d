/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp_commands.h"

#include "actions.h"
#include "qdict_emitter.h"
#include "qmp_args.h"
#include "words.h"

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

/* A command being answered, from one model. */
typedef struct Call {
    HaywireArgs args;
    HaywireModel *model;
    HaywireListWindow window; /* of a list: what was asked for, and what fits */
    HaywireAbout about;
    HaywireEmitter *reply;
} Call;

/* Tells @call's reply, or sets @error. */
typedef void Answer(Call *call, GError **error);

static void answer_overview(Call *call, GError **error)
{
    (void)error;
    haywire_reply_overview(call->reply, NULL, &call->model->overview);
}

/* Sections and page runs that a kernel tells have to be waited for. */
static HaywireStatus lists(const Call *call, HaywireStatus status)
{
    return haywire_action_lists(the_worker, call->model, call->args.pid,
                                status);
}

/* The pid is always among them. False with @error when one is not known. */
static bool take_members(Call *call, GError **error)
{
    g_autoptr(GString) why = g_string_new(NULL);

    for (strList *name = call->args.members; name; name = name->next) {
        HaywireMembers members =
            haywire_word_members("member", name->value, why);

        if (!members) {
            g_set_error_literal(error, HAYWIRE_ACTION_ERROR, HAYWIRE_BAD_VALUE,
                                why->str);
            return false;
        }
        call->window.members |=
            members | haywire_word_members("member", "pid", why);
    }
    return true;
}

/* Of those in both @pid and @pids, if both are given. */
static GArray *take_pids(Call *call)
{
    GArray *pids = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), 1);

    for (uint32List *pid = call->args.pids; pid; pid = pid->next) {
        if (!(call->args.given & HAYWIRE_ARG_PID) ||
            pid->value == call->args.pid) {
            g_array_append_val(pids, pid->value);
        }
    }
    if (!(call->args.given & HAYWIRE_ARG_PIDS)) {
        g_array_append_val(pids, call->args.pid);
    }
    call->window.pid = &g_array_index(pids, uint32_t, 0);
    call->window.pids = pids->len;
    return pids;
}

static void answer_processes(Call *call, GError **error)
{
    const unsigned some = HAYWIRE_ARG_PID | HAYWIRE_ARG_PIDS;
    g_autoptr(GArray) pids = call->args.given & some ? take_pids(call) : NULL;
    g_autoptr(GArray) rows = NULL;
    HaywireStatus status;

    if (!take_members(call, error)) {
        return;
    }
    status = haywire_action_processes(call->model, &call->window, &rows,
                                      &call->about.more);
    if (status == HAYWIRE_OK) {
        haywire_reply_chosen(
            call->reply, NULL, (const HaywireProcess *)rows->data, rows->len,
            call->window.members ? call->window.members : HAYWIRE_MEMBERS_ALL);
    } else {
        haywire_action_fail(error, status,
                            call->window.pids ? call->window.pid[0] : 0);
    }
}

static void answer_sections(Call *call, GError **error)
{
    g_autoptr(GArray) rows = NULL;
    HaywireSectionList list;
    HaywireStatus status =
        lists(call, haywire_model_sections(call->model, call->args.pid, &list));

    if (status == HAYWIRE_OK) {
        rows = haywire_window_sections(&call->window, &list, &call->about.more);
        haywire_reply_sections(call->reply, NULL, &list);
    } else {
        haywire_action_fail(error, status, call->args.pid);
    }
}

static void answer_ptes(Call *call, GError **error)
{
    g_autoptr(GArray) rows = NULL;
    HaywirePageRunList list;
    HaywireStatus status = lists(
        call, haywire_model_page_runs(call->model, call->args.pid, &list));

    if (status == HAYWIRE_OK) {
        rows =
            haywire_window_page_runs(&call->window, &list, &call->about.more);
        haywire_reply_page_runs(call->reply, NULL, &list, call->window.range);
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

    if (haywire_action_translate(
            the_worker, call->model, blocks, call->args.pid,
            (HaywireGva){ call->args.address }, &place, error)) {
        haywire_reply_place(call->reply, NULL, &place);
    }
}

/* What the answer is from, and what was asked for. */
static void prepare(Call *call)
{
    const HaywireOverview *overview = &call->model->overview;

    call->about.has_session = overview->has_session;
    call->about.session = overview->session;
    call->reply->about = &call->about;
    call->window.range =
        (HaywireGvaRange){ { call->args.address }, call->args.length };
    call->window.after = call->args.after;
    call->window.limit = call->args.limit;
    call->window.bounded = true;
}

/* The one place where a failure becomes QEMU's Error. */
static void run(Answer *answer, unsigned required, unsigned optional,
                QDict *dict, QObject **ret, Error **errp)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    g_autoptr(HaywireModel) model = NULL;
    Call call = { .reply = &emitter.base };
    g_autoptr(GError) error = NULL;

    if (!haywire_args_parse(dict, required, optional, &call.args, errp)) {
        return;
    }
    model = haywire_action_model(
        the_worker,
        optional & HAYWIRE_ARG_FROM ? call.args.from : HAYWIRE_FROM_COMPANION,
        &error);
    if (model) {
        call.model = model;
        prepare(&call);
        answer(&call, &error);
    }
    haywire_args_clear(&call.args);
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

#define CHOICE  (PID | HAYWIRE_ARG_PIDS | HAYWIRE_ARG_AFTER)
#define LIMIT   HAYWIRE_ARG_LIMIT
#define MEMBERS HAYWIRE_ARG_MEMBERS
#define FROM    HAYWIRE_ARG_FROM
#define WINDOW  (ADDRESS | LENGTH | LIMIT | FROM)
#define LIST    (CHOICE | LIMIT | MEMBERS | FROM)

#define COMMANDS(X)                                    \
    X("query-haywire", overview, 0, FROM)              \
    X("query-haywire-processes", processes, 0, LIST)   \
    X("query-haywire-sections", sections, PID, WINDOW) \
    X("query-haywire-ptes", ptes, PID, WINDOW)         \
    X("query-haywire-cameras", cameras, 0, 0)          \
    X("query-haywire-stats", stats, 0, 0)              \
    X("haywire-focus", focus, PID, CAMERA)             \
    X("haywire-unfocus", unfocus, 0, CAMERA)           \
    X("haywire-rescan", rescan, 0, 0)                  \
    X("haywire-translate", translate, PID | ADDRESS, FROM)

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
