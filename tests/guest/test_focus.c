/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Focus, the only write: both cameras, from every side; and that a focus which
 * fails leaves memory byte for byte as it was.
 */
#include "../qemu/qemus.h"
#include "ram_file.h"
#include "scene.h"

#include <string.h>

#define ABSENT_PID       3999999u
#define CAMERA_TIMEOUT_S 300
#define OFF_SESSION      80u
#define OFF_CHECKSUM     128u
#define OFF_NONCE        4084u /* the high half of the control word */

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu,
                                   .memory = "512M",
                                   .companion = "run",
                                   .with_qtest = TRUE });
}

typedef struct {
    unsigned int camera;
    guint32 target; /* 0 for none */
    const char *status;
} Wanted;

static gboolean camera_is(Vm *vm, gpointer opaque)
{
    const Wanted *wanted = opaque;
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonObject *camera = json_array_get_object_element(
        json_node_get_array(reply), wanted->camera - 1);
    gint64 target = json_object_has_member(camera, "target-pid")
                        ? compare_int(camera, "target-pid")
                        : 0;

    return target == wanted->target &&
           g_str_equal(compare_string(camera, "status"), wanted->status) &&
           (target == 0 || (json_object_has_member(camera, "current-pid") &&
                            compare_int(camera, "current-pid") == target));
}

static void wait_camera(Scene *scene, unsigned int camera, guint32 target,
                        const char *status)
{
    Wanted wanted = { camera, target, status };

    vm_wait_until(scene->vm, "the camera to follow", CAMERA_TIMEOUT_S,
                  camera_is, &wanted);
}

/* A view's focus on both cameras, each on a process of its own. */
static void check_both_cameras(Scene *scene, const View *view,
                               const char *first, const char *second)
{
    guint32 pids[2] = { scene_pid(scene, first), scene_pid(scene, second) };

    for (unsigned int i = 0; i < 2; i++) {
        json_node_unref(view_ask_ok(view, VIEW_FOCUS, pids[i], i + 1));
    }
    for (unsigned int i = 0; i < 2; i++) {
        g_autoptr(JsonNode) runs = NULL;

        wait_camera(scene, i + 1, pids[i], "active");
        runs = view_ask_ok(view, VIEW_PAGE_RUNS, pids[i], 0);
        g_assert_cmpint(compare_int(json_node_get_object(runs), "pid"), ==,
                        pids[i]);
        json_node_unref(view_ask_ok(view, VIEW_UNFOCUS, 0, i + 1));
        wait_camera(scene, i + 1, 0, "idle");
    }
}

static void test_qmp(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_both_cameras(scene, &scene->live[0], "plain", "nice");
    }
}

static void test_tool_qmp(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_both_cameras(scene, &scene->live[1], "threads", "user");
    }
}

static void test_tool_ram(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_both_cameras(scene, &scene->live[2], "sparse", "plain");
    }
}

static void test_monitor(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    for (unsigned int camera = 1; camera <= 2; camera++) {
        guint32 pid = scene_pid(scene, camera == 1 ? "nice" : "threads");
        g_autofree char *focus =
            g_strdup_printf("info haywire focus %u %u", pid, camera);
        g_autofree char *unfocus =
            g_strdup_printf("info haywire unfocus %u", camera);
        g_autofree char *answer = vm_hmp(scene->vm, focus);

        g_assert_null(strstr(answer, "Error"));
        wait_camera(scene, camera, pid, "active");
        g_free(vm_hmp(scene->vm, unfocus));
        wait_camera(scene, camera, 0, "idle");
    }
}

/* A process that ends while a camera is on it. */
static void test_process_ends(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *started = NULL;
    g_autofree char *kill_command = NULL;
    guint32 pid;

    if (!scene) {
        return;
    }
    started = vm_guest_run(scene->vm, "sleep 1000 & echo $!", NULL);
    pid = (guint32)g_ascii_strtoull(started, NULL, 10);
    scene_wait_cycles(scene, 2);
    scene_focus(scene, pid, 1);
    kill_command = g_strdup_printf("kill -9 %u; wait %u; true", pid, pid);
    /* It is a zombie, and there, until its parent has waited for it. */
    g_free(vm_guest_run(scene->vm, kill_command, NULL));
    wait_camera(scene, 1, pid, "no-process");
    json_node_unref(view_ask_ok(&scene->live[0], VIEW_UNFOCUS, 0, 1));
    wait_camera(scene, 1, 0, "idle");
}

static void resume_vm(Scene *scene)
{
    json_node_unref(vm_qmp(scene->vm, "cont", NULL));
}

/* The view must refuse, in words that @wanted lists (NULL: any words). */
static void check_refused(const View *view, guint32 pid, guint64 camera,
                          const char *const *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) answer =
        view_ask(view, VIEW_FOCUS, pid, camera, &error);

    if (answer) {
        g_error("%s: focus on %u did not fail", view->name, pid);
    }
    g_assert_cmpstr(error->message, !=, "");
    g_assert_null(strchr(error->message, '\n'));
    while (wanted && *wanted && !strstr(error->message, *wanted)) {
        wanted++;
    }
    if (wanted && !*wanted) {
        g_error("%s: refused, but with '%s'", view->name, error->message);
    }
    if (error->domain == VIEW_ERROR) {
        /* Nothing found, or the guest's data is corrupt. */
        g_assert_true(error->code == 1 ||
                      (pid != ABSENT_PID && error->code == 4));
    } else {
        g_assert_cmpstr(haywire_qmp_error_get_class(error), ==, "GenericError");
    }
}

static void check_monitor_refused(Scene *scene, guint32 pid)
{
    g_autofree char *line = g_strdup_printf("info haywire focus %u 1", pid);
    g_autofree char *answer = vm_hmp(scene->vm, line);

    g_assert_true(g_str_has_prefix(answer, "Error: "));
}

/*
 * All views try to focus on @pid and are refused; then the guest's memory, not
 * running meanwhile, is as it was.
 */
static void check_untouched(Scene *scene, guint32 pid, guint64 camera,
                            const char *const *wanted)
{
    g_autofree char *before = ram_file_digest(vm_ram_path(scene->vm));
    g_autofree char *after = NULL;

    check_refused(&scene->live[0], pid, camera, wanted);
    check_refused(&scene->live[1], pid, camera, wanted);
    /* It sees no heartbeat grow, so it may refuse for that already. */
    check_refused(&scene->live[2], pid, camera, NULL);
    check_monitor_refused(scene, pid);
    after = ram_file_digest(vm_ram_path(scene->vm));
    g_assert_cmpstr(before, ==, after);
}

static void test_absent_pid(const char *qemu)
{
    static const char *const words[] = { "no such process", NULL };
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    scene_stop(scene);
    check_untouched(scene, ABSENT_PID, 1, words);
    resume_vm(scene);
}

static void test_absent_camera(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    for (int i = 0; i < SCENE_LIVE_VIEWS; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(view_ask(&scene->live[i], VIEW_FOCUS,
                               scene_pid(scene, "plain"), 7, &error));
        g_assert_nonnull(error);
    }
}

/* Overwrite a word of guest memory over the qtest socket. */
static void poke(Scene *scene, guint64 gpa, guint32 word)
{
    /* The protocol takes the bytes in order: a word is little-endian. */
    g_autofree char *line =
        g_strdup_printf("write 0x%" G_GINT64_MODIFIER "x 0x4 0x%08x", gpa,
                        GUINT32_SWAP_LE_BE(word));
    g_autofree char *answer = NULL;

    answer = vm_qtest(scene->vm, line);
    g_assert_true(g_str_has_prefix(answer, "OK"));
}

static gboolean camera_is_mapped(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);

    (void)opaque;
    return compare_bool(
        json_array_get_object_element(json_node_get_array(reply), 0), "mapped");
}

/* Focus with the word at @offset of the control page overwritten. */
static void check_overwritten(Scene *scene, guint64 offset)
{
    static const char *const words[] = {
        "no longer this session's control page",
        "does not carry the session's nonce",
        "There is no such thing",
        NULL,
    };
    const char *path = vm_ram_path(scene->vm);
    guint64 page;
    guint32 word;

    scene_stop(scene);
    g_assert_true(ram_file_find_control(path, 1, &page));
    word = ram_file_word32(path, page + offset);
    /* With 512 MiB, file offset and guest address are the same. */
    poke(scene, page + offset, word ^ 0x5a5a5a5a);
    g_assert_cmphex(ram_file_word32(path, page + offset), ==,
                    word ^ 0x5a5a5a5a);
    check_untouched(scene, scene_pid(scene, "plain"), 1, words);
    poke(scene, page + offset, word);
    resume_vm(scene);
    /* Put right again, it is found and works again. */
    vm_wait_until(scene->vm, "the control page", CAMERA_TIMEOUT_S,
                  camera_is_mapped, NULL);
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    json_node_unref(view_ask_ok(&scene->live[0], VIEW_UNFOCUS, 0, 1));
    wait_camera(scene, 1, 0, "idle");
}

static void test_overwritten_magic(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_overwritten(scene, 8);
    }
}

static void test_overwritten_session(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_overwritten(scene, OFF_SESSION);
    }
}

static void test_overwritten_checksum(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_overwritten(scene, OFF_CHECKSUM);
    }
}

static void test_overwritten_nonce(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (scene) {
        check_overwritten(scene, OFF_NONCE);
    }
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("focus/qmp", test_qmp);
    qemus_add_test("focus/tool-qmp", test_tool_qmp);
    qemus_add_test("focus/tool-ram", test_tool_ram);
    qemus_add_test("focus/monitor", test_monitor);
    qemus_add_test("focus/process-ends", test_process_ends);
    qemus_add_test("focus/absent-pid", test_absent_pid);
    qemus_add_test("focus/absent-camera", test_absent_camera);
    qemus_add_test("focus/overwritten-magic", test_overwritten_magic);
    qemus_add_test("focus/overwritten-session", test_overwritten_session);
    qemus_add_test("focus/overwritten-checksum", test_overwritten_checksum);
    qemus_add_test("focus/overwritten-nonce", test_overwritten_nonce);
    status = g_test_run();
    scene_drop();
    return status;
}
