/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing beacon pages, and records into payloads.
 */

#include <glib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "haywire/page.h"
#include "haywire/publish.h"

#define SESSION G_GUINT64_CONSTANT(0xfedcba9876543210)

static const HaywirePageStamp stamp = {
    .kind = HAYWIRE_KIND_CAMERA,
    .generation = 11,
    .monotonic_ns = 22,
    .realtime_ns = 33,
    .pfn = 44,
};

static HaywirePage *new_page(void)
{
    HaywirePage *page = g_aligned_alloc0(1, sizeof(*page), HAYWIRE_PAGE_SIZE);

    haywire_page_init(page, HAYWIRE_CATEGORY_CAMERA2, 7, SESSION, &stamp);
    return page;
}

static HaywirePageInfo verified(const HaywirePage *page)
{
    HaywirePageInfo info = { 0 };

    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    return info;
}

static void test_init(void)
{
    HaywirePage *page = new_page();
    HaywirePageInfo info = verified(page);

    g_assert_cmpuint(info.kind, ==, HAYWIRE_KIND_EMPTY);
    g_assert_cmpint(info.category, ==, HAYWIRE_CATEGORY_CAMERA2);
    g_assert_cmpuint(info.index, ==, 7);
    g_assert_cmpuint(info.payload_length, ==, 0);
    g_assert_cmphex(info.session, ==, SESSION);
    g_assert_cmpuint(info.sequence, ==, 1);
    g_assert_cmpuint(info.lock, ==, 1);
    g_assert_cmpuint(info.pfn, ==, 44);
    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        g_assert_cmphex(haywire_le32_get(page->header.magic[i]), ==,
                        0x3142FACE);
    }
    g_aligned_free(page);
}

/* Section 2 by its offsets, without the header's structures. */
static void test_bytes(void)
{
    HaywirePage *page = new_page();
    const uint8_t *at = (const uint8_t *)page;

    haywire_page_publish(page, &stamp, "abc", 3);
    g_assert_cmpmem(at, 4, "\xce\xfa\x42\x31", 4);
    g_assert_cmpmem(at + 60, 4, "\xce\xfa\x42\x31", 4);
    g_assert_cmpmem(at + 64, 4, "HayX", 4);
    g_assert_cmpmem(at + 68, 8, "\1\0\4\0\7\0\0\0", 8);
    g_assert_cmpmem(at + 76, 4, "\3\0\0\0", 4);
    g_assert_cmpmem(at + 80, 8, "\x10\x32\x54\x76\x98\xba\xdc\xfe", 8);
    g_assert_cmpmem(at + 88, 16, "\x0b\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    g_assert_cmpmem(at + 136, 4, "\2\0\0\0", 4);
    g_assert_cmpmem(at + 144, 3, "abc", 3);
    g_assert_cmpmem(at + 4092, 4, "\2\0\0\0", 4);
    g_aligned_free(page);
}

static void test_publish(void)
{
    HaywirePage *page = new_page();
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    for (unsigned i = 2; i < 40; i++) {
        size_t length = i * 100;
        HaywirePageInfo info;

        memset(payload, (int)i, length);
        haywire_page_publish(page, &stamp, payload, length);
        info = verified(page);
        g_assert_cmpuint(info.sequence, ==, i);
        g_assert_cmpuint(info.lock, ==, i);
        g_assert_cmpuint(info.kind, ==, HAYWIRE_KIND_CAMERA);
        g_assert_cmpuint(info.generation, ==, 11);
        g_assert_cmpuint(info.monotonic_ns, ==, 22);
        g_assert_cmpuint(info.realtime_ns, ==, 33);
        g_assert_cmpmem(page->payload, info.payload_length, payload, length);
    }
    haywire_page_publish(page, &stamp, NULL, 0);
    g_assert_cmpuint(verified(page).payload_length, ==, 0);
    g_aligned_free(page);
}

/* A full page leaves control word and locks where they are. */
static void test_full(void)
{
    HaywirePage *page = new_page();
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    memset(payload, 0xff, sizeof(payload));
    haywire_page_publish(page, &stamp, payload, sizeof(payload));
    g_assert_cmpuint(verified(page).payload_length, ==, HAYWIRE_PAYLOAD_MAX);
    g_assert_cmphex(haywire_page_get_control_word(page), ==, 0);
    g_assert_cmpuint(haywire_le32_get(page->zero), ==, 0);
    g_aligned_free(page);
}

static void test_lock_wraps(void)
{
    HaywirePage *page = new_page();

    page->header.sequence = haywire_le64(G_MAXUINT32);
    haywire_page_publish(page, &stamp, "x", 1);
    g_assert_cmpuint(verified(page).lock, ==, 0);
    g_assert_cmphex(verified(page).sequence, ==,
                    G_GUINT64_CONSTANT(0x100000000));
    g_aligned_free(page);
}

static void test_checksum_covers(void)
{
    HaywirePage *page = new_page();
    uint8_t *bytes = (uint8_t *)page;
    uint64_t sum;

    haywire_page_publish(page, &stamp, "payload", 7);
    sum = haywire_page_checksum(page, 7);
    g_assert_cmphex(sum, ==, haywire_le64_get(page->header.checksum));
    for (size_t i = 0; i < sizeof(*page); i++) {
        bool covered = (i >= 64 && i < 128) || (i >= 144 && i < 144 + 7);

        bytes[i] ^= 1;
        g_assert_true((haywire_page_checksum(page, 7) != sum) == covered);
        bytes[i] ^= 1;
    }
    g_aligned_free(page);
}

static void test_control_word(void)
{
    HaywirePage *page = new_page();
    uint64_t word = HAYWIRE_CONTROL_WORD(0xdeadbeef, 4242);

    haywire_page_set_control_word(page, word);
    haywire_page_publish(page, &stamp, "x", 1);
    g_assert_cmphex(haywire_page_get_control_word(page), ==, word);
    g_assert_cmpmem((uint8_t *)page + 4080, 8, "\x92\x10\0\0\xef\xbe\xad\xde",
                    8);
    (void)verified(page);
    g_aligned_free(page);
}

static void test_record_length(void)
{
    HaywireBytes tail[] = { { "abc", 3 }, { "defghi", 6 } };

    g_assert_cmpuint(haywire_record_length(8, NULL, 0), ==, 8);
    g_assert_cmpuint(haywire_record_length(9, NULL, 0), ==, 16);
    g_assert_cmpuint(haywire_record_length(8, tail, 2), ==, 24);
    tail[1].length = SIZE_MAX;
    g_assert_cmpuint(haywire_record_length(8, tail, 2), >, HAYWIRE_PAYLOAD_MAX);
}

static void test_append(void)
{
    g_autofree HaywireWriter *writer = g_new0(HaywireWriter, 1);
    HaywireWireRecord record = { .type = haywire_le16(6) };
    HaywireBytes tail[] = { { "abc", 3 }, { NULL, 0 }, { "defghi", 6 } };
    uint8_t *place = NULL;

    memset(writer->payload, 0xaa, sizeof(writer->payload));
    g_assert_cmpint(haywire_writer_append(writer, &record, 8, tail, 3, &place),
                    ==, HAYWIRE_OK);
    g_assert_true(place == writer->payload);
    g_assert_cmpuint(writer->used, ==, 24);
    g_assert_cmpmem(writer->payload, 24,
                    "\6\0\x18\0\0\0\0\0abcdefghi\0\0\0\0\0\0\0", 24);
    g_assert_cmpint(haywire_writer_append(writer, &record, 8, NULL, 0, &place),
                    ==, HAYWIRE_OK);
    g_assert_true(place == writer->payload + 24);
}

static void test_append_limit(void)
{
    g_autofree HaywireWriter *writer = g_new0(HaywireWriter, 1);
    HaywireWireRecord record = { .type = haywire_le16(6) };
    uint8_t zeros[HAYWIRE_PAYLOAD_MAX] = { 0 };
    HaywireBytes tail = { zeros, HAYWIRE_PAYLOAD_MAX - 8 };
    uint8_t *place = zeros;

    tail.length++;
    g_assert_cmpint(haywire_writer_append(writer, &record, 8, &tail, 1, &place),
                    ==, HAYWIRE_LIMIT);
    g_assert_true(place == zeros);
    g_assert_cmpuint(writer->used, ==, 0);
    tail.length--;
    g_assert_cmpint(haywire_writer_append(writer, &record, 8, &tail, 1, NULL),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(writer->used, ==, HAYWIRE_PAYLOAD_MAX);
    g_assert_cmpint(haywire_writer_append(writer, &record, 8, NULL, 0, NULL),
                    ==, HAYWIRE_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/publish/init", test_init);
    g_test_add_func("/publish/bytes", test_bytes);
    g_test_add_func("/publish/publish", test_publish);
    g_test_add_func("/publish/full", test_full);
    g_test_add_func("/publish/lock-wraps", test_lock_wraps);
    g_test_add_func("/publish/checksum-covers", test_checksum_covers);
    g_test_add_func("/publish/control-word", test_control_word);
    g_test_add_func("/publish/record-length", test_record_length);
    g_test_add_func("/publish/append", test_append);
    g_test_add_func("/publish/append-limit", test_append_limit);
    return g_test_run();
}
