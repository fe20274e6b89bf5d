/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Companions that come and go in a real guest: killed, exited cleanly, started
 * again, two at once, without privilege; and a RAM file that is cut while the
 * host tool has it mapped.
 */
#include "../qemu/qemus.h"
#include "scene.h"

#include <gio/gio.h>
#include <unistd.h>

#define SESSION_TIMEOUT_S 300
#define CUT_TIMEOUT_S     300
#define RUN_COMPANION     "setsid /bin/haywire-companion run"
#define IN_BACKGROUND     " </dev/null >/run/companion2 2>&1 &"

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu,
                                   .memory = "512M",
                                   .companion = "run",
                                   .plugin = ",kernel=off" });
}

static JsonNode *status(Vm *vm)
{
    return vm_qmp(vm, "query-haywire", NULL);
}

static char *session_of(Vm *vm)
{
    g_autoptr(JsonNode) reply = status(vm);

    return g_strdup(compare_string(json_node_get_object(reply), "session"));
}

static guint32 companion_of(Vm *vm)
{
    g_autoptr(JsonNode) reply = status(vm);

    return (guint32)compare_int(json_node_get_object(reply), "companion-pid");
}

/* Send a signal to the companion whose session is shown. */
static void signal_companion(Scene *scene, const char *name)
{
    g_autofree char *command =
        g_strdup_printf("kill -%s %u", name, companion_of(scene->vm));

    g_free(vm_guest_run(scene->vm, command, NULL));
}

static gboolean is_live_other(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = status(vm);
    JsonObject *object = json_node_get_object(reply);

    return g_str_equal(compare_string(object, "state"), "live") &&
           g_strcmp0(compare_string(object, "session"), opaque) != 0;
}

/* Start another companion and wait until its session is the one shown. */
static void start_companion(Scene *scene, const char *command)
{
    g_autofree char *old = session_of(scene->vm);
    g_autofree char *line = g_strconcat(command, IN_BACKGROUND, NULL);

    g_free(vm_guest_run(scene->vm, line, NULL));
    vm_wait_until(scene->vm, "the new session", SESSION_TIMEOUT_S,
                  is_live_other, old);
}

static void test_killed(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(JsonNode) reply = NULL;

    if (!scene) {
        return;
    }
    signal_companion(scene, "KILL");
    vm_wait_state(scene->vm, "stale");
    reply = status(scene->vm);
    g_assert_false(compare_bool(json_node_get_object(reply), "closed"));
}

static void test_restarted(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    start_companion(scene, RUN_COMPANION);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_STATUS, 0, 0);
        g_autofree char *session = session_of(scene->vm);

        g_assert_cmpstr(compare_string(json_node_get_object(answer), "session"),
                        ==, session);
        g_assert_cmpstr(compare_string(json_node_get_object(answer), "state"),
                        ==, "live");
    }
}

static void test_ended_in_order(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(JsonNode) reply = NULL;

    if (!scene) {
        return;
    }
    signal_companion(scene, "TERM");
    vm_wait_state(scene->vm, "stale");
    reply = status(scene->vm);
    g_assert_true(compare_bool(json_node_get_object(reply), "closed"));
}

/* The one that started last wins; when it goes, the other is shown. */
static void test_two_at_once(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    g_autoptr(JsonNode) reply = NULL;

    if (!scene) {
        return;
    }
    start_companion(scene, RUN_COMPANION);
    first = session_of(scene->vm);
    start_companion(scene, RUN_COMPANION);
    second = session_of(scene->vm);
    reply = status(scene->vm);
    g_assert_cmpint(compare_int(json_node_get_object(reply), "sessions"), >=,
                    2);
    signal_companion(scene, "TERM");
    vm_wait_until(scene->vm, "the first session", SESSION_TIMEOUT_S,
                  is_live_other, second);
    {
        g_autofree char *now = session_of(scene->vm);

        g_assert_cmpstr(now, ==, first);
    }
    signal_companion(scene, "TERM");
    vm_wait_state(scene->vm, "stale");
}

/* Without privilege: fewer details, no frame numbers, but all processes. */
static void test_unprivileged(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    start_companion(scene, "setsid /bin/haywire-menagerie as 1000 "
                           "/bin/haywire-companion run");
    scene_wait_cycles(scene, 2);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_STATUS, 0, 0);
        g_autoptr(JsonNode) processes =
            view_ask_ok(&scene->live[view], VIEW_PROCESSES, 0, 0);
        JsonObject *object = json_node_get_object(answer);
        JsonObject *init = compare_find(json_node_get_array(processes), 1);

        g_assert_false(compare_bool(object, "privileged"));
        g_assert_false(compare_bool(object, "pfns-known"));
        g_assert_nonnull(init);
        g_assert_cmpstr(compare_string(init, "name"), ==, "init");
        g_assert_false(compare_bool(init, "exe-readable"));
    }
}

/* A copy of the RAM file of one moment, in which all can be read. */
static void copy_ram(Scene *scene, const char *path)
{
    scene_stop(scene);
    vm_copy_file(vm_ram_path(scene->vm), path);
    json_node_unref(vm_qmp(scene->vm, "cont", NULL));
}

/* Run the tool on a copy, cut the copy to @size under it: status 3. */
static void check_cut(Scene *scene, const char *command, goffset size)
{
    g_autofree char *cut = vm_private_path(scene->vm, "cut");
    const char *tool = g_getenv("HAYWIRE_TEST_TOOL");
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;

    copy_ram(scene, cut);
    process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                   G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                               &error, tool, "--ram", cut, command, NULL);
    g_assert_no_error(error);
    g_usleep(2 * G_USEC_PER_SEC);
    g_assert_nonnull(g_subprocess_get_identifier(process));
    g_assert_cmpint(truncate(cut, size), ==, 0);
    for (int i = 0; i < CUT_TIMEOUT_S * 10; i++) {
        if (!g_subprocess_get_identifier(process)) {
            break;
        }
        g_usleep(G_USEC_PER_SEC / 10);
    }
    g_subprocess_force_exit(process);
    g_subprocess_wait(process, NULL, NULL);
    g_assert_true(g_subprocess_get_if_exited(process));
    g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 3);
    unlink(cut);
}

static void test_cut_while_mapped(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_cut(scene, "watch", 0);
        check_cut(scene, "watch", 1 << 20);
    }
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("sessions/killed", test_killed);
    qemus_add_test("sessions/restarted", test_restarted);
    qemus_add_test("sessions/ended-in-order", test_ended_in_order);
    qemus_add_test("sessions/two-at-once", test_two_at_once);
    qemus_add_test("sessions/unprivileged", test_unprivileged);
    qemus_add_test("sessions/cut-while-mapped", test_cut_while_mapped);
    result = g_test_run();
    scene_drop();
    return result;
}
