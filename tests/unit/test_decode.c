/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoders of pages: each field arrives; each corrupt field has its status
 * and its diagnosis.
 */

#include <glib.h>
#include <string.h>

#include "haywire/decode.h"
#include "page_fixture.h"

#define SESSION                                                           \
    "session id=0x5e55 version=\"1.2.3\" heartbeat=77 interval=5 os=2 "   \
    "arch=2 state=2 features=5 pid=99 started=6 wall-started=7 "          \
    "boot-id=\"0123456789abcdef\" page-size=16384\n"                      \
    "geometry roundrobin=11 pid=12 camera1=13 camera2=14\n"               \
    "counter pid-rounds=3 capabilities=9\n"                               \
    "snapshot generation=8 taken=123 dropped=4\n"                         \
    "processes first=100 count=120 in=snapshot uid=44\n"                  \
    "camera 1 pid=100 target=101 pass=6 nonce=0x77 started=1 finished=2 " \
    "taken=3 rss=4 pss=5 swap=6 flags=figures,no-sections "               \
    "sections-total=9 runs-total=8\n"

static void fixture_init(PageFixture *fixture, const char *damage,
                         HaywireCategory category, uint32_t index)
{
    page_fixture_init(fixture, SESSION, damage, category, index);
}

typedef struct Corruption {
    const char *damage;
    HaywireStatus status;
    size_t offset;
    const char *field;
    uint64_t value;
} Corruption;

typedef HaywireStatus (*Decode)(PageFixture *fixture);

static void check_corruptions(const Corruption *corruption, size_t count,
                              HaywireCategory category, uint32_t index,
                              Decode decode)
{
    for (size_t i = 0; i < count; i++, corruption++) {
        PageFixture fixture;

        g_test_message("%s", corruption->damage);
        fixture_init(&fixture, corruption->damage, category, index);
        g_assert_cmpint(decode(&fixture), ==, corruption->status);
        g_assert_cmpuint(fixture.diagnosis.offset, ==, corruption->offset);
        g_assert_cmpstr(fixture.diagnosis.field, ==, corruption->field);
        g_assert_cmpuint(fixture.diagnosis.value, ==, corruption->value);
        page_fixture_clear(&fixture);
    }
}

static HaywireStatus decode_discovery(PageFixture *fixture)
{
    HaywireDiscovery before, discovery;
    HaywireStatus status;

    memset(&before, 0x5a, sizeof(before));
    discovery = before;
    status = haywire_decode_discovery(fixture->page, &fixture->info, &discovery,
                                      &fixture->diagnosis);
    if (status != HAYWIRE_OK) {
        g_assert_cmpmem(&discovery, sizeof(discovery), &before, sizeof(before));
    }
    return status;
}

static void test_discovery(void)
{
    static const HaywirePart parts[] = {
        { 1, 3 }, { 4, 1 }, { 5, 1 }, { 6, 1 }, { 7, 3 },
    };
    static const uint32_t geometry[] = { 10, 11, 12, 13, 14 };
    HaywireDiscovery discovery;
    PageFixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_MASTER, 0);
    g_assert_cmpint(
        haywire_decode_discovery(fixture.page, &fixture.info, &discovery, NULL),
        ==, HAYWIRE_OK);
    g_assert_cmpuint(discovery.os, ==, 2);
    g_assert_cmpuint(discovery.arch, ==, 2);
    g_assert_cmpuint(discovery.page_size, ==, 16384);
    g_assert_cmpint(discovery.state, ==, HAYWIRE_SESSION_CLOSED);
    g_assert_cmphex(discovery.features, ==, 5);
    g_assert_cmpuint(discovery.heartbeat, ==, 77);
    g_assert_cmpuint(discovery.heartbeat_interval_ns, ==, 5);
    g_assert_cmpuint(discovery.started_monotonic_ns, ==, 6);
    g_assert_cmpuint(discovery.started_realtime_ns, ==, 7);
    g_assert_cmpmem(discovery.boot_id, 16, "0123456789abcdef", 16);
    g_assert_cmpuint(discovery.companion_pid, ==, 99);
    g_assert_cmpuint(discovery.version[0], ==, 1);
    g_assert_cmpuint(discovery.version[1], ==, 2);
    g_assert_cmpuint(discovery.version[2], ==, 3);
    g_assert_cmpmem(discovery.geometry, sizeof(discovery.geometry), geometry,
                    sizeof(geometry));
    g_assert_cmpmem(discovery.part, sizeof(discovery.part), parts,
                    sizeof(parts));
    g_assert_cmpuint(discovery.pid_interval_ns, ==, 500000000);
    g_assert_cmpuint(discovery.roundrobin_interval_ns, ==, 1000000000);
    g_assert_cmpuint(discovery.camera_interval_ns, ==, 500000000);
    g_assert_cmpuint(discovery.index_frames, ==, 3);
    g_assert_cmpuint(discovery.index_pfn[0], ==, 0x101);
    g_assert_cmpuint(discovery.index_pfn[2], ==, 0x103);
    g_assert_cmpuint(discovery.index_pfn[3], ==, 0);
    page_fixture_clear(&fixture);
}

/* The first companions' payload, and one that hides frame numbers. */
static void test_no_index_frames(void)
{
    static const char *const damages[] = { "set master 0 length=176",
                                           "set master 0 +176.4=0" };

    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        HaywireDiscovery discovery;
        PageFixture fixture;

        fixture_init(&fixture, damages[i], HAYWIRE_CATEGORY_MASTER, 0);
        g_assert_cmpint(haywire_decode_discovery(fixture.page, &fixture.info,
                                                 &discovery, NULL),
                        ==, HAYWIRE_OK);
        g_assert_cmpuint(discovery.index_frames, ==, 0);
        g_assert_cmpuint(discovery.camera_interval_ns, ==, 500000000);
        page_fixture_clear(&fixture);
    }
}

static void test_bad_discovery(void)
{
    static const Corruption corruptions[] = {
        { "set master 0 kind=0x49796148", HAYWIRE_BAD_KIND, 64, "kind",
          HAYWIRE_KIND_INDEX },
        { "set master 0 index=1", HAYWIRE_BAD_INDEX, 72, "index", 1 },
        { "set master 0 length=0", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          0 },
        { "set master 0 length=60", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          60 },
        { "set master 0 length=175", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 175 },
        { "set master 0 length=177", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 177 },
        { "set master 0 length=215", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 215 },
        { "set master 0 +176.4=5", HAYWIRE_BAD_COUNT, 144 + 176, "index frames",
          5 },
        { "set master 0 +12.4=0", HAYWIRE_BAD_VALUE, 144 + 12, "session state",
          0 },
        { "set master 0 +12.4=3", HAYWIRE_BAD_VALUE, 144 + 12, "session state",
          3 },
        { "set master 0 +40.8=18446744073709551615", HAYWIRE_BAD_TIME, 144 + 40,
          "session start", UINT64_MAX },
        { "set master 0 +92.4=0", HAYWIRE_BAD_GEOMETRY, 144 + 92, "geometry",
          0 },
        { "set master 0 +104.4=32769", HAYWIRE_BAD_GEOMETRY, 144 + 104,
          "geometry", 32769 },
        /* over page 0; beyond the end; wrapping */
        { "set master 0 +116.4=0", HAYWIRE_BAD_GEOMETRY, 144 + 116,
          "master layout", 0 },
        { "set master 0 +140.4=8", HAYWIRE_BAD_GEOMETRY, 144 + 140,
          "master layout", 8 },
        { "set master 0 +108.4=10", HAYWIRE_BAD_GEOMETRY, 144 + 108,
          "master layout", 10 },
        { "set master 0 +112.4=0xffffffff", HAYWIRE_BAD_GEOMETRY, 144 + 108,
          "master layout", 1 },
    };

    check_corruptions(corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_MASTER, 0, decode_discovery);
}

/* A part of no pages lies nowhere: a companion without a manifest. */
static void test_absent_part(void)
{
    HaywireDiscovery discovery;
    PageFixture fixture;

    fixture_init(&fixture, "set master 0 +140.4=0 +144.4=0",
                 HAYWIRE_CATEGORY_MASTER, 0);
    g_assert_cmpint(
        haywire_decode_discovery(fixture.page, &fixture.info, &discovery, NULL),
        ==, HAYWIRE_OK);
    page_fixture_clear(&fixture);
}

static HaywireStatus decode_index(PageFixture *fixture)
{
    HaywireIndexPage index;

    return haywire_decode_index(fixture->page, &fixture->info, &index,
                                &fixture->diagnosis);
}

static void test_index(void)
{
    HaywireIndexPage index;
    PageFixture fixture;
    uint64_t pfn = 0;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_MASTER, 1);
    g_assert_cmpint(
        haywire_decode_index(fixture.page, &fixture.info, &index, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(index.first_slot, ==, 0);
    g_assert_cmpuint(index.count, ==, 60);
    g_assert_cmpuint(index.total, ==, 60);
    for (unsigned i = 0; i < 60; i++) {
        g_assert_cmpint(haywire_cursor_u64(&index.entries, &pfn), ==,
                        HAYWIRE_OK);
        g_assert_cmphex(pfn, ==, 0x100 + i);
    }
    g_assert_cmpint(haywire_cursor_u64(&index.entries, &pfn), ==,
                    HAYWIRE_SHORT_PAYLOAD);
    page_fixture_clear(&fixture);
}

static void test_bad_index(void)
{
    static const Corruption corruptions[] = {
        { "set master 1 kind=0x53796148", HAYWIRE_BAD_KIND, 64, "kind",
          HAYWIRE_KIND_STATS },
        { "set master 1 length=15", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          15 },
        { "set master 1 length=495", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 495 },
        { "set master 1 +4.4=491 +8.4=5000", HAYWIRE_BAD_COUNT, 144 + 4,
          "entries on this page", 491 },
        { "set master 1 +8.4=59", HAYWIRE_BAD_ORDINAL, 144, "first slot", 0 },
        { "set master 1 +0.4=61", HAYWIRE_BAD_ORDINAL, 144, "first slot", 61 },
        { "set master 1 +0.4=0xffffffff", HAYWIRE_BAD_ORDINAL, 144,
          "first slot", 0xffffffff },
    };

    check_corruptions(corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_MASTER, 1, decode_index);
}

static HaywireStatus decode_stats(PageFixture *fixture)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];

    return haywire_decode_stats(fixture->page, &fixture->info, counter,
                                &fixture->diagnosis);
}

static void test_stats(void)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    PageFixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_MASTER, 4);
    g_assert_cmpint(
        haywire_decode_stats(fixture.page, &fixture.info, counter, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], ==, 3);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAPABILITIES], ==, 9);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PROCESSES], ==, 0);
    page_fixture_clear(&fixture);
}

/* An older companion has fewer counters, a later one more. */
static void test_stats_versions(void)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    PageFixture fixture;

    memset(counter, 0xff, sizeof(counter));
    fixture_init(&fixture, "set master 4 +0.4=1", HAYWIRE_CATEGORY_MASTER, 4);
    g_assert_cmpint(
        haywire_decode_stats(fixture.page, &fixture.info, counter, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], ==, 3);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAPABILITIES], ==, 0);
    page_fixture_clear(&fixture);
    fixture_init(&fixture, "set master 4 +0.4=491 length=3936",
                 HAYWIRE_CATEGORY_MASTER, 4);
    g_assert_cmpint(
        haywire_decode_stats(fixture.page, &fixture.info, counter, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAPABILITIES], ==, 9);
    page_fixture_clear(&fixture);
}

static void test_bad_stats(void)
{
    static const Corruption corruptions[] = {
        { "set master 4 kind=0x49796148", HAYWIRE_BAD_KIND, 64, "kind",
          HAYWIRE_KIND_INDEX },
        { "set master 4 length=3", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          3 },
        { "set master 4 length=183", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 183 },
        { "set master 4 +0.4=492", HAYWIRE_BAD_COUNT, 144, "count", 492 },
    };

    check_corruptions(corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_MASTER, 4, decode_stats);
}

static HaywireStatus decode_pid_page(PageFixture *fixture)
{
    HaywirePidPage page;

    return haywire_decode_pid_page(fixture->page, &fixture->info, &page,
                                   &fixture->diagnosis);
}

static void test_pid_page(void)
{
    HaywirePidPage page;
    HaywirePidEntry entry;
    PageFixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_PID, 1);
    g_assert_cmpuint(fixture.info.generation, ==, 8);
    g_assert_cmpint(
        haywire_decode_pid_page(fixture.page, &fixture.info, &page, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(page.ordinal, ==, 1);
    g_assert_cmpuint(page.pages, ==, 2);
    g_assert_cmpuint(page.count, ==, 23);
    g_assert_cmpuint(page.total, ==, 124);
    g_assert_cmpuint(page.dropped, ==, 4);
    g_assert_cmpuint(page.first_index, ==, 0);
    g_assert_cmpuint(page.taken_ns, ==, 123);
    for (unsigned i = 0; i < 23; i++) {
        g_assert_cmpint(haywire_decode_pid_entry(&page, &entry), ==,
                        HAYWIRE_OK);
        g_assert_cmpuint(entry.pid, ==, 197 + i);
        g_assert_cmpuint(entry.ppid, ==, 1);
        g_assert_cmpuint(entry.start_time_ns, ==, 10000000 * (197 + i));
        g_assert_cmpuint(entry.uid, ==, 44);
        g_assert_cmpint(entry.state, ==, 'S');
        g_assert_cmpuint(entry.threads, ==, 1);
        g_assert_cmpuint(entry.name_length, ==, 4);
    }
    g_assert_cmpint(haywire_decode_pid_entry(&page, &entry), ==,
                    HAYWIRE_NOT_FOUND);
    page_fixture_clear(&fixture);
}

static void test_bad_pid_page(void)
{
    static const Corruption corruptions[] = {
        { "set pid 0 kind=0x45796148", HAYWIRE_BAD_KIND, 64, "kind",
          HAYWIRE_KIND_EMPTY },
        { "set pid 0 length=31", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          31 },
        { "set pid 0 length=3911", HAYWIRE_SHORT_PAYLOAD, 76, "payload length",
          3911 },
        { "set pid 0 +8.4=98", HAYWIRE_BAD_COUNT, 144 + 8,
          "entries on this page", 98 },
        { "set pid 0 +0.4=2", HAYWIRE_BAD_ORDINAL, 144, "ordinal", 2 },
        { "set pid 0 +4.4=0", HAYWIRE_BAD_ORDINAL, 144, "ordinal", 0 },
        { "set pid 0 +4.4=32769", HAYWIRE_BAD_ORDINAL, 144, "ordinal", 0 },
        { "set pid 0 +20.4=32768", HAYWIRE_BAD_ORDINAL, 144 + 20,
          "index of the first page", 32768 },
    };

    check_corruptions(corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_PID, 0, decode_pid_page);
}

static HaywireStatus decode_control(PageFixture *fixture)
{
    HaywireControl control;

    return haywire_decode_control(fixture->page, &fixture->info, &control,
                                  &fixture->diagnosis);
}

static void test_control(void)
{
    HaywireControl control;
    PageFixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_CAMERA1, 0);
    g_assert_cmpint(
        haywire_decode_control(fixture.page, &fixture.info, &control, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmphex(control.nonce, ==, 0x77);
    g_assert_cmpint(control.status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_cmpuint(control.target_pid, ==, 101);
    g_assert_cmpuint(control.current_pid, ==, 100);
    g_assert_cmpuint(control.current_start_time_ns, ==, 1000000000);
    g_assert_cmpuint(control.pass, ==, 6);
    g_assert_cmpuint(control.first_page, ==, 1);
    g_assert_cmpuint(control.pages, ==, 0);
    g_assert_cmpuint(control.sections_total, ==, 9);
    g_assert_cmpuint(control.sections_stored, ==, 0);
    g_assert_cmpuint(control.runs_total, ==, 8);
    g_assert_cmpuint(control.runs_stored, ==, 0);
    g_assert_cmpuint(control.pass_started_ns, ==, 1);
    g_assert_cmpuint(control.pass_finished_ns, ==, 2);
    g_assert_cmpuint(control.target_taken_ns, ==, 3);
    g_assert_cmpuint(control.rss, ==, 4);
    g_assert_cmpuint(control.pss, ==, 5);
    g_assert_cmpuint(control.swap, ==, 6);
    g_assert_cmphex(control.flags, ==,
                    HAYWIRE_CAMERA_FIGURES_VALID | HAYWIRE_CAMERA_NO_SECTIONS);
    page_fixture_clear(&fixture);
}

static void test_bad_control(void)
{
    static const Corruption corruptions[] = {
        { "set camera1 0 kind=0x58796148", HAYWIRE_BAD_KIND, 64, "kind",
          HAYWIRE_KIND_CAMERA },
        { "set camera1 0 index=2", HAYWIRE_BAD_INDEX, 72, "index", 2 },
        { "set camera1 0 length=111", HAYWIRE_SHORT_PAYLOAD, 76,
          "payload length", 111 },
        { "set camera1 0 +0.4=0", HAYWIRE_BAD_VALUE, 144, "nonce", 0 },
        { "set camera1 0 +4.4=4", HAYWIRE_BAD_VALUE, 144 + 4, "status", 4 },
    };

    check_corruptions(corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_CAMERA1, 0, decode_control);
}

/* Right kinds in wrong places: the header alone, as verification lets by. */
static void test_kind_elsewhere(void)
{
    HaywirePage page = { 0 };
    HaywirePageInfo info = { .category = HAYWIRE_CATEGORY_CAMERA1,
                             .payload_length = 200 };
    PageFixture fixture = { .page = &page, .info = info };

    fixture.info.kind = HAYWIRE_KIND_DISCOVERY;
    g_assert_cmpint(decode_discovery(&fixture), ==, HAYWIRE_BAD_KIND);
    fixture.info.kind = HAYWIRE_KIND_PID;
    g_assert_cmpint(decode_pid_page(&fixture), ==, HAYWIRE_BAD_KIND);
    g_assert_cmpstr(fixture.diagnosis.field, ==, "category");
    fixture.info.category = HAYWIRE_CATEGORY_PID;
    fixture.info.kind = HAYWIRE_KIND_CONTROL;
    g_assert_cmpint(decode_control(&fixture), ==, HAYWIRE_BAD_KIND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/discovery", test_discovery);
    g_test_add_func("/decode/no-index-frames", test_no_index_frames);
    g_test_add_func("/decode/bad-discovery", test_bad_discovery);
    g_test_add_func("/decode/absent-part", test_absent_part);
    g_test_add_func("/decode/index", test_index);
    g_test_add_func("/decode/bad-index", test_bad_index);
    g_test_add_func("/decode/stats", test_stats);
    g_test_add_func("/decode/stats-versions", test_stats_versions);
    g_test_add_func("/decode/bad-stats", test_bad_stats);
    g_test_add_func("/decode/pid-page", test_pid_page);
    g_test_add_func("/decode/bad-pid-page", test_bad_pid_page);
    g_test_add_func("/decode/control", test_control);
    g_test_add_func("/decode/bad-control", test_bad_control);
    g_test_add_func("/decode/kind-elsewhere", test_kind_elsewhere);
    return g_test_run();
}
