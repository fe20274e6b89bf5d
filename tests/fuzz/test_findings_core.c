/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzzing found within the core, one test each.
 */

#include <glib.h>

#include "content.h"

/* An empty list, the first thing that a model gets memory for. */
static void test_nothing_first(void)
{
    HaywireArena arena = { .most = HAYWIRE_MIB, .limit = HAYWIRE_MIB };

    g_assert_nonnull(haywire_arena_alloc(&arena, 0));
    haywire_arena_clear(&arena);
}

/* The same where no memory is left. */
static void test_nothing_in_no_memory(void)
{
    HaywireArena arena = { .most = 1, .limit = 1 };

    g_assert_null(haywire_arena_alloc(&arena, 0));
    haywire_arena_clear(&arena);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/findings/arena/nothing-first", test_nothing_first);
    g_test_add_func("/findings/arena/nothing-in-no-memory",
                    test_nothing_in_no_memory);
    return g_test_run();
}
