/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of lists: which rows are in them, and when they are cut.
 */
#include "window.h"

static HaywireSection section(uint64_t start, uint64_t end)
{
    return (HaywireSection){
        .start = start, .end = end, .permissions = "r--p", .path = ""
    };
}

/* The starts of those that come. */
static void check_sections(HaywireListWindow window, const char *expected,
                           bool expected_more)
{
    const HaywireSection all[] = {
        section(0x1000, 0x3000),
        section(0x2000, 0x2800), /* within the first: a racing maps */
        section(0x4000, 0x4000),
        section(0x8000, 0x9000),
        section(UINT64_MAX - 0xfff, UINT64_MAX),
    };
    HaywireSectionList list = { .section = all,
                                .count = G_N_ELEMENTS(all),
                                .total = 9 };
    bool more;
    g_autoptr(GArray) rows = haywire_window_sections(&window, &list, &more);
    g_autoptr(GString) starts = g_string_new(NULL);

    for (size_t i = 0; i < list.count; i++) {
        g_string_append_printf(starts, "%" G_GINT64_MODIFIER "x ",
                               list.section[i].start);
    }
    g_assert_cmpstr(starts->str, ==, expected);
    g_assert_cmpint(more, ==, expected_more);
    g_assert_cmpuint(list.total, ==, 9);
}

#define RANGE(start, length) .range = { { (start) }, (length) }

static void test_sections(void)
{
    check_sections((HaywireListWindow){ 0 },
                   "1000 2000 4000 8000 fffffffffffff000 ", false);
    check_sections((HaywireListWindow){ RANGE(0x2fff, 1) }, "1000 ", false);
    check_sections((HaywireListWindow){ RANGE(0x3000, 0x1001) }, "4000 ",
                   false);
    check_sections((HaywireListWindow){ RANGE(0x8fff, 0) },
                   "8000 fffffffffffff000 ", false);
    check_sections((HaywireListWindow){ RANGE(0x9000, UINT64_MAX) },
                   "fffffffffffff000 ", false);
    check_sections((HaywireListWindow){ .limit = 2 }, "1000 2000 ", true);
    check_sections((HaywireListWindow){ .limit = 5 },
                   "1000 2000 4000 8000 fffffffffffff000 ", false);
}

static GArray *take(HaywireListWindow window, size_t count, const char *exe,
                    bool *ret_more)
{
    g_autofree HaywireProcess *process = g_new0(HaywireProcess, count);

    for (size_t i = 0; i < count; i++) {
        process[i].pid = (uint32_t)i;
        process[i].name = process[i].cmdline = "";
        process[i].exe = exe;
    }
    return haywire_window_processes(&window, process, count, ret_more);
}

static uint32_t pid_at(const GArray *rows, guint index)
{
    return g_array_index(rows, HaywireProcess, index).pid;
}

static void test_processes(void)
{
    const uint32_t wanted[] = { 7, 3, 99, 3 };
    bool more;
    g_autoptr(GArray) all = take((HaywireListWindow){ 0 }, 9, "", &more);
    g_autoptr(GArray) some = NULL;
    g_autoptr(GArray) none = NULL;

    g_assert_cmpuint(all->len, ==, 9);
    g_assert_false(more);
    some = take((HaywireListWindow){ .pid = wanted, .pids = 4, .limit = 1 }, 9,
                "", &more);
    g_assert_cmpuint(some->len, ==, 1);
    g_assert_cmpuint(pid_at(some, 0), ==, 3);
    g_assert_true(more);
    none = take((HaywireListWindow){ .pid = wanted, .pids = 4, .after = 7 }, 9,
                "", &more);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_false(more);
}

/* Rows, and what they cost. */
static void test_bounds(void)
{
    g_autofree char *text = g_strnfill(4096, 'x');
    bool more;
    g_autoptr(GArray) rows =
        take((HaywireListWindow){ .bounded = true }, 3000, "", &more);
    g_autoptr(GArray) few = NULL;
    g_autoptr(GArray) one = NULL;
    uint64_t cost;

    g_assert_cmpuint(rows->len, ==, HAYWIRE_REPLY_ROWS);
    g_assert_true(more);
    few = take((HaywireListWindow){ .bounded = true }, 3000, text, &more);
    cost = haywire_reply_cost(&haywire_process_table, few->data,
                              HAYWIRE_MEMBERS_ALL);
    g_assert_cmpuint(cost, >, 4096 * 13);
    g_assert_cmpuint(few->len, ==, HAYWIRE_REPLY_BYTES / cost);
    g_assert_true(more);
    /* What is not shown costs nothing. */
    one = take((HaywireListWindow){ .bounded = true, .members = 1 }, 1500, text,
               &more);
    g_assert_cmpuint(one->len, ==, 1500);
    g_assert_false(more);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/window/sections", test_sections);
    g_test_add_func("/window/processes", test_processes);
    g_test_add_func("/window/bounds", test_bounds);
    return g_test_run();
}
