/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page runs and translation: every view against the guest's /proc/PID/pagemap,
 * and the bytes at the translated place in the RAM file against the content
 * that the guest put there. Arguments: the machine type and its memory.
 */
#include "../qemu/qemus.h"
#include "ram_file.h"
#include "scene.h"

#include <glib/gstdio.h>
#include <string.h>

#define PAGE      4096u
#define FOUR_GIB  (4ull << 30)
#define KNOWN_MAX 32

#define DUMP_TIMEOUT_S 300

/* Processes with content at known addresses. */
static const char *const content_animals[] = {
    "plain",     "huge-thp",      "huge-pool",
    "forbidden", "file-odd-path", "file-deleted",
};

static const char *machine;
static const char *memory;

/* One address of which the guest told the frame and the content. */
typedef struct {
    guint32 pid;
    guint64 address;
    guint64 entry; /* of pagemap */
} Known;

/* Of the processes that both cameras show when QEMU ends. */
static Known last[KNOWN_MAX];
static gsize last_count;

static Scene *get_scene(const char *qemu)
{
    return scene_get(
        &(VmOptions){ .qemu = qemu, .machine = machine, .memory = memory });
}

static gboolean covers(JsonObject *run, guint64 address)
{
    guint64 start = (guint64)compare_int(run, "address");
    guint64 pages = (guint64)compare_int(run, "pages");

    return address >= start && address - start < pages * PAGE;
}

/* The run that holds @address, or NULL. */
static JsonObject *run_at(JsonNode *answer, guint64 address)
{
    JsonArray *runs =
        json_object_get_array_member(json_node_get_object(answer), "runs");

    for (guint i = 0; i < json_array_get_length(runs); i++) {
        JsonObject *run = json_array_get_object_element(runs, i);

        if (covers(run, address)) {
            return run;
        }
    }
    return NULL;
}

static guint64 pfn_in_run(JsonObject *run, guint64 address)
{
    guint64 start = (guint64)compare_int(run, "address");

    return (guint64)compare_int(run, "pfn") + (address - start) / PAGE;
}

static void check_run(const View *view, const Known *known)
{
    g_autoptr(JsonNode) answer =
        view_ask_ok(view, VIEW_PAGE_RUNS, known->pid, 0);
    JsonObject *run = run_at(answer, known->address);

    g_assert_true(compare_bool(json_node_get_object(answer), "complete"));
    if (!run) {
        g_error("%s: no run of %u has %" G_GINT64_MODIFIER "x", view->name,
                known->pid, known->address);
    }
    g_assert_true(compare_bool(run, "present"));
    g_assert_false(compare_bool(run, "swapped"));
    g_assert_cmphex(pfn_in_run(run, known->address), ==,
                    known->entry & TRUTH_PAGEMAP_PFN);
}

static void check_translate(const View *view, const char *ram_path,
                            const Known *known)
{
    g_autofree char *content = truth_content(known->address);
    g_autoptr(JsonNode) answer =
        view_ask_ok(view, VIEW_TRANSLATE, known->pid, known->address);
    JsonObject *place = json_node_get_object(answer);
    guint64 gpa =
        (known->entry & TRUTH_PAGEMAP_PFN) * PAGE + known->address % PAGE;

    g_assert_cmphex((guint64)compare_int(place, "gpa"), ==, gpa);
    g_assert_cmpint(compare_int(place, "pid"), ==, known->pid);
    if (!ram_file_holds(ram_path, (guint64)compare_int(place, "offset"),
                        content, TRUTH_CONTENT_SIZE)) {
        g_error("%s: at offset %" G_GINT64_MODIFIER
                "x is not the content of %u:%" G_GINT64_MODIFIER "x",
                view->name, compare_int(place, "offset"), known->pid,
                known->address);
    }
}

/* All `at=` addresses of an animal that are present now. */
static gsize learn(Scene *scene, const char *name, Known known[KNOWN_MAX])
{
    const TruthAnimal *animal = truth_animal(scene->animals, name);
    gsize count = 0;
    guint64 address;

    while (count < KNOWN_MAX &&
           truth_animal_address(animal, "at", (unsigned int)count, &address)) {
        guint64 entry = truth_pagemap(scene->vm, animal->pid, address);

        g_assert_true(entry & TRUTH_PAGEMAP_PRESENT);
        g_assert_cmphex(entry & TRUTH_PAGEMAP_PFN, !=, 0);
        known[count++] = (Known){ animal->pid, address, entry };
    }
    return count;
}

static void check_animal(Scene *scene, const char *name, unsigned int camera)
{
    Known known[KNOWN_MAX];
    gsize count = learn(scene, name, known);

    if (count == 0) {
        return;
    }
    scene_focus(scene, known[0].pid, camera);
    for (gsize i = 0; i < count; i++) {
        for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
            check_run(&scene->live[view], &known[i]);
            check_translate(&scene->live[view], vm_ram_path(scene->vm),
                            &known[i]);
        }
    }
}

static void test_content(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(content_animals); i++) {
        check_animal(scene, content_animals[i], 1 + (unsigned int)i % 2);
    }
}

/* With 4 GiB some of the content must lie above the hole, or we test naught. */
static void test_above_hole(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Known known[KNOWN_MAX];
    guint64 highest = 0;

    if (!scene) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(content_animals); i++) {
        gsize count = learn(scene, content_animals[i], known);

        for (gsize k = 0; k < count; k++) {
            highest = MAX(highest, (known[k].entry & TRUTH_PAGEMAP_PFN) * PAGE);
        }
    }
    g_assert_cmphex(highest, >=, FOUR_GIB);
}

static void test_absent(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint64 address;

    if (!scene) {
        return;
    }
    scene_focus(scene, scene_pid(scene, "plain"), 1);
    g_assert_true(truth_animal_address(truth_animal(scene->animals, "plain"),
                                       "absent", 0, &address));
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        guint32 pid = scene_pid(scene, "plain");
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, pid, 0);
        g_autoptr(GError) error = NULL;

        g_assert_null(run_at(answer, address));
        g_assert_null(
            view_ask(&scene->live[view], VIEW_TRANSLATE, pid, address, &error));
        g_assert_nonnull(error);
    }
}

static void check_swapped(const View *view, guint32 pid, guint64 address,
                          guint64 entry)
{
    g_autoptr(JsonNode) answer = view_ask_ok(view, VIEW_PAGE_RUNS, pid, 0);
    JsonObject *run = run_at(answer, address);
    g_autoptr(GError) error = NULL;
    guint64 start;

    g_assert_nonnull(run);
    start = (guint64)compare_int(run, "address");
    g_assert_true(compare_bool(run, "swapped"));
    g_assert_false(compare_bool(run, "present"));
    g_assert_cmpint(compare_int(run, "swap-type"), ==, (gint64)(entry & 0x1f));
    g_assert_cmphex((guint64)compare_int(run, "swap-offset") +
                        (address - start) / PAGE,
                    ==, (entry & TRUTH_PAGEMAP_PFN) >> 5);
    g_assert_null(view_ask(view, VIEW_TRANSLATE, pid, address, &error));
    g_assert_nonnull(error);
}

static void test_swapped(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    const TruthAnimal *animal;
    guint64 address, entry;

    if (!scene) {
        return;
    }
    animal = truth_animal(scene->animals, "swapped");
    if (!truth_animal_address(animal, "swapped", 0, &address)) {
        g_test_skip("this guest has no swap");
        return;
    }
    entry = truth_pagemap(scene->vm, animal->pid, address);
    g_assert_true(entry & TRUTH_PAGEMAP_SWAPPED);
    scene_focus(scene, animal->pid, 2);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        check_swapped(&scene->live[view], animal->pid, address, entry);
    }
}

/* Pages that are neither there nor in swap, as the guest's pagemap has them. */
static void check_empty(Scene *scene, const char *name, const char *key,
                        const char *member, guint64 bit)
{
    const TruthAnimal *animal = truth_animal(scene->animals, name);
    guint64 address;

    if (!truth_animal_address(animal, key, 0, &address)) {
        g_test_message("this guest has no %s", name);
        return;
    }
    g_assert_true(truth_pagemap(scene->vm, animal->pid, address) & bit);
    scene_focus(scene, animal->pid, 1);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, animal->pid, 0);
        JsonObject *run = run_at(answer, address);

        g_assert_nonnull(run);
        g_assert_true(compare_bool(run, member));
        g_assert_false(compare_bool(run, "swapped"));
        g_assert_false(compare_bool(run, "present"));
        g_assert_false(json_object_has_member(run, "swap-offset"));
        g_assert_false(json_object_has_member(run, "pfn"));
    }
}

static void test_empty(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    check_empty(scene, "guard", "guard", "guard", TRUTH_PAGEMAP_GUARD);
    check_empty(scene, "watched", "watched", "uffd-wp", TRUTH_PAGEMAP_UFFD_WP);
}

/* Of a process whose first thread has ended: all of its memory. */
static void test_leaderless(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    const TruthAnimal *animal;
    guint64 address, size;

    if (!scene) {
        return;
    }
    animal = truth_animal(scene->animals, "leaderless");
    g_assert_true(truth_animal_address(animal, "held", 0, &address));
    g_assert_true(truth_animal_address(animal, "size", 0, &size));
    scene_focus(scene, animal->pid, 2);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, animal->pid, 0);

        g_assert_true(compare_bool(json_node_get_object(answer), "complete"));
        for (guint64 at = address; at < address + size; at += PAGE) {
            JsonObject *run = run_at(answer, at);

            g_assert_nonnull(run);
            g_assert_true(compare_bool(run, "present") ||
                          compare_bool(run, "swapped"));
        }
    }
}

/* Frames in a row, mapped page by page: never said to be one large page. */
static void test_split(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    const TruthAnimal *animal;
    guint64 address;

    if (!scene) {
        return;
    }
    animal = truth_animal(scene->animals, "huge-split");
    if (!truth_animal_address(animal, "at", 0, &address)) {
        g_test_skip("this guest has no huge pages");
        return;
    }
    scene_focus(scene, animal->pid, 1);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, animal->pid, 0);
        JsonObject *run = run_at(answer, address);

        g_assert_nonnull(run);
        g_assert_true(!json_object_has_member(run, "page-size") ||
                      compare_int(run, "page-size") == PAGE);
    }
}

static void check_dirty(Scene *scene, const char *key)
{
    const TruthAnimal *animal = truth_animal(scene->animals, "soft-dirty");
    guint64 address, entry;

    g_assert_true(truth_animal_address(animal, key, 0, &address));
    entry = truth_pagemap(scene->vm, animal->pid, address);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, animal->pid, 0);
        JsonObject *run = run_at(answer, address);

        g_assert_nonnull(run);
        g_assert_cmpint(compare_bool(run, "soft-dirty"), ==,
                        (entry & TRUTH_PAGEMAP_DIRTY) != 0);
    }
}

static void test_soft_dirty(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    scene_focus(scene, scene_pid(scene, "soft-dirty"), 2);
    check_dirty(scene, "dirty");
    check_dirty(scene, "clean");
}

/* Every other page: as many runs as pages, each of one page. */
static void test_sparse(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint32 pid;
    guint64 start;

    if (!scene) {
        return;
    }
    pid = scene_pid(scene, "sparse");
    g_assert_true(truth_animal_address(truth_animal(scene->animals, "sparse"),
                                       "start", 0, &start));
    scene_focus(scene, pid, 1);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        g_autoptr(JsonNode) answer =
            view_ask_ok(&scene->live[view], VIEW_PAGE_RUNS, pid, 0);

        g_assert_true(compare_bool(json_node_get_object(answer), "complete"));
        for (guint64 page = 0; page < 4096; page += 2) {
            JsonObject *run = run_at(answer, start + page * PAGE);

            g_assert_nonnull(run);
            g_assert_cmpint(compare_int(run, "pages"), ==, 1);
        }
    }
}

/* Leave both cameras on processes with content. */
static void keep_content(Scene *scene)
{
    static const char *const names[] = { "plain", "file-odd-path" };

    last_count = 0;
    for (unsigned int i = 0; i < G_N_ELEMENTS(names); i++) {
        Known known[KNOWN_MAX];
        gsize count = learn(scene, names[i], known);

        scene_focus(scene, known[0].pid, i + 1);
        for (gsize k = 0; k < count && last_count < KNOWN_MAX; k++) {
            last[last_count++] = known[k];
        }
    }
}

static void check_content(const View *view)
{
    for (gsize i = 0; i < last_count; i++) {
        check_run(view, &last[i]);
        check_translate(view, view->path, &last[i]);
    }
}

static gboolean is_dumped(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-dump", NULL);
    const char *status =
        json_object_get_string_member(json_node_get_object(reply), "status");

    (void)opaque;
    g_assert_cmpstr(status, !=, "failed");
    return g_str_equal(status, "completed");
}

/* QEMU's own dump of the memory is memory like the file. */
static void test_content_dump(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *path = NULL;
    g_autofree char *arguments = NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) error = NULL;

    if (!scene) {
        return;
    }
    if (!g_str_equal(memory, "1G")) {
        g_test_skip("the dump would be as large as the memory");
        return;
    }
    path = vm_private_path(scene->vm, "dump");
    arguments = g_strdup_printf(
        "{\"paging\": false, \"detach\": true, \"protocol\": \"file:%s\"}",
        path);
    keep_content(scene);
    reply = vm_qmp_try(scene->vm, "dump-guest-memory", arguments, &error);
    g_assert_no_error(error);
    vm_wait_until(scene->vm, "the dump", DUMP_TIMEOUT_S, is_dumped, NULL);
    check_content(&(View){ "haywire --ram DUMP", VIEW_TOOL_RAM, NULL, path });
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void test_content_copy(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    keep_content(scene);
    scene_end_vm(scene);
    check_content(&scene->copy);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    machine = argc > 1 ? argv[1] : "q35";
    memory = argc > 2 ? argv[2] : "1G";
    qemus_add_test("memory/content", test_content);
    if (g_str_equal(memory, "4G")) {
        qemus_add_test("memory/above-hole", test_above_hole);
    }
    qemus_add_test("memory/absent", test_absent);
    qemus_add_test("memory/swapped", test_swapped);
    qemus_add_test("memory/soft-dirty", test_soft_dirty);
    qemus_add_test("memory/empty", test_empty);
    qemus_add_test("memory/leaderless", test_leaderless);
    qemus_add_test("memory/split", test_split);
    qemus_add_test("memory/sparse", test_sparse);
    qemus_add_test("memory/content-dump", test_content_dump);
    qemus_add_test("memory/content-copy", test_content_copy);
    status = g_test_run();
    scene_drop();
    return status;
}
