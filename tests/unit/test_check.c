/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging what witnesses say: how often it must hold, what the companion's word
 * weighs, names. What a kernel knows is made up here; see test_kernel_check.c.
 */

#include <glib.h>
#include <string.h>

#include "haywire/check.h"

#define BIT(witness) HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_##witness)
#define KERNEL       (BIT(TASKS) | BIT(PIDS) | BIT(CHILDREN))

#define PROCESSES 3

typedef struct Fixture {
    HaywireCheck *check;
    HaywireStatement said[PROCESSES]; /* by the kernel: pids 1, 2, 3 */
    HaywireProcess told[PROCESSES];   /* by the companion: the same */
    HaywireModel model;
    bool went_on;
    uint16_t heard;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const names[PROCESSES] = { "first", "second", "third" };

    (void)data;
    fixture->check = haywire_check_new();
    fixture->went_on = true;
    fixture->heard = KERNEL;
    for (uint32_t i = 0; i < PROCESSES; i++) {
        fixture->said[i] = (HaywireStatement){
            .id = 1000 - i, .start_time = i, .pid = i + 1, .witnesses = KERNEL
        };
        strcpy(fixture->said[i].name, names[i]);
        fixture->told[i] =
            (HaywireProcess){ .pid = i + 1, .start_time = i, .name = names[i] };
    }
    fixture->model = (HaywireModel){
        .overview = { .state = HAYWIRE_STATE_LIVE,
                      .has_session = true,
                      .has_table = true,
                      .session = 7,
                      .snapshot_generation = 1 },
        .process_count = PROCESSES,
        .process = fixture->told,
    };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_check_free(fixture->check);
}

/* The kernel has the first @count of its processes. */
static HaywireCheckSummary look_at(Fixture *fixture, uint32_t count)
{
    HaywireCheckSummary summary;

    haywire_check_begin(fixture->check);
    haywire_check_companion(fixture->check, &fixture->model);
    for (uint32_t i = 0; i < count; i++) {
        g_assert_cmpint(haywire_check_add(fixture->check, &fixture->said[i]),
                        ==, HAYWIRE_OK);
    }
    haywire_check_heard(fixture->check, fixture->heard, fixture->went_on);
    g_assert_cmpint(haywire_check_end(fixture->check), ==, HAYWIRE_OK);
    haywire_check_summary(fixture->check, &summary);
    return summary;
}

static HaywireCheckSummary look(Fixture *fixture)
{
    fixture->model.overview.snapshot_generation++;
    return look_at(fixture, PROCESSES);
}

static HaywireVerdict verdict(Fixture *fixture, uint32_t pid)
{
    const HaywireChecked *known;
    size_t count;

    known = haywire_check_processes(fixture->check, &count);
    for (size_t i = 0; i < count; i++) {
        if (known[i].pid == pid) {
            return known[i].verdict;
        }
    }
    g_assert_not_reached();
}

/* After so many looks, and not before, there is this verdict on one. */
static void assert_after(Fixture *fixture, int looks, uint32_t pid,
                         HaywireVerdict wanted)
{
    for (int i = 1; i < looks; i++) {
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
        g_assert_false(haywire_check_is_done(fixture->check));
    }
    g_assert_cmpuint(look(fixture).suspicious, ==, 1);
    g_assert_cmpint(verdict(fixture, pid), ==, wanted);
}

static void assert_honest(Fixture *fixture)
{
    for (int i = 0; i < 10; i++) {
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
    g_assert_true(haywire_check_is_done(fixture->check));
}

static void test_honest(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_honest(fixture);
    for (uint32_t pid = 1; pid <= PROCESSES; pid++) {
        g_assert_cmpint(verdict(fixture, pid), ==, HAYWIRE_VERDICT_SEEN_BY_ALL);
    }
}

/* The first of several that are true is told. */
static void test_order(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].witnesses = BIT(CHILDREN);
    fixture->said[1].no_file = true;
    assert_after(fixture, HAYWIRE_CHECK_LOOKS, 2,
                 HAYWIRE_VERDICT_HIDDEN_FROM_TASKS);
}

static void test_facts(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].no_file = true;
    assert_after(fixture, HAYWIRE_CHECK_LOOKS, 2, HAYWIRE_VERDICT_NO_FILE);
    fixture->said[1].no_kernel_thread = true;
    for (int i = 0; i < HAYWIRE_CHECK_LOOKS; i++) {
        look(fixture);
    }
    g_assert_cmpint(verdict(fixture, 2), ==, HAYWIRE_VERDICT_NO_KERNEL_THREAD);
}

/* In a row: once seen where it belongs, it begins anew. */
static void test_in_a_row(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 20; i++) {
        fixture->said[1].witnesses =
            i % HAYWIRE_CHECK_LOOKS ? KERNEL & ~BIT(PIDS) : KERNEL;
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
}

/* Looks at a kernel that has not gone on see nothing new. */
static void test_stands_still(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].witnesses = KERNEL & ~BIT(PIDS);
    fixture->went_on = false;
    for (int i = 0; i < 10; i++) {
        g_assert_cmpuint(look(fixture).looks, ==, 0);
    }
    fixture->went_on = true;
    assert_after(fixture, HAYWIRE_CHECK_LOOKS, 2,
                 HAYWIRE_VERDICT_HIDDEN_FROM_PIDS);
}

/* Whom nobody could hear to the end neither accuses nor acquits. */
static void test_not_heard(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].witnesses = KERNEL & ~BIT(PIDS);
    look(fixture);
    fixture->heard = KERNEL & ~BIT(PIDS);
    for (int i = 0; i < 10; i++) {
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
    fixture->heard = KERNEL;
    look(fixture);
    g_assert_cmpuint(look(fixture).suspicious, ==, 1);
}

/* Another process that has the pid is not the one that was suspected. */
static void test_pid_again(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].witnesses = KERNEL & ~BIT(PIDS);
    for (uint64_t i = 0; i < 10; i++) {
        fixture->said[1].id = i % 2;
        fixture->said[1].start_time = 100 + i / 2;
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
}

/* Two processes of one pid: each is missing where the other stands. */
static void test_two_of_a_pid(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->said[1].pid = fixture->said[2].pid;
    fixture->said[1].witnesses = BIT(TASKS);
    fixture->said[2].witnesses = BIT(PIDS) | BIT(CHILDREN);
    fixture->told[1] = fixture->told[2];
    fixture->model.process_count = 2;
    for (int i = 0; i < HAYWIRE_CHECK_LOOKS; i++) {
        look(fixture);
    }
    g_assert_cmpuint(look(fixture).suspicious, ==, 2);
}

static void leave_out_second(Fixture *fixture)
{
    fixture->told[1] = fixture->told[2];
    fixture->model.process_count = 2;
}

static void test_companion_hides(Fixture *fixture, gconstpointer data)
{
    (void)data;
    leave_out_second(fixture);
    assert_after(fixture, HAYWIRE_CHECK_SNAPSHOTS, 2,
                 HAYWIRE_VERDICT_HIDDEN_FROM_COMPANION);
}

/* The same list, looked at again, is the same list. */
static void test_companion_is_slow(Fixture *fixture, gconstpointer data)
{
    (void)data;
    leave_out_second(fixture);
    for (int i = 0; i < 20; i++) {
        g_assert_cmpuint(look_at(fixture, PROCESSES).suspicious, ==, 0);
        g_assert_false(haywire_check_is_done(fixture->check));
    }
    assert_after(fixture, HAYWIRE_CHECK_SNAPSHOTS - 1, 2,
                 HAYWIRE_VERDICT_HIDDEN_FROM_COMPANION);
}

/* One whose list is not whole, or not of now, hides nobody. */
static void test_companion_unfit(Fixture *fixture, gconstpointer data)
{
    HaywireOverview *overview = &fixture->model.overview;

    (void)data;
    leave_out_second(fixture);
    overview->processes_missing = 1;
    assert_honest(fixture);
    overview->processes_missing = 0;
    overview->state = HAYWIRE_STATE_STALE;
    assert_honest(fixture);
    /* It may be live: that is waited for. */
    overview->state = HAYWIRE_STATE_SEARCHING;
    haywire_check_free(fixture->check);
    fixture->check = haywire_check_new();
    for (int i = 0; i < 10; i++) {
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
        g_assert_false(haywire_check_is_done(fixture->check));
    }
    overview->state = HAYWIRE_STATE_STALE;
    look(fixture);
    g_assert_true(haywire_check_is_done(fixture->check));
}

/* A process that the kernel has nowhere. */
static void test_companion_invents(Fixture *fixture, gconstpointer data)
{
    HaywireCheckSummary summary;

    (void)data;
    for (int i = 1; i < HAYWIRE_CHECK_SNAPSHOTS; i++) {
        fixture->model.overview.snapshot_generation++;
        g_assert_cmpuint(look_at(fixture, 2).suspicious, ==, 0);
    }
    fixture->model.overview.snapshot_generation++;
    summary = look_at(fixture, 2);
    g_assert_cmpuint(summary.suspicious, ==, 1);
    g_assert_cmpint(verdict(fixture, 3), ==, HAYWIRE_VERDICT_HIDDEN_FROM_TASKS);
}

/* What the companion said last of one that has ended is no invention. */
static void test_ended(Fixture *fixture, gconstpointer data)
{
    (void)data;
    look(fixture);
    for (int i = 1; i < HAYWIRE_CHECK_SNAPSHOTS; i++) {
        fixture->model.overview.snapshot_generation++;
        g_assert_cmpuint(look_at(fixture, 2).suspicious, ==, 0);
    }
    fixture->model.process_count = 2;
    g_assert_cmpuint(look_at(fixture, 2).suspicious, ==, 0);
    g_assert_cmpint(verdict(fixture, 3), ==, HAYWIRE_VERDICT_ENDED);
}

static void test_name(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->told[1].name = "sshd";
    assert_after(fixture, HAYWIRE_CHECK_SNAPSHOTS, 2,
                 HAYWIRE_VERDICT_NAME_DIFFERS);
}

/* A name that is set over and over, and one that was agreed on once. */
static void test_name_changes(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 20; i++) {
        fixture->said[1].name[0] = (char)('a' + i);
        fixture->told[2].name = i ? "other" : "third";
        g_assert_cmpuint(look(fixture).suspicious, ==, 0);
    }
}

static void test_name_alike(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->told[0].name = "fir";
    fixture->told[0].name_truncated = true;
    fixture->said[1].kernel_thread = true;
    strcpy(fixture->said[1].name, "kworker/0:1-events");
    fixture->told[1].name = "kworker/0:1+mm_percpu_wq";
    assert_honest(fixture);
    /* Of a process that is no thread of the kernel that is another name. */
    haywire_check_free(fixture->check);
    fixture->check = haywire_check_new();
    fixture->said[1].kernel_thread = false;
    assert_after(fixture, HAYWIRE_CHECK_SNAPSHOTS, 2,
                 HAYWIRE_VERDICT_NAME_DIFFERS);
}

/* As many as are compared, and no more. */
static void test_limit(Fixture *fixture, gconstpointer data)
{
    HaywireCheckSummary summary;

    (void)data;
    haywire_check_begin(fixture->check);
    for (uint32_t i = 0; i < HAYWIRE_CHECK_MAX + 5; i++) {
        fixture->said[0].pid = i + 1;
        g_assert_cmpint(haywire_check_add(fixture->check, &fixture->said[0]),
                        ==, HAYWIRE_OK);
    }
    haywire_check_heard(fixture->check, KERNEL, true);
    g_assert_cmpint(haywire_check_end(fixture->check), ==, HAYWIRE_OK);
    haywire_check_summary(fixture->check, &summary);
    g_assert_cmpuint(summary.processes, ==, HAYWIRE_CHECK_MAX);
    g_assert_cmpuint(summary.left_out, ==, 5);
}

static void test_names_of(Fixture *fixture, gconstpointer data)
{
    (void)fixture;
    (void)data;
    g_assert_cmpstr(haywire_verdict_name(HAYWIRE_VERDICT_HIDDEN_FROM_TASKS), ==,
                    "hidden from the task list");
    g_assert_cmpstr(haywire_verdict_name(HAYWIRE_VERDICT_ENDED), ==,
                    "ended meanwhile");
    g_assert_cmpstr(haywire_verdict_name(HAYWIRE_VERDICT_COUNT), ==, "");
    g_assert_cmpstr(haywire_witness_name(HAYWIRE_WITNESS_PROCESSORS), ==,
                    "processors");
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/check/honest", test_honest);
    add("/check/order", test_order);
    add("/check/facts", test_facts);
    add("/check/in-a-row", test_in_a_row);
    add("/check/stands-still", test_stands_still);
    add("/check/not-heard", test_not_heard);
    add("/check/pid-again", test_pid_again);
    add("/check/two-of-a-pid", test_two_of_a_pid);
    add("/check/companion-hides", test_companion_hides);
    add("/check/companion-is-slow", test_companion_is_slow);
    add("/check/companion-unfit", test_companion_unfit);
    add("/check/companion-invents", test_companion_invents);
    add("/check/ended", test_ended);
    add("/check/name", test_name);
    add("/check/name-changes", test_name_changes);
    add("/check/name-alike", test_name_alike);
    add("/check/limit", test_limit);
    add("/check/names-of", test_names_of);
    return g_test_run();
}
