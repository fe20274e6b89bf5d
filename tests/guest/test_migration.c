/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live migration while Haywire looks: what the source shows goes on, what the
 * destination shows begins with the guest's arrival, and a focus is not lost
 * on the way. Each case leaves the scene with the machine that its guest is
 * in then.
 */
#include "../qemu/qemus.h"
#include "arrival.h"
#include "ram_file.h"

/* So slow that no guest gets there. */
#define VERY_SLOW (1u << 20)

#define EVENT_TIMEOUT_MS  10000
#define PROCESS_TIMEOUT_S 300

#define OFF_WORD 4080u /* of the control word in its page */

/* Something that writes to memory and starts processes; its pid. */
static guint32 start_work(Vm *vm)
{
    g_autofree char *text = vm_guest_run(
        vm,
        "(while :; do dd if=/dev/zero of=/tmp/work bs=64k count=32; "
        "sleep 0.05; done) >/dev/null 2>&1 & echo $!",
        NULL);

    return (guint32)g_ascii_strtoull(text, NULL, 10);
}

static void end_work(Vm *vm, guint32 pid)
{
    g_autofree char *command = g_strdup_printf("kill %u", pid);

    g_free(vm_guest_run(vm, command, NULL));
}

/* The guest moves, and while it moves a camera is pointed. */
static void move_focused(Scene *scene, Vm *to)
{
    guint32 first = scene_pid(scene, "plain");
    guint32 second = scene_pid(scene, "nice");

    scene_focus(scene, first, 1);
    vm_migrate_limit(scene->vm, ARRIVAL_SLOW, ARRIVAL_DOWNTIME_SHORT_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "active");
    scene_focus(scene, second, 2);
    arrival_check_member(scene->vm, "query-migrate", "status", "active");
    arrival_check_on_its_way(to);
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_MS);
    arrival_watch(to);
    vm_migrate_wait(scene->vm, "completed");
    arrival_wait_live(to);
    arrival_wait_cameras(to, first, second);
}

static void test_live(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autofree char *session = NULL;
    guint32 work;
    Vm *to;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = arrival_destination(qemu);
    arrival_check_nothing(to);
    work = start_work(scene->vm);
    move_focused(scene, to);
    arrival_check_member(to, "query-haywire", "session", session);
    arrival_check_member(scene->vm, "query-status", "status", "postmigrate");
    arrival_check_member(scene->vm, "query-haywire", "state", "paused");
    arrival_check_member(scene->vm, "query-haywire", "session", session);
    scene_move(scene, to);
    end_work(to, work);
    scene_check_processes(scene);
    scene_focus(scene, scene_pid(scene, "threads"), 1);
}

/* Events tell the same story: nothing, then the guest, live. */
static void test_events(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    const char *state;
    Vm *to;

    if (!scene) {
        return;
    }
    to = arrival_destination(qemu);
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_MS);
    vm_migrate(scene->vm, to);
    do {
        g_autoptr(JsonObject) event =
            vm_wait_event(to, "HAYWIRE_SESSION_CHANGED", EVENT_TIMEOUT_MS);
        JsonObject *data = json_object_get_object_member(event, "data");

        state = g_intern_string(compare_string(data, "state"));
        g_assert_true(g_str_equal(state, "searching") ||
                      g_str_equal(state, "live"));
    } while (!g_str_equal(state, "live"));
    scene_move(scene, to);
}

static gboolean has_process(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-processes", NULL);

    return compare_find(json_node_get_array(reply), *(guint32 *)opaque) != NULL;
}

/* The source was not harmed: it shows the same session, and what is new. */
static void check_goes_on(Scene *scene, const char *session)
{
    guint32 work;

    vm_wait_state(scene->vm, "live");
    arrival_check_member(scene->vm, "query-haywire", "session", session);
    work = start_work(scene->vm);
    vm_wait_until(scene->vm, "a new process", PROCESS_TIMEOUT_S, has_process,
                  &work);
    scene_focus(scene, work, 1);
    end_work(scene->vm, work);
}

static void test_cancelled(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autoptr(Vm) to = NULL;
    g_autofree char *session = NULL;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = arrival_destination(qemu);
    vm_migrate_limit(scene->vm, VERY_SLOW, ARRIVAL_DOWNTIME_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "active");
    json_node_unref(vm_qmp(scene->vm, "migrate_cancel", NULL));
    vm_migrate_wait(scene->vm, "cancelled");
    check_goes_on(scene, session);
    /* QEMU gives up when the guest does not come. */
    g_assert_cmpint(vm_wait_end(to), ==, 1);
}

static void test_failed(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autofree char *session = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = arrival_destination(qemu);
    vm_migrate_limit(scene->vm, VERY_SLOW, ARRIVAL_DOWNTIME_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "active");
    vm_free(to);
    vm_migrate_wait(scene->vm, "failed");
    check_goes_on(scene, session);
}

/* Into a QEMU without the plugin, and out of it again. */
static void test_one_plugin(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    VmOptions without = arrival_options(qemu, TRUE);
    g_autofree char *session = NULL;
    g_autoptr(GError) error = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    without.without_plugin = TRUE;
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = vm_start(&without);
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_MS);
    vm_migrate(scene->vm, to);
    scene_move(scene, to);
    g_assert_null(vm_qmp_try(to, "query-haywire", NULL, &error));
    g_assert_cmpstr(haywire_qmp_error_get_class(error), ==, "CommandNotFound");
    to = arrival_destination(qemu);
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_MS);
    vm_migrate(scene->vm, to);
    scene_move(scene, to);
    arrival_wait_live(to);
    arrival_check_member(to, "query-haywire", "session", session);
    scene_check_processes(scene);
}

/* The low half of the camera's control word in this machine's memory. */
static guint32 control_word(Vm *vm, unsigned int camera)
{
    guint64 page;

    g_assert_true(ram_file_find_control(vm_ram_path(vm), camera, &page));
    return ram_file_word32(vm_ram_path(vm), page + OFF_WORD);
}

/*
 * The guest stands still, so that nothing but the focus writes to its memory;
 * all of which was sent when the focus is made.
 */
static void test_focus_after_first_pass(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    guint32 first, second;
    Vm *to;

    if (!scene) {
        return;
    }
    first = scene_pid(scene, "plain");
    second = scene_pid(scene, "nice");
    scene_focus(scene, first, 1);
    scene_focus(scene, first, 2);
    to = arrival_destination(qemu);
    json_node_unref(vm_qmp(scene->vm, "stop", NULL));
    vm_migrate_switch(scene->vm, "pause-before-switchover", TRUE);
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_SHORT_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "pre-switchover");
    g_assert_cmpuint(control_word(to, 1), ==, first);
    json_node_unref(view_ask_ok(&scene->live[0], VIEW_FOCUS, second, 1));
    json_node_unref(vm_qmp_try(scene->vm, "migrate-continue",
                               "{\"state\": \"pre-switchover\"}", NULL));
    vm_migrate_wait(scene->vm, "completed");
    vm_migrate_wait(to, "completed");
    g_assert_cmpuint(control_word(to, 1), ==, second);
    g_assert_cmpuint(control_word(to, 2), ==, first);
    scene_move(scene, to);
    arrival_check_member(to, "query-status", "status", "paused");
    json_node_unref(vm_qmp(to, "cont", NULL));
    arrival_wait_live(to);
    arrival_wait_cameras(to, second, first);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("migration/live", test_live);
    qemus_add_test("migration/cancelled", test_cancelled);
    qemus_add_test("migration/failed", test_failed);
    qemus_add_test("migration/one-plugin", test_one_plugin);
    qemus_add_test("migration/focus-after-first-pass",
                   test_focus_after_first_pass);
    qemus_add_patched_test("migration/live", test_live);
    qemus_add_patched_test("migration/events", test_events);
    status = g_test_run();
    scene_drop();
    return status;
}
