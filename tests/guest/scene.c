/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A booted guest for several cases: see scene.h.
 */
#include "scene.h"

#include "ram_file.h"
#include "shown.h"

#include <string.h>

#define CYCLE_TIMEOUT_S  300
#define CAMERA_TIMEOUT_S 300
#define STOPS_MAX        20

static Scene *current;
static char *current_qemu;

static void start_views(Scene *scene)
{
    scene->live[0] = (View){ "QMP", VIEW_QMP, scene->vm, NULL };
    scene->live[1] = (View){ "haywire --qmp", VIEW_TOOL_QMP, scene->vm,
                             vm_second_qmp_path(scene->vm) };
    scene->live[2] = (View){ "haywire --ram", VIEW_TOOL_RAM, scene->vm,
                             vm_ram_path(scene->vm) };
}

static guint32 parent_of(Scene *scene, guint32 pid)
{
    g_autofree char *command =
        g_strdup_printf("sed -n 's/^PPid:.//p' /proc/%u/status", pid);
    g_autofree char *text = vm_guest_run(scene->vm, command, NULL);

    return (guint32)g_ascii_strtoull(text, NULL, 10);
}

static gboolean has_process(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-processes", NULL);

    return compare_find(json_node_get_array(reply), *(guint32 *)opaque) != NULL;
}

/* Wait until a snapshot is shown that was taken with all animals there. */
static void wait_animals(Scene *scene)
{
    for (guint i = scene->animals->len; i-- > 0;) {
        const TruthAnimal *animal = g_ptr_array_index(scene->animals, i);

        if (animal->pid != 0) {
            guint32 pid = animal->pid;

            vm_wait_until(scene->vm, "the menagerie", CYCLE_TIMEOUT_S,
                          has_process, &pid);
            return;
        }
    }
}

Scene *scene_get(const VmOptions *options)
{
    if (!vm_available()) {
        return NULL;
    }
    if (current && g_strcmp0(current_qemu, options->qemu) == 0) {
        return current;
    }
    scene_drop();
    current = g_new0(Scene, 1);
    current_qemu = g_strdup(options->qemu);
    current->vm = vm_start(options);
    start_views(current);
    current->animals = truth_menagerie(current->vm);
    current->keeper = parent_of(current, scene_pid(current, "zombie"));
    vm_wait_state(current->vm, "live");
    wait_animals(current);
    return current;
}

void scene_move(Scene *scene, Vm *vm)
{
    vm_free(scene->vm);
    scene->vm = vm;
    start_views(scene);
}

void scene_drop(void)
{
    if (current) {
        vm_free(current->vm);
        g_ptr_array_unref(current->animals);
        g_free((char *)current->copy.path);
        g_clear_pointer(&current, g_free);
        g_clear_pointer(&current_qemu, g_free);
    }
}

/*
 * One stop in a thousand comes while a page is being written, and a discovery
 * page like that is no session. So let the guest go on then, and stop it anew.
 * A write that is no further when the guest has run for a while is not under
 * way: nobody writes to that page any more.
 */
void scene_stop(Scene *scene)
{
    g_autofree char *before = NULL;

    for (int i = 0; i < STOPS_MAX; i++) {
        g_autofree char *open = NULL;

        json_node_unref(vm_qmp(scene->vm, "stop", NULL));
        open = ram_file_open_writes(vm_ram_path(scene->vm));
        if (*open == '\0' || g_strcmp0(open, before) == 0) {
            return;
        }
        g_test_message("stopped in the middle of writing: %s", open);
        json_node_unref(vm_qmp(scene->vm, "cont", NULL));
        g_free(vm_guest_run(scene->vm, "usleep 500000", NULL));
        g_free(before);
        before = g_steal_pointer(&open);
    }
    g_error("beacon pages are being written at each stop");
}

void scene_end_vm(Scene *scene)
{
    char *path;

    if (scene->copy.path) {
        return;
    }
    scene_stop(scene);
    vm_quit(scene->vm);
    path = vm_private_path(scene->vm, "copy");
    vm_copy_file(vm_ram_path(scene->vm), path);
    scene->copy = (View){ "haywire --ram COPY", VIEW_TOOL_RAM, NULL, path };
}

static gint64 cycles_done(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonObject *stats = json_node_get_object(reply);

    if (!json_object_has_member(stats, "guest")) {
        return 0;
    }
    return compare_int(json_object_get_object_member(stats, "guest"),
                       "roundrobin-rounds");
}

static gboolean has_cycles(Vm *vm, gpointer opaque)
{
    return cycles_done(vm) >= *(gint64 *)opaque;
}

void scene_wait_cycles(Scene *scene, unsigned int count)
{
    gint64 wanted = cycles_done(scene->vm) + count;

    vm_wait_until(scene->vm, "details of all processes", CYCLE_TIMEOUT_S,
                  has_cycles, &wanted);
}

/* One may have ended unseen, one was under way: the third is all new. */
void scene_wait_fresh(Scene *scene)
{
    scene_wait_cycles(scene, 3);
}

void scene_check_processes(Scene *scene)
{
    g_autoptr(GHashTable) before = truth_processes(scene->vm);
    g_autoptr(GHashTable) after = NULL;
    g_autoptr(JsonNode) answer = NULL;
    CompareTruth truth;

    scene_wait_fresh(scene);
    answer = view_ask_ok(&scene->live[0], VIEW_PROCESSES, 0, 0);
    after = truth_processes(scene->vm);
    truth = (CompareTruth){ before, after, scene->keeper };
    compare_processes("QMP", json_node_get_array(answer), &truth);
}

static gboolean has_sections(Vm *vm, gpointer opaque)
{
    View view = { "QMP", VIEW_QMP, vm, NULL };
    g_autoptr(JsonNode) answer =
        view_ask(&view, VIEW_SECTIONS, *(guint32 *)opaque, 0, NULL);

    return answer && compare_bool(json_node_get_object(answer), "complete");
}

void scene_wait_sections(Scene *scene, guint32 pid)
{
    vm_wait_until(scene->vm, "complete sections", CYCLE_TIMEOUT_S, has_sections,
                  &pid);
}

typedef struct {
    guint32 pid;
    unsigned int camera;
} Aim;

/* It may have started just now. */
static gboolean lists_target(Vm *vm, gpointer opaque)
{
    return shown_lists(vm, ((const Aim *)opaque)->pid);
}

static gboolean camera_shows(Vm *vm, gpointer opaque)
{
    const Aim *aim = opaque;
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonObject *camera = json_array_get_object_element(
        json_node_get_array(reply), aim->camera - 1);

    return g_strcmp0(json_object_get_string_member(camera, "status"),
                     "active") == 0 &&
           json_object_has_member(camera, "current-pid") &&
           compare_int(camera, "current-pid") == aim->pid &&
           compare_int(camera, "target-pid") == aim->pid;
}

void scene_focus(Scene *scene, guint32 pid, unsigned int camera)
{
    Aim aim = { pid, camera };

    vm_wait_until(scene->vm, "the process", CAMERA_TIMEOUT_S, lists_target,
                  &aim);
    json_node_unref(view_ask_ok(&scene->live[0], VIEW_FOCUS, pid, camera));
    vm_wait_until(scene->vm, "the camera", CAMERA_TIMEOUT_S, camera_shows,
                  &aim);
}

guint32 scene_pid(Scene *scene, const char *animal)
{
    return truth_animal(scene->animals, animal)->pid;
}
