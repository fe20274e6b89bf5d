/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory that goes away, comes and is moved about while Haywire looks:
 * a balloon, a DIMM that is plugged and unplugged with beacon pages on it,
 * huge pages that are made where beacon pages are in the way.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "ram_file.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB         (1024u * 1024)
#define GUEST_PAGE  4096u
#define MEMORY_MIB  512
#define BALLOON_MIB 200
#define DIMM_MIB    256
#define SPARE_MIB   24
#define RESCANS     5
#define TIMEOUT_S   300
#define RELEASE_S   10
#define EVENT_MS    60000u
#define POLL_US     50000
/* The guest goes on while its memory is scanned, and touches some of it. */
#define GROWTH_MIB 16
/* On these boards a DIMM lies above 4 GiB, and the memory below. */
#define DIMM_FRAME_MIN 0x100000u

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu,
                                   .memory = G_STRINGIFY(MEMORY_MIB) "M",
                                   .companion = "run,--max-cpu,100",
                                   .hotplug = "slots=1,maxmem=2G",
                                   .device = "virtio-balloon-pci" });
}

static void qmp(Vm *vm, const char *command, const char *arguments)
{
    g_autoptr(GError) error = NULL;

    json_node_unref(vm_qmp_try(vm, command, arguments, &error));
    g_assert_no_error(error);
}

/* What of the RAM file takes memory on the host, bytes. */
static guint64 allocated(Vm *vm)
{
    struct stat status;

    g_assert_cmpint(stat(vm_ram_path(vm), &status), ==, 0);
    return (guint64)status.st_blocks * 512;
}

static gboolean balloon_is(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-balloon", NULL);

    return compare_int(json_node_get_object(node), "actual") ==
           *(gint64 *)opaque;
}

/* Leave the guest @mib MiB, and wait until it has given back the rest. */
static void set_balloon(Vm *vm, gint64 mib)
{
    gint64 bytes = mib * MIB;
    g_autofree char *arguments =
        g_strdup_printf("{\"value\": %" G_GINT64_FORMAT "}", bytes);

    qmp(vm, "balloon", arguments);
    vm_wait_until(vm, "the balloon", TIMEOUT_S, balloon_is, &bytes);
}

static gboolean has_scans(Vm *vm, gpointer opaque)
{
    return companion_counter(vm, "host", "scans") >= *(gint64 *)opaque;
}

static void rescan(Vm *vm, unsigned int times)
{
    while (times-- > 0) {
        gint64 wanted = companion_counter(vm, "host", "scans") + 1;

        json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
        vm_wait_until(vm, "a scan", TIMEOUT_S, has_scans, &wanted);
    }
}

static void touch_memory(Vm *vm)
{
    g_autofree char *command =
        g_strdup_printf("dd if=/dev/zero of=/tmp/much bs=1M count=%d "
                        "2>/dev/null && rm /tmp/much",
                        BALLOON_MIB);

    g_free(vm_guest_run(vm, command, NULL));
}

/* What the guest has given back stays given back. */
static void test_balloon(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint64 full, empty;

    if (!scene) {
        return;
    }
    touch_memory(scene->vm);
    full = allocated(scene->vm);
    set_balloon(scene->vm, MEMORY_MIB - BALLOON_MIB);
    empty = allocated(scene->vm);
    g_assert_cmpuint(empty + BALLOON_MIB / 2 * MIB, <, full);
    rescan(scene->vm, RESCANS);
    json_node_unref(view_ask_ok(&scene->live[2], VIEW_PROCESSES, 0, 0));
    g_assert_cmpuint(allocated(scene->vm), <, empty + GROWTH_MIB * MIB);
    scene_check_processes(scene);

    set_balloon(scene->vm, MEMORY_MIB);
    touch_memory(scene->vm);
    companion_wait_live(scene->vm, companion_pid(scene->vm));
    scene_check_processes(scene);
}

static unsigned int count_on_dimm(const GArray *frames)
{
    unsigned int count = 0;

    for (guint i = 0; i < frames->len; i++) {
        count += g_array_index(frames, guint64, i) >= DIMM_FRAME_MIN;
    }
    return count;
}

static unsigned int count_moved(const GArray *before, const GArray *after)
{
    unsigned int count = 0;

    g_assert_cmpuint(before->len, ==, after->len);
    for (guint i = 0; i < before->len; i++) {
        count += g_array_index(before, guint64, i) !=
                 g_array_index(after, guint64, i);
    }
    return count;
}

/* The DIMM is there for what can be moved away again, and only that. */
static void plug_dimm(Vm *vm, const char *path)
{
    static const char online[] =
        "cd /sys/devices/system/memory; "
        "until grep -qs offline memory*/state; do usleep 50000; done; "
        "usleep 500000; while grep -q offline memory*/state; do "
        "for s in memory*/state; do grep -q offline $s && "
        "echo online_movable >$s; done; done; cd /";
    g_autofree char *backend = g_strdup_printf(
        "{\"qom-type\": \"memory-backend-file\", \"id\": \"dimm0\", "
        "\"size\": %u, \"mem-path\": \"%s\", \"share\": true}",
        DIMM_MIB * MIB, path);

    qmp(vm, "object-add", backend);
    qmp(vm, "device_add",
        "{\"driver\": \"pc-dimm\", \"id\": \"stick\", \"memdev\": \"dimm0\"}");
    g_free(vm_guest_run(vm, online, NULL));
}

/* Whether QEMU has the file mapped still. */
static gboolean is_released(Vm *vm, gpointer opaque)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/maps", (int)vm_pid(vm));
    g_autofree char *maps = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(name, &maps, NULL, &error);
    g_assert_no_error(error);
    return !strstr(maps, opaque);
}

/* The guest moves all away from it by itself; and so does the plugin. */
static void unplug_dimm(Vm *vm, char *path)
{
    qmp(vm, "device_del", "{\"id\": \"stick\"}");
    json_object_unref(vm_wait_event(vm, "DEVICE_DELETED", EVENT_MS));
    qmp(vm, "object-del", "{\"id\": \"dimm0\"}");
    vm_wait_until(vm, "the end of the DIMM's memory", RELEASE_S, is_released,
                  path);
}

/* Start more animals; returns the pid of "plain", and an address of it. */
static guint32 start_plain(Vm *vm, guint64 *ret_address)
{
    g_autofree char *text = NULL;
    guint32 pid;

    guest_start(vm, "haywire-menagerie run >/run/more 2>&1");
    text = vm_guest_run(vm,
                        "until grep -qs ^ready /run/more; "
                        "do usleep 100000; done; grep '^plain ' /run/more",
                        NULL);
    if (sscanf(text, "plain %u at=%" G_GINT64_MODIFIER "x", &pid,
               ret_address) != 2) {
        g_error("no plain process in the guest: %s", text);
    }
    return pid;
}

typedef struct {
    Scene *scene;
    guint32 pid;
    guint64 address;
    guint64 gpa;    /* as the guest's kernel has it */
    guint64 offset; /* as found */
} Place;

static gboolean is_translated(Vm *vm, gpointer opaque)
{
    Place *place = opaque;
    g_autoptr(JsonNode) answer =
        view_ask(&place->scene->live[0], VIEW_TRANSLATE, place->pid,
                 place->address, NULL);
    JsonObject *found = answer ? json_node_get_object(answer) : NULL;

    (void)vm;
    if (!found || (guint64)compare_int(found, "gpa") != place->gpa) {
        return FALSE;
    }
    place->offset = (guint64)compare_int(found, "offset");
    return TRUE;
}

/* The camera comes to say the guest's own word on @address: in @path. */
static void check_translation(Scene *scene, guint32 pid, guint64 address,
                              const char *path, gboolean on_dimm)
{
    g_autofree char *content = truth_content(address);
    guint64 frame = truth_pagemap(scene->vm, pid, address) & TRUTH_PAGEMAP_PFN;
    Place place = { .scene = scene, .pid = pid, .address = address };

    g_assert_cmpint(frame >= DIMM_FRAME_MIN, ==, on_dimm);
    place.gpa = frame * GUEST_PAGE + address % GUEST_PAGE;
    scene_focus(scene, pid, 1);
    vm_wait_until(scene->vm, "the address's place", TIMEOUT_S, is_translated,
                  &place);
    g_assert_true(
        ram_file_holds(path, place.offset, content, TRUTH_CONTENT_SIZE));
}

static void check_on_dimm(Scene *scene, char *path)
{
    guint64 address;
    guint32 companion, plain;

    plug_dimm(scene->vm, path);
    companion = companion_replace(scene->vm);
    plain = start_plain(scene->vm, &address);
    {
        g_autoptr(GArray) frames = companion_frames(scene->vm, companion);

        g_assert_cmpuint(count_on_dimm(frames), >, frames->len / 2);
    }
    check_translation(scene, plain, address, path, TRUE);
    scene_check_processes(scene);

    unplug_dimm(scene->vm, path);
    {
        g_autoptr(GArray) frames = companion_frames(scene->vm, companion);

        g_assert_cmpuint(count_on_dimm(frames), ==, 0);
    }
    companion_wait_live(scene->vm, companion);
    check_translation(scene, plain, address, vm_ram_path(scene->vm), FALSE);
    scene_check_processes(scene);
}

/* Beacon pages on a DIMM, which goes again under them. Twice: ids return. */
static void test_dimm(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *path = NULL;

    if (!scene) {
        return;
    }
    path = vm_private_path(scene->vm, "dimm");
    check_on_dimm(scene, path);
    plug_dimm(scene->vm, path);
    unplug_dimm(scene->vm, path);
    scene_check_processes(scene);
    g_assert_cmpint(companion_counter(scene->vm, "host", "remaps"), >, 0);
}

static unsigned int free_mib(Vm *vm)
{
    g_autofree char *text =
        vm_guest_run(vm, "sed -n 's/^MemFree: *//p' /proc/meminfo", NULL);

    return (unsigned int)(g_ascii_strtoull(text, NULL, 10) / 1024);
}

/* A companion whose pages lie all over memory that is free otherwise. */
static guint32 scatter_companion(Vm *vm)
{
    g_autofree char *program =
        g_strdup_printf("haywire-menagerie scatter %u >/run/scatter 2>&1",
                        free_mib(vm) - SPARE_MIB);
    guint32 scatterer = guest_start(vm, program), pid;
    g_autofree char *end = g_strdup_printf("kill -9 %u", scatterer);

    g_free(vm_guest_run(
        vm, "until grep -qs ready /run/scatter; do usleep 100000; done", NULL));
    pid = companion_replace(vm);
    g_free(vm_guest_run(vm, end, NULL));
    return pid;
}

/* How many huge pages came of it; -1: not done yet. Starts no process. */
static int collapsed(Vm *vm)
{
    g_autofree char *text =
        vm_guest_run(vm, "n=; read n </run/collapse; echo \"$n\"", NULL);

    return *text == '\n' || *text == '\0' ? -1 : atoi(text);
}

/*
 * Have huge pages made by a process that is there already and waits for it,
 * and ask meanwhile. Returns all answers; each must be the truth, and of one
 * session. It may be stale where the companion had to wait for its turn.
 */
static GPtrArray *ask_while_collapsing(Scene *scene)
{
    g_autofree char *session = companion_session(scene->vm);
    GPtrArray *answers =
        g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);

    g_free(vm_guest_run(scene->vm, "echo >/run/go", NULL));
    while (collapsed(scene->vm) < 0) {
        g_autofree char *now = companion_session(scene->vm);

        g_assert_cmpstr(now, ==, session);
        g_ptr_array_add(answers,
                        view_ask_ok(&scene->live[0], VIEW_PROCESSES, 0, 0));
        g_usleep(POLL_US);
    }
    return answers;
}

static void collapse_and_compare(Scene *scene)
{
    g_autoptr(GHashTable) before = NULL;
    g_autoptr(GHashTable) after = NULL;
    g_autoptr(GPtrArray) answers = NULL;
    CompareTruth truth;
    g_autofree char *program =
        g_strdup_printf("(read x </run/go; exec haywire-menagerie collapse %u "
                        ">/run/collapse 2>&1) >/dev/null",
                        free_mib(scene->vm) * 3 / 4);

    g_free(vm_guest_run(scene->vm, "mkfifo /run/go; : >/run/collapse", NULL));
    guest_start(scene->vm, program);
    scene_wait_cycles(scene, 2);
    before = truth_processes(scene->vm);
    scene_wait_fresh(scene);
    answers = ask_while_collapsing(scene);
    after = truth_processes(scene->vm);
    truth = (CompareTruth){ before, after, scene->keeper };
    for (guint i = 0; i < answers->len; i++) {
        compare_processes(
            "QMP", json_node_get_array(g_ptr_array_index(answers, i)), &truth);
    }
    g_assert_cmpuint(answers->len, >, 0);
}

/*
 * The companion keeps its pages small, so that no huge page is made of them.
 * Those made beside them move them out of the way.
 */
static void test_huge_pages(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autoptr(GArray) before = NULL;
    g_autoptr(GArray) after = NULL;
    g_autofree char *check = NULL;
    gint64 remaps;
    guint32 pid;

    if (!scene) {
        return;
    }
    pid = scatter_companion(scene->vm);
    before = companion_frames(scene->vm, pid);
    remaps = companion_counter(scene->vm, "host", "remaps");
    collapse_and_compare(scene);
    after = companion_frames(scene->vm, pid);
    g_test_message("%d huge pages, %u beacon pages moved", collapsed(scene->vm),
                   count_moved(before, after));
    g_assert_cmpint(collapsed(scene->vm), >, 0);
    g_assert_cmpuint(count_moved(before, after), >, 0);
    companion_wait_live(scene->vm, pid);
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    scene_focus(scene, scene_pid(scene, "threads"), 2);
    scene_check_processes(scene);
    g_assert_cmpint(companion_counter(scene->vm, "guest", "pages-moved"), >, 0);
    g_assert_cmpint(companion_counter(scene->vm, "host", "remaps"), >, remaps);
    check = g_strdup_printf(
        "grep -q '^AnonHugePages: *0 kB' /proc/%u/smaps_rollup", pid);
    g_free(vm_guest_run(scene->vm, check, NULL));
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("moves/balloon", test_balloon);
    qemus_add_test("moves/dimm", test_dimm);
    qemus_add_test("moves/huge-pages", test_huge_pages);
    status = g_test_run();
    scene_drop();
    return status;
}
