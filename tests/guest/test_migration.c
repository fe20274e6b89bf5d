/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Live migration while Haywire looks: what the source shows goes on, what the
 * destination shows begins with the guest's arrival, and a focus is not lost
 * on the way. Each case leaves the scene with the machine that its guest is
 * in then.
 */
#include "../qemu/qemus.h"
#include "scene.h"
#include "vm_migrate.h"

#include <string.h>

#include "ram_file.h"

#define MEMORY           "256M"
#define CAMERA_TIMEOUT_S 30
#define LIVE_TIMEOUT_MS  10000
#define EVENT_TIMEOUT_MS 10000

/* So slow that a busy guest does not get there. */
#define SLOW      (24u << 20)
#define VERY_SLOW (1u << 20)
#define FAST      (1u << 30)

/* So that a busy guest arrives; so that all but nothing is left to send. */
#define DOWNTIME_MS       3000
#define DOWNTIME_SHORT_MS 1

#define OFF_WORD 4080u /* of the control word in its page */

static VmOptions options_for(const char *qemu, gboolean incoming)
{
    return (VmOptions){ .qemu = qemu, .memory = MEMORY, .incoming = incoming };
}

static Scene *get_scene(const char *qemu)
{
    VmOptions options = options_for(qemu, FALSE);

    return scene_get(&options);
}

static Vm *new_destination(const char *qemu)
{
    VmOptions options = options_for(qemu, TRUE);

    return vm_start(&options);
}

static char *member_of(Vm *vm, const char *command, const char *member)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, command, NULL);

    return g_strdup(json_object_get_string_member_with_default(
        json_node_get_object(reply), member, ""));
}

static void check_member(Vm *vm, const char *command, const char *member,
                         const char *wanted)
{
    g_autofree char *found = member_of(vm, command, member);

    g_assert_cmpstr(found, ==, wanted);
}

/* Whatever of the guest is there already: nothing of it is shown. */
static void check_nothing_shown(Vm *vm)
{
    g_autoptr(JsonNode) stats = vm_qmp(vm, "query-haywire-stats", NULL);
    g_autoptr(JsonNode) processes =
        vm_qmp_try(vm, "query-haywire-processes", NULL, NULL);
    g_autoptr(JsonNode) camera =
        vm_qmp_try(vm, "haywire-focus", "{\"pid\": 1}", NULL);

    check_member(vm, "query-haywire", "state", "searching");
    check_member(vm, "query-haywire", "session", "");
    g_assert_null(processes);
    g_assert_null(camera);
}

/* Ask the destination all the time until the guest runs there. */
static void watch_arrival(Vm *from, Vm *to)
{
    gint64 deadline =
        g_get_monotonic_time() + VM_MIGRATION_TIMEOUT_S * G_USEC_PER_SEC;
    guint asked = 0;

    for (;;) {
        g_autofree char *before = member_of(to, "query-haywire", "state");
        g_autofree char *status = member_of(to, "query-status", "status");

        if (!g_str_equal(status, "inmigrate")) {
            break;
        }
        g_assert_cmpstr(before, ==, "searching");
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        asked++;
    }
    g_test_message("asked %u times on the way", asked);
    g_assert_cmpuint(asked, >, 0);
    vm_migrate_wait(from, "completed");
}

static void wait_live(Vm *vm)
{
    gint64 start = g_get_monotonic_time();
    int took;

    vm_wait_state(vm, "live");
    took = (int)((g_get_monotonic_time() - start) / 1000);
    g_test_message("live after %d ms", took);
    g_assert_cmpint(took, <, LIVE_TIMEOUT_MS);
}

typedef struct {
    guint32 target[2]; /* of the cameras */
} Targets;

static gboolean cameras_show(Vm *vm, gpointer opaque)
{
    const Targets *targets = opaque;
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonArray *cameras = json_node_get_array(reply);

    for (guint i = 0; i < 2; i++) {
        JsonObject *camera = json_array_get_object_element(cameras, i);

        if (!json_object_has_member(camera, "current-pid") ||
            compare_int(camera, "target-pid") != targets->target[i] ||
            compare_int(camera, "current-pid") != targets->target[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

static void wait_cameras(Vm *vm, guint32 first, guint32 second)
{
    Targets targets = { { first, second } };

    vm_wait_until(vm, "the cameras", CAMERA_TIMEOUT_S, cameras_show, &targets);
}

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
    vm_migrate_limit(scene->vm, SLOW, DOWNTIME_SHORT_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "active");
    scene_focus(scene, second, 2);
    check_member(scene->vm, "query-migrate", "status", "active");
    vm_migrate_limit(scene->vm, FAST, DOWNTIME_MS);
    watch_arrival(scene->vm, to);
    wait_live(to);
    wait_cameras(to, first, second);
}

static void test_live(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *session = NULL;
    guint32 work;
    Vm *to;

    if (!scene) {
        return;
    }
    session = member_of(scene->vm, "query-haywire", "session");
    to = new_destination(qemu);
    check_nothing_shown(to);
    work = start_work(scene->vm);
    move_focused(scene, to);
    check_member(to, "query-haywire", "session", session);
    check_member(scene->vm, "query-status", "status", "postmigrate");
    check_member(scene->vm, "query-haywire", "state", "paused");
    check_member(scene->vm, "query-haywire", "session", session);
    scene_move(scene, to);
    end_work(to, work);
    scene_check_processes(scene);
    scene_focus(scene, scene_pid(scene, "threads"), 1);
}

/* The source was not harmed: it shows the same session, and what is new. */
static void check_goes_on(Scene *scene, const char *session)
{
    guint32 work;

    vm_wait_state(scene->vm, "live");
    check_member(scene->vm, "query-haywire", "session", session);
    work = start_work(scene->vm);
    scene_check_processes(scene);
    end_work(scene->vm, work);
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    scene_focus(scene, scene_pid(scene, "nice"), 1);
}

static void test_cancelled(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(Vm) to = NULL;
    g_autofree char *session = NULL;

    if (!scene) {
        return;
    }
    session = member_of(scene->vm, "query-haywire", "session");
    to = new_destination(qemu);
    vm_migrate_limit(scene->vm, VERY_SLOW, DOWNTIME_MS);
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
    Scene *scene = get_scene(qemu);
    g_autofree char *session = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    session = member_of(scene->vm, "query-haywire", "session");
    to = new_destination(qemu);
    vm_migrate_limit(scene->vm, VERY_SLOW, DOWNTIME_MS);
    vm_migrate_begin(scene->vm, to);
    vm_migrate_wait(scene->vm, "active");
    vm_free(to);
    vm_migrate_wait(scene->vm, "failed");
    check_goes_on(scene, session);
}

/* Into a QEMU without the plugin, and out of it again. */
static void test_one_plugin(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    VmOptions without = options_for(qemu, TRUE);
    g_autofree char *session = NULL;
    g_autoptr(GError) error = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    without.without_plugin = TRUE;
    session = member_of(scene->vm, "query-haywire", "session");
    to = vm_start(&without);
    vm_migrate_limit(scene->vm, FAST, DOWNTIME_MS);
    vm_migrate(scene->vm, to);
    scene_move(scene, to);
    g_assert_null(vm_qmp_try(to, "query-haywire", NULL, &error));
    g_assert_cmpstr(haywire_qmp_error_get_class(error), ==, "CommandNotFound");
    to = new_destination(qemu);
    vm_migrate_limit(scene->vm, FAST, DOWNTIME_MS);
    vm_migrate(scene->vm, to);
    scene_move(scene, to);
    wait_live(to);
    check_member(to, "query-haywire", "session", session);
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
    Scene *scene = get_scene(qemu);
    guint32 first, second;
    Vm *to;

    if (!scene) {
        return;
    }
    first = scene_pid(scene, "plain");
    second = scene_pid(scene, "nice");
    scene_focus(scene, first, 1);
    scene_focus(scene, first, 2);
    to = new_destination(qemu);
    json_node_unref(vm_qmp(scene->vm, "stop", NULL));
    vm_migrate_enable(scene->vm, "pause-before-switchover");
    vm_migrate_limit(scene->vm, FAST, DOWNTIME_SHORT_MS);
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
    check_member(to, "query-status", "status", "paused");
    json_node_unref(vm_qmp(to, "cont", NULL));
    wait_live(to);
    wait_cameras(to, second, first);
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
    status = g_test_run();
    scene_drop();
    return status;
}
