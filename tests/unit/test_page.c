/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshot and verification of one page: one wrong field for each status.
 */

#include <glib.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/page.h"
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

/* The same answer from the live page and from a still copy. */
static void assert_refused(HaywirePage *page, HaywireStatus status,
                           size_t offset, const char *field, uint64_t value)
{
    HaywirePageInfo info, untouched;
    HaywireDiagnosis diagnosis = { 0 };
    HaywirePage copy;

    memset(&info, 0x5a, sizeof(info));
    untouched = info;
    g_assert_cmpint(haywire_page_verify(page, &info, &diagnosis), ==, status);
    g_assert_cmpuint(diagnosis.offset, ==, offset);
    g_assert_cmpstr(diagnosis.field, ==, field);
    g_assert_cmphex(diagnosis.value, ==, value);
    g_assert_cmpint(haywire_page_snapshot((uint8_t *)page, &copy, &info, NULL),
                    ==, status);
    g_assert_cmpmem(&info, sizeof(info), &untouched, sizeof(untouched));
    g_aligned_free(page);
}

static void test_good(void)
{
    HaywirePage *page = make_page(), copy;
    HaywirePageInfo info;

    g_assert_true(haywire_page_has_magic((uint8_t *)page));
    g_assert_cmpint(haywire_page_snapshot((uint8_t *)page, &copy, &info, NULL),
                    ==, HAYWIRE_OK);
    g_assert_cmpmem(&copy, sizeof(copy), page, sizeof(*page));
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
    HaywirePage *page = make_page(), copy;
    HaywireDiagnosis diagnosis;
    HaywirePageInfo info;

    page->header.lock_top = haywire_le32(3);
    g_assert_cmpint(
        haywire_page_snapshot((uint8_t *)page, &copy, &info, &diagnosis), ==,
        HAYWIRE_PAGE_BUSY);
    g_assert_cmpuint(diagnosis.offset, ==, 136);
    assert_refused(page, HAYWIRE_PAGE_BUSY, 4092, "lock bottom", 2);
}

static void test_unchanged(void)
{
    HaywirePage *page = make_page();
    const uint8_t *live = (const uint8_t *)page;
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_PID };

    g_assert_true(haywire_page_unchanged(live, 2));
    g_assert_false(haywire_page_unchanged(live, 1));
    haywire_page_publish(page, &stamp, NULL, 0);
    g_assert_false(haywire_page_unchanged(live, 2));
    page->header.lock_top = haywire_le32(4);
    g_assert_false(haywire_page_unchanged(live, 3));
    g_assert_false(haywire_page_unchanged(live, 4));
    g_aligned_free(page);
}

typedef struct Race {
    HaywirePage *page;
    int stop;
} Race;

/* Publishes pages whose bytes are all the same. */
static gpointer write_all_the_time(gpointer opaque)
{
    Race *race = opaque;
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_PID };
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
    uint8_t fill = 0;

    while (!g_atomic_int_get(&race->stop)) {
        memset(payload, ++fill, sizeof(payload));
        stamp.generation = fill;
        haywire_page_publish(race->page, &stamp, payload, sizeof(payload));
        g_usleep(20);
    }
    return NULL;
}

static void test_race(void)
{
    Race race = { .page = make_page() };
    GThread *writer = g_thread_new("writer", write_all_the_time, &race);
    gint64 end = g_get_monotonic_time() + 300 * 1000;
    unsigned good = 0;

    while (g_get_monotonic_time() < end) {
        HaywirePage copy;
        HaywirePageInfo info = { 0 };
        HaywireStatus status =
            haywire_page_snapshot((uint8_t *)race.page, &copy, &info, NULL);
        size_t i;

        if (status == HAYWIRE_PAGE_BUSY || info.generation == 3) {
            continue;
        }
        g_assert_cmpint(status, ==, HAYWIRE_OK);
        for (i = 0; i < info.payload_length; i++) {
            g_assert_cmpuint(copy.payload[i], ==, info.generation);
        }
        good++;
    }
    g_atomic_int_set(&race.stop, 1);
    g_thread_join(writer);
    g_assert_cmpuint(good, >, 0);
    g_aligned_free(race.page);
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
    g_test_add_func("/page/unchanged", test_unchanged);
    g_test_add_func("/page/race", test_race);
    return g_test_run();
}
