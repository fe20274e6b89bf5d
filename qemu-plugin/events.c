/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <inttypes.h>
#include <string.h>

#include "haywire/history.h"
#include "qdict_emitter.h"

#define CAMERAS        2
#define SESSION_BUFFER 17

typedef enum EventKind {
    EVENT_SESSION_CHANGED,
    EVENT_FOCUS_CHANGED,
    EVENT_PROCESS_STARTED,
    EVENT_PROCESS_EXITED,
    EVENT_COUNT,
} EventKind;

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_SESSION_CHANGED] = "HAYWIRE_SESSION_CHANGED",
    [EVENT_FOCUS_CHANGED] = "HAYWIRE_FOCUS_CHANGED",
    [EVENT_PROCESS_STARTED] = "HAYWIRE_PROCESS_STARTED",
    [EVENT_PROCESS_EXITED] = "HAYWIRE_PROCESS_EXITED",
};

/* All of it belongs to the main thread. */
static struct {
    HaywireWorker *worker;
    int number[EVENT_COUNT]; /* QEMU's */
    /* What clients know of: */
    HaywireState state;
    uint64_t session; /* 0: none */
    bool kernel;      /* tells it */
    bool camera_known[CAMERAS];
    HaywireCamera camera[CAMERAS];
    HaywireHistory *history; /* of the process tables */
} events;

/* An event in the making: its data, member by member. */
static void event_begin(HaywireQdictEmitter *emitter)
{
    emitter->base.begin_object(&emitter->base, NULL);
}

static void event_emit(HaywireQdictEmitter *emitter, EventKind kind)
{
    QDict *event = qmp_event_build_dict(event_names[kind]);

    emitter->base.end_object(&emitter->base);
    qdict_put_obj(event, "data", emitter->root);
    qapi_event_emit(events.number[kind], event);
    haywire_qobject_unref(haywire_qobject(event));
}

static void emit_session(HaywireEmitter *emitter, const char *name,
                         uint64_t session)
{
    char text[SESSION_BUFFER];

    if (session != 0) {
        g_snprintf(text, sizeof(text), "%016" PRIx64, session);
        emitter->string(emitter, name, text);
    }
}

static void tell_session_changed(const HaywireOverview *overview,
                                 uint64_t session)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    HaywireEmitter *base = &emitter.base;

    event_begin(&emitter);
    base->string(base, "state", haywire_state_name(overview->state));
    if (overview->has_guest) {
        base->string(base, "source", haywire_provider_name(overview->source));
    }
    emit_session(base, "session", session);
    if (session != events.session) {
        emit_session(base, "previous-session", events.session);
    }
    event_emit(&emitter, EVENT_SESSION_CHANGED);
}

static void tell_focus_changed(const HaywireCamera *camera)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;
    HaywireEmitter *base = &emitter.base;

    event_begin(&emitter);
    emit_session(base, "session", events.session);
    base->number(base, "camera", camera->camera);
    base->string(base, "status", haywire_camera_status_name(camera->status));
    if (camera->target_pid != 0) {
        base->number(base, "target-pid", camera->target_pid);
    }
    if (camera->current_pid != 0) {
        base->number(base, "current-pid", camera->current_pid);
        base->number(base, "current-start-time", camera->current_start_time);
    }
    event_emit(&emitter, EVENT_FOCUS_CHANGED);
}

static void emit_process(HaywireEmitter *emitter, const HaywireChange *change)
{
    emitter->begin_object(emitter, NULL);
    emitter->number(emitter, "pid", change->pid);
    emitter->number(emitter, "start-time", change->start_time);
    emitter->number(emitter, "ppid", change->ppid);
    emitter->string(emitter, "name", change->name);
    emitter->end_object(emitter);
}

static void tell_processes(EventKind kind, const HaywireChanges *changes)
{
    HaywireQdictEmitter emitter = HAYWIRE_QDICT_EMITTER_INIT;

    if (changes->total == 0) {
        return;
    }
    event_begin(&emitter);
    emit_session(&emitter.base, "session", events.session);
    emitter.base.begin_list(&emitter.base, "processes");
    for (gsize i = 0; i < changes->named; i++) {
        emit_process(&emitter.base, &changes->change[i]);
    }
    emitter.base.end_list(&emitter.base);
    emitter.base.number(&emitter.base, "omitted",
                        changes->total - changes->named);
    event_emit(&emitter, kind);
}

/*
 * Of another session nothing is known yet, and so nothing has changed; nor of a
 * kernel that may be one of another boot.
 */
static void look_at_session(const HaywireModel *model)
{
    const HaywireOverview *overview = &model->overview;
    uint64_t session = overview->has_session ? overview->session : 0;
    bool kernel =
        overview->has_guest && overview->source == HAYWIRE_PROVIDER_KERNEL;

    if (overview->state == events.state && session == events.session &&
        kernel == events.kernel) {
        return;
    }
    tell_session_changed(overview, session);
    if (session != events.session || kernel != events.kernel ||
        (kernel && overview->state == HAYWIRE_STATE_SEARCHING)) {
        memset(events.camera_known, 0, sizeof(events.camera_known));
        haywire_history_clear(events.history);
    }
    events.state = overview->state;
    events.session = session;
    events.kernel = kernel;
}

static bool camera_differs(const HaywireCamera *a, const HaywireCamera *b)
{
    return a->status != b->status || a->target_pid != b->target_pid ||
           a->current_pid != b->current_pid ||
           a->current_start_time != b->current_start_time;
}

/* A camera whose page is not mapped for the moment has not changed. */
static void look_at_camera(const HaywireModel *model, int i)
{
    const HaywireCamera *camera = &model->camera[i];

    if (!camera->mapped) {
        return;
    }
    if (events.camera_known[i] && camera_differs(camera, &events.camera[i])) {
        tell_focus_changed(camera);
    }
    events.camera[i] = *camera;
    events.camera_known[i] = true;
}

static void look_at_processes(HaywireModel *model)
{
    const HaywirePastTable *table = haywire_history_add(events.history, model);

    if (table) {
        tell_processes(EVENT_PROCESS_EXITED, &table->exited);
        tell_processes(EVENT_PROCESS_STARTED, &table->started);
    }
}

/*
 * The worker has finished models; only the newest counts.  One that was looked
 * at before has nothing to tell, so none is kept to know it again: beside the
 * history's, limits.h allows this thread one model, for a moment.
 */
static gboolean look_at_newest(gpointer opaque)
{
    g_autoptr(HaywireModel) model = NULL;

    (void)opaque;
    if (!events.worker) {
        return G_SOURCE_REMOVE;
    }
    model = haywire_worker_model(events.worker);
    look_at_session(model);
    for (int i = 0; i < CAMERAS; i++) {
        look_at_camera(model, i);
    }
    look_at_processes(model);
    return G_SOURCE_REMOVE;
}

/* False if this QEMU does not declare all of them. */
static bool find_numbers(void)
{
    if (!&QAPIEvent_lookup) {
        return false;
    }
    for (int i = 0; i < EVENT_COUNT; i++) {
        events.number[i] =
            qapi_enum_parse(&QAPIEvent_lookup, event_names[i], -1, NULL);
        if (events.number[i] < 0) {
            return false;
        }
    }
    return true;
}

void haywire_events_start(HaywireWorker *worker)
{
    if (!find_numbers()) {
        return;
    }
    events.history = haywire_history_new();
    if (!events.history) {
        return;
    }
    events.worker = worker;
    events.state = HAYWIRE_STATE_SEARCHING;
    haywire_worker_listen(worker, look_at_newest);
}

void haywire_events_stop(void)
{
    events.worker = NULL;
    g_clear_pointer(&events.history, haywire_history_free);
}
