/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * savevm and loadvm: the guest goes back in time, and forward again, and so
 * does what the plugin shows, never a bit of each.
 */
#include "../qemu/qemus.h"
#include "process_memory.h"
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#define SESSION_TIMEOUT_S 300
#define JOB_TIMEOUT_S     300
/* Ask on for so long after all is well. */
#define WATCH_US (G_USEC_PER_SEC / 2)
/* Runs in the future only; nothing else in the guest has this name. */
#define GHOST "sleep"

#define LOADS_FIRST 4
#define LOADS_MORE  8
#define GROWTH_MAX  (4ull << 20)

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu,
                                   .memory = "256M",
                                   .with_snapshots = TRUE,
                                   .plugin = ",kernel=off" });
}

static void monitor(Vm *vm, const char *command, const char *name)
{
    g_autofree char *line = g_strdup_printf("%s %s", command, name);
    g_autofree char *answer = vm_hmp(vm, line);

    g_assert_cmpstr(answer, ==, "");
}

static gboolean job_is_done(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-jobs", NULL);
    JsonArray *jobs = json_node_get_array(reply);
    JsonObject *job;

    (void)opaque;
    g_assert_cmpuint(json_array_get_length(jobs), ==, 1);
    job = json_array_get_object_element(jobs, 0);
    if (!g_str_equal(compare_string(job, "status"), "concluded")) {
        return FALSE;
    }
    g_assert_false(json_object_has_member(job, "error"));
    return TRUE;
}

/* The same by way of a QMP job. */
static void load_by_job(Vm *vm, const char *name)
{
    g_autofree char *arguments =
        g_strdup_printf("{\"job-id\": \"load\", \"tag\": \"%s\", "
                        "\"vmstate\": \"disk\", \"devices\": [\"disk\"]}",
                        name);
    g_autoptr(GError) error = NULL;

    json_node_unref(vm_qmp_try(vm, "snapshot-load", arguments, &error));
    g_assert_no_error(error);
    vm_wait_until(vm, "the job", JOB_TIMEOUT_S, job_is_done, NULL);
    json_node_unref(
        vm_qmp_try(vm, "job-dismiss", "{\"id\": \"load\"}", &error));
    g_assert_no_error(error);
}

static JsonObject *camera_of(JsonNode *cameras, unsigned int camera)
{
    return json_array_get_object_element(json_node_get_array(cameras),
                                         camera - 1);
}

/* Whether the process list has the ghost; none is shown: it has not. */
static gboolean shows_ghost(Vm *vm)
{
    g_autoptr(JsonNode) reply =
        vm_qmp_try(vm, "query-haywire-processes", NULL, NULL);
    JsonArray *list = reply ? json_node_get_array(reply) : NULL;

    for (guint i = 0; list && i < json_array_get_length(list); i++) {
        JsonObject *process = json_array_get_object_element(list, i);

        if (g_str_equal(compare_string(process, "name"), GHOST)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean has_ghost(Vm *vm, gpointer opaque)
{
    (void)opaque;
    return shows_ghost(vm);
}

/* What may be seen from the load on: the session, the camera, the state. */
typedef struct {
    const char *session;
    guint32 target; /* of camera 1 */
} Past;

/* Every answer belongs to the past. Returns the state. */
static const char *check_past(Vm *vm, const Past *past)
{
    g_autoptr(JsonNode) status = vm_qmp(vm, "query-haywire", NULL);
    g_autoptr(JsonNode) cameras = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonObject *object = json_node_get_object(status);
    JsonObject *camera = camera_of(cameras, 1);

    g_assert_false(shows_ghost(vm));
    if (json_object_has_member(object, "session")) {
        g_assert_cmpstr(compare_string(object, "session"), ==, past->session);
    }
    if (json_object_has_member(camera, "target-pid")) {
        g_assert_cmpint(compare_int(camera, "target-pid"), ==, past->target);
    }
    return g_intern_string(compare_string(object, "state"));
}

/* Ask without a pause until it is live, and then a while longer. */
static void watch_past(Vm *vm, const Past *past)
{
    gint64 start = g_get_monotonic_time();
    gint64 live = 0;

    while (live == 0 || g_get_monotonic_time() < live + WATCH_US) {
        const char *state = check_past(vm, past);
        gboolean is_live = g_str_equal(state, "live");

        /* Once it is live it stays so, if the host lets the guest run. */
        if (!is_live && live != 0) {
            g_assert_cmpstr(state, ==, "stale");
        }
        if (is_live && live == 0) {
            live = g_get_monotonic_time();
            g_test_message("live after %d ms", (int)((live - start) / 1000));
        }
        g_assert_cmpint(g_get_monotonic_time() - start, <,
                        SESSION_TIMEOUT_S * G_USEC_PER_SEC);
    }
}

static char *session_of(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);

    return g_strdup(compare_string(json_node_get_object(reply), "session"));
}

/* How often all pages were looked for. */
static gint64 searches_of(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonObject *host =
        json_object_get_object_member(json_node_get_object(reply), "host");

    return compare_int(host, "scans") + compare_int(host, "index-attaches");
}

/* The past: camera 1 on "plain". The future: on "nice", and a new process. */
static void go_to_future(Scene *scene)
{
    g_free(vm_guest_run(scene->vm, GHOST " 1000 >/dev/null 2>&1 &", NULL));
    scene_focus(scene, scene_pid(scene, "nice"), 1);
    vm_wait_until(scene->vm, "the new process", SESSION_TIMEOUT_S, has_ghost,
                  NULL);
}

static void save_past(Scene *scene, const char *name)
{
    g_assert_false(shows_ghost(scene->vm));
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    monitor(scene->vm, "savevm", name);
    vm_wait_state(scene->vm, "live");
}

static void test_back(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *session = NULL;
    Past past;

    if (!scene) {
        return;
    }
    session = session_of(scene->vm);
    past = (Past){ session, scene_pid(scene, "plain") };
    save_past(scene, "back");
    for (int i = 0; i < 3; i++) {
        gint64 searches;

        go_to_future(scene);
        searches = searches_of(scene->vm);
        monitor(scene->vm, "loadvm", "back");
        watch_past(scene->vm, &past);
        g_assert_cmpint(searches_of(scene->vm), >, searches);
    }
    scene_check_processes(scene);
}

/* The focus was written when the snapshot is loaded: then it never was. */
static void test_focus_in_flight(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *session = NULL;
    Past past;

    if (!scene) {
        return;
    }
    session = session_of(scene->vm);
    past = (Past){ session, scene_pid(scene, "plain") };
    save_past(scene, "flight");
    for (int i = 0; i < 3; i++) {
        json_node_unref(view_ask_ok(&scene->live[0], VIEW_FOCUS,
                                    scene_pid(scene, "nice"), 1));
        g_usleep((gulong)i * 60000);
        monitor(scene->vm, "loadvm", "flight");
        watch_past(scene->vm, &past);
    }
    scene_focus(scene, scene_pid(scene, "nice"), 1);
}

static void pause_vm(Vm *vm)
{
    json_node_unref(vm_qmp(vm, "stop", NULL));
}

static void cont_vm(Vm *vm)
{
    json_node_unref(vm_qmp(vm, "cont", NULL));
}

/* A guest that stands still goes back, and forward: its clock jumps. */
static void test_paused(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *session = NULL;
    Past past;

    if (!scene) {
        return;
    }
    session = session_of(scene->vm);
    past = (Past){ session, scene_pid(scene, "plain") };
    save_past(scene, "before");
    go_to_future(scene);
    monitor(scene->vm, "savevm", "after");
    pause_vm(scene->vm);
    load_by_job(scene->vm, "before");
    for (gint64 end = g_get_monotonic_time() + WATCH_US;
         g_get_monotonic_time() < end;) {
        g_assert_cmpstr(check_past(scene->vm, &past), !=, "live");
    }
    cont_vm(scene->vm);
    watch_past(scene->vm, &past);
    pause_vm(scene->vm);
    monitor(scene->vm, "loadvm", "after");
    cont_vm(scene->vm);
    past.target = scene_pid(scene, "nice");
    vm_wait_state(scene->vm, "live");
    vm_wait_until(scene->vm, "the process of the future", SESSION_TIMEOUT_S,
                  has_ghost, NULL);
    load_by_job(scene->vm, "before");
    vm_wait_state(scene->vm, "live");
}

static gboolean is_live_other(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return g_str_equal(compare_string(object, "state"), "live") &&
           g_strcmp0(compare_string(object, "session"), opaque) != 0;
}

static void start_companion(Scene *scene, const char *old)
{
    g_free(vm_guest_run(scene->vm,
                        "setsid /bin/haywire-companion run "
                        "</dev/null >/run/companion2 2>&1 &",
                        NULL));
    vm_wait_until(scene->vm, "the new session", SESSION_TIMEOUT_S,
                  is_live_other, (gpointer)old);
}

/* Nobody publishes in the past; what the future had is not to be seen. */
static void test_before_companion(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *old = NULL;
    gint64 end;

    if (!scene) {
        return;
    }
    old = session_of(scene->vm);
    g_free(vm_guest_run(scene->vm, "killall haywire-companion", NULL));
    vm_wait_state(scene->vm, "stale");
    monitor(scene->vm, "savevm", "nobody");
    start_companion(scene, old);
    monitor(scene->vm, "loadvm", "nobody");
    end = g_get_monotonic_time() + 4 * WATCH_US;
    while (g_get_monotonic_time() < end) {
        Past past = { old, scene_pid(scene, "plain") };

        g_assert_cmpstr(check_past(scene->vm, &past), !=, "live");
    }
    start_companion(scene, old);
    scene_check_processes(scene);
}

/* Loading again and again: QEMU does not grow by it. */
static void test_growth(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint64 first, last;

    if (!scene) {
        return;
    }
    vm_wait_state(scene->vm, "live");
    monitor(scene->vm, "savevm", "growth");
    for (int i = 0; i < LOADS_FIRST; i++) {
        monitor(scene->vm, "loadvm", "growth");
        vm_wait_state(scene->vm, "live");
    }
    first = process_memory_private(vm_pid(scene->vm));
    for (int i = 0; i < LOADS_MORE; i++) {
        monitor(scene->vm, "loadvm", "growth");
        vm_wait_state(scene->vm, "live");
    }
    last = process_memory_private(vm_pid(scene->vm));
    g_test_message("grew by %" G_GINT64_FORMAT " KiB",
                   ((gint64)last - (gint64)first) / 1024);
    g_assert_cmpuint(last, <, first + GROWTH_MAX);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("snapshots/back", test_back);
    qemus_add_test("snapshots/focus-in-flight", test_focus_in_flight);
    qemus_add_test("snapshots/paused", test_paused);
    qemus_add_test("snapshots/before-companion", test_before_companion);
    qemus_add_test("snapshots/growth", test_growth);
    status = g_test_run();
    scene_drop();
    return status;
}
