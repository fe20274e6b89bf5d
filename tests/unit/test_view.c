/*
 * The view over arrays: finding, following, losing and replacing sessions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"
#include "haywire/view.h"

#define MS       UINT64_C(1000000)
#define S        UINT64_C(1000000000)
#define RAM_SIZE (64u << 20)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

typedef struct World {
    HaywireBeacons *beacons;
    uint8_t *ram;
    HaywireSource *source;
    HaywireView *view;
    HaywireNow now;
    HaywireSourceOps ops; /* array ops, with a layout or without one */
} World;

static const HaywireLayout *no_layout(HaywireSource *source)
{
    (void)source;
    return NULL;
}

/* @knows_layout: as in QEMU; false: as a file. */
static World *new_world(const char *text, bool knows_layout)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, RAM_SIZE } },
    };
    World *world = g_new0(World, 1);
    HaywireRegion region = { { 0 }, RAM_SIZE, NULL };

    world->ram = g_aligned_alloc0(1, RAM_SIZE, HAYWIRE_PAGE_SIZE);
    region.host = world->ram;
    world->beacons = haywire_beacons_make(text);
    g_assert_true(
        haywire_beacons_place(world->beacons, world->ram, RAM_SIZE, NULL));
    g_assert_cmpint(
        haywire_array_source_new(&region, 1, true, &layout, &world->source), ==,
        HAYWIRE_OK);
    if (!knows_layout) {
        world->ops = *world->source->ops;
        world->ops.layout = no_layout;
        world->source->ops = &world->ops;
    }
    g_assert_cmpint(haywire_view_new(world->source, &world->view), ==,
                    HAYWIRE_OK);
    world->now = (HaywireNow){ .now_ns = 100 * S, .host_ns = 100 * S };
    return world;
}

static void free_world(World *world)
{
    haywire_view_destroy(world->view);
    haywire_source_destroy(world->source);
    haywire_beacons_free(world->beacons);
    g_aligned_free(world->ram);
    g_free(world);
}

static HaywirePage *page(World *world, unsigned session,
                         HaywireCategory category, uint32_t index)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(world->beacons, session, category, index);

    g_assert_nonnull(beacon);
    return (HaywirePage *)(world->ram + beacon->position.value);
}

static void beat(World *world, unsigned session)
{
    haywire_beacon_beat(page(world, session, HAYWIRE_CATEGORY_MASTER, 0),
                        100 * MS);
}

static HaywireModel *refresh(World *world)
{
    HaywireModel *model = NULL;

    g_assert_cmpint(haywire_view_refresh(world->view, world->now, &model), ==,
                    HAYWIRE_OK);
    return model;
}

static HaywireModel *refresh_after(World *world, uint64_t ns)
{
    world->now.now_ns += ns;
    world->now.host_ns += ns;
    return refresh(world);
}

/* Found, and seen beating. */
static void go_live(World *world, unsigned session)
{
    haywire_model_unref(refresh(world));
    beat(world, session);
    haywire_model_unref(refresh_after(world, 100 * MS));
}

#define SESSION1                                                             \
    "place first=0x100000\n"                                                 \
    "session id=0x11 started=10s wall-started=10s time=20s interval=100ms\n" \
    "ram start=0x1000 end=0x3ff0000\n"                                       \
    "process pid=1 name=\"init\" exe=\"/sbin/init\"\n"                       \
    "process pid=2 name=\"kthreadd\" flags=kernel\n"                         \
    "camera 1 nonce=0x1234 pid=1\n"

#define SESSION2                                                             \
    "place first=0x2000000\n"                                                \
    "session id=0x22 started=30s wall-started=30s time=40s interval=100ms\n" \
    "ram start=0x1000 end=0x3ff0000\n"                                       \
    "process pid=7 name=\"other\"\n"

static void test_nothing(void)
{
    World *world = new_world("", true);
    g_autoptr(HaywireModel) model = refresh(world);

    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_false(model->overview.has_session);
    g_assert_true(model->overview.has_scan);
    g_assert_cmpuint(model->process_count, ==, 0);
    g_assert_cmpuint(haywire_view_beat_wait(world->view, world->now), ==, 0);
    free_world(world);
}

static void test_live(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) first = refresh(world);
    g_autoptr(HaywireModel) second = NULL;
    uint64_t wait = haywire_view_beat_wait(world->view, world->now);

    g_assert_cmpint(first->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_true(first->overview.has_session);
    g_assert_cmpuint(first->process_count, ==, 2);
    g_assert_cmpuint(wait, >=, 100 * MS);
    g_assert_cmpuint(wait, <=, S);
    beat(world, 0);
    second = refresh_after(world, wait);
    g_assert_cmpint(second->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmphex(second->overview.session, ==, 0x11);
    g_assert_cmpuint(second->overview.heartbeat_age, ==, 0);
    g_assert_cmpuint(second->overview.category[1].pages, ==, 500);
    g_assert_cmpuint(second->overview.category[1].mapped, ==, 500);
    g_assert_cmpuint(second->overview.sessions, ==, 1);
    g_assert_cmpuint(second->host.scans, ==, 1);
    g_assert_cmpuint(second->host.sessions_seen, ==, 1);
    g_assert_cmpuint(haywire_view_beat_wait(world->view, world->now), ==, 0);
    free_world(world);
}

static void test_cost(void)
{
    World *world = new_world(SESSION1 "counter cpu-time=77\n", true);
    g_autoptr(HaywireModel) first = refresh(world);
    g_autoptr(HaywireModel) second = refresh_after(world, 3 * S);
    const HaywireCost *cost = &second->overview.cost;

    g_assert_cmpuint(first->overview.cost.time, ==, 0);
    g_assert_cmpuint(cost->time, ==, 3 * S);
    g_assert_cmpuint(cost->refreshes, ==, 2);
    g_assert_cmpuint(cost->scans, ==, second->host.scans);
    g_assert_cmpuint(cost->pages_read, ==, second->host.pages_read);
    g_assert_cmpuint(cost->bytes_decoded, >, 0);
    g_assert_cmpuint(cost->cpu_time, >, first->overview.cost.cpu_time);
    g_assert_true(cost->companion_known);
    g_assert_cmpuint(cost->companion_time, ==, 10 * S);
    g_assert_cmpuint(cost->companion_cpu_time, ==, 77);
    free_world(world);
}

/* Only what has changed is read again. */
static void test_rereads_changes_only(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) before = NULL;
    g_autoptr(HaywireModel) after = NULL;

    go_live(world, 0);
    before = refresh(world);
    beat(world, 0);
    after = refresh_after(world, 100 * MS);
    /* The discovery page alone. */
    g_assert_cmpuint(after->host.pages_read - before->host.pages_read, ==, 1);
    free_world(world);
}

static void test_stale(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    go_live(world, 0);
    model = refresh_after(world, 1500 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmpuint(model->overview.heartbeat_age, ==, 1500 * MS);
    /* Looked for a successor at once. */
    g_assert_cmpuint(model->host.scans, ==, 2);
    beat(world, 0);
    haywire_model_unref(g_steal_pointer(&model));
    model = refresh_after(world, 10 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    free_world(world);
}

/* The host's clock goes on, the guest's does not. */
static HaywireModel *refresh_paused(World *world, uint64_t ns)
{
    world->now.host_ns += ns;
    world->now.paused = true;
    return refresh(world);
}

static void test_paused(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) before = NULL;
    g_autoptr(HaywireModel) paused = NULL;
    g_autoptr(HaywireModel) after = NULL;

    before = refresh_paused(world, 0);
    g_assert_cmpint(before->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    world->now.paused = false;
    go_live(world, 0);
    haywire_model_unref(refresh_paused(world, 100 * MS));
    paused = refresh_paused(world, 300 * S);
    g_assert_cmpint(paused->overview.state, ==, HAYWIRE_STATE_PAUSED);
    g_assert_cmphex(paused->overview.session, ==, 0x11);
    g_assert_cmpuint(paused->process_count, ==, 2);
    /* It goes on, and has not had the time for a beat yet. */
    world->now.paused = false;
    after = refresh_after(world, 10 * MS);
    g_assert_cmpint(after->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmphex(after->overview.session, ==, 0x11);
    free_world(world);
}

/* What was stale before is not made better by a pause. */
static void test_stale_paused(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    go_live(world, 0);
    haywire_model_unref(refresh_after(world, 1500 * MS));
    model = refresh_paused(world, S);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    free_world(world);
}

/* A file at rest needs no waiting; it may be used again later. */
static void test_still(void)
{
    World *world = new_world(SESSION1, false);
    g_autoptr(HaywireModel) rest = NULL;
    g_autoptr(HaywireModel) after = NULL;

    world->now.still = true;
    rest = refresh(world);
    g_assert_cmpint(rest->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(rest->process_count, ==, 2);
    g_assert_cmpuint(haywire_view_beat_wait(world->view, world->now), ==, 0);
    world->now.still = false;
    beat(world, 0);
    after = refresh_after(world, 100 * MS);
    g_assert_cmpint(after->overview.state, ==, HAYWIRE_STATE_LIVE);
    free_world(world);
}

/* Killed; its memory is used for other things, bit by bit. */
static void test_killed(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;
    uint32_t i;

    go_live(world, 0);
    for (i = 0; i < 100; i++) {
        memset(page(world, 0, HAYWIRE_CATEGORY_PID, i), 0xab, 4096);
    }
    haywire_model_unref(refresh_after(world, 300 * MS));
    memset(page(world, 0, HAYWIRE_CATEGORY_MASTER, 0), 0xab, 4096);
    model = refresh_after(world, 300 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    free_world(world);
}

static void test_closed(void)
{
    World *world = new_world("session id=5 state=2\nprocess pid=1\n", true);
    g_autoptr(HaywireModel) model = refresh(world);

    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_true(model->overview.closed);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(haywire_view_beat_wait(world->view, world->now), ==, 0);
    free_world(world);
}

/* A dead session's pages, one that beats, and a newer one that starts to. */
static void test_successor(void)
{
    World *world = new_world(SESSION1 SESSION2, true);
    HaywireModel *model;

    model = refresh(world);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    haywire_model_unref(model);
    beat(world, 0);
    model = refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_nonnull(haywire_model_process(model, 1));
    g_assert_null(haywire_model_process(model, 7));
    g_assert_cmpuint(model->overview.sessions, ==, 2);
    haywire_model_unref(model);
    beat(world, 0);
    beat(world, 1);
    model = refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_null(haywire_model_process(model, 1));
    g_assert_nonnull(haywire_model_process(model, 7));
    haywire_model_unref(model);
    free_world(world);
}

/* A newer session appears while the old one still beats. */
static void test_second_companion(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireBeacons) second = haywire_beacons_make(SESSION2);
    HaywirePage *discovery;
    HaywireModel *model = NULL;
    int i;

    go_live(world, 0);
    g_assert_true(haywire_beacons_place(second, world->ram, RAM_SIZE, NULL));
    discovery =
        (HaywirePage *)(world->ram + haywire_beacons_find(
                                         second, 0, HAYWIRE_CATEGORY_MASTER, 0)
                                         ->position.value);
    /* After 10 s, or later where scans are slow. */
    for (i = 0; i < 100000 && (!model || model->host.scans == 1); i++) {
        haywire_model_unref(model);
        beat(world, 0);
        haywire_beacon_beat(discovery, 100 * MS);
        model = refresh_after(world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    }
    g_assert_cmpint(i, >=, 99);
    haywire_model_unref(model);
    beat(world, 0);
    haywire_beacon_beat(discovery, 100 * MS);
    model = refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpuint(model->host.scans, ==, 2);
    haywire_model_unref(model);
    free_world(world);
}

/* Leftovers of an earlier boot that turn up do not replace what was live. */
static void test_leftovers(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireBeacons) second = haywire_beacons_make(SESSION2);
    HaywireModel *model = NULL;

    go_live(world, 0);
    g_assert_true(haywire_beacons_place(second, world->ram, RAM_SIZE, NULL));
    haywire_view_request_rescan(world->view);
    model = refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    haywire_model_unref(model);
    model = refresh_after(world, 20 * S);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    haywire_model_unref(model);
    free_world(world);
}

/* Publish a page's content again at another place, stamped as lying there. */
static void move_page(World *world, HaywirePage *from, uint32_t to)
{
    HaywirePage *target = (HaywirePage *)(world->ram + to);

    memcpy(target, from, sizeof(*target));
    target->header.pfn = haywire_le64(to >> HAYWIRE_PAGE_SHIFT);
    target->header.monotonic_ns =
        haywire_le64(haywire_le64_get(target->header.monotonic_ns) + 1);
    haywire_beacon_reseal(target);
}

static void set_index_entry(World *world, uint32_t slot, uint64_t pfn)
{
    HaywirePage *index = page(world, 0, HAYWIRE_CATEGORY_MASTER,
                              1 + slot / HAYWIRE_INDEX_PER_PAGE);
    uint32_t length = haywire_le32_get(index->header.payload_length);
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_INDEX,
                               .monotonic_ns = 30 * S };
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
    HaywireLe64 entry = haywire_le64(pfn);

    memcpy(payload, index->payload, length);
    memcpy(payload + sizeof(HaywireWireIndex) +
               slot % HAYWIRE_INDEX_PER_PAGE * sizeof(entry),
           &entry, sizeof(entry));
    haywire_page_publish(index, &stamp, payload, length);
}

/* The index says where a page has gone, while its old copy still stands. */
static void check_moved(bool knows_layout)
{
    World *world = new_world(SESSION1, knows_layout);
    HaywirePage *stats;
    HaywireModel *model;

    go_live(world, 0);
    model = refresh(world);
    g_assert_cmpuint(model->layout.count, ==, 1);
    haywire_model_unref(model);
    stats = page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    move_page(world, stats, 0x3000000);
    set_index_entry(world, 4, 0x3000);
    beat(world, 0);
    model = refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.slot_clashes, ==, 1);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    haywire_model_unref(model);
    /* And now the old place is used for something else. */
    memset(stats, 0xcc, sizeof(*stats));
    beat(world, 0);
    model = refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->host.scans, ==, 1);
    haywire_model_unref(model);
    free_world(world);
}

static void test_moved(void)
{
    check_moved(true);
    check_moved(false);
}

/* Where it beats now is found before the copy left behind counts as stale. */
static void test_moved_discovery(void)
{
    World *world = new_world(SESSION1, true);
    HaywirePage *discovery;

    go_live(world, 0);
    discovery = page(world, 0, HAYWIRE_CATEGORY_MASTER, 0);
    move_page(world, discovery, 0x3000000);
    for (int i = 0; i < 40; i++) {
        g_autoptr(HaywireModel) model = NULL;

        haywire_beacon_beat((HaywirePage *)(world->ram + 0x3000000), 100 * MS);
        model = refresh_after(world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
        g_assert_cmpuint(model->host.scans, <=, 2);
        g_assert_true(i < 20 || model->overview.heartbeat_age == 0);
    }
    free_world(world);
}

/* Without frame numbers only a scan finds a page that has moved. */
static void test_moved_unprivileged(void)
{
    World *world = new_world("session id=9 pfns=0 interval=100ms\n"
                             "process pid=1\n",
                             true);
    HaywirePage *stats;
    HaywireModel *model;
    uint64_t wait;

    go_live(world, 0);
    stats = page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    move_page(world, stats, 0x3000000);
    memset(stats, 0xcc, sizeof(*stats));
    beat(world, 0);
    model = refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_MAGIC], ==, 1);
    g_assert_false(model->guest.valid);
    g_assert_cmpuint(model->overview.category[0].mapped, ==, 9);
    wait = MAX(1500 * MS, 30 * model->overview.scan_duration);
    haywire_model_unref(model);
    beat(world, 0);
    model = refresh_after(world, wait);
    g_assert_cmpuint(model->host.scans, ==, 2);
    g_assert_true(model->guest.valid);
    haywire_model_unref(model);
    free_world(world);
}

static void test_layout_deduced(void)
{
    World *world = new_world(SESSION1, false);
    g_autoptr(HaywireModel) model = refresh(world);

    g_assert_cmpuint(model->layout.count, ==, 1);
    g_assert_cmpuint(model->layout.range[0].length, ==, RAM_SIZE);
    free_world(world);
    world = new_world("session id=1\nprocess pid=1\n", false);
    haywire_model_unref(g_steal_pointer(&model));
    model = refresh(world);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(model->layout.count, ==, 0);
    free_world(world);
}

/* A busy page keeps what was last read of it. */
static void test_busy(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;
    HaywirePage *stats;

    go_live(world, 0);
    stats = page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    stats->header.lock_top = haywire_le32(99);
    beat(world, 0);
    model = refresh_after(world, 100 * MS);
    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->host.remaps, ==, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_PAGE_BUSY], ==, 1);
    free_world(world);
}

/* While nothing is found: 250 ms, doubling up to 4 s. */
static void test_pacing(void)
{
    World *world = new_world("", true);
    static const unsigned due_ms[] = { 0,    250,  750,   1750,
                                       3750, 7750, 11750, 15750 };
    unsigned ms, next = 0;

    for (ms = 0; ms < 19000; ms += 50) {
        g_autoptr(HaywireModel) model = refresh_after(world, ms ? 50 * MS : 0);

        while (next < G_N_ELEMENTS(due_ms) && due_ms[next] + 40 < ms) {
            next++;
        }
        g_assert_cmpuint(model->host.scans, >=, next ? next - 1 : 0);
        g_assert_cmpuint(model->host.scans, <=, next + 1);
    }
    free_world(world);
}

static void test_reset(void)
{
    World *world = new_world(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    go_live(world, 0);
    memset(world->ram, 0, RAM_SIZE);
    haywire_view_reset(world->view);
    model = refresh_after(world, 10 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_false(model->overview.has_session);
    free_world(world);
}

#define FLOOD_SIZE (512u << 20)
#define FORGED     100000

/* Forged pages all over the memory, a real session in between. */
static uint8_t *make_flood(void)
{
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_EMPTY };
    g_autoptr(HaywireBeacons) real =
        haywire_beacons_make("place first=0x3800000\n"
                             "session id=0x99 time=900s interval=100ms\n"
                             "process pid=4\n");
    uint8_t *ram = g_aligned_alloc0(1, FLOOD_SIZE, HAYWIRE_PAGE_SIZE);
    size_t i;

    for (i = 0; i < FORGED; i++) {
        size_t place = i < 0x3800 ? i : i + 2000;

        haywire_page_init((HaywirePage *)(ram + place * HAYWIRE_PAGE_SIZE),
                          HAYWIRE_CATEGORY_PID, i % 100, 0x99 + i % 3, &stamp);
    }
    g_assert_true(haywire_beacons_place(real, ram, FLOOD_SIZE, NULL));
    return ram;
}

static HaywireModel *look_once(uint8_t *ram, const HaywireLayout *layout)
{
    const HaywireRegion region = { { 0 }, FLOOD_SIZE, ram };
    HaywireModel *model = NULL;
    HaywireSource *source;
    HaywireView *view;

    g_assert_cmpint(
        haywire_array_source_new(&region, 1, false, layout, &source), ==,
        HAYWIRE_OK);
    g_assert_cmpint(haywire_view_new(source, &view), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_view_refresh(view, (HaywireNow){ S, S }, &model),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(model->host.limits_reached, >=, 1);
    g_assert_cmpuint(model->overview.category[4].mapped, ==, 200);
    g_assert_cmpuint(model->process_count, ==, 1);
    haywire_view_destroy(view);
    haywire_source_destroy(source);
    return model;
}

/*
 * More forged pages than are noted: counted, and the real session is found all
 * the same, by a second scan or by its index.
 */
static void test_flood(void)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, FLOOD_SIZE } },
    };
    uint8_t *ram = make_flood();
    g_autoptr(HaywireModel) by_scan = look_once(ram, NULL);
    g_autoptr(HaywireModel) by_index = look_once(ram, &layout);

    g_assert_cmpuint(by_scan->host.scans, ==, 2);
    g_assert_cmpuint(by_scan->host.slot_clashes, >, 30000);
    g_assert_cmpuint(by_scan->host.index_attaches, ==, 0);
    g_assert_cmpuint(by_index->host.scans, ==, 1);
    g_assert_cmpuint(by_index->host.index_attaches, ==, 1);
    g_aligned_free(ram);
}

static HaywireStatus truncated(HaywireSource *source)
{
    (void)source;
    return HAYWIRE_SOURCE_TRUNCATED;
}

static void test_truncated(void)
{
    World *world = new_world(SESSION1, false);
    HaywireModel *model = NULL;

    go_live(world, 0);
    world->ops.check = truncated;
    g_assert_cmpint(haywire_view_refresh(world->view, world->now, &model), ==,
                    HAYWIRE_SOURCE_TRUNCATED);
    g_assert_null(model);
    free_world(world);
}

static void test_focus_counts(void)
{
    World *world = new_world("", true);
    g_autoptr(HaywireModel) model = NULL;

    haywire_view_count_focus(world->view, HAYWIRE_OK);
    haywire_view_count_focus(world->view, HAYWIRE_FOCUS_UNCONFIRMED);
    haywire_view_count_focus(world->view, HAYWIRE_FOCUS_LOST_RACE);
    model = refresh(world);
    g_assert_cmpuint(model->host.focus_writes, ==, 2);
    g_assert_cmpuint(model->host.focus_failures, ==, 2);
    free_world(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/view/nothing", test_nothing);
    g_test_add_func("/view/live", test_live);
    g_test_add_func("/view/cost", test_cost);
    g_test_add_func("/view/rereads-changes-only", test_rereads_changes_only);
    g_test_add_func("/view/stale", test_stale);
    g_test_add_func("/view/paused", test_paused);
    g_test_add_func("/view/stale-paused", test_stale_paused);
    g_test_add_func("/view/still", test_still);
    g_test_add_func("/view/killed", test_killed);
    g_test_add_func("/view/closed", test_closed);
    g_test_add_func("/view/successor", test_successor);
    g_test_add_func("/view/second-companion", test_second_companion);
    g_test_add_func("/view/leftovers", test_leftovers);
    g_test_add_func("/view/moved", test_moved);
    g_test_add_func("/view/moved-discovery", test_moved_discovery);
    g_test_add_func("/view/moved-unprivileged", test_moved_unprivileged);
    g_test_add_func("/view/layout-deduced", test_layout_deduced);
    g_test_add_func("/view/busy", test_busy);
    g_test_add_func("/view/pacing", test_pacing);
    g_test_add_func("/view/reset", test_reset);
    g_test_add_func("/view/flood", test_flood);
    g_test_add_func("/view/truncated", test_truncated);
    g_test_add_func("/view/focus-counts", test_focus_counts);
    return g_test_run();
}
