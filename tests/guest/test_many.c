/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Five hundred processes more than the menagerie: all of them are listed, with
 * their details, within one cycle of the companion.
 */
#include "../qemu/qemus.h"
#include "scene.h"

#define MANY 500

static Scene *get_scene(const char *qemu)
{
    return scene_get(
        &(VmOptions){ .qemu = qemu, .menagerie = "run," G_STRINGIFY(MANY) });
}

static guint count_idle(const char *who, JsonArray *processes)
{
    guint count = 0;

    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);

        if (g_str_equal(compare_string(process, "name"), "idle")) {
            if (!json_object_has_member(process, "details-generation")) {
                g_error("%s: process %" G_GINT64_FORMAT " has no details", who,
                        compare_int(process, "pid"));
            }
            count++;
        }
    }
    return count;
}

static gint64 guest_counter(Scene *scene, const char *name)
{
    g_autoptr(JsonNode) answer = view_ask_ok(&scene->live[0], VIEW_STATS, 0, 0);

    return compare_int(
        json_object_get_object_member(json_node_get_object(answer), "guest"),
        name);
}

static void test_all_listed(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(GHashTable) before = NULL;
    g_autoptr(GHashTable) after = NULL;
    JsonNode *answers[SCENE_LIVE_VIEWS];
    CompareTruth truth;

    if (!scene) {
        return;
    }
    before = truth_processes(scene->vm);
    g_assert_cmpuint(g_hash_table_size(before), >, MANY);
    scene_wait_fresh(scene);
    for (int i = 0; i < SCENE_LIVE_VIEWS; i++) {
        answers[i] = view_ask_ok(&scene->live[i], VIEW_PROCESSES, 0, 0);
    }
    after = truth_processes(scene->vm);
    truth = (CompareTruth){ before, after, scene->keeper };
    for (int i = 0; i < SCENE_LIVE_VIEWS; i++) {
        JsonArray *processes = json_node_get_array(answers[i]);

        g_assert_cmpuint(count_idle(scene->live[i].name, processes), ==, MANY);
        compare_processes(scene->live[i].name, processes, &truth);
        json_node_unref(answers[i]);
    }
}

static void test_nothing_dropped(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    g_assert_cmpint(guest_counter(scene, "processes"), >, MANY);
    g_assert_cmpint(guest_counter(scene, "processes-dropped"), ==, 0);
    g_assert_cmpint(guest_counter(scene, "details-dropped"), ==, 0);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("many/all-listed", test_all_listed);
    qemus_add_test("many/nothing-dropped", test_nothing_dropped);
    status = g_test_run();
    scene_drop();
    return status;
}
