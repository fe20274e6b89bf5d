/*
 * The cursor: values, bounds, and staying in place on failure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include "haywire/cursor.h"

static const uint8_t bytes[] = { 1, 2,  3,  4,  5,  6,  7, 8,
                                 9, 10, 11, 12, 13, 14, 15 };

static void test_values(void)
{
    HaywireCursor cursor;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    haywire_cursor_init(&cursor, bytes, sizeof(bytes));
    g_assert_cmpint(haywire_cursor_u8(&cursor, &u8), ==, HAYWIRE_OK);
    g_assert_cmphex(u8, ==, 0x01);
    g_assert_cmpint(haywire_cursor_u16(&cursor, &u16), ==, HAYWIRE_OK);
    g_assert_cmphex(u16, ==, 0x0302);
    g_assert_cmpint(haywire_cursor_u32(&cursor, &u32), ==, HAYWIRE_OK);
    g_assert_cmphex(u32, ==, 0x07060504);
    g_assert_cmpint(haywire_cursor_u64(&cursor, &u64), ==, HAYWIRE_OK);
    g_assert_cmphex(u64, ==, G_GUINT64_CONSTANT(0x0f0e0d0c0b0a0908));
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 0);
}

/* Nothing moves and nothing is written when a byte is missing. */
static void test_short(void)
{
    HaywireCursor cursor;
    uint8_t u8 = 0xaa;
    uint16_t u16 = 0xaaaa;
    uint32_t u32 = 0xaaaaaaaa;
    uint64_t u64 = 0xaaaaaaaa;

    haywire_cursor_init(&cursor, bytes, 7);
    g_assert_cmpint(haywire_cursor_u64(&cursor, &u64), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    haywire_cursor_init(&cursor, bytes, 3);
    g_assert_cmpint(haywire_cursor_u32(&cursor, &u32), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    haywire_cursor_init(&cursor, bytes, 1);
    g_assert_cmpint(haywire_cursor_u16(&cursor, &u16), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 1);
    haywire_cursor_init(&cursor, bytes, 0);
    g_assert_cmpint(haywire_cursor_u8(&cursor, &u8), ==, HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmphex(u8, ==, 0xaa);
    g_assert_cmphex(u16, ==, 0xaaaa);
    g_assert_cmphex(u32, ==, 0xaaaaaaaa);
    g_assert_cmphex(u64, ==, 0xaaaaaaaa);
}

static void test_bytes(void)
{
    HaywireCursor cursor;
    const uint8_t *piece = NULL;

    haywire_cursor_init(&cursor, bytes, 8);
    g_assert_cmpint(haywire_cursor_skip(&cursor, 2), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, 3, &piece), ==, HAYWIRE_OK);
    g_assert_true(piece == bytes + 2);
    g_assert_cmpint(haywire_cursor_bytes(&cursor, 4, &piece), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_true(piece == bytes + 2);
    g_assert_cmpint(haywire_cursor_skip(&cursor, SIZE_MAX), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 3);
}

static void test_split(void)
{
    HaywireCursor cursor, part = { .end = 99 };
    uint8_t value;

    haywire_cursor_init(&cursor, bytes, 4);
    g_assert_cmpint(haywire_cursor_split(&cursor, 5, &part), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpuint(part.end, ==, 99);
    g_assert_cmpint(haywire_cursor_split(&cursor, 3, &part), ==, HAYWIRE_OK);
    g_assert_cmpuint(haywire_cursor_left(&cursor), ==, 1);
    g_assert_cmpuint(haywire_cursor_left(&part), ==, 3);
    g_assert_cmpint(haywire_cursor_skip(&part, 3), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_cursor_u8(&part, &value), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpint(haywire_cursor_u8(&cursor, &value), ==, HAYWIRE_OK);
    g_assert_cmpuint(value, ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cursor/values", test_values);
    g_test_add_func("/cursor/short", test_short);
    g_test_add_func("/cursor/bytes", test_bytes);
    g_test_add_func("/cursor/split", test_split);
    return g_test_run();
}
