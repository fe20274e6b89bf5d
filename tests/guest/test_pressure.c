/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Too little memory in the guest: pages are pushed out to swap, processes are
 * killed, the companion as well.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "scene.h"

#include <string.h>

#define GUEST_PAGE  4096u
#define VICTIM_MIB  24
#define HOG_MIB     48
#define KILLS       2
#define TIMEOUT_S   300
#define HOGS_MAX    4
#define SWAPPED_MIN 256 /* pages */

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu,
                                   .memory = "256M",
                                   .companion = "run,--max-cpu,100",
                                   .plugin = ",kernel=off" });
}

static gint64 guest_number(Vm *vm, const char *command)
{
    g_autofree char *text = vm_guest_run(vm, command, NULL);

    return g_ascii_strtoll(text, NULL, 10);
}

static gint64 meminfo_mib(Vm *vm, const char *label)
{
    g_autofree char *command =
        g_strdup_printf("sed -n 's/^%s: *//p' /proc/meminfo", label);

    return guest_number(vm, command) / 1024;
}

/* A process that takes memory and sits there, or is killed; its pid. */
static guint32 start_hog(Vm *vm, gint64 mib)
{
    g_autofree char *program = g_strdup_printf(
        "haywire-menagerie scatter %" G_GINT64_FORMAT " >/run/hog 2>&1", mib);
    guint32 pid = guest_start(vm, program);
    g_autofree char *wait =
        g_strdup_printf("until grep -qs ready /run/hog || ! kill -0 %u "
                        "2>/dev/null; do usleep 100000; done",
                        pid);

    g_free(vm_guest_run(vm, wait, NULL));
    return pid;
}

static void end_hogs(Vm *vm)
{
    g_free(vm_guest_run(vm,
                        "for p in $(pidof haywire-menagerie); do "
                        "grep -q scatter /proc/$p/cmdline && kill -9 $p; done; "
                        "true",
                        NULL));
}

/* How many of a process's pages are in swap, by the kernel's own count. */
static gint64 swapped_pages(Vm *vm, guint32 pid)
{
    g_autofree char *command =
        g_strdup_printf("sed -n 's/^Swap: *//p' /proc/%u/smaps_rollup", pid);

    return guest_number(vm, command) * 1024 / GUEST_PAGE;
}

typedef struct {
    guint32 pid;
    gint64 swapped; /* as the guest says */
} Victim;

/* The sum of all runs that are in swap, in pages. */
static gint64 run_pages(JsonObject *answer)
{
    JsonArray *runs = json_object_get_array_member(answer, "runs");
    gint64 pages = 0;

    for (guint i = 0; i < json_array_get_length(runs); i++) {
        JsonObject *run = json_array_get_object_element(runs, i);

        if (compare_bool(run, "swapped")) {
            g_assert_false(compare_bool(run, "present"));
            g_assert_false(json_object_has_member(run, "gpa"));
            pages += compare_int(run, "pages");
        }
    }
    return pages;
}

/* Runs and the camera's figure both say what the guest says. */
static gboolean camera_agrees(Vm *vm, gpointer opaque)
{
    Victim *victim = opaque;
    View view = { "QMP", VIEW_QMP, vm, NULL };
    g_autoptr(JsonNode) cameras = vm_qmp(vm, "query-haywire-cameras", NULL);
    g_autoptr(JsonNode) runs =
        view_ask_ok(&view, VIEW_PAGE_RUNS, victim->pid, 0);
    JsonObject *camera =
        json_array_get_object_element(json_node_get_array(cameras), 0);

    victim->swapped = swapped_pages(vm, victim->pid);
    return compare_int(camera, "swap") == victim->swapped * GUEST_PAGE &&
           run_pages(json_node_get_object(runs)) == victim->swapped;
}

/* The swap offset that a run gives is the one in the guest's page table. */
static void check_swap_entry(Vm *vm, guint32 pid)
{
    View view = { "QMP", VIEW_QMP, vm, NULL };
    g_autoptr(JsonNode) answer = view_ask_ok(&view, VIEW_PAGE_RUNS, pid, 0);
    JsonArray *runs =
        json_object_get_array_member(json_node_get_object(answer), "runs");
    guint i = 0;

    while (!compare_bool(json_array_get_object_element(runs, i), "swapped")) {
        i++;
        g_assert_cmpuint(i, <, json_array_get_length(runs));
    }
    {
        JsonObject *run = json_array_get_object_element(runs, i);
        guint64 entry =
            truth_pagemap(vm, pid, (guint64)compare_int(run, "address"));

        g_assert_true(entry & TRUTH_PAGEMAP_SWAPPED);
        g_assert_cmpint((gint64)((entry & TRUTH_PAGEMAP_PFN) >> 5), ==,
                        compare_int(run, "swap-offset"));
    }
}

/* A process pushed out by another shows as swapped, page by page. */
static void test_swap(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Victim victim = { 0 };
    guint32 companion;

    if (!scene) {
        return;
    }
    companion = companion_pid(scene->vm);
    victim.pid = start_hog(scene->vm, VICTIM_MIB);
    start_hog(scene->vm, meminfo_mib(scene->vm, "MemAvailable") + 8);
    scene_focus(scene, victim.pid, 1);
    vm_wait_until(scene->vm, "the camera's word on swap", TIMEOUT_S,
                  camera_agrees, &victim);
    /* The kernel may have found others to push out first. */
    for (int i = 0; victim.swapped < SWAPPED_MIN && i < HOGS_MAX; i++) {
        start_hog(scene->vm, 4);
        vm_wait_until(scene->vm, "the camera's word on swap", TIMEOUT_S,
                      camera_agrees, &victim);
    }
    g_test_message("%" G_GINT64_FORMAT " pages swapped", victim.swapped);
    g_assert_cmpint(victim.swapped, >=, SWAPPED_MIN);
    check_swap_entry(scene->vm, victim.pid);
    end_hogs(scene->vm);
    companion_wait_live(scene->vm, companion);
}

/*
 * Without those that stand still, and whose resident size is known: pages that
 * were pushed out while they stood are told only later.
 */
static void check_processes(Scene *scene)
{
    guint32 keeper = scene->keeper;

    scene->keeper = 0;
    scene_check_processes(scene);
    scene->keeper = keeper;
}

static gint64 kills(Vm *vm)
{
    return guest_number(vm, "sed -n 's/^oom_kill //p' /proc/vmstat");
}

/* Take memory until the kernel has killed @count processes more. */
static void exhaust(Vm *vm, gint64 count)
{
    gint64 wanted = kills(vm) + count;

    while (kills(vm) < wanted) {
        start_hog(vm, HOG_MIB);
    }
    end_hogs(vm);
}

/* The kernel kills the big; the companion is small, and lives. */
static void test_killed_others(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    guint32 companion;

    if (!scene) {
        return;
    }
    before = companion_session(scene->vm);
    companion = companion_pid(scene->vm);
    exhaust(scene->vm, KILLS);
    companion_wait_live(scene->vm, companion);
    after = companion_session(scene->vm);
    g_assert_cmpstr(before, ==, after);
    check_processes(scene);
}

/* Killed itself it is stale; its successor is live. */
static void test_killed_itself(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *condemn = NULL;

    if (!scene) {
        return;
    }
    condemn = g_strdup_printf("echo 1000 >/proc/%u/oom_score_adj",
                              companion_pid(scene->vm));
    g_free(vm_guest_run(scene->vm, condemn, NULL));
    exhaust(scene->vm, 1);
    vm_wait_state(scene->vm, "stale");
    companion_wait_live(scene->vm, companion_start(scene->vm));
    check_processes(scene);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("pressure/swap", test_swap);
    qemus_add_test("pressure/killed-others", test_killed_others);
    qemus_add_test("pressure/killed-itself", test_killed_itself);
    status = g_test_run();
    scene_drop();
    return status;
}
