/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cross-view of a kernel, on a small made-up one: who is missing where, and
 * tables and trees that lead nowhere or round. tests/guest/test_check.c has a
 * real one.
 */

#include <glib.h>
#include <string.h>

#include "kernel_world.h"

#define SECOND_NS UINT64_C(1000000000)

#define BIT(witness) HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_##witness)
#define KERNEL       (BIT(TASKS) | BIT(PIDS) | BIT(CHILDREN))
#define EVERYBODY    (KERNEL | BIT(PROCESSORS))

typedef struct Fixture {
    KernelWorld world;
    HaywireCheck *check;
    uint64_t seconds;
} Fixture;

#define OFFSET(image, id) ((image)->members.member[id].offset)

/* An executable whose file system makes its name, and one in a folder. */
static void set_executable(KernelImage *image, unsigned number, bool is_file)
{
    uint64_t file = KERNEL_IMAGE_QUEUE + (number + 1) * 0x1000,
             entry = file + 512;
    uint64_t mount = file + 1024, ops = file + 1536;

    kernel_image_set(image, kernel_image_mm(number), M_MM_EXE_FILE,
                     kernel_image_address(file));
    kernel_image_set(image, file, M_FILE_DENTRY, kernel_image_address(entry));
    kernel_image_set(image, file, M_FILE_MNT,
                     kernel_image_address(mount) + OFFSET(image, M_MOUNT_MNT));
    kernel_image_set(image, entry, M_DENTRY_PARENT,
                     kernel_image_address(entry));
    kernel_image_set(image, entry, M_DENTRY_OPS, kernel_image_address(ops));
    kernel_image_set(image, ops, M_OPS_NAME, is_file ? 0 : 1);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_open(&fixture->world, kernel_image_new());
    haywire_watch_set_from(fixture->world.watch, HAYWIRE_FROM_COMPANION);
    fixture->check = haywire_check_new();
    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        set_executable(fixture->world.image, i, true);
    }
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_check_free(fixture->check);
    kernel_world_close(&fixture->world);
}

static HaywireCheckSummary look(Fixture *fixture)
{
    uint64_t time = ++fixture->seconds * SECOND_NS;
    HaywireNow now = { .now_ns = time, .host_ns = time };
    HaywireCheckSummary summary;
    HaywireModel *model;

    g_assert_cmpint(
        haywire_watch_check(fixture->world.watch, now, fixture->check, &model),
        ==, HAYWIRE_OK);
    haywire_model_unref(model);
    haywire_check_summary(fixture->check, &summary);
    return summary;
}

/* The first look sees no kernel that goes on yet, and does not count. */
static HaywireCheckSummary look_often(Fixture *fixture)
{
    HaywireCheckSummary summary = look(fixture);

    for (int i = 0; i < HAYWIRE_CHECK_LOOKS; i++) {
        g_assert_cmpuint(summary.looks, ==, i);
        g_assert_cmpuint(summary.suspicious, ==, 0);
        g_assert_false(haywire_check_is_done(fixture->check));
        kernel_image_run(fixture->world.image);
        summary = look(fixture);
    }
    g_assert_cmpuint(summary.looks, ==, HAYWIRE_CHECK_LOOKS);
    g_assert_true(haywire_check_is_done(fixture->check));
    return summary;
}

static const HaywireChecked *process(Fixture *fixture, uint32_t pid)
{
    const HaywireChecked *known, *found = NULL;
    size_t count;

    known = haywire_check_processes(fixture->check, &count);
    for (size_t i = 0; i < count; i++) {
        if (known[i].pid == pid) {
            g_assert_null(found);
            found = &known[i];
        }
    }
    g_assert_nonnull(found);
    return found;
}

static void test_honest(Fixture *fixture, gconstpointer data)
{
    HaywireCheckSummary summary = look_often(fixture);

    (void)data;
    g_assert_cmpuint(summary.heard, ==, EVERYBODY);
    g_assert_cmpuint(summary.processes, ==, KERNEL_IMAGE_PROCESSES);
    g_assert_cmpuint(summary.suspicious, ==, 0);
    for (uint32_t pid = 1; pid <= KERNEL_IMAGE_PROCESSES; pid++) {
        g_autofree char *name = g_strdup_printf("process-%u", pid);
        const HaywireChecked *known = process(fixture, pid);

        g_assert_cmpstr(known->name, ==, name);
        g_assert_cmpint(known->verdict, ==, HAYWIRE_VERDICT_SEEN_BY_ALL);
        g_assert_cmpuint(known->witnesses, ==, pid == 1 ? EVERYBODY : KERNEL);
    }
}

/* A kernel that stands still is looked at once, however often that is. */
static void test_still(Fixture *fixture, gconstpointer data)
{
    (void)data;
    look(fixture);
    kernel_image_run(fixture->world.image);
    look(fixture);
    g_assert_cmpuint(look(fixture).looks, ==, 1);
    fixture->seconds += 10; /* until it is known to do so for good */
    look(fixture);
    g_assert_cmpuint(look(fixture).looks, ==, 3);
}

static void assert_only(Fixture *fixture, uint32_t pid, HaywireVerdict verdict,
                        uint16_t witnesses)
{
    g_assert_cmpuint(look_often(fixture).suspicious, ==, 1);
    g_assert_cmpint(process(fixture, pid)->verdict, ==, verdict);
    g_assert_cmpuint(process(fixture, pid)->witnesses, ==, witnesses);
}

static void test_hidden_from_tasks(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_image_unlink(fixture->world.image, 2, M_TASK_TASKS);
    assert_only(fixture, 3, HAYWIRE_VERDICT_HIDDEN_FROM_TASKS,
                BIT(PIDS) | BIT(CHILDREN));
}

static void clear_place(Fixture *fixture, unsigned number)
{
    memset(fixture->world.image->bytes +
               kernel_image_place(fixture->world.image, number),
           0, 8);
}

static void test_hidden_from_pids(Fixture *fixture, gconstpointer data)
{
    (void)data;
    clear_place(fixture, 2);
    assert_only(fixture, 3, HAYWIRE_VERDICT_HIDDEN_FROM_PIDS,
                BIT(TASKS) | BIT(CHILDREN));
}

static void test_hidden_from_children(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_image_unlink(fixture->world.image, 2, M_TASK_SIBLING);
    assert_only(fixture, 3, HAYWIRE_VERDICT_HIDDEN_FROM_CHILDREN,
                BIT(TASKS) | BIT(PIDS));
}

/* What runs just now is found when no list has it. */
static void test_running(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;

    (void)data;
    kernel_image_set(image, KERNEL_IMAGE_QUEUE, M_PROCESSOR_RUNS,
                     kernel_image_address(kernel_image_task(2)));
    kernel_image_unlink(image, 2, M_TASK_TASKS);
    kernel_image_unlink(image, 2, M_TASK_SIBLING);
    clear_place(fixture, 2);
    assert_only(fixture, 3, HAYWIRE_VERDICT_HIDDEN_FROM_TASKS, BIT(PROCESSORS));
}

/* Two looks are not three. */
static void test_moment(Fixture *fixture, gconstpointer data)
{
    g_autofree uint8_t *whole =
        g_memdup2(fixture->world.image->bytes, KERNEL_IMAGE_SIZE);

    (void)data;
    look(fixture);
    for (int i = 0; i < 8; i++) {
        memcpy(fixture->world.image->bytes, whole, KERNEL_IMAGE_SIZE);
        if (i % 3 != 2) {
            kernel_image_unlink(fixture->world.image, 2, M_TASK_TASKS);
        }
        for (int j = 0; j <= i; j++) {
            kernel_image_run(fixture->world.image);
        }
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
    g_assert_cmpuint(look(fixture).processes, ==, KERNEL_IMAGE_PROCESSES);
}

/* One that ends is no case, unless it was one before. */
static void test_ended(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;
    HaywireCheckSummary summary;

    (void)data;
    kernel_image_unlink(image, 2, M_TASK_TASKS);
    look_often(fixture);
    for (unsigned i = 2; i < 4; i++) {
        clear_place(fixture, i);
        kernel_image_unlink(image, i, M_TASK_SIBLING);
    }
    kernel_image_unlink(image, 3, M_TASK_TASKS);
    summary = look(fixture);
    g_assert_cmpuint(summary.ended, ==, 1);
    g_assert_cmpuint(summary.suspicious, ==, 1);
    g_assert_cmpuint(summary.processes, ==, KERNEL_IMAGE_PROCESSES - 2);
    g_assert_cmpint(process(fixture, 3)->verdict, ==,
                    HAYWIRE_VERDICT_HIDDEN_FROM_TASKS);
    g_assert_cmpint(process(fixture, 4)->verdict, ==, HAYWIRE_VERDICT_ENDED);
}

#define KERNEL_THREAD 0x200000
/* The flag, and memory that is its own; borrowed memory is no sin. */
static void test_kernel_thread(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;

    (void)data;
    for (unsigned i = 2; i < 4; i++) {
        kernel_image_set(image, kernel_image_task(i), M_TASK_FLAGS,
                         KERNEL_THREAD);
        kernel_image_set(image, kernel_image_mm(i), M_MM_OWNER,
                         kernel_image_address(kernel_image_task(2)));
    }
    assert_only(fixture, 3, HAYWIRE_VERDICT_NO_KERNEL_THREAD, KERNEL);
}

static void set_arguments(KernelImage *image, unsigned number, const char *text)
{
    memcpy(image->bytes + kernel_image_page(number), text, strlen(text) + 1);
    kernel_image_set(image, kernel_image_mm(number), M_MM_ARG_START,
                     KERNEL_IMAGE_USER);
    kernel_image_set(image, kernel_image_mm(number), M_MM_ARG_END,
                     KERNEL_IMAGE_USER + strlen(text) + 1);
}

static void test_brackets(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_arguments(fixture->world.image, 1, "[worker] of a program");
    set_arguments(fixture->world.image, 2, "[kworker/0:1]");
    set_arguments(fixture->world.image, 3, "[");
    assert_only(fixture, 3, HAYWIRE_VERDICT_NO_KERNEL_THREAD, KERNEL);
}

static void test_no_file(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_executable(fixture->world.image, 2, false);
    assert_only(fixture, 3, HAYWIRE_VERDICT_NO_FILE, KERNEL);
}

static void test_no_executable(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_image_set(fixture->world.image, kernel_image_mm(2), M_MM_EXE_FILE,
                     0);
    assert_only(fixture, 3, HAYWIRE_VERDICT_NO_FILE, KERNEL);
}

static void put(Fixture *fixture, uint64_t gpa, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(fixture->world.image->bytes + gpa, &value, sizeof(value));
}

/* The other witnesses go on, and nobody is hidden from this one. */
static void assert_not_heard(Fixture *fixture, uint16_t witness)
{
    gint64 began = g_get_monotonic_time();

    haywire_check_free(fixture->check);
    fixture->check = haywire_check_new();
    for (int i = 0; i < HAYWIRE_CHECK_LOOKS; i++) {
        kernel_image_run(fixture->world.image);
        look(fixture);
    }
    g_assert_cmpuint(look(fixture).heard, ==, EVERYBODY & ~witness);
    g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 60 * G_USEC_PER_SEC);
}

/* Of the table of pids, what would take for ever if it were believed. */
static void test_pid_bombs(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;
    uint64_t node = KERNEL_IMAGE_NODE, own = kernel_image_address(node) + 2;
    uint64_t tree = KERNEL_IMAGE_SPACE + OFFSET(image, M_SPACE_TREE);
    uint64_t slots = node + OFFSET(image, M_TREE_SLOTS);
    g_autofree uint8_t *whole = g_memdup2(image->bytes, KERNEL_IMAGE_SIZE);
    static const uint64_t shifts[] = { 6, 30, 31, 63, UINT64_MAX };

    (void)data;
    look(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(shifts); i++) {
        /* A node that is its own child, in all places: 64^10 paths. */
        kernel_image_set(image, node, M_TREE_SHIFT, shifts[i]);
        for (int j = 0; j < 64; j++) {
            put(fixture, slots + j * 8, own);
        }
        assert_not_heard(fixture, BIT(PIDS));
    }
    /* Nodes below each other, and every pid in the wrong place. */
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t at = KERNEL_IMAGE_QUEUE + (i + 16) * 0x1000;

        kernel_image_set(image, at, M_TREE_SHIFT, 24 - i * 6);
        for (uint64_t j = 0; j < 64; j++) {
            put(fixture, at + OFFSET(image, M_TREE_SLOTS) + j * 8,
                i == 4 ? 0 : kernel_image_address(at + 0x1000) + 2);
        }
    }
    kernel_image_set(image, tree, M_TREE_HEAD,
                     kernel_image_address(KERNEL_IMAGE_QUEUE + 0x10000) + 2);
    assert_not_heard(fixture, BIT(PIDS));
    memcpy(image->bytes, whole, KERNEL_IMAGE_SIZE);
    put(fixture, slots + 20 * 8, kernel_image_address(kernel_image_pid(1)));
    assert_not_heard(fixture, BIT(PIDS));
    put(fixture, slots + 20 * 8, 0x402); /* is being moved, for ever */
    assert_not_heard(fixture, BIT(PIDS));
    put(fixture, slots + 20 * 8, UINT64_MAX - 3);
    assert_not_heard(fixture, BIT(PIDS));
    memcpy(image->bytes, whole, KERNEL_IMAGE_SIZE);
    kernel_image_set(image, tree, M_TREE_HEAD, 0);
    assert_not_heard(fixture, BIT(PIDS));
}

/* Children in a circle, of two parents, of themselves, of nowhere. */
static void test_child_bombs(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;
    uint64_t sibling = OFFSET(image, M_TASK_SIBLING);
    uint64_t children = OFFSET(image, M_TASK_CHILDREN);
    uint64_t second = kernel_image_address(kernel_image_task(1));
    uint64_t third = kernel_image_address(kernel_image_task(2));
    const struct {
        uint64_t gpa, value;
    } bombs[] = {
        { kernel_image_task(2) + sibling, third + sibling },
        { kernel_image_task(2) + sibling, second + sibling },
        { kernel_image_task(1) + children, third + sibling },
        { kernel_image_task(1) + children, second + sibling },
        { kernel_image_task(2) + sibling, UINT64_MAX },
        { kernel_image_task(2) + sibling, 0 },
        { KERNEL_IMAGE_INIT + children,
          kernel_image_address(KERNEL_IMAGE_INIT) + sibling },
        { kernel_image_signal(1) + OFFSET(image, M_SIGNAL_THREAD_HEAD),
          third + OFFSET(image, M_TASK_THREAD_NODE) },
    };
    g_autofree uint8_t *whole = g_memdup2(image->bytes, KERNEL_IMAGE_SIZE);

    (void)data;
    look(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(bombs); i++) {
        memcpy(image->bytes, whole, KERNEL_IMAGE_SIZE);
        put(fixture, bombs[i].gpa, bombs[i].value);
        assert_not_heard(fixture, BIT(CHILDREN));
    }
}

/* Run queues that are none. */
static void test_queue_bombs(Fixture *fixture, gconstpointer data)
{
    (void)data;
    look(fixture);
    kernel_image_set(fixture->world.image, KERNEL_IMAGE_QUEUE, M_PROCESSOR_IDLE,
                     kernel_image_address(kernel_image_task(1)));
    assert_not_heard(fixture, BIT(PROCESSORS));
    kernel_image_set(fixture->world.image, KERNEL_IMAGE_QUEUE + 2048,
                     M_QUEUE_PROCESSOR, UINT64_MAX);
    assert_not_heard(fixture, BIT(PROCESSORS));
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/kernel-check/honest", test_honest);
    add("/kernel-check/still", test_still);
    add("/kernel-check/hidden-from-tasks", test_hidden_from_tasks);
    add("/kernel-check/hidden-from-pids", test_hidden_from_pids);
    add("/kernel-check/hidden-from-children", test_hidden_from_children);
    add("/kernel-check/running", test_running);
    add("/kernel-check/moment", test_moment);
    add("/kernel-check/ended", test_ended);
    add("/kernel-check/kernel-thread", test_kernel_thread);
    add("/kernel-check/brackets", test_brackets);
    add("/kernel-check/no-file", test_no_file);
    add("/kernel-check/no-executable", test_no_executable);
    add("/kernel-check/pid-bombs", test_pid_bombs);
    add("/kernel-check/child-bombs", test_child_bombs);
    add("/kernel-check/queue-bombs", test_queue_bombs);
    return g_test_run();
}
