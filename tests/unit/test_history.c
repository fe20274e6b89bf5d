/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes started and exited from one table to the next.
 */

#include <glib.h>

#include "beacon_model.h"
#include "haywire/history.h"

/* A table of generation @generation: what the text says. */
static HaywireModel *table(unsigned generation, const char *processes)
{
    g_autofree char *text =
        g_strdup_printf("session\ngeometry pid=40\n"
                        "snapshot generation=%u taken=%us\n%s",
                        generation, generation, processes);

    return haywire_text_model(text, NULL);
}

static const HaywirePastTable *add(HaywireHistory *history, unsigned generation,
                                   const char *processes)
{
    g_autoptr(HaywireModel) model = table(generation, processes);

    return haywire_history_add(history, model);
}

static void check_change(const HaywireChanges *changes, size_t number,
                         uint32_t pid, const char *name)
{
    g_assert_cmpuint(number, <, changes->named);
    g_assert_cmpuint(changes->change[number].pid, ==, pid);
    g_assert_cmpstr(changes->change[number].name, ==, name);
}

static void test_changes(void)
{
    HaywireHistory *history = haywire_history_new();
    const HaywirePastTable *past;

    g_assert_null(add(history, 1,
                      "process pid=1\nprocess pid=5 start=9 name=\"old\"\n"
                      "process pid=7 start=3\n"));
    past = add(history, 4,
               "process pid=1\nprocess pid=5 start=11 ppid=3 name=\"n\\n\"\n"
               "process pid=3 start=10\n");
    g_assert_cmpuint(past->generation, ==, 4);
    g_assert_cmpuint(past->time, ==, 4000000000);
    g_assert_cmpuint(past->since, ==, 1000000000);
    g_assert_cmpuint(past->exited.total, ==, 2);
    check_change(&past->exited, 0, 7, "p7"); /* by start time */
    check_change(&past->exited, 1, 5, "old");
    g_assert_cmpuint(past->started.total, ==, 2);
    check_change(&past->started, 0, 3, "p3");
    check_change(&past->started, 1, 5, "n\\x0a");
    g_assert_cmpuint(past->started.change[1].start_time, ==, 11);
    g_assert_cmpuint(past->started.change[1].ppid, ==, 3);
    g_assert_cmpuint(past->started.named, ==, 2);
    haywire_history_free(history);
}

/* The same table, a part of one, and none: nothing has happened. */
static void test_no_changes(void)
{
    HaywireHistory *history = haywire_history_new();
    g_autoptr(HaywireModel) none = haywire_text_model("session\n", NULL);
    g_autoptr(HaywireModel) part = haywire_text_model(
        "session\nsnapshot generation=2 dropped=1\nprocess pid=1\n", NULL);
    const HaywirePastTable *past;

    g_assert_null(haywire_history_add(history, none));
    g_assert_null(add(history, 1, "process pid=1\nprocess pid=2\n"));
    g_assert_null(add(history, 1, "process pid=1\n"));
    g_assert_null(haywire_history_add(history, part));
    g_assert_null(haywire_history_add(history, none));
    past = add(history, 3, "process pid=1\n");
    g_assert_cmpuint(past->exited.total + past->started.total, ==, 0);
    haywire_history_clear(history);
    g_assert_null(add(history, 4, "process pid=9\n"));
    haywire_history_free(history);
}

/* Many at a time are counted, the first of them are named. */
static void test_many(void)
{
    HaywireHistory *history = haywire_history_new();
    const HaywirePastTable *past;

    add(history, 1, "process pid=1\n");
    past = add(history, 2, "processes first=1 count=1000\n");
    g_assert_cmpuint(past->started.total, ==, 999);
    g_assert_cmpuint(past->started.named, ==, HAYWIRE_HISTORY_NAMED);
    check_change(&past->started, HAYWIRE_HISTORY_NAMED - 1,
                 HAYWIRE_HISTORY_NAMED + 1, "p257");
    haywire_history_free(history);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/changes", test_changes);
    g_test_add_func("/history/no-changes", test_no_changes);
    g_test_add_func("/history/many", test_many);
    return g_test_run();
}
