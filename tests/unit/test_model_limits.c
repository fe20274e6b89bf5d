/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models of guests that lie as much as they can: bounded time and memory,
 * counted, never an error.
 */

#include <glib.h>
#include <malloc.h>
#include <string.h>

#include "beacon_model.h"
#include "haywire/bytes.h"

/* As many pages of every category as a session may have, bar MASTER. */
#define PAGES HAYWIRE_CATEGORY_PAGES_MAX

/* A session made of pages that no builder would make. */
typedef struct Liar {
    HaywireShares shares;
    HaywireDiscovery discovery;
    HaywireCopy *copy;
    const HaywireCopy **list;
    HaywirePage *page; /* one for each copy */
    size_t count;
} Liar;

static void liar_init(Liar *liar, size_t pages)
{
    liar->shares = haywire_shares_divide(HAYWIRE_MEMORY_ROOMY);
    liar->discovery = (HaywireDiscovery){ .state = HAYWIRE_SESSION_RUNNING };
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        liar->discovery.geometry[i] = PAGES;
    }
    liar->copy = g_new0(HaywireCopy, pages);
    liar->list = g_new0(const HaywireCopy *, pages);
    liar->page = g_new0(HaywirePage, pages);
    liar->count = 0;
}

static void liar_clear(Liar *liar)
{
    g_free(liar->copy);
    g_free(liar->list);
    g_free(liar->page);
}

static HaywirePage *add_page(Liar *liar, HaywireCategory category,
                             uint32_t index, uint32_t kind, uint64_t generation,
                             size_t length)
{
    HaywireCopy *copy = &liar->copy[liar->count];
    HaywirePage *page = &liar->page[liar->count++];

    liar->list[copy - liar->copy] = copy;
    copy->page = page;
    copy->info = (HaywirePageInfo){ .kind = kind,
                                    .category = category,
                                    .index = index,
                                    .generation = generation,
                                    .payload_length = (uint32_t)length };
    return page;
}

static HaywireModel *build(const Liar *liar, HaywireHostCounters *host)
{
    HaywireOverview overview = { .has_guest = true, .has_session = true };
    HaywireBeaconInput input = {
        .overview = &overview,
        .discovery = &liar->discovery,
        .copy = liar->list,
        .copy_count = liar->count,
        .shares = &liar->shares,
        .host = host,
    };
    HaywireModel *model;

    g_assert_cmpint(haywire_beacon_build(&input, &model), ==, HAYWIRE_OK);
    return model;
}

static HaywireWireRecord record_head(uint16_t type, size_t length)
{
    return (HaywireWireRecord){ haywire_le16(type),
                                haywire_le16((uint16_t)length) };
}

/* @pages snapshot pages full of entries, of one generation or of many. */
static void add_snapshot(Liar *liar, uint32_t pages, bool one_generation)
{
    for (uint32_t i = 0; i < pages; i++) {
        HaywirePage *page =
            add_page(liar, HAYWIRE_CATEGORY_PID, i, HAYWIRE_KIND_PID,
                     one_generation ? 1 : i + 1, HAYWIRE_PAYLOAD_MAX);
        HaywireWirePidPage head = {
            .ordinal = haywire_le32(one_generation ? i : 0),
            .pages = haywire_le32(one_generation ? pages : 2),
            .count = haywire_le32(HAYWIRE_PIDS_PER_PAGE),
            .total = haywire_le32(UINT32_MAX),
        };

        memcpy(page->payload, &head, sizeof(head));
        for (uint32_t j = 0; j < HAYWIRE_PIDS_PER_PAGE; j++) {
            /* backwards, so that sorting has to work */
            HaywireWirePidEntry entry = {
                .pid =
                    haywire_le32(UINT32_MAX - (i * HAYWIRE_PIDS_PER_PAGE + j)),
            };

            memset(entry.name, 0x1b, sizeof(entry.name));
            memcpy(page->payload + sizeof(head) + j * sizeof(entry), &entry,
                   sizeof(entry));
        }
    }
}

static void test_many_processes(void)
{
    HaywireHostCounters host = { 0 };
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, PAGES);
    add_snapshot(&liar, PAGES, true);
    model = build(&liar, &host);
    g_assert_cmpuint(model->process_count, ==, HAYWIRE_PROCESSES_MAX);
    g_assert_cmpuint(model->overview.processes, ==, UINT32_MAX);
    g_assert_cmpuint(model->overview.processes_missing, ==,
                     UINT32_MAX - HAYWIRE_PROCESSES_MAX);
    g_assert_cmpuint(host.limits_reached, ==, 1);
    g_assert_nonnull(haywire_model_process(model, UINT32_MAX));
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* With the least memory and the usual: what the share holds, not a process
   more; a few thousand are no problem. */
static void test_less_memory(void)
{
    static const struct {
        size_t memory;
        uint32_t pages;
        bool whole;
    } rows[] = {
        { HAYWIRE_MEMORY_DEFAULT, 31, true }, /* 3,007 processes */
        { HAYWIRE_MEMORY_DEFAULT, 60, true },
        { HAYWIRE_MEMORY_DEFAULT, 338, false },
        { HAYWIRE_MEMORY_MIN, 31, true },
        { HAYWIRE_MEMORY_MIN, 338, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        HaywireHostCounters host = { 0 };
        HaywireModel *model;
        Liar liar;

        liar_init(&liar, PAGES);
        liar.shares = haywire_shares_divide(rows[i].memory);
        add_snapshot(&liar, rows[i].pages, true);
        model = build(&liar, &host);
        g_assert_cmpint(model->process_count ==
                            rows[i].pages * HAYWIRE_PIDS_PER_PAGE,
                        ==, rows[i].whole);
        g_assert_cmpuint(model->process_count, >=, 3000);
        g_assert_cmpuint(model->process_count * sizeof(HaywireProcess), <=,
                         liar.shares.model / 2);
        g_assert_cmpint(host.limits_reached == 0, ==, rows[i].whole);
        haywire_model_unref(model);
        liar_clear(&liar);
    }
}

/* Without snapshots, and with names that take all the room they may. */
static void test_long_names(void)
{
    HaywireHostCounters host = { 0 };
    uint8_t record[sizeof(HaywireWireProcess) + HAYWIRE_NAME_MAX];
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, PAGES);
    liar.shares = haywire_shares_divide(104 * HAYWIRE_MIB);
    memset(record, 0xff, sizeof(record));
    for (uint32_t i = 0; i < PAGES; i++) {
        HaywireWireCycle cycle = {
            .record = record_head(HAYWIRE_RECORD_CYCLE, sizeof(cycle)),
            .processes = haywire_le32(UINT32_MAX),
            .ordinal = haywire_le32(i),
            .pages = haywire_le32(PAGES),
        };
        size_t used = sizeof(cycle);
        HaywirePage *page =
            add_page(&liar, HAYWIRE_CATEGORY_ROUNDROBIN, i,
                     HAYWIRE_KIND_ROUNDROBIN, 1, used + 25 * sizeof(record));

        memcpy(page->payload, &cycle, used);
        for (uint32_t j = 0; j < 25; j++, used += sizeof(record)) {
            HaywireWireProcess process = {
                .record = record_head(HAYWIRE_RECORD_PROCESS, sizeof(record)),
                .pid = haywire_le32(i * 25 + j),
                .name_length = haywire_le16(HAYWIRE_NAME_MAX),
            };

            memcpy(record, &process, sizeof(process));
            memcpy(page->payload + used, record, sizeof(record));
        }
    }
    model = build(&liar, &host);
    g_assert_cmpuint(model->process_count, ==, HAYWIRE_PROCESSES_MAX);
    g_assert_cmpuint(host.limits_reached, >, 0);
    g_assert_cmpuint(strlen(model->process[0].name), ==, 4 * HAYWIRE_NAME_MAX);
    g_assert_true(model->process[HAYWIRE_PROCESSES_MAX - 1].name_truncated);
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* Each page claims to be of another generation, none is complete. */
static void test_many_generations(void)
{
    HaywireHostCounters host = { 0 };
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, PAGES);
    add_snapshot(&liar, PAGES, false);
    model = build(&liar, &host);
    g_assert_cmpuint(model->process_count, ==, HAYWIRE_PIDS_PER_PAGE);
    g_assert_cmpuint(model->overview.snapshot_generation, ==, PAGES);
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* Fill a payload with copies of one record; how many there are. */
static size_t fill_records(HaywirePage *page, const void *record, size_t length)
{
    size_t count = HAYWIRE_PAYLOAD_MAX / length;

    for (size_t i = 0; i < count; i++) {
        memcpy(page->payload + i * length, record, length);
    }
    return count;
}

/* ROUNDROBIN pages full of empty section sets, each of its own generation. */
static void add_sets(Liar *liar, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        HaywirePage *page = add_page(liar, HAYWIRE_CATEGORY_ROUNDROBIN, i,
                                     HAYWIRE_KIND_ROUNDROBIN, i, 3920);
        HaywireWireSectionSet set = {
            .record = record_head(HAYWIRE_RECORD_SECTION_SET, sizeof(set)),
            .pid = haywire_le32(UINT32_MAX - i),
            .generation = haywire_le64(i),
        };

        fill_records(page, &set, sizeof(set));
    }
}

static void test_many_sets(void)
{
    HaywireHostCounters host = { 0 };
    HaywireSectionList list;
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, 2 * PAGES);
    add_snapshot(&liar, 400, true);
    add_sets(&liar, PAGES);
    model = build(&liar, &host);
    g_assert_cmpuint(host.limits_reached, >, 0);
    g_assert_cmpint(haywire_model_sections(model, UINT32_MAX, &list), ==,
                    HAYWIRE_OK);
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* One section a page, in one set of them all, all with the longest path. */
static void add_long_sections(Liar *liar, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        HaywirePage *page =
            add_page(liar, HAYWIRE_CATEGORY_ROUNDROBIN, i,
                     HAYWIRE_KIND_ROUNDROBIN, 1, 40 + 56 + HAYWIRE_PATH_MAX);
        HaywireWireSectionSet set = {
            .record = record_head(HAYWIRE_RECORD_SECTION_SET, sizeof(set)),
            .pid = haywire_le32(UINT32_MAX),
            .count = haywire_le32(1),
            .generation = haywire_le64(1),
            .first = haywire_le32(i),
            .total = haywire_le32(pages),
        };
        HaywireWireSection section = {
            .record = record_head(HAYWIRE_RECORD_SECTION,
                                  sizeof(section) + HAYWIRE_PATH_MAX),
            .start = haywire_le64(i * 4096),
            .end = haywire_le64((i + 1) * 4096),
            .path_length = haywire_le16(HAYWIRE_PATH_MAX),
        };

        memcpy(page->payload, &set, sizeof(set));
        memcpy(page->payload + 40, &section, sizeof(section));
        memset(page->payload + 40 + 56, 0xff, HAYWIRE_PATH_MAX);
        memcpy(page->payload + 40 + 56, &i, sizeof(i));
    }
}

#ifdef __SANITIZE_ADDRESS__
/* Of the sanitizer's runtime; its header is not packaged with every gcc. */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

/* The sanitizer's allocator has statistics of its own. */
static size_t heap_in_use(void)
{
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

static void test_long_paths(void)
{
    HaywireHostCounters host = { 0 };
    HaywireSectionList list;
    HaywireModel *model;
    size_t before, used;
    Liar liar;

    liar_init(&liar, 2 * PAGES);
    add_snapshot(&liar, 1, true);
    add_long_sections(&liar, PAGES);
    before = heap_in_use();
    model = build(&liar, &host);
    used = heap_in_use() - before;
    g_assert_cmpuint(used, >, liar.shares.model / 2);
    g_assert_cmpuint(used, <, liar.shares.model + (64 << 10));
    g_assert_cmpuint(host.limits_reached, >, 0);
    g_assert_cmpint(haywire_model_sections(model, UINT32_MAX, &list), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(list.total, ==, PAGES);
    haywire_model_unref(model);
    liar_clear(&liar);
}

static void add_camera(Liar *liar, uint32_t pages)
{
    HaywireWireControl control = {
        .nonce = haywire_le32(1),
        .status = haywire_le32(1),
        .current_pid = haywire_le32(UINT32_MAX),
        .pass = haywire_le64(1),
        .first_page = haywire_le32(1),
        .pages = haywire_le32(pages - 1),
        .runs_total = haywire_le32(UINT32_MAX),
        .sections_total = haywire_le32(UINT32_MAX),
    };
    HaywirePage *page = add_page(liar, HAYWIRE_CATEGORY_CAMERA1, 0,
                                 HAYWIRE_KIND_CONTROL, 1, sizeof(control));
    uint64_t gva = 0;

    memcpy(page->payload, &control, sizeof(control));
    for (uint32_t i = 1; i < pages; i++) {
        HaywireWirePageRunSet set = {
            .record = record_head(HAYWIRE_RECORD_PAGE_RUN_SET, 40 + 162 * 24),
            .pid = haywire_le32(UINT32_MAX),
            .count = haywire_le32(162),
            .generation = haywire_le64(1),
            .first = haywire_le32((i - 1) * 162),
            .total = haywire_le32(UINT32_MAX),
        };

        page = add_page(liar, HAYWIRE_CATEGORY_CAMERA1, i, HAYWIRE_KIND_CAMERA,
                        1, 40 + 162 * 24);
        memcpy(page->payload, &set, sizeof(set));
        for (uint32_t j = 0; j < 162; j++) {
            HaywireWirePageRun run = { .gva = haywire_le64(gva),
                                       .pages = haywire_le32(1) };

            memcpy(page->payload + 40 + j * 24, &run, sizeof(run));
            gva += 8192;
        }
    }
}

static void test_many_runs(void)
{
    HaywireHostCounters host = { 0 };
    HaywirePageRunList list;
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, 2 * PAGES);
    liar.shares = haywire_shares_divide(HAYWIRE_MEMORY_DEFAULT);
    add_snapshot(&liar, 1, true);
    add_camera(&liar, PAGES);
    model = build(&liar, &host);
    g_assert_cmpuint(host.limits_reached, >, 0);
    g_assert_cmpint(haywire_model_page_runs(model, UINT32_MAX, &list), ==,
                    HAYWIRE_OK);
    g_assert_false(list.complete);
    g_assert_cmpuint(list.count, >, 1000);
    g_assert_cmpuint(list.count * sizeof(HaywirePageRun), <=,
                     liar.shares.model / 4);
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* A cut camera leaves room for the process table and its sections. */
static void test_camera_leaves_room(void)
{
    HaywireHostCounters host = { 0 };
    HaywireSectionList list;
    HaywireModel *model;
    Liar liar;

    liar_init(&liar, 3 * PAGES);
    add_snapshot(&liar, 4, true);
    add_camera(&liar, PAGES);
    add_long_sections(&liar, 500);
    model = build(&liar, &host);
    g_assert_cmpuint(model->process_count, ==, 4 * HAYWIRE_PIDS_PER_PAGE);
    g_assert_cmpint(haywire_model_sections(model, UINT32_MAX, &list), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(list.count, ==, 500);
    haywire_model_unref(model);
    liar_clear(&liar);
}

/* Sections whose generation, ordinals and counts are all noise. */
static void test_noise(void)
{
    for (int round = 0; round < 20; round++) {
        HaywireHostCounters host = { 0 };
        HaywireModel *model;
        Liar liar;

        liar_init(&liar, 400);
        add_snapshot(&liar, 10, true);
        add_sets(&liar, 100);
        add_camera(&liar, 100);
        for (size_t i = 0; i < liar.count; i++) {
            for (int j = 0; j < 40; j++) {
                liar.page[i].payload[g_test_rand_int_range(0, 3936)] =
                    (uint8_t)g_test_rand_int_range(0, 256);
            }
        }
        model = build(&liar, &host);
        g_assert_cmpuint(model->process_count, <=, 10 * HAYWIRE_PIDS_PER_PAGE);
        haywire_model_unref(model);
        liar_clear(&liar);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model-limits/many-processes", test_many_processes);
    g_test_add_func("/model-limits/less-memory", test_less_memory);
    g_test_add_func("/model-limits/long-names", test_long_names);
    g_test_add_func("/model-limits/many-generations", test_many_generations);
    g_test_add_func("/model-limits/many-sets", test_many_sets);
    g_test_add_func("/model-limits/long-paths", test_long_paths);
    g_test_add_func("/model-limits/many-runs", test_many_runs);
    g_test_add_func("/model-limits/camera-leaves-room",
                    test_camera_leaves_room);
    g_test_add_func("/model-limits/noise", test_noise);
    return g_test_run();
}
