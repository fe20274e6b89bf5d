/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor: values, bounds, and staying in place on failure.
 */

#include <glib.h>

#include "haywire/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void test_values(void)
{
    HaywireCursor cursor;
    uint64_t value = 0xaaaaaaaa;

    haywire_cursor_init(&cursor, bytes, 7);
    g_assert_cmpint(haywire_cursor_u64(&cursor, &value), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmphex(value, ==, 0xaaaaaaaa);
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 7);
    haywire_cursor_init(&cursor, bytes, sizeof(bytes));
    g_assert_cmpint(haywire_cursor_u64(&cursor, &value), ==, HAYWIRE_OK);
    g_assert_cmphex(value, ==, G_GUINT64_CONSTANT(0x0807060504030201));
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 2);
}

static void test_bytes(void)
{
    HaywireCursor cursor;
    const uint8_t *piece = NULL;

    haywire_cursor_init(&cursor, bytes, 8);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, 2, &piece), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, 3, &piece), ==, HAYWIRE_OK);
    g_assert_true(piece == bytes + 2);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, 4, &piece), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, SIZE_MAX, &piece), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_true(piece == bytes + 2);
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cursor/values", test_values);
    g_test_add_func("/cursor/bytes", test_bytes);
    return g_test_run();
}
