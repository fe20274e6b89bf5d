/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models: cameras, page runs, translation.
 */

#include <glib.h>

#include "beacon_model.h"

#define SESSION                                            \
    "session time=10s\n"                                   \
    "geometry roundrobin=40 pid=8 camera1=20 camera2=20\n" \
    "process pid=5\nprocess pid=6\n"

#define RUNS                                                           \
    SESSION "camera 1 pid=5 pass=4\n"                                  \
            "run camera=1 gva=0x1000 pfn=0x500 pages=3 "               \
            "flags=present,pfn,file,soft-dirty,exclusive shift=12\n"   \
            "run camera=1 gva=0x4000 swap=0x77 pages=2 type=3\n"       \
            "run camera=1 gva=0x8000 flags=present\n"                  \
            "run camera=1 gva=0x200000 pfn=0x600 pages=512 shift=21\n" \
            "run camera=1 gva=0x7fff00000000 pfn=0x900\n"

static HaywirePageRunList need(const HaywireModel *model, uint32_t pid)
{
    HaywirePageRunList list;

    g_assert_cmpint(haywire_model_page_runs(model, pid, &list), ==, HAYWIRE_OK);
    g_assert_cmpuint(list.pid, ==, pid);
    return list;
}

static void test_runs(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(RUNS, NULL);
    HaywirePageRunList list = need(model, 5);

    g_assert_cmpuint(list.start_time, ==, 50000000);
    g_assert_cmpuint(list.generation, ==, 4);
    g_assert_cmpint(list.source, ==, HAYWIRE_ORIGIN_CAMERA1);
    g_assert_true(list.complete);
    g_assert_cmpuint(list.total, ==, 5);
    g_assert_cmpuint(list.count, ==, 5);
    g_assert_cmphex(list.run[0].gva.value, ==, 0x1000);
    g_assert_cmphex(list.run[0].value, ==, 0x500);
    g_assert_cmpuint(list.run[0].pages, ==, 3);
    g_assert_cmphex(list.run[0].flags, ==,
                    HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN |
                        HAYWIRE_RUN_FILE | HAYWIRE_RUN_SOFT_DIRTY |
                        HAYWIRE_RUN_EXCLUSIVE);
    g_assert_cmpuint(list.run[0].page_shift, ==, 12);
    g_assert_cmphex(list.run[1].flags, ==,
                    HAYWIRE_RUN_SWAPPED | HAYWIRE_RUN_PFN_KNOWN);
    g_assert_cmphex(list.run[1].value, ==, 0x77);
    g_assert_cmpuint(list.run[1].swap_type, ==, 3);
}

static void test_no_camera(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(RUNS, NULL);
    HaywirePageRunList list;

    g_assert_cmpint(haywire_model_page_runs(model, 6, &list), ==,
                    HAYWIRE_NO_CAMERA);
    g_assert_cmpint(haywire_model_page_runs(model, 7, &list), ==,
                    HAYWIRE_NO_PROCESS);
}

static void test_many_runs(void)
{
    GString *text = g_string_new(SESSION "camera 2 pid=6\n");
    HaywirePageRunList list;
    HaywireModel *model;

    for (unsigned i = 0; i < 1000; i++) {
        g_string_append_printf(text,
                               "run camera=2 gva=0x%x000 pfn=%u pages=1\n",
                               0x1000 + 2 * i, i + 1);
    }
    model = haywire_text_model(text->str, NULL);
    list = need(model, 6);
    g_assert_true(list.complete);
    g_assert_cmpuint(list.count, ==, 1000);
    g_assert_cmpint(list.source, ==, HAYWIRE_ORIGIN_CAMERA2);
    for (size_t i = 0; i < list.count; i++) {
        g_assert_cmpuint(list.run[i].value, ==, i + 1);
    }
    haywire_model_unref(model);
    g_string_append(text, "drop camera2 3\n");
    model = haywire_text_model(text->str, NULL);
    list = need(model, 6);
    g_assert_false(list.complete);
    g_assert_cmpuint(list.total, ==, 1000);
    g_assert_cmpuint(list.count, ==, 1000 - 162);
    g_assert_cmpuint(model->camera[1].page_runs_missing, ==, 162);
    haywire_model_unref(model);
    g_string_free(text, TRUE);
}

static void test_lying_runs(void)
{
    HaywireHostCounters host = { 0 };
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "camera 1 pid=5\n"
                "run camera=1 gva=0x5000 pfn=1 pages=2\n"
                "run camera=1 gva=0x6000 pfn=1 pages=2\n" /* overlaps */
                "run camera=1 gva=0x1000 pfn=1\n"         /* goes back */
                "run camera=1 gva=0x9800 pfn=1\n"         /* unaligned */
                "run camera=1 gva=0xa000 pfn=1 pages=0\n"
                "run camera=1 gva=0xfffffffffffff000 pfn=1 pages=2\n"
                "run camera=1 gva=0xb000 pfn=0xfffffffffffff pages=9\n"
                "run camera=1 gva=0xc000 pfn=1 shift=255\n",
        &host);
    HaywirePageRunList list = need(model, 5);

    g_assert_cmpuint(list.count, ==, 2);
    g_assert_cmphex(list.run[1].gva.value, ==, 0xc000);
    g_assert_cmpuint(list.run[1].page_shift, ==, 0);
    g_assert_false(list.complete);
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_RANGE], ==, 5);
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_COUNT], ==, 1);
}

/* Runs and sections on a page of the pass that say they are not of it. */
static void test_foreign_sets(void)
{
    static const char *const damages[] = {
        "set camera1 1 +8.4=6\n",  /* pid */
        "set camera1 1 +16.8=6\n", /* start time */
        "set camera1 1 +24.8=6\n", /* generation */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        HaywireHostCounters host = { 0 };
        g_autofree char *text = g_strconcat(RUNS, damages[i], NULL);
        g_autoptr(HaywireModel) model = haywire_text_model(text, &host);

        g_assert_cmpuint(need(model, 5).count, ==, 0);
        g_assert_false(need(model, 5).complete);
        g_assert_cmpuint(host.rejected[HAYWIRE_BAD_VALUE], ==, 1);
    }
}

static HaywireStatus translate(const HaywireModel *model, uint32_t pid,
                               uint64_t address, uint64_t *ret_gpa)
{
    HaywireTranslation result;
    HaywireStatus status =
        haywire_model_translate(model, pid, (HaywireGva){ address }, &result);

    if (status == HAYWIRE_OK) {
        g_assert_cmpuint(result.pid, ==, pid);
        g_assert_cmphex(result.address.value, ==, address);
        g_assert_cmpuint(result.generation, ==, 4);
        *ret_gpa = result.gpa.value;
    }
    return status;
}

static void test_translate(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(RUNS, NULL);
    HaywireTranslation result;
    uint64_t gpa = 0;

    g_assert_cmpint(translate(model, 5, 0x1000, &gpa), ==, HAYWIRE_OK);
    g_assert_cmphex(gpa, ==, 0x500000);
    g_assert_cmpint(translate(model, 5, 0x3fff, &gpa), ==, HAYWIRE_OK);
    g_assert_cmphex(gpa, ==, 0x502fff);
    g_assert_cmpint(translate(model, 5, 0x3fffff, &gpa), ==, HAYWIRE_OK);
    g_assert_cmphex(gpa, ==, 0x7fffff);
    g_assert_cmpint(translate(model, 5, 0x7fff00000123, &gpa), ==, HAYWIRE_OK);
    g_assert_cmphex(gpa, ==, 0x900123);
    g_assert_cmpint(translate(model, 5, 0x4000, &gpa), ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmpint(translate(model, 5, 0x8000, &gpa), ==, HAYWIRE_NO_PFN);
    g_assert_cmpint(translate(model, 5, 0, &gpa), ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmpint(translate(model, 5, 0x6000, &gpa), ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmpint(translate(model, 5, UINT64_MAX, &gpa), ==,
                    HAYWIRE_NOT_PRESENT);
    g_assert_cmpint(translate(model, 6, 0x1000, &gpa), ==, HAYWIRE_NO_CAMERA);
    g_assert_cmpint(translate(model, 7, 0x1000, &gpa), ==, HAYWIRE_NO_PROCESS);
    g_assert_cmpint(
        haywire_model_translate(model, 5, (HaywireGva){ 0x200000 }, &result),
        ==, HAYWIRE_OK);
    g_assert_cmpuint(result.page_size, ==, 2 << 20);
    g_assert_cmpint(result.source, ==, HAYWIRE_ORIGIN_CAMERA1);
}

static void test_translate_unknown(void)
{
    g_autoptr(HaywireModel) part =
        haywire_text_model(SESSION "camera 1 pid=5 pass=4 runs-total=9\n"
                                   "run camera=1 gva=0x1000 pfn=1\n",
                           NULL);
    g_autoptr(HaywireModel) none = haywire_text_model(
        SESSION "camera 1 pid=5 pass=4 flags=no-page-table\n", NULL);
    uint64_t gpa = 0;

    g_assert_cmpint(translate(part, 5, 0x1000, &gpa), ==, HAYWIRE_OK);
    g_assert_cmpint(translate(part, 5, 0x2000, &gpa), ==, HAYWIRE_NOT_HELD);
    g_assert_cmpint(translate(none, 5, 0x1000, &gpa), ==, HAYWIRE_NO_PFN);
    g_assert_false(need(none, 5).complete);
    g_assert_false(none->camera[0].page_table_complete);
}

/* Pages that have no memory, and swap whose places are hidden. */
static void test_odd_runs(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "camera 1 pid=5 pass=4\n"
                "run camera=1 gva=0x1000 pages=4 flags=guard\n"
                "run camera=1 gva=0x8000 flags=uffd-wp\n"
                "run camera=1 gva=0x9000 flags=special\n"
                "run camera=1 gva=0xa000 flags=swapped "
                "pages=4\n"
                "run camera=1 gva=0x10000 pfn=0x600 "
                "pages=16 shift=16\n",
        NULL);
    HaywirePageRunList list = need(model, 5);
    HaywirePageRun part;
    uint64_t gpa = 0;

    g_assert_cmpuint(list.count, ==, 5);
    g_assert_cmphex(list.run[0].flags, ==, HAYWIRE_RUN_GUARD);
    g_assert_cmphex(list.run[1].flags, ==, HAYWIRE_RUN_UFFD_WP);
    g_assert_cmphex(list.run[2].flags, ==, HAYWIRE_RUN_SPECIAL);
    g_assert_cmphex(list.run[3].flags, ==, HAYWIRE_RUN_SWAPPED);
    g_assert_cmpuint(list.run[4].page_shift, ==, 16);
    g_assert_cmpint(translate(model, 5, 0x2000, &gpa), ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmpint(translate(model, 5, 0xa000, &gpa), ==, HAYWIRE_NOT_PRESENT);
    g_assert_true(
        haywire_page_run_clip(&list.run[3], (HaywireGva){ 0xc000 }, 0, &part));
    g_assert_cmphex(part.value, ==, 0);
}

/* Whatever the counts say: the flag alone tells that there may be more. */
static void test_partly_read(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "camera 1 pid=5 pass=4 flags=partly-read\n"
                                   "run camera=1 gva=0x1000 pfn=1\n",
                           NULL);
    const HaywireCamera *camera = &model->camera[0];
    HaywirePageRunList list = need(model, 5);
    uint64_t gpa = 0;

    g_assert_true(camera->page_table_readable);
    g_assert_false(camera->page_table_complete);
    g_assert_cmpuint(list.count, ==, list.total);
    g_assert_false(list.complete);
    g_assert_cmpint(translate(model, 5, 0x1000, &gpa), ==, HAYWIRE_OK);
    g_assert_cmpint(translate(model, 5, 0x2000, &gpa), ==, HAYWIRE_NOT_HELD);
}

static void check_clip(uint64_t start, uint64_t length, uint64_t gva,
                       uint64_t value, uint32_t pages)
{
    HaywirePageRun run = { .gva = { 0x10000 },
                           .value = 0x500,
                           .pages = 4,
                           .flags =
                               HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN };
    HaywirePageRun part;
    bool any =
        haywire_page_run_clip(&run, (HaywireGva){ start }, length, &part);

    g_assert_cmpint(any, ==, pages > 0);
    if (any) {
        g_assert_cmphex(part.gva.value, ==, gva);
        g_assert_cmphex(part.value, ==, value);
        g_assert_cmpuint(part.pages, ==, pages);
        g_assert_cmphex(part.flags, ==, run.flags);
    }
}

static void test_clip(void)
{
    HaywirePageRun hidden = { .gva = { 0x1000 },
                              .pages = 4,
                              .flags = HAYWIRE_RUN_PRESENT };
    HaywirePageRun part;

    check_clip(0, 0, 0x10000, 0x500, 4);
    check_clip(0x10000, 0x4000, 0x10000, 0x500, 4);
    check_clip(0x11000, 0x1000, 0x11000, 0x501, 1);
    check_clip(0x11fff, 2, 0x11000, 0x501, 2);
    check_clip(0x13000, 0, 0x13000, 0x503, 1);
    check_clip(0x13fff, 1, 0x13000, 0x503, 1);
    check_clip(0x13000, UINT64_MAX, 0x13000, 0x503, 1);
    check_clip(0, 0x10000, 0, 0, 0);
    check_clip(0, 0x10001, 0x10000, 0x500, 1);
    check_clip(0x14000, 0, 0, 0, 0);
    check_clip(UINT64_MAX, 1, 0, 0, 0);
    g_assert_true(
        haywire_page_run_clip(&hidden, (HaywireGva){ 0x2000 }, 0, &part));
    g_assert_cmphex(part.value, ==, 0);
}

static void test_camera_fields(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "camera 1 pid=5 target=6 pass=4 started=8s finished=9s "
                "rss=10 pss=11 swap=12 sections-total=7 "
                "flags=figures,no-pfns\n"
                "sections pid=5 camera=1 total=7\n"
                "section start=0x1000 end=0x2000\n"
                "run camera=1 gva=0x1000 flags=present\n",
        NULL);
    const HaywireCamera *camera = &model->camera[0];

    g_assert_cmpuint(camera->camera, ==, 1);
    g_assert_true(camera->mapped);
    g_assert_cmphex(camera->position.value, ==,
                    0x100000 + (10 + 40 + 8) * 4096);
    g_assert_cmpint(camera->status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_cmpuint(camera->target_pid, ==, 6);
    g_assert_cmpuint(camera->current_pid, ==, 5);
    g_assert_cmpuint(camera->current_start_time, ==, 50000000);
    g_assert_cmpuint(camera->pass, ==, 4);
    g_assert_cmpuint(camera->age, ==, 1000000000);
    g_assert_cmpuint(camera->pass_duration, ==, 1000000000);
    g_assert_cmpuint(camera->sections, ==, 7);
    g_assert_cmpuint(camera->sections_missing, ==, 6);
    g_assert_cmpuint(camera->page_runs, ==, 1);
    g_assert_cmpuint(camera->page_runs_missing, ==, 0);
    g_assert_true(camera->figures_valid);
    g_assert_cmpuint(camera->rss, ==, 10);
    g_assert_cmpuint(camera->pss, ==, 11);
    g_assert_cmpuint(camera->swap, ==, 12);
    g_assert_true(camera->sections_readable && camera->page_table_readable);
    g_assert_true(camera->page_table_complete);
    g_assert_false(camera->pfns_known);
    g_assert_cmpuint(model->camera[1].camera, ==, 2);
    g_assert_true(model->camera[1].mapped);
    g_assert_cmpint(model->camera[1].status, ==, HAYWIRE_CAMERA_IDLE);
    g_assert_cmpuint(model->camera[1].age, ==, 0);
}

/* What the host has asked for counts once the companion has taken it. */
static void test_control_word(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "camera 1 pid=5\nset camera1 0 control=0x0000111100000006\n",
        NULL);

    g_assert_cmpuint(model->camera[0].target_pid, ==, 5);
}

static void test_bad_control(void)
{
    static const struct {
        const char *damage;
        HaywireStatus status;
        bool mapped;
    } cases[] = {
        { "drop camera1 0\n", HAYWIRE_OK, false },
        { "set camera1 0 +0.4=0\n", HAYWIRE_BAD_VALUE, false },
        { "set camera1 0 +4.4=4\n", HAYWIRE_BAD_VALUE, false },
        { "set camera1 0 +32.4=0\n", HAYWIRE_BAD_RANGE, true },
        { "set camera1 0 +32.4=21\n", HAYWIRE_BAD_RANGE, true },
        { "set camera1 0 +36.4=20\n", HAYWIRE_BAD_RANGE, true },
        { "set camera1 0 +36.4=0xffffffff\n", HAYWIRE_BAD_RANGE, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        HaywireHostCounters host = { 0 };
        g_autofree char *text = g_strconcat(RUNS, cases[i].damage, NULL);
        g_autoptr(HaywireModel) model = haywire_text_model(text, &host);
        HaywirePageRunList list;

        g_assert_cmpint(model->camera[0].mapped, ==, cases[i].mapped);
        g_assert_cmpint(haywire_model_page_runs(model, 5, &list), ==,
                        HAYWIRE_NO_CAMERA);
        if (cases[i].status != HAYWIRE_OK) {
            g_assert_cmpuint(host.rejected[cases[i].status], ==, 1);
        }
    }
}

/* Pages of an older pass lie in the same bank; they do not count. */
static void test_other_pass(void)
{
    g_autofree char *text =
        g_strconcat(RUNS, "set camera1 1 generation=3\n", NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);

    g_assert_cmpuint(need(model, 5).count, ==, 0);
    g_assert_cmpuint(model->camera[0].page_runs_missing, ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model-runs/runs", test_runs);
    g_test_add_func("/model-runs/odd", test_odd_runs);
    g_test_add_func("/model-runs/no-camera", test_no_camera);
    g_test_add_func("/model-runs/many-runs", test_many_runs);
    g_test_add_func("/model-runs/lying-runs", test_lying_runs);
    g_test_add_func("/model-runs/foreign-sets", test_foreign_sets);
    g_test_add_func("/model-runs/translate", test_translate);
    g_test_add_func("/model-runs/translate-unknown", test_translate_unknown);
    g_test_add_func("/model-runs/partly-read", test_partly_read);
    g_test_add_func("/model-runs/clip", test_clip);
    g_test_add_func("/model-runs/camera-fields", test_camera_fields);
    g_test_add_func("/model-runs/control-word", test_control_word);
    g_test_add_func("/model-runs/bad-control", test_bad_control);
    g_test_add_func("/model-runs/other-pass", test_other_pass);
    return g_test_run();
}
