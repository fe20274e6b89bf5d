/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verification of one page: one wrong field for each status.
 */

#include <glib.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/page_read.h"
#include "haywire/publish.h"

#define SESSION G_GUINT64_CONSTANT(0x1122334455667788)

static HaywirePage *make_page(void)
{
    HaywirePage *page = g_aligned_alloc0(1, sizeof(*page), HAYWIRE_PAGE_SIZE);
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_PID,
                               .generation = 3,
                               .monotonic_ns = 1000,
                               .realtime_ns = 2000,
                               .pfn = 77 };

    haywire_page_init(page, HAYWIRE_CATEGORY_PID, 5, SESSION, &stamp);
    haywire_page_publish(page, &stamp, "payload", 8);
    return page;
}

static HaywireStatus read_page(HaywirePage *page, HaywirePageInfo *ret_info)
{
    HaywireRegion region = { { 0 }, sizeof(*page), (uint8_t *)page };
    HaywireMemory *memory;
    HaywirePage copy;
    HaywireStatus status;

    g_assert_cmpint(haywire_memory_array_new(&region, 1, false, NULL, &memory),
                    ==, HAYWIRE_OK);
    status = haywire_page_read(memory, (HaywirePosition){ 0 }, &copy, ret_info,
                               NULL);
    haywire_memory_destroy(memory);
    return status;
}

/* As it is, and as a reader finds it in memory. */
static void assert_refused(HaywirePage *page, HaywireStatus status,
                           size_t offset, const char *field, uint64_t value)
{
    HaywirePageInfo info, untouched;
    HaywireDiagnosis diagnosis = { 0 };

    memset(&info, 0x5a, sizeof(info));
    untouched = info;
    g_assert_cmpint(haywire_page_verify(page, &info, &diagnosis), ==, status);
    g_assert_cmpuint(diagnosis.offset, ==, offset);
    g_assert_cmpstr(diagnosis.field, ==, field);
    g_assert_cmphex(diagnosis.value, ==, value);
    g_assert_cmpint(read_page(page, &info), ==, status);
    g_assert_cmpmem(&info, sizeof(info), &untouched, sizeof(untouched));
    g_aligned_free(page);
}

static void test_good(void)
{
    HaywirePage *page = make_page();
    HaywirePageInfo info;

    g_assert_true(haywire_page_has_magic((uint8_t *)page));
    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpuint(info.kind, ==, HAYWIRE_KIND_PID);
    g_assert_cmpint(info.category, ==, HAYWIRE_CATEGORY_PID);
    g_assert_cmpuint(info.index, ==, 5);
    g_assert_cmpuint(info.payload_length, ==, 8);
    g_assert_cmphex(info.session, ==, SESSION);
    g_assert_cmpuint(info.generation, ==, 3);
    g_assert_cmpuint(info.sequence, ==, 2);
    g_assert_cmpuint(info.monotonic_ns, ==, 1000);
    g_assert_cmpuint(info.realtime_ns, ==, 2000);
    g_assert_cmpuint(info.pfn, ==, 77);
    g_assert_cmpuint(info.lock, ==, 2);
    g_aligned_free(page);
}

static void test_magic(void)
{
    int i;

    for (i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        HaywirePage *page = make_page();

        page->header.magic[i] = haywire_le32(HAYWIRE_MAGIC ^ 1);
        g_assert_false(haywire_page_has_magic((uint8_t *)page));
        assert_refused(page, HAYWIRE_BAD_MAGIC, i * 4, "magic",
                       HAYWIRE_MAGIC ^ 1);
    }
}

static void test_version(void)
{
    HaywirePage *page = make_page();

    page->header.version = haywire_le16(2);
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_VERSION, 68, "version", 2);
}

static void test_kind(void)
{
    HaywirePage *page = make_page();

    page->header.kind = haywire_le32(HAYWIRE_KIND('H', 'a', 'y', 'z'));
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_KIND, 64, "kind",
                   HAYWIRE_KIND('H', 'a', 'y', 'z'));
}

static void test_category(void)
{
    HaywirePage *page = make_page();

    page->header.category = haywire_le16(HAYWIRE_CATEGORY_COUNT);
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_CATEGORY, 70, "category",
                   HAYWIRE_CATEGORY_COUNT);
    /* A pid page may not lie among the cameras'. */
    page = make_page();
    page->header.category = haywire_le16(HAYWIRE_CATEGORY_CAMERA2);
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_CATEGORY, 70, "category",
                   HAYWIRE_CATEGORY_CAMERA2);
}

static void test_index(void)
{
    HaywirePage *page = make_page();

    page->header.index = haywire_le32(HAYWIRE_CATEGORY_PAGES_MAX);
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_INDEX, 72, "index",
                   HAYWIRE_CATEGORY_PAGES_MAX);
}

static void test_length(void)
{
    HaywirePage *page = make_page();

    page->header.payload_length = haywire_le32(HAYWIRE_PAYLOAD_MAX + 1);
    assert_refused(page, HAYWIRE_BAD_LENGTH, 76, "payload length",
                   HAYWIRE_PAYLOAD_MAX + 1);
    page = make_page();
    page->header.payload_length = haywire_le32(UINT32_MAX);
    assert_refused(page, HAYWIRE_BAD_LENGTH, 76, "payload length", UINT32_MAX);
}

static void test_session(void)
{
    HaywirePage *page = make_page();

    page->header.session = haywire_le64(0);
    haywire_beacon_reseal(page);
    assert_refused(page, HAYWIRE_BAD_SESSION, 80, "session", 0);
}

/* Any bit that the checksum covers, and the checksum itself. */
static void test_checksum(void)
{
    static const size_t offsets[] = {
        88, 96, 104, 112, 120, 128, 135, 144, 151
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        HaywirePage *page = make_page();
        HaywirePageInfo info;

        ((uint8_t *)page)[offsets[i]] ^= 0x10;
        g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==,
                        HAYWIRE_BAD_CHECKSUM);
        assert_refused(page, HAYWIRE_BAD_CHECKSUM, 128, "checksum",
                       haywire_le64_get(page->header.checksum));
    }
}

/* Bytes past the payload, the control word and the zero fields do not count. */
static void test_not_covered(void)
{
    HaywirePage *page = make_page();
    HaywirePageInfo info;

    page->payload[8] = 1;
    page->control_word = haywire_le64(42);
    page->zero = haywire_le32(1);
    page->header.zero = haywire_le32(1);
    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_aligned_free(page);
}

static void test_busy(void)
{
    HaywirePage *page = make_page();

    page->header.lock_top = haywire_le32(3);
    assert_refused(page, HAYWIRE_PAGE_BUSY, 4092, "lock bottom", 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/page/good", test_good);
    g_test_add_func("/page/bad-magic", test_magic);
    g_test_add_func("/page/bad-version", test_version);
    g_test_add_func("/page/bad-kind", test_kind);
    g_test_add_func("/page/bad-category", test_category);
    g_test_add_func("/page/bad-index", test_index);
    g_test_add_func("/page/bad-length", test_length);
    g_test_add_func("/page/bad-session", test_session);
    g_test_add_func("/page/bad-checksum", test_checksum);
    g_test_add_func("/page/not-covered", test_not_covered);
    g_test_add_func("/page/busy", test_busy);
    return g_test_run();
}
