/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder of models, told by a provider that has no pages.
 */

#include <glib.h>
#include <string.h>

#include "haywire/builder.h"

typedef struct Fixture {
    HaywireShares shares;
    HaywireHostCounters host;
    HaywireBuilder builder;
    HaywireOverview overview;
    HaywireModel *model;
} Fixture;

static void setup(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->shares = haywire_shares_divide(HAYWIRE_MEMORY_DEFAULT);
    fixture->overview.has_guest = true;
    fixture->overview.has_session = true;
    g_assert_cmpint(haywire_builder_init(&fixture->builder, &fixture->shares,
                                         NULL, &fixture->host),
                    ==, HAYWIRE_OK);
    fixture->builder.fresh = true;
}

static void teardown(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_model_unref(fixture->model);
}

static void finish(Fixture *fixture)
{
    HaywireMoment moment = { .overview = &fixture->overview,
                             .host = &fixture->host,
                             .beat_ns = 30,
                             .started_ns = 10 };

    g_assert_cmpint(
        haywire_builder_finish(&fixture->builder, &moment, &fixture->model), ==,
        HAYWIRE_OK);
}

static HaywireString bytes(const char *text)
{
    return (HaywireString){ (const uint8_t *)text, strlen(text) };
}

static void add_processes(Fixture *fixture, size_t count)
{
    haywire_builder_begin(&fixture->builder, HAYWIRE_BUILDER_TABLE);
    haywire_builder_begin_table(&fixture->builder, count);
    for (size_t i = count; i > 0; i--) {
        HaywireProcess process = { .pid = (uint32_t)i,
                                   .start_time = 10 * i,
                                   .state = 'S' };

        if (!haywire_builder_add_process(&fixture->builder, &process,
                                         bytes("n\n"))) {
            break;
        }
    }
    haywire_builder_end_table(&fixture->builder, true);
}

static void test_table(Fixture *fixture, gconstpointer data)
{
    const uint64_t number[HAYWIRE_FIELD_COUNT] = { 7 };
    HaywireProcess *process;
    bool cut = false;

    (void)data;
    add_processes(fixture, 3);
    haywire_builder_begin(&fixture->builder, HAYWIRE_BUILDER_REST);
    g_assert_null(haywire_builder_process(&fixture->builder, 2, 21));
    process = haywire_builder_process(&fixture->builder, 2, 20);
    process->cmdline = haywire_builder_arguments(
        &fixture->builder, (HaywireString){ (const uint8_t *)"a\0b\0\0", 5 },
        &cut);
    haywire_builder_add_fields(&fixture->builder, process, 1, number,
                               bytes("/"));
    finish(fixture);
    g_assert_false(cut);
    g_assert_cmpuint(fixture->model->process_count, ==, 3);
    g_assert_cmpuint(fixture->model->process[0].pid, ==, 1);
    g_assert_cmpstr(fixture->model->process[1].cmdline, ==, "a b");
    g_assert_cmpstr(fixture->model->process[1].name, ==, "n\\x0a");
    g_assert_cmpuint(fixture->model->process[1].number[0], ==, 7);
    g_assert_cmpuint(fixture->model->process[2].number[0], ==, 0);
    g_assert_cmpuint(fixture->model->overview.processes, ==, 3);
    g_assert_cmpuint(fixture->host.limits_reached, ==, 0);
}

/* What does not fit is counted when it is left out. */
static void test_table_limit(Fixture *fixture, gconstpointer data)
{
    (void)data;
    add_processes(fixture, 20000);
    g_assert_cmpuint(fixture->builder.limits, ==, 1);
    finish(fixture);
    g_assert_cmpuint(fixture->host.limits_reached, ==, 1);
    g_assert_cmpuint(fixture->model->process_count, <, 20000);
    g_assert_cmpuint(fixture->model->process_count * sizeof(HaywireProcess), <=,
                     fixture->shares.model / 2);
}

static void test_lists(Fixture *fixture, gconstpointer data)
{
    static const HaywireSection section[] = {
        { .start = 1, .end = 3, .permissions = "r--p" },
        { .start = 2, .end = 4, .permissions = "r--p" },
        { .start = 3, .end = 4, .permissions = "r--p" },
    };
    HaywireBuilder *builder = &fixture->builder;
    HaywireSectionList *list, found;

    (void)data;
    add_processes(fixture, 3);
    haywire_builder_begin_lists(builder, 1, 0);
    list = haywire_builder_add_list(builder, 2, 20);
    g_assert_true(haywire_builder_begin_sections(builder, list, 2));
    for (size_t i = 0; i < G_N_ELEMENTS(section); i++) {
        haywire_builder_add_section(builder, list, &section[i], bytes("/p"));
    }
    g_assert_null(haywire_builder_add_list(builder, 3, 30));
    finish(fixture);
    g_assert_cmpint(haywire_model_sections(fixture->model, 2, &found), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(found.count, ==, 2);
    g_assert_cmpuint(found.section[1].start, ==, 3);
    g_assert_cmpstr(found.section[1].path, ==, "/p");
    g_assert_cmpuint(fixture->host.rejected[HAYWIRE_BAD_RANGE], ==, 1);
    g_assert_cmpint(haywire_model_sections(fixture->model, 3, &found), ==,
                    HAYWIRE_NO_SECTIONS);
}

static void test_runs(Fixture *fixture, gconstpointer data)
{
    static const HaywirePageRun run[] = {
        { .gva = { 0x2000 }, .pages = 2 },
        { .gva = { 0x1000 }, .pages = 1 },
        { .gva = { 0x3000 }, .pages = 1 },
        { .gva = { 0x4000 }, .pages = 1 },
    };
    HaywireCameraPass *pass = haywire_builder_pass(&fixture->builder, 1);
    HaywirePageRunList found;

    (void)data;
    add_processes(fixture, 3);
    haywire_builder_begin(&fixture->builder, HAYWIRE_BUILDER_PASS);
    pass->valid = true;
    pass->sections.pid = pass->runs.pid = 1;
    pass->sections.start_time = 10;
    haywire_builder_begin_runs(&fixture->builder, &pass->runs, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(run); i++) {
        g_assert_true(
            haywire_builder_add_run(&fixture->builder, &pass->runs, &run[i]));
    }
    g_assert_false(
        haywire_builder_add_run(&fixture->builder, &pass->runs, &run[3]));
    finish(fixture);
    g_assert_cmpint(haywire_model_page_runs(fixture->model, 1, &found), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(found.count, ==, 2);
    g_assert_cmphex(found.run[1].gva.value, ==, 0x4000);
    g_assert_cmpuint(fixture->host.rejected[HAYWIRE_BAD_RANGE], ==, 2);
    g_assert_cmpuint(fixture->host.limits_reached, ==, 1);
}

#define ADD(name, function) \
    g_test_add(name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/model-builder/table", test_table);
    ADD("/model-builder/table-limit", test_table_limit);
    ADD("/model-builder/lists", test_lists);
    ADD("/model-builder/runs", test_runs);
    return g_test_run();
}
