/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder that other tests rely on.
 */

#include <glib.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/decode.h"
#include "haywire/publish.h"

#define SMALL           \
    "session id=0x77\n" \
    "geometry roundrobin=8 pid=4 camera1=2 camera2=2\n"
#define SMALL_PAGES (10 + 8 + 4 + 2 + 2)

static void test_all_pages_verify(void)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(
        "session id=0x77\nprocesses first=1 count=250 sections=20\n"
        "camera 1 pid=5\nrun camera=1 gva=0x1000 pfn=1\n"
        "ram start=0 end=1G\ntext release \"6.1\"\n");

    g_assert_cmpuint(haywire_beacons_count(beacons), ==,
                     10 + 500 + 100 + 200 + 200);
    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);
        HaywirePageInfo info;

        g_assert_cmpint(haywire_page_verify(beacon->page, &info, NULL), ==,
                        HAYWIRE_OK);
        g_assert_cmpint(info.category, ==, beacon->category);
        g_assert_cmpuint(info.index, ==, beacon->index);
        g_assert_cmphex(info.session, ==, 0x77);
        g_assert_cmphex(info.pfn, ==, beacon->gpa.value >> 12);
        g_assert_cmphex(beacon->position.value, ==, beacon->gpa.value);
    }
}

static void test_find(void)
{
    g_autoptr(HaywireBeacons) beacons =
        haywire_beacons_make(SMALL "drop pid 2\n" SMALL);

    g_assert_cmpuint(haywire_beacons_count(beacons), ==, 2 * SMALL_PAGES - 1);
    g_assert_null(haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_PID, 2));
    g_assert_nonnull(haywire_beacons_find(beacons, 1, HAYWIRE_CATEGORY_PID, 2));
    g_assert_null(haywire_beacons_find(beacons, 1, HAYWIRE_CATEGORY_PID, 4));
    g_assert_null(haywire_beacons_find(beacons, 2, HAYWIRE_CATEGORY_PID, 1));
}

/* No two pages of one text lie at one place. */
static void check_distinct(const HaywireBeacons *beacons)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        gint64 gpa = (gint64)haywire_beacons_get(beacons, i)->gpa.value;

        g_assert_true(g_hash_table_add(seen, g_memdup2(&gpa, sizeof(gpa))));
    }
}

static void test_placement(void)
{
    g_autoptr(HaywireBeacons) plain =
        haywire_beacons_make("place first=2M step=8k\n" SMALL SMALL);
    g_autoptr(HaywireBeacons) shuffled =
        haywire_beacons_make("place seed=3 first=1M pages=300\n" SMALL SMALL);
    g_autoptr(HaywireBeacons) same =
        haywire_beacons_make("place seed=3 first=1M pages=300\n" SMALL SMALL);
    bool sorted = true;

    g_assert_cmphex(haywire_beacons_get(plain, 0)->gpa.value, ==, 2 << 20);
    g_assert_cmphex(haywire_beacons_get(plain, 1)->gpa.value, ==,
                    (2 << 20) + 8192);
    check_distinct(plain);
    check_distinct(shuffled);
    for (size_t i = 1; i < SMALL_PAGES; i++) {
        sorted &= haywire_beacons_get(shuffled, i - 1)->gpa.value <
                  haywire_beacons_get(shuffled, i)->gpa.value;
        g_assert_cmphex(haywire_beacons_get(shuffled, i)->gpa.value, ==,
                        haywire_beacons_get(same, i)->gpa.value);
    }
    g_assert_false(sorted);
}

static void test_layout(void)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(
        "layout gpa=0 position=0 length=2M\n"
        "layout gpa=4G position=2M length=2M\n"
        "place first=4G\n" SMALL "move pid 1 gpa=0x5000\n");
    g_autofree uint8_t *ram = g_malloc0(4 << 20);
    const HaywireBeacon *moved =
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_PID, 1);
    HaywirePageInfo info;

    g_assert_cmphex(haywire_beacons_get(beacons, 0)->position.value, ==,
                    2 << 20);
    g_assert_cmphex(moved->position.value, ==, 0x5000);
    g_assert_cmpint(haywire_page_verify(moved->page, &info, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmphex(info.pfn, !=, 5);
    g_assert_true(haywire_beacons_place(beacons, ram, 4 << 20, NULL));
    g_assert_true(haywire_page_has_magic(ram + (2 << 20)));
    g_assert_true(haywire_page_has_magic(ram + 0x5000));
    g_assert_false(haywire_page_has_magic(ram));
    g_assert_false(haywire_beacons_place(beacons, ram, 2 << 20, NULL));
}

static void test_hidden_pfns(void)
{
    g_autoptr(HaywireBeacons) beacons =
        haywire_beacons_make("session pfns=0\n");
    HaywireIndexPage index;
    HaywirePageInfo info;
    uint64_t pfn = 0;
    const HaywireBeacon *page =
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 1);

    g_assert_cmpint(haywire_page_verify(page->page, &info, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmphex(info.pfn, ==, 0);
    g_assert_cmpint(haywire_decode_index(page->page, &info, &index, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_cursor_u64(&index.entries, &pfn), ==, HAYWIRE_OK);
    g_assert_cmphex(pfn, ==, 0);
}

static HaywireStatus status_after(const char *damage)
{
    g_autofree char *text = g_strconcat(SMALL, damage, NULL);
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);
    HaywirePageInfo info;

    return haywire_page_verify(
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_PID, 1)->page, &info,
        NULL);
}

static void test_damage(void)
{
    g_assert_cmpint(status_after(""), ==, HAYWIRE_OK);
    g_assert_cmpint(status_after("set pid 1 generation=9"), ==, HAYWIRE_OK);
    g_assert_cmpint(status_after("corrupt pid 1 generation=9"), ==,
                    HAYWIRE_BAD_CHECKSUM);
    g_assert_cmpint(status_after("set pid 1 checksum=9"), ==,
                    HAYWIRE_BAD_CHECKSUM);
    g_assert_cmpint(status_after("corrupt pid 1 @60.4=0"), ==,
                    HAYWIRE_BAD_MAGIC);
    g_assert_cmpint(status_after("set pid 1 version=2"), ==,
                    HAYWIRE_BAD_VERSION);
    g_assert_cmpint(status_after("set pid 1 top=9"), ==, HAYWIRE_PAGE_BUSY);
    g_assert_cmpint(status_after("set pid 1 length=3937"), ==,
                    HAYWIRE_BAD_LENGTH);
}

static void test_beat(void)
{
    g_autoptr(HaywireBeacons) beacons =
        haywire_beacons_make("session heartbeat=41 time=7s\n");
    const HaywireBeacon *page =
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 0);
    HaywireDiscovery discovery;
    HaywirePageInfo info;

    haywire_beacon_beat(page->page, 100);
    g_assert_cmpint(haywire_page_verify(page->page, &info, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(
        haywire_decode_discovery(page->page, &info, &discovery, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(discovery.heartbeat, ==, 42);
    g_assert_cmpuint(info.monotonic_ns, ==, 7000000100);
    g_assert_cmpuint(info.sequence, ==, 3);
}

static void test_errors(void)
{
    static const char *const texts[][2] = {
        { "bogus", "line 1: unknown command 'bogus'" },
        { "\n\nprocess pid=1", "line 3: process before any session" },
        { "session\nprocess name=\"x\"", "line 2: pid= is missing" },
        { "session\nprocess pid=x", "line 2: pid: 'x' is no number" },
        { "session\nprocess pid=1 color=3", "line 2: what is 'color'?" },
        { "session\nprocess pid=1 two", "line 2: what is 'two'?" },
        { "session\nprocess pid=1 name=\"x", "line 2: string without an end" },
        { "session\nprocess pid=1 name=\"\\q\"", "line 2: unknown escape" },
        { "session\nprocess pid=1 flags=odd", "line 2: unknown flag 'odd'" },
        { "session\nsection start=1 end=2",
          "line 2: section before any sections" },
        { "session\nset pid 100 top=1", "line 2: no page '100'" },
        { "session\nset pid 1 nothing=1", "line 2: unknown field 'nothing'" },
        { "session\nset pid 1 @4096.1=1", "line 2: unknown field '@4096.1'" },
        { "session\ndrop pid", "line 2: a word is missing" },
        { "session\ndrop nowhere 1", "line 2: unknown word 'nowhere'" },
        { "session\ngeometry pid=1\nprocesses first=1 count=98",
          "a snapshot does not fit pid" },
        { "session\ngeometry roundrobin=8\nprocesses first=1 count=200",
          "roundrobin is too small for what it should hold" },
        { "place seed=1 pages=5\nsession", "1010 pages do not fit 5 frames" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(haywire_beacons_new(texts[i][0], &error));
        g_assert_cmpstr(error->message, ==, texts[i][1]);
    }
}

static void test_comments(void)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(
        "# a comment\n\n   \t\nsession id=5 # and another\n"
        "process pid=1 name=\"with # inside\"\n");

    g_assert_cmpuint(haywire_beacons_count(beacons), ==, 1010);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/builder/all-pages-verify", test_all_pages_verify);
    g_test_add_func("/builder/find", test_find);
    g_test_add_func("/builder/placement", test_placement);
    g_test_add_func("/builder/layout", test_layout);
    g_test_add_func("/builder/hidden-pfns", test_hidden_pfns);
    g_test_add_func("/builder/damage", test_damage);
    g_test_add_func("/builder/beat", test_beat);
    g_test_add_func("/builder/errors", test_errors);
    g_test_add_func("/builder/comments", test_comments);
    return g_test_run();
}
