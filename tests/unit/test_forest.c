/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tree of processes: whatever a guest says of who is whose parent, every
 * process is in it once.
 */
#include <glib.h>
#include <string.h>

#include "forest.h"
#include "haywire/model.h"

#define MANY HAYWIRE_PROCESSES_MAX

static void add(GArray *list, guint32 pid, guint32 ppid)
{
    const HaywireProcess process = { .pid = pid, .ppid = ppid };

    g_array_append_val(list, process);
}

static guint32 pid_at(const GArray *list, guint i)
{
    return g_array_index(list, HaywireProcess, i).pid;
}

static GArray *new_list(void)
{
    return g_array_new(FALSE, FALSE, sizeof(HaywireProcess));
}

/* Orders @list, checks that each pid from 1 on is there; what is drawn. */
static char **order(GArray *list)
{
    const guint count = list->len;
    g_autofree gboolean *seen = g_new0(gboolean, count + 1);
    char **branch = haywire_forest_order(list);

    g_assert_cmpuint(list->len, ==, count);
    g_assert_cmpuint(g_strv_length(branch), ==, count);
    for (guint i = 0; i < count; i++) {
        g_assert_cmpuint(pid_at(list, i), <=, count);
        g_assert_false(seen[pid_at(list, i)]);
        seen[pid_at(list, i)] = TRUE;
    }
    return branch;
}

static void test_siblings(void)
{
    g_autoptr(GArray) list = new_list();
    g_auto(GStrv) branch = NULL;

    add(list, 3, 1); /* siblings keep the order in which they came */
    add(list, 2, 1);
    add(list, 1, 0);
    add(list, 4, 3);
    branch = order(list);
    g_assert_cmpuint(pid_at(list, 0), ==, 1);
    g_assert_cmpuint(pid_at(list, 1), ==, 3);
    g_assert_cmpuint(pid_at(list, 2), ==, 4);
    g_assert_cmpuint(pid_at(list, 3), ==, 2);
    g_assert_cmpstr(branch[0], ==, "");
    g_assert_cmpstr(branch[1], ==, " \\_ ");
    g_assert_cmpstr(branch[2], ==, " |   \\_ ");
    g_assert_cmpstr(branch[3], ==, " \\_ ");
}

/* A chain of all; what is drawn before each does not grow with it. */
static void test_chain(void)
{
    g_autoptr(GArray) list = new_list();
    g_auto(GStrv) branch = NULL;

    for (guint32 pid = MANY; pid > 0; pid--) {
        add(list, pid, pid - 1);
    }
    branch = order(list);
    for (guint i = 0; i < MANY; i++) {
        g_assert_cmpuint(pid_at(list, i), ==, i + 1);
        g_assert_cmpuint(strlen(branch[i]), <=, 256);
    }
}

/* One circle of all, and one for each two; nobody is lost, and no time. */
static void test_circles(void)
{
    g_autoptr(GArray) one = new_list();
    g_autoptr(GArray) pairs = new_list();
    g_auto(GStrv) of_one = NULL;
    g_auto(GStrv) of_pairs = NULL;

    for (guint32 pid = 1; pid <= MANY; pid++) {
        add(one, pid, pid % MANY + 1);
        add(pairs, pid, ((pid - 1) ^ 1) + 1);
    }
    of_one = order(one);
    of_pairs = order(pairs);
    for (guint i = 0; i < MANY; i += 2) {
        g_assert_cmpstr(of_pairs[i], ==, "");
        g_assert_cmpstr(of_pairs[i + 1], ==, " \\_ ");
    }
}

/* A long tail that hangs on a circle, met from its end. */
static void test_tail(void)
{
    g_autoptr(GArray) list = new_list();
    g_auto(GStrv) branch = NULL;

    for (guint32 pid = MANY; pid > 2; pid--) {
        add(list, pid, pid - 1);
    }
    add(list, 2, 1);
    add(list, 1, 2);
    branch = order(list);
    g_assert_cmpstr(branch[0], ==, "");
    g_assert_cmpuint(pid_at(list, 0), ==, 2);
    g_assert_cmpuint(pid_at(list, MANY - 1), ==, 1);
}

/* Its own parent, and one that is not in the list. */
static void test_odd_parents(void)
{
    g_autoptr(GArray) list = new_list();
    g_auto(GStrv) branch = NULL;

    add(list, 1, 1);
    add(list, 2, 77);
    branch = order(list);
    g_assert_cmpstr(branch[0], ==, "");
    g_assert_cmpstr(branch[1], ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/forest/siblings", test_siblings);
    g_test_add_func("/forest/chain", test_chain);
    g_test_add_func("/forest/circles", test_circles);
    g_test_add_func("/forest/tail", test_tail);
    g_test_add_func("/forest/odd-parents", test_odd_parents);
    return g_test_run();
}
