/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other ways for a guest to move: memory that both machines share, a file, and
 * postcopy, where the guest runs before its memory is there. Each case leaves
 * the scene with the machine that its guest is in then.
 */
#include "../qemu/qemus.h"
#include "arrival.h"

#include <string.h>

/* Look for so long whether anything happens. */
#define WATCH_US G_USEC_PER_SEC

/* Memory comes so slowly that Haywire sees it come, bytes a second. */
#define POSTCOPY_SLOW (48u << 20)

/* The line of a thread's status that counts how often it has waited. */
#define SWITCHES "voluntary_ctxt_switches:"

/* A thread that has waited so often more was not held up by the first. */
#define LOOKS     4
#define TIMEOUT_S 300

/* Nothing that is asked of a QEMU may take so long. */
#define ANSWER_MS 2000

/* The heart beats in memory that the destination has, too: nothing is shown. */
static void test_shared_memory(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    VmOptions options = arrival_options(qemu, TRUE);
    g_autofree char *session = NULL;
    gint64 end;
    Vm *to;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    scene_focus(scene, scene_pid(scene, "nice"), 2);
    options.ram = vm_ram_path(scene->vm);
    to = vm_start(&options);
    end = g_get_monotonic_time() + WATCH_US;
    while (g_get_monotonic_time() < end) {
        arrival_check_nothing(to);
    }
    vm_migrate_switch(to, "x-ignore-shared", TRUE);
    vm_migrate_switch(scene->vm, "x-ignore-shared", TRUE);
    vm_migrate(scene->vm, to);
    vm_migrate_switch(to, "x-ignore-shared", FALSE);
    arrival_wait_live(to);
    arrival_check_member(to, "query-haywire", "session", session);
    scene_move(scene, to);
    arrival_wait_cameras(to, scene_pid(scene, "plain"),
                         scene_pid(scene, "nice"));
    scene_check_processes(scene);
}

/* The guest sleeps in a file; it goes on where it was. */
static void test_file(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autofree char *session = NULL;
    g_autofree char *file = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = arrival_destination(qemu);
    file = vm_private_path(to, "guest");
    vm_migrate_limit(scene->vm, ARRIVAL_FAST, ARRIVAL_DOWNTIME_MS);
    vm_migrate_to_file(scene->vm, file);
    arrival_check_member(scene->vm, "query-haywire", "state", "paused");
    arrival_check_nothing(to);
    vm_migrate_from_file(to, file);
    arrival_wait_live(to);
    arrival_check_member(to, "query-haywire", "session", session);
    scene_move(scene, to);
    scene_check_processes(scene);
}

/* FALSE: skipped, this host or this QEMU cannot. */
static gboolean enable_postcopy(Vm *vm)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply =
        vm_qmp_try(vm, "migrate-set-capabilities",
                   "{\"capabilities\": [{\"capability\": \"postcopy-ram\", "
                   "\"state\": true}]}",
                   &error);

    if (!reply) {
        g_test_skip(error->message);
    }
    return reply != NULL;
}

/* From here on the guest runs there, its memory is still here. */
static void begin_postcopy(Vm *from, Vm *to)
{
    g_autofree char *limit =
        g_strdup_printf("{\"max-postcopy-bandwidth\": %u}", POSTCOPY_SLOW);
    g_autoptr(GError) error = NULL;

    json_node_unref(vm_qmp_try(from, "migrate-set-parameters", limit, &error));
    g_assert_no_error(error);
    vm_migrate_limit(from, ARRIVAL_SLOW, ARRIVAL_DOWNTIME_SHORT_MS);
    vm_migrate_begin(from, to);
    vm_migrate_wait(from, "active");
    arrival_check_on_its_way(to);
    json_node_unref(vm_qmp(from, "migrate-start-postcopy", NULL));
    arrival_watch(to);
}

/* Ask everything, which must not wait for memory. */
static void ask_all(Vm *vm)
{
    static const char *const commands[] = {
        "query-haywire",
        "query-haywire-processes",
        "query-haywire-cameras",
        "query-haywire-stats",
    };
    gint64 start = g_get_monotonic_time();

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(JsonNode) reply = vm_qmp_try(vm, commands[i], NULL, NULL);
    }
    g_assert_cmpint((g_get_monotonic_time() - start) / 1000, <, ANSWER_MS);
}

static void test_postcopy(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autofree char *session = NULL;
    g_autofree char *status = NULL;
    Vm *to;

    if (!scene) {
        return;
    }
    session = arrival_member(scene->vm, "query-haywire", "session");
    to = arrival_destination(qemu);
    if (!enable_postcopy(to) || !enable_postcopy(scene->vm)) {
        vm_free(to);
        return;
    }
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    scene_focus(scene, scene_pid(scene, "nice"), 2);
    begin_postcopy(scene->vm, to);
    status = arrival_member(to, "query-migrate", "status");
    g_assert_cmpstr(status, ==, "postcopy-active");
    while (g_str_equal(status, "postcopy-active")) {
        ask_all(to);
        g_free(status);
        status = arrival_member(to, "query-migrate", "status");
    }
    vm_migrate_wait(scene->vm, "completed");
    arrival_wait_live(to);
    arrival_check_member(to, "query-haywire", "session", session);
    arrival_wait_cameras(to, scene_pid(scene, "plain"),
                         scene_pid(scene, "nice"));
    scene_move(scene, to);
    scene_check_processes(scene);
}

/* Of the thread in this folder of /proc; 0 when it is not of that name. */
static gint64 switches_of_thread(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, "status", NULL);
    g_autofree char *first = g_strdup_printf("Name:\t%s\n", name);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !g_str_has_prefix(text, first)) {
        return 0;
    }
    line = strstr(text, "\n" SWITCHES);
    g_assert_nonnull(line);
    return g_ascii_strtoll(line + 1 + strlen(SWITCHES), NULL, 10);
}

/* How often the thread that looks has waited for the next look so far. */
static gint64 worker_waits(Vm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", vm_pid(vm));
    g_autoptr(GDir) threads = g_dir_open(path, 0, NULL);
    gint64 waits = 0;
    const char *name;

    while (threads && (name = g_dir_read_name(threads))) {
        g_autofree char *folder = g_build_filename(path, name, NULL);

        waits += switches_of_thread(folder, "haywire");
    }
    g_assert_cmpint(waits, >, 0);
    return waits;
}

static gboolean has_waited(Vm *vm, gpointer opaque)
{
    return worker_waits(vm) >= *(gint64 *)opaque;
}

/*
 * The source dies before all memory has come. The guest waits for ever, and
 * with it QEMU's main loop, if the processor holds QEMU's lock as it meets the
 * missing page: ask nothing. The thread that looks does not wait for memory.
 */
static void test_postcopy_lost(const char *qemu)
{
    Scene *scene = arrival_scene(qemu);
    g_autoptr(Vm) to = NULL;
    gint64 waits;

    if (!scene) {
        return;
    }
    to = arrival_destination(qemu);
    if (!enable_postcopy(to) || !enable_postcopy(scene->vm)) {
        return;
    }
    begin_postcopy(scene->vm, to);
    scene_drop();
    g_usleep(WATCH_US);
    waits = worker_waits(to) + LOOKS;
    vm_wait_until(to, "looks", TIMEOUT_S, has_waited, &waits);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("migration/shared-memory", test_shared_memory);
    qemus_add_test("migration/file", test_file);
    qemus_add_test("migration/postcopy", test_postcopy);
    qemus_add_test("migration/postcopy-lost", test_postcopy_lost);
    status = g_test_run();
    scene_drop();
    return status;
}
