/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose sections are read from the guest's kernel: everybody who asks again gets
 * a turn.
 */
#include "wanted.h"

#define S G_TIME_SPAN_SECOND

static void assert_list(const HaywireWanted *wanted, gint64 now_us,
                        uint32_t first, uint32_t second)
{
    uint32_t pid[HAYWIRE_KERNEL_WANTED];

    haywire_wanted_list(wanted, now_us, pid);
    g_assert_cmpuint(pid[0], ==, first);
    g_assert_cmpuint(pid[1], ==, second);
}

static void test_turns(void)
{
    HaywireWanted wanted = { 0 };

    g_assert_true(haywire_wanted_ask(&wanted, 1, false, 100 * S));
    g_assert_false(haywire_wanted_ask(&wanted, 1, false, 100 * S));
    g_assert_true(haywire_wanted_ask(&wanted, 2, false, 100 * S + 1));
    assert_list(&wanted, 100 * S + 1, 1, 2);
    /* Both wait yet. */
    g_assert_false(haywire_wanted_ask(&wanted, 3, false, 101 * S));
    assert_list(&wanted, 101 * S, 1, 2);
    /* One was told, and its place is the third's. */
    g_assert_false(haywire_wanted_ask(&wanted, 1, true, 101 * S));
    g_assert_true(haywire_wanted_ask(&wanted, 3, false, 101 * S + 1));
    assert_list(&wanted, 101 * S + 1, 3, 2);
    /* What was told of somebody who has no place any more changes nothing. */
    g_assert_false(haywire_wanted_ask(&wanted, 1, true, 101 * S + 2));
    assert_list(&wanted, 101 * S + 2, 3, 2);
}

/* Whoever does not come back for it waits in nobody's way for long. */
static void test_given_up(void)
{
    HaywireWanted wanted = { 0 };

    haywire_wanted_ask(&wanted, 1, false, 100 * S);
    haywire_wanted_ask(&wanted, 2, false, 100 * S);
    g_assert_true(haywire_wanted_ask(&wanted, 3, false, 103 * S));
    assert_list(&wanted, 103 * S, 3, 2);
}

/* Not read for ever; and after that, soon again. */
static void test_forgotten(void)
{
    HaywireWanted wanted = { 0 };

    haywire_wanted_ask(&wanted, 1, false, 100 * S);
    haywire_wanted_ask(&wanted, 1, true, 105 * S);
    assert_list(&wanted, 114 * S, 1, 0);
    assert_list(&wanted, 115 * S, 0, 0);
    g_assert_true(haywire_wanted_ask(&wanted, 1, false, 116 * S));
    assert_list(&wanted, 116 * S, 1, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wanted/turns", test_turns);
    g_test_add_func("/wanted/given-up", test_given_up);
    g_test_add_func("/wanted/forgotten", test_forgotten);
    return g_test_run();
}
