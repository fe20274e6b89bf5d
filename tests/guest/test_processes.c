/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and their sections: every view against the guest's own words,
 * while the guest runs and, from a copy of the RAM file, once QEMU is gone.
 */
#include "../qemu/qemus.h"
#include "dumps.h"
#include "from_kernel.h"
#include "scene.h"

/* Names of the animals whose sections are compared; the last has thousands. */
static const char *const section_animals[] = {
    "file-odd-path", "arguments", "huge-pool",
    "leaderless",    "named",     "many-sections",
};

/* What the guest said, kept to compare the copy with. */
static CompareTruth said;
static GPtrArray *said_sections[G_N_ELEMENTS(section_animals)];

static void forget(void)
{
    g_clear_pointer(&said.before, g_hash_table_unref);
    g_clear_pointer(&said.after, g_hash_table_unref);
    for (gsize i = 0; i < G_N_ELEMENTS(section_animals); i++) {
        g_clear_pointer(&said_sections[i], g_ptr_array_unref);
    }
}

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu, .companion = "run" });
}

static void test_processes_live(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    JsonNode *answers[SCENE_LIVE_VIEWS];

    if (!scene) {
        return;
    }
    forget();
    said.keeper = scene->keeper;
    said.before = truth_processes(scene->vm);
    scene_wait_fresh(scene);
    for (int i = 0; i < SCENE_LIVE_VIEWS; i++) {
        answers[i] = view_ask_ok(&scene->live[i], VIEW_PROCESSES, 0, 0);
    }
    said.after = truth_processes(scene->vm);
    for (int i = 0; i < SCENE_LIVE_VIEWS; i++) {
        compare_processes(scene->live[i].name, json_node_get_array(answers[i]),
                          &said);
        json_node_unref(answers[i]);
    }
}

static void test_sections_live(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(section_animals); i++) {
        guint32 pid = scene_pid(scene, section_animals[i]);

        if (pid == 0) {
            continue;
        }
        said_sections[i] = truth_sections(scene->vm, pid);
        scene_wait_sections(scene, pid);
        for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
            g_autoptr(JsonNode) answer =
                view_ask_ok(&scene->live[view], VIEW_SECTIONS, pid, 0);

            compare_sections(scene->live[view].name,
                             json_node_get_object(answer), said_sections[i]);
        }
    }
}

static void test_processes_copy(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(JsonNode) answer = NULL;

    if (!scene) {
        return;
    }
    g_clear_pointer(&said.after, g_hash_table_unref);
    said.after = truth_processes(scene->vm);
    scene_end_vm(scene);
    answer = view_ask_ok(&scene->copy, VIEW_PROCESSES, 0, 0);
    compare_processes(scene->copy.name, json_node_get_array(answer), &said);
}

static void test_sections_copy(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    scene_end_vm(scene);
    for (gsize i = 0; i < G_N_ELEMENTS(section_animals); i++) {
        g_autoptr(JsonNode) answer = NULL;

        if (!said_sections[i]) {
            continue;
        }
        answer = view_ask_ok(&scene->copy, VIEW_SECTIONS,
                             scene_pid(scene, section_animals[i]), 0);
        compare_sections(scene->copy.name, json_node_get_object(answer),
                         said_sections[i]);
    }
}

/* The kernel's own structures say the same, and need no companion. */
static void test_kernel(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    from_kernel_check_processes(scene->vm, scene->keeper);
    from_kernel_check_sections(scene->vm, scene->animals);
    from_kernel_check_places(scene->vm, scene->animals);
    dumps_check_reads(scene->vm, scene->animals);
    dumps_check_core(scene->vm, scene->animals);
    dumps_check_vmcore(scene->vm, scene->keeper);
}

/* A file that nothing writes any more has no live session. */
static void test_status_copy(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(JsonNode) answer = NULL;

    if (!scene) {
        return;
    }
    scene_end_vm(scene);
    answer = view_ask_ok(&scene->copy, VIEW_STATUS, 0, 0);
    g_assert_cmpstr(compare_string(json_node_get_object(answer), "state"), !=,
                    "live");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("live/processes", test_processes_live);
    qemus_add_test("live/sections", test_sections_live);
    qemus_add_test("live/kernel", test_kernel);
    qemus_add_test("copy/processes", test_processes_copy);
    qemus_add_test("copy/sections", test_sections_copy);
    qemus_add_test("copy/status", test_status_copy);
    status = g_test_run();
    scene_drop();
    forget();
    return status;
}
