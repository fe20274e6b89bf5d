/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine goes through while Haywire looks: RAM without a file, a RAM
 * file with the last boot in it, stopping, a reset, guest pages that move.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "scene.h"

#define SESSION_TIMEOUT_S 300
/* Longer than any session may go without a heartbeat and be live. */
#define PAUSE_S   15
#define SUSPEND_S 3
/* Of fragmenting memory and compacting it. */
#define ROUNDS_LEAST 3
#define ROUNDS_MAX   20
/* Longer than it takes until the companion has looked and we have seen it. */
#define INDEX_S 3

static char *state_of(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);

    return g_strdup(compare_string(json_node_get_object(reply), "state"));
}

/* Without a memory-backend-file all is seen, but no offset in a file. */
static void test_plain_memory(const char *qemu)
{
    Scene *scene = scene_get(
        &(VmOptions){ .qemu = qemu, .memory = "512M", .plain_memory = TRUE });
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *place;
    guint64 address;

    if (!scene) {
        return;
    }
    scene_check_processes(scene);
    g_assert_true(truth_animal_address(truth_animal(scene->animals, "plain"),
                                       "at", 0, &address));
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    answer = view_ask_ok(&scene->live[0], VIEW_TRANSLATE,
                         scene_pid(scene, "plain"), address);
    place = json_node_get_object(answer);
    g_assert_cmphex(
        (guint64)compare_int(place, "gpa"), ==,
        (truth_pagemap(scene->vm, scene_pid(scene, "plain"), address) &
         TRUTH_PAGEMAP_PFN) *
                4096 +
            address % 4096);
    g_assert_cmpstr(compare_string(place, "ram-block"), ==, "pc.ram");
    g_assert_false(json_object_has_member(place, "offset"));
    scene_drop();
}

/* A stopped guest is paused, not stale: its clock stands still, too. */
static void test_stopped(const char *qemu)
{
    Scene *scene = scene_get(&(VmOptions){ .qemu = qemu, .memory = "512M" });
    g_autofree char *state = NULL;

    if (!scene) {
        return;
    }
    json_node_unref(vm_qmp(scene->vm, "stop", NULL));
    g_usleep(PAUSE_S * G_USEC_PER_SEC);
    state = state_of(scene->vm);
    g_assert_cmpstr(state, ==, "paused");
    json_node_unref(vm_qmp(scene->vm, "cont", NULL));
    scene_check_processes(scene);
}

static gboolean is_suspended(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-status", NULL);

    (void)opaque;
    return g_str_equal(compare_string(json_node_get_object(reply), "status"),
                       "suspended");
}

/* Suspended to RAM: paused as well, and the same session when it wakes. */
static void test_suspended(const char *qemu)
{
    Scene *scene = scene_get(&(VmOptions){ .qemu = qemu, .memory = "512M" });
    g_autofree char *session = NULL;
    g_autofree char *after = NULL;
    g_autofree char *state = NULL;
    Vm *vm;

    if (!scene) {
        return;
    }
    vm = scene->vm;
    session = companion_session(vm);
    guest_start(vm, "sh -c 'sleep 1; echo mem >/sys/power/state' "
                    ">/dev/null 2>&1");
    vm_wait_until(vm, "sleep", SESSION_TIMEOUT_S, is_suspended, NULL);
    vm_wait_state(vm, "paused");
    g_usleep(SUSPEND_S * G_USEC_PER_SEC);
    state = state_of(vm);
    g_assert_cmpstr(state, ==, "paused");
    json_node_unref(
        view_ask_ok(&scene->live[0], VIEW_FOCUS, scene_pid(scene, "plain"), 1));
    json_node_unref(vm_qmp(vm, "system_wakeup", NULL));
    vm_wait_state(vm, "live");
    after = companion_session(vm);
    g_assert_cmpstr(after, ==, session);
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    scene_check_processes(scene);
}

static gint64 pages_moved(Scene *scene)
{
    g_autoptr(JsonNode) answer = view_ask_ok(&scene->live[0], VIEW_STATS, 0, 0);

    return compare_int(
        json_object_get_object_member(json_node_get_object(answer), "guest"),
        "pages-moved");
}

/* Fragment memory, then have the kernel compact it. */
static void compact(Vm *vm)
{
    g_free(vm_guest_run(
        vm,
        "dd if=/dev/zero of=/tmp/a bs=64k count=2000 2>/dev/null; "
        "dd if=/dev/zero of=/tmp/b bs=64k count=1000 2>/dev/null; "
        "rm /tmp/a; echo 1 >/proc/sys/vm/compact_memory; rm /tmp/b; "
        "echo 1 >/proc/sys/vm/compact_memory",
        NULL));
}

/* Which pages the kernel takes is its own affair: until beacons are among
   them. */
static void test_moved_pages(const char *qemu)
{
    Scene *scene = scene_get(&(VmOptions){ .qemu = qemu, .memory = "512M" });

    if (!scene) {
        return;
    }
    for (int round = 0; round < ROUNDS_LEAST ||
                        (round < ROUNDS_MAX && pages_moved(scene) == 0);
         round++) {
        compact(scene->vm);
        g_usleep(INDEX_S * G_USEC_PER_SEC);
    }
    scene_check_processes(scene);
    g_assert_cmpint(pages_moved(scene), >, 0);
    companion_wait_live(scene->vm, companion_pid(scene->vm));
    scene_drop();
}

static gboolean is_live_other(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return json_object_has_member(object, "session") &&
           g_str_equal(compare_string(object, "state"), "live") &&
           g_strcmp0(compare_string(object, "session"), opaque) != 0;
}

/* RAM keeps the first boot's session; the second boot's is the one shown. */
static void test_reset(const char *qemu)
{
    Scene *scene = scene_get(
        &(VmOptions){ .qemu = qemu, .memory = "512M", .may_reset = TRUE });
    g_autoptr(JsonNode) before = NULL;
    g_autoptr(GPtrArray) animals = NULL;

    if (!scene) {
        return;
    }
    before = view_ask_ok(&scene->live[0], VIEW_STATUS, 0, 0);
    vm_reset(scene->vm);
    animals = truth_menagerie(scene->vm);
    vm_wait_until(
        scene->vm, "the session after the reset", SESSION_TIMEOUT_S,
        is_live_other,
        (gpointer)compare_string(json_node_get_object(before), "session"));
    scene_drop();
}

/* At power-on the file still has the last boot in it: nothing of it lives. */
static void test_old_ram(const char *qemu)
{
    VmOptions options = { .qemu = qemu, .memory = "512M" };
    Scene *scene = scene_get(&options);
    g_autoptr(Vm) vm = NULL;

    if (!scene) {
        return;
    }
    scene_end_vm(scene);
    options.old_ram = scene->copy.path;
    options.without_kernel = TRUE;
    vm = vm_start(&options);
    json_node_unref(vm_qmp(vm, "cont", NULL));
    for (int i = 0; i < 30; i++) {
        g_autofree char *state = state_of(vm);

        g_assert_cmpstr(state, !=, "live");
        g_usleep(G_USEC_PER_SEC / 10);
    }
    vm_quit(vm);
    scene_drop();
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("machine/plain-memory", test_plain_memory);
    qemus_add_test("machine/stopped", test_stopped);
    qemus_add_test("machine/suspended", test_suspended);
    qemus_add_test("machine/moved-pages", test_moved_pages);
    qemus_add_test("machine/reset", test_reset);
    qemus_add_test("machine/old-ram", test_old_ram);
    status = g_test_run();
    scene_drop();
    return status;
}
