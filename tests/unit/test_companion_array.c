/*
 * Arrays that grow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/array.h"

#define FIRST 3

static void test_grows(void)
{
    size_t allocated = 0, count = 0;
    uint64_t *array = NULL;

    for (size_t room = FIRST; room < 10000; room *= 2) {
        array = haywire_array_double(array, &allocated, FIRST, sizeof(*array));
        g_assert_nonnull(array);
        g_assert_cmpuint(allocated, ==, room);
        for (; count < allocated; count++) {
            array[count] = count;
        }
    }
    for (size_t i = 0; i < count; i++) {
        g_assert_cmpuint(array[i], ==, i);
    }
    free(array);
}

/* More bytes than there can be: the old array stands. */
static void test_no_memory(void)
{
    static const size_t rooms[] = { SIZE_MAX / 16 + 1, SIZE_MAX / 2 + 1,
                                    SIZE_MAX };
    uint64_t *array = calloc(1, sizeof(*array));

    array[0] = 4711;
    for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++) {
        size_t allocated = rooms[i];

        g_assert_null(
            haywire_array_double(array, &allocated, FIRST, sizeof(*array)));
        g_assert_cmpuint(allocated, ==, rooms[i]);
        g_assert_cmpuint(array[0], ==, 4711);
    }
    free(array);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/array/grows", test_grows);
    g_test_add_func("/array/no-memory", test_no_memory);
    return g_test_run();
}
