/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as a provider, on a small made-up kernel and on damaged ones. Real
 * kernels are for tests/guest.
 */

#include <glib.h>
#include <string.h>

#include "kernel_world.h"

#define SECOND_NS UINT64_C(1000000000)

typedef struct Fixture {
    KernelWorld world;
    uint64_t shift; /* seconds that all looks are later */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_open(&fixture->world, kernel_image_new());
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_close(&fixture->world);
}

static HaywireModel *look(Fixture *fixture, uint64_t seconds, bool still)
{
    return kernel_world_look(&fixture->world,
                             (seconds + fixture->shift + 1) * SECOND_NS, still);
}

static void test_processes(Fixture *fixture, gconstpointer data)
{
    HaywireModel *model = look(fixture, 0, false);
    const HaywireProcess *process = haywire_model_process(model, 2);

    (void)data;
    g_assert_true(model->overview.has_guest);
    g_assert_false(model->overview.has_session);
    g_assert_cmpint(model->overview.source, ==, HAYWIRE_PROVIDER_KERNEL);
    g_assert_cmpstr(model->overview.kernel_release, ==, KERNEL_IMAGE_RELEASE);
    g_assert_cmpstr(model->overview.host_name, ==, "made-up-host");
    g_assert_cmpuint(model->process_count, ==, KERNEL_IMAGE_PROCESSES);
    g_assert_cmpstr(process->name, ==, "process-2");
    g_assert_cmpstr(process->cmdline, ==, "an argument");
    g_assert_cmpuint(process->ppid, ==, 1);
    g_assert_cmpuint(process->uid, ==, 1001);
    g_assert_cmpuint(process->threads, ==, 1);
    g_assert_cmpuint(process->vsize, ==, 3 * 4096);
    g_assert_cmpuint(process->rss, ==, 2 * 4096);
    g_assert_cmpint(process->nice, ==, 0);
    g_assert_cmpuint(process->start_time, ==, 30000000);
    g_assert_cmpint(process->state, ==, 'S');
    g_assert_cmpint(process->source, ==, HAYWIRE_PROVIDER_KERNEL);
    g_assert_cmpuint(haywire_model_process(model, 1)->ppid, ==, 0);
}

/* Live is what has been seen to go on, and nothing else. */
static void test_live(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(look(fixture, 0, false)->overview.state, ==,
                    HAYWIRE_STATE_SEARCHING);
    kernel_image_run(fixture->world.image);
    g_assert_cmpint(look(fixture, 1, false)->overview.state, ==,
                    HAYWIRE_STATE_LIVE);
    g_assert_cmpint(look(fixture, 3, false)->overview.state, ==,
                    HAYWIRE_STATE_LIVE);
    g_assert_cmpint(look(fixture, 5, false)->overview.state, ==,
                    HAYWIRE_STATE_STALE);
    kernel_image_run(fixture->world.image);
    g_assert_cmpint(look(fixture, 6, false)->overview.state, ==,
                    HAYWIRE_STATE_LIVE);
}

static void test_leftover(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(look(fixture, 0, true)->overview.state, ==,
                    HAYWIRE_STATE_STALE);
    g_assert_cmpint(look(fixture, 1, false)->overview.state, ==,
                    HAYWIRE_STATE_SEARCHING);
    g_assert_cmpint(look(fixture, 10, false)->overview.state, ==,
                    HAYWIRE_STATE_STALE);
}

/* Who waits until it is known looks once more when it could be known. */
static void test_wait(Fixture *fixture, gconstpointer data)
{
    HaywireNow later = { .now_ns = 5 * SECOND_NS, .host_ns = 5 * SECOND_NS };

    (void)data;
    look(fixture, 0, false);
    g_assert_cmpint(look(fixture, 2, false)->overview.state, ==,
                    HAYWIRE_STATE_SEARCHING);
    g_assert_cmpuint(haywire_watch_beat_wait(fixture->world.watch, later), >,
                     0);
    g_assert_cmpint(look(fixture, 4, false)->overview.state, ==,
                    HAYWIRE_STATE_STALE);
    g_assert_cmpuint(haywire_watch_beat_wait(fixture->world.watch, later), ==,
                     0);
}

/* Memory that is overwritten by what comes after it is not alive. */
static void test_overwritten(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;

    (void)data;
    kernel_image_set(image, kernel_image_task(0), M_TASK_NVCSW, 1000);
    look(fixture, 0, false);
    kernel_image_run(image);
    kernel_image_set(image, kernel_image_task(0), M_TASK_NVCSW, 7);
    g_assert_cmpint(look(fixture, 1, false)->overview.state, ==,
                    HAYWIRE_STATE_SEARCHING);
}

static void damage(Fixture *fixture, uint64_t gpa, size_t length)
{
    memset(fixture->world.image->bytes + gpa, 0xa5, length);
}

static void assert_no_kernel(Fixture *fixture, const char *why)
{
    char text[256];

    /* Late enough for a search, whatever the last one has cost. */
    fixture->shift += 1000;
    g_assert_false(look(fixture, 0, false)->overview.has_guest);
    g_assert_cmpuint(fixture->world.model->process_count, ==, 0);
    haywire_watch_explain(fixture->world.watch, text, sizeof(text));
    if (!strstr(text, why)) {
        g_error("'%s' is not in '%s'", why, text);
    }
}

static void test_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    damage(fixture, KERNEL_IMAGE_NOTE, 4);
    damage(fixture, KERNEL_IMAGE_TYPES, 4);
    assert_no_kernel(fixture, "No Linux kernel in this memory");
}

static void assert_bare(Fixture *fixture)
{
    g_assert_cmpuint(look(fixture, 0, false)->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
    g_assert_cmpstr(fixture->world.model->overview.kernel_release, ==,
                    KERNEL_IMAGE_RELEASE);
    g_assert_cmpstr(haywire_model_process(fixture->world.model, 2)->cmdline, ==,
                    "an argument");
}

/* Without a note its types and its first task are enough. */
static void test_no_note(Fixture *fixture, gconstpointer data)
{
    (void)data;
    damage(fixture, KERNEL_IMAGE_NOTE, 4);
    assert_bare(fixture);
}

/* A note that is another kernel's is no help, and does no harm. */
static void test_other_note(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->world.image->bytes[KERNEL_IMAGE_NOTE + strlen("OSRELEASE=")] = '7';
    assert_bare(fixture);
}

static void test_no_first_task(Fixture *fixture, gconstpointer data)
{
    (void)data;
    damage(fixture, KERNEL_IMAGE_NOTE, 4);
    kernel_image_set(fixture->world.image, KERNEL_IMAGE_INIT,
                     M_TASK_REAL_PARENT, 1);
    assert_no_kernel(fixture, "but no first task that a page table maps");
}

static void test_no_table(Fixture *fixture, gconstpointer data)
{
    (void)data;
    memset(fixture->world.image->bytes + KERNEL_IMAGE_ROOT, 0, 4096);
    assert_no_kernel(fixture, "Only a leftover of the kernel "
                              "6.1.0-made-up: its page table");
}

static void test_no_types(Fixture *fixture, gconstpointer data)
{
    (void)data;
    damage(fixture, KERNEL_IMAGE_TYPES, 4);
    assert_no_kernel(fixture, "does not describe its types");
}

static void test_other_machine(Fixture *fixture, gconstpointer data)
{
    static const char key[] = "NUMBER(phys_base)=0";
    uint8_t *note = fixture->world.image->bytes + KERNEL_IMAGE_NOTE;

    (void)data;
    memcpy(memmem(note, 4096, key, strlen(key)), "NUMBER(phys_ramb)=1", 19);
    damage(fixture, KERNEL_IMAGE_TYPES, 4);
    assert_no_kernel(fixture, "is one for neither x86-64 nor arm64");
}

/* A member that is needed has another name. */
static void test_missing_member(Fixture *fixture, gconstpointer data)
{
    uint8_t *types = fixture->world.image->bytes + KERNEL_IMAGE_TYPES;

    (void)data;
    memcpy(memmem(types, fixture->world.image->types, "real_cred", 9), "fake",
           4);
    assert_no_kernel(fixture, "has no member task_struct.real_cred");
}

static void set_next(Fixture *fixture, unsigned process, uint64_t value)
{
    kernel_image_set(fixture->world.image, kernel_image_task(process),
                     M_TASK_TASKS, value);
}

static uint64_t element(const Fixture *fixture, unsigned process)
{
    return kernel_image_address(kernel_image_task(process)) +
           fixture->world.image->members.member[M_TASK_TASKS].offset;
}

/* Lists that lead nowhere, or round, or past some. */
static void test_torn_lists(Fixture *fixture, gconstpointer data)
{
    const uint64_t wrong[] = { 0,
                               1,
                               UINT64_MAX,
                               element(fixture, 4),
                               element(fixture, 0),
                               element(fixture, 2) + 8,
                               UINT64_C(0xffff888000000000),
                               UINT64_C(0x1000) };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        set_next(fixture, 2, wrong[i]);
        assert_no_kernel(fixture, "has no list of processes that is whole");
    }
    set_next(fixture, 2, element(fixture, 3));
    fixture->shift += 1000;
    g_assert_cmpuint(look(fixture, 1, false)->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
    /* The one that is known: what is torn is not shown. */
    set_next(fixture, 2, element(fixture, 2));
    g_assert_false(look(fixture, 2, false)->overview.has_guest);
    set_next(fixture, 2, element(fixture, 3));
    g_assert_cmpuint(look(fixture, 3, false)->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
}

/* Threads in a circle that has no end: the sums are left out. */
static void test_thread_circle(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;
    uint64_t node =
        kernel_image_task(1) + image->members.member[M_TASK_THREAD_NODE].offset;

    (void)data;
    kernel_image_set(image, kernel_image_task(1), M_TASK_THREAD_NODE,
                     kernel_image_address(node));
    kernel_image_set(image, kernel_image_signal(1), M_SIGNAL_THREADS,
                     0xffffffff);
    look(fixture, 0, false);
    g_assert_cmpuint(fixture->world.model->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
    g_assert_false(haywire_model_process(fixture->world.model, 2)->known &
                   1u << HAYWIRE_FIELD_MINOR_FAULTS);
    g_assert_true(haywire_model_process(fixture->world.model, 3)->known &
                  1u << HAYWIRE_FIELD_MINOR_FAULTS);
}

static void test_sections(Fixture *fixture, gconstpointer data)
{
    HaywireTranslation translation;
    HaywireSectionList sections;
    HaywirePageRunList runs;

    (void)data;
    haywire_watch_want(fixture->world.watch, 0, 2);
    look(fixture, 0, false);
    g_assert_cmpint(haywire_model_sections(fixture->world.model, 2, &sections),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(sections.source, ==, HAYWIRE_ORIGIN_KERNEL);
    g_assert_true(sections.complete);
    g_assert_cmpuint(sections.count, ==, 1);
    g_assert_cmphex(sections.section->start, ==, KERNEL_IMAGE_USER);
    g_assert_cmpstr(sections.section->permissions, ==, "r-xp");
    g_assert_cmpint(haywire_model_page_runs(fixture->world.model, 2, &runs), ==,
                    HAYWIRE_OK);
    g_assert_true(runs.complete);
    g_assert_cmpuint(runs.count, ==, 1);
    g_assert_cmpuint(runs.run->pages, ==, 1);
    g_assert_cmpint(haywire_model_translate(
                        fixture->world.model, 2,
                        (HaywireGva){ KERNEL_IMAGE_USER + 5 }, &translation),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(translation.gpa.value, ==, kernel_image_page(1) + 5);
    g_assert_cmpint(haywire_model_translate(fixture->world.model, 2,
                                            (HaywireGva){ 0 }, &translation),
                    ==, HAYWIRE_NOT_PRESENT);
    /* Of others nobody asked. */
    g_assert_cmpint(haywire_model_sections(fixture->world.model, 3, &sections),
                    ==, HAYWIRE_NO_SECTIONS);
}

/* A pointer to the node of process 2, with its type, as the kernel has it. */
static uint64_t node_entry(uint64_t type)
{
    return kernel_image_address(kernel_image_node(1)) | type << 3;
}

static void set_tree(Fixture *fixture, uint64_t root, uint64_t slot,
                     uint64_t pivot)
{
    KernelImage *image = fixture->world.image;
    uint64_t node = kernel_image_node(1);

    kernel_image_set(image, kernel_image_mm(1), M_MM_TREE, root);
    for (uint64_t i = 0; i < 15; i++) {
        kernel_image_set(image, node + i * 8, M_RANGE_SLOT, slot);
        kernel_image_set(image, node + i * 8, M_RANGE_PIVOT, pivot + i);
    }
}

/* One leaf; then trees that are none: each is told as incomplete, soon. */
static void test_trees(Fixture *fixture, gconstpointer data)
{
    uint64_t area = kernel_image_address(kernel_image_area(1));
    struct {
        uint64_t root, slot, pivot;
        bool good;
    } trees[] = {
        { node_entry(1) | 2, area, UINT64_MAX, true },
        { node_entry(1) | 2, area, 1, false }, /* each slot is the same */
        { node_entry(2) | 2, node_entry(2), 1, false }, /* its own child */
        { node_entry(3) | 2, node_entry(3), 1, false },
        { node_entry(9) | 2, area, UINT64_MAX, false },
        { node_entry(1) | 2, 0x12345678, UINT64_MAX, false },
        { UINT64_MAX, area, 1, false },
    };
    HaywireSectionList sections;

    (void)data;
    haywire_watch_want(fixture->world.watch, 0, 2);
    for (gsize i = 0; i < G_N_ELEMENTS(trees); i++) {
        set_tree(fixture, trees[i].root, trees[i].slot, trees[i].pivot);
        look(fixture, i, false);
        g_assert_cmpint(
            haywire_model_sections(fixture->world.model, 2, &sections), ==,
            HAYWIRE_OK);
        g_assert_cmpint(sections.complete, ==, trees[i].good);
        g_assert_cmpuint(sections.count, <=, 1);
    }
}

/* Without a companion, auto is the kernel; and the companion alone is none. */
static void test_auto(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_watch_set_from(fixture->world.watch, HAYWIRE_FROM_AUTO);
    g_assert_cmpuint(look(fixture, 0, false)->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
    haywire_watch_set_from(fixture->world.watch, HAYWIRE_FROM_COMPANION);
    g_assert_false(look(fixture, 1, false)->overview.has_guest);
}

/* Whoever is shown, the kernel is asked as well, and only as long as that. */
static void test_asked(Fixture *fixture, gconstpointer data)
{
    HaywireModel *told;

    (void)data;
    haywire_watch_set_from(fixture->world.watch, HAYWIRE_FROM_COMPANION);
    haywire_watch_ask_kernel(fixture->world.watch, true);
    g_assert_false(look(fixture, 0, false)->overview.has_guest);
    told = haywire_watch_told(fixture->world.watch, HAYWIRE_PROVIDER_KERNEL);
    g_assert_cmpuint(told->process_count, ==, KERNEL_IMAGE_PROCESSES);
    told = haywire_watch_told(fixture->world.watch, HAYWIRE_PROVIDER_COMPANION);
    g_assert_cmpuint(told->process_count, ==, 0);
    haywire_watch_ask_kernel(fixture->world.watch, false);
    look(fixture, 1, false);
    g_assert_null(
        haywire_watch_told(fixture->world.watch, HAYWIRE_PROVIDER_KERNEL));
    /* What it had found is forgotten after a minute, and found once more. */
    look(fixture, 100, false);
    haywire_watch_ask_kernel(fixture->world.watch, true);
    look(fixture, 101, false);
    told = haywire_watch_told(fixture->world.watch, HAYWIRE_PROVIDER_KERNEL);
    g_assert_cmpuint(told->process_count, ==, KERNEL_IMAGE_PROCESSES);
    g_assert_cmpint(told->overview.state, ==, HAYWIRE_STATE_SEARCHING);
}

/* A machine that stands still has a clock that does, and is not stale. */
static void test_paused(Fixture *fixture, gconstpointer data)
{
    HaywireNow now = { .now_ns = 2 * SECOND_NS, .host_ns = 2 * SECOND_NS };
    HaywireModel *model;

    (void)data;
    look(fixture, 0, false);
    kernel_image_run(fixture->world.image);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(haywire_watch_look(fixture->world.watch, now, &model),
                        ==, HAYWIRE_OK);
        g_assert_cmpint(model->overview.state, ==,
                        i > 0 ? HAYWIRE_STATE_PAUSED : HAYWIRE_STATE_LIVE);
        haywire_model_unref(model);
        now.paused = true;
        now.host_ns += 100 * SECOND_NS;
    }
}

static void assert_told_of(const HaywireModel *model, uint32_t pid)
{
    HaywireSectionList sections;
    HaywirePageRunList runs;

    g_assert_cmpint(haywire_model_sections(model, pid, &sections), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_model_page_runs(model, pid, &runs), ==, HAYWIRE_OK);
    g_assert_cmpuint(sections.pid, ==, pid);
    g_assert_cmpuint(runs.pid, ==, pid);
}

static void test_wanted(Fixture *fixture, gconstpointer data)
{
    HaywireSectionList sections;
    HaywireNow now = { .host_ns = SECOND_NS };

    (void)data;
    haywire_watch_want(fixture->world.watch, 0, 2);
    haywire_watch_want(fixture->world.watch, 1, 1);
    assert_told_of(look(fixture, 0, false), 1);
    assert_told_of(fixture->world.model, 2);
    haywire_watch_want(fixture->world.watch, 1, 0);
    look(fixture, 1, false);
    g_assert_cmpint(haywire_model_sections(fixture->world.model, 1, &sections),
                    ==, HAYWIRE_NO_SECTIONS);
    assert_told_of(fixture->world.model, 2);
    /* What is wanted is not put off until the interval is over. */
    kernel_image_run(fixture->world.image);
    look(fixture, 2, false);
    now.host_ns = now.now_ns = 3 * SECOND_NS;
    g_assert_cmpuint(haywire_watch_next(fixture->world.watch, now, SECOND_NS),
                     ==, SECOND_NS);
    haywire_watch_want(fixture->world.watch, 1, 1);
    g_assert_cmpuint(haywire_watch_next(fixture->world.watch, now, SECOND_NS),
                     <, SECOND_NS);
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/kernel/processes", test_processes);
    add("/kernel/live", test_live);
    add("/kernel/leftover", test_leftover);
    add("/kernel/wait", test_wait);
    add("/kernel/overwritten", test_overwritten);
    add("/kernel/no-note", test_no_note);
    add("/kernel/no-table", test_no_table);
    add("/kernel/other-note", test_other_note);
    add("/kernel/nothing", test_nothing);
    add("/kernel/no-first-task", test_no_first_task);
    add("/kernel/no-types", test_no_types);
    add("/kernel/other-machine", test_other_machine);
    add("/kernel/missing-member", test_missing_member);
    add("/kernel/torn-lists", test_torn_lists);
    add("/kernel/thread-circle", test_thread_circle);
    add("/kernel/sections", test_sections);
    add("/kernel/trees", test_trees);
    add("/kernel/auto", test_auto);
    add("/kernel/asked", test_asked);
    add("/kernel/paused", test_paused);
    add("/kernel/wanted", test_wanted);
    return g_test_run();
}
