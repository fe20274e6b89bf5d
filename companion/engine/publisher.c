/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session: its pages, where they lie, its heartbeat and its statistics. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "os/os.h"
#include "engine/publisher.h"

/* Two beats show that a session lives: the first follow quickly. */
#define FIRST_BEATS   2
#define FIRST_BEAT_MS 20

uint32_t haywire_category_pages_default(HaywireCategory category)
{
    static const uint32_t pages[HAYWIRE_CATEGORY_COUNT] = {
        [HAYWIRE_CATEGORY_MASTER] = HAYWIRE_MASTER_PAGES,
        [HAYWIRE_CATEGORY_ROUNDROBIN] = HAYWIRE_ROUNDROBIN_PAGES,
        [HAYWIRE_CATEGORY_PID] = HAYWIRE_PID_PAGES,
        [HAYWIRE_CATEGORY_CAMERA1] = HAYWIRE_CAMERA1_PAGES,
        [HAYWIRE_CATEGORY_CAMERA2] = HAYWIRE_CAMERA2_PAGES,
    };

    return pages[category];
}

/* Two banks and a ring; two halves; a control page and two banks of two. */
uint32_t haywire_category_pages_min(HaywireCategory category)
{
    static const uint32_t pages[HAYWIRE_CATEGORY_COUNT] = {
        [HAYWIRE_CATEGORY_MASTER] = HAYWIRE_MASTER_PAGES,
        [HAYWIRE_CATEGORY_ROUNDROBIN] = 4,
        [HAYWIRE_CATEGORY_PID] = 2,
        [HAYWIRE_CATEGORY_CAMERA1] = 5,
        [HAYWIRE_CATEGORY_CAMERA2] = 5,
    };

    return pages[category];
}

uint32_t haywire_publisher_pages(const HaywirePublisher *publisher,
                                 HaywireCategory category)
{
    return publisher->setup.pages[category];
}

uint32_t haywire_publisher_total(const HaywirePublisher *publisher)
{
    return publisher->first_slot[HAYWIRE_CATEGORY_COUNT];
}

HaywirePage *haywire_publisher_page(HaywirePublisher *publisher,
                                    HaywireCategory category, uint32_t index)
{
    assert(index < publisher->setup.pages[category]);
    return &publisher->page[publisher->first_slot[category] + index];
}

/* How far the clocks are apart; the guest may set one of them. */
static void compare_clocks(HaywirePublisher *publisher)
{
    publisher->wall_offset_ns =
        haywire_os_realtime_ns() - haywire_os_monotonic_ns();
}

/* One clock is enough for a page: on some machines it is a slow device. */
static HaywirePageStamp make_stamp(const HaywirePublisher *publisher,
                                   uint32_t kind, uint64_t generation,
                                   uint64_t pfn)
{
    uint64_t now = haywire_os_monotonic_ns();

    return (HaywirePageStamp){
        .kind = kind,
        .generation = generation,
        .monotonic_ns = now,
        .realtime_ns = now + publisher->wall_offset_ns,
        .pfn = pfn,
    };
}

void haywire_publisher_put(HaywirePublisher *publisher,
                           HaywireCategory category, uint32_t index,
                           uint32_t kind, uint64_t generation,
                           const void *payload, size_t length)
{
    HaywirePage *page = haywire_publisher_page(publisher, category, index);
    uint64_t pfn = publisher->pfn[page - publisher->page];
    HaywirePageStamp stamp = make_stamp(publisher, kind, generation, pfn);

    haywire_page_publish(page, &stamp, payload, length);
    publisher->counter[HAYWIRE_COUNTER_PAGES_PUBLISHED]++;
}

/* Where the first pages of the index lie now, by the newest look. */
static void name_index(const HaywirePublisher *publisher,
                       HaywireWireDiscovery *wire)
{
    const HaywireMasterRange *index = &publisher->part[HAYWIRE_PART_INDEX];
    uint32_t count = 0;

    if (!publisher->pfns_known) {
        return;
    }
    for (; count < index->pages && count < HAYWIRE_INDEX_FRAMES_MAX; count++) {
        wire->index_pfn[count] =
            haywire_le64(publisher->pfn[index->first + count]);
    }
    wire->index_frames = haywire_le32(count);
}

static void put_discovery(HaywirePublisher *publisher)
{
    /* From the build, which has them from the project. */
    static const uint16_t version[] = { HAYWIRE_VERSION_MAJOR,
                                        HAYWIRE_VERSION_MINOR,
                                        HAYWIRE_VERSION_PATCH };
    const HaywireSetup *setup = &publisher->setup;
    HaywireWireDiscovery wire = {
        .os = haywire_le32(haywire_os_kind()),
        .arch = haywire_le32(haywire_os_arch()),
        .page_size = haywire_le32(haywire_os_page_size()),
        .state = haywire_le32(publisher->state),
        .features = haywire_le64(publisher->features),
        .heartbeat = haywire_le64(publisher->heartbeat),
        .heartbeat_interval_ns = haywire_le64(setup->heartbeat_ns),
        .started_monotonic_ns = haywire_le64(publisher->started_monotonic_ns),
        .started_realtime_ns = haywire_le64(publisher->started_realtime_ns),
        .companion_pid = haywire_le32(haywire_os_pid()),
        .pid_interval_ns = haywire_le64(setup->pid_interval_ns),
        .roundrobin_interval_ns = haywire_le64(setup->roundrobin_interval_ns),
        .camera_interval_ns = haywire_le64(setup->camera_interval_ns),
    };

    memcpy(wire.boot_id, publisher->boot_id, sizeof(wire.boot_id));
    for (int i = 0; i < 3; i++) {
        wire.version[i] = haywire_le16(version[i]);
    }
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        wire.geometry[i] = haywire_le32(setup->pages[i]);
    }
    for (int i = 0; i < HAYWIRE_PART_COUNT; i++) {
        wire.part[i].first = haywire_le32(publisher->part[i].first);
        wire.part[i].pages = haywire_le32(publisher->part[i].pages);
    }
    name_index(publisher, &wire);
    haywire_publisher_put(publisher, HAYWIRE_CATEGORY_MASTER, 0,
                          HAYWIRE_KIND_DISCOVERY, publisher->heartbeat, &wire,
                          sizeof(wire));
}

static void put_index_page(HaywirePublisher *publisher, uint32_t ordinal)
{
    uint32_t total = haywire_publisher_total(publisher);
    uint32_t first = ordinal * (uint32_t)HAYWIRE_INDEX_PER_PAGE;
    uint32_t count = 0;
    struct {
        HaywireWireIndex head;
        HaywireLe64 pfn[HAYWIRE_INDEX_PER_PAGE];
    } wire;

    for (; count < HAYWIRE_INDEX_PER_PAGE && first + count < total; count++) {
        wire.pfn[count] = haywire_le64(publisher->pfn[first + count]);
    }
    wire.head.first_slot = haywire_le32(first);
    wire.head.count = haywire_le32(count);
    wire.head.total = haywire_le32(total);
    wire.head.zero = haywire_le32(0);
    haywire_publisher_put(publisher, HAYWIRE_CATEGORY_MASTER,
                          publisher->part[HAYWIRE_PART_INDEX].first + ordinal,
                          HAYWIRE_KIND_INDEX, publisher->heartbeat, &wire,
                          sizeof(wire.head) + count * sizeof(wire.pfn[0]));
}

static void put_index(HaywirePublisher *publisher)
{
    for (uint32_t i = 0; i < publisher->part[HAYWIRE_PART_INDEX].pages; i++) {
        put_index_page(publisher, i);
    }
}

void haywire_publisher_put_stats(HaywirePublisher *publisher)
{
    struct {
        HaywireWireStats head;
        HaywireLe64 counter[HAYWIRE_COUNTER_COUNT];
    } wire = { .head.count = haywire_le32(HAYWIRE_COUNTER_COUNT) };

    publisher->counter[HAYWIRE_COUNTER_CPU_TIME] = haywire_os_cpu_ns();
    for (int i = 0; i < HAYWIRE_COUNTER_COUNT; i++) {
        wire.counter[i] = haywire_le64(publisher->counter[i]);
    }
    haywire_publisher_put(publisher, HAYWIRE_CATEGORY_MASTER,
                          publisher->part[HAYWIRE_PART_STATS].first,
                          HAYWIRE_KIND_STATS, publisher->heartbeat, &wire,
                          sizeof(wire));
}

/* The same content once more, under the page's new frame number. */
static void stamp_moved(HaywirePublisher *publisher, uint32_t slot)
{
    HaywirePage *page = &publisher->page[slot];
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
    size_t length = haywire_le32_get(page->header.payload_length);
    HaywirePageStamp stamp = make_stamp(
        publisher, haywire_le32_get(page->header.kind),
        haywire_le64_get(page->header.generation), publisher->pfn[slot]);

    memcpy(payload, page->payload, length);
    haywire_page_publish(page, &stamp, payload, length);
    publisher->counter[HAYWIRE_COUNTER_PAGES_PUBLISHED]++;
}

static void read_frame_numbers(HaywirePublisher *publisher)
{
    publisher->pfns_known = haywire_os_frame_numbers(
        publisher->page, haywire_publisher_total(publisher),
        publisher->pfn_now);
    haywire_publisher_set_feature(publisher, HAYWIRE_FEATURE_PFNS,
                                  publisher->pfns_known);
    haywire_publisher_set_capability(publisher, HAYWIRE_CAPABILITY_PFNS,
                                     publisher->pfns_known);
}

static void follow_pages(HaywirePublisher *publisher)
{
    read_frame_numbers(publisher);
    for (uint32_t i = 0; i < haywire_publisher_total(publisher); i++) {
        if (publisher->pfn[i] != publisher->pfn_now[i]) {
            publisher->pfn[i] = publisher->pfn_now[i];
            publisher->counter[HAYWIRE_COUNTER_PAGES_MOVED]++;
            stamp_moved(publisher, i);
        }
    }
}

void haywire_publisher_refresh(HaywirePublisher *publisher, uint64_t now_ns)
{
    if (now_ns < publisher->next_refresh_ns) {
        return;
    }
    publisher->next_refresh_ns =
        now_ns + HAYWIRE_REFRESH_MS * HAYWIRE_NS_PER_MS;
    compare_clocks(publisher);
    follow_pages(publisher);
    put_index(publisher);
    haywire_publisher_put_stats(publisher);
}

static uint64_t beat_interval(const HaywirePublisher *publisher)
{
    uint64_t first_ns = FIRST_BEAT_MS * HAYWIRE_NS_PER_MS;

    return publisher->heartbeat < FIRST_BEATS &&
                   first_ns < publisher->setup.heartbeat_ns
               ? first_ns
               : publisher->setup.heartbeat_ns;
}

void haywire_publisher_beat(HaywirePublisher *publisher, uint64_t now_ns)
{
    if (now_ns < publisher->next_beat_ns ||
        publisher->state != HAYWIRE_SESSION_RUNNING) {
        return;
    }
    publisher->heartbeat++;
    publisher->next_beat_ns = now_ns + beat_interval(publisher);
    put_discovery(publisher);
}

void haywire_publisher_set_intervals(HaywirePublisher *publisher,
                                     uint64_t pid_ns, uint64_t roundrobin_ns,
                                     uint64_t camera_ns)
{
    publisher->setup.pid_interval_ns = pid_ns;
    publisher->setup.roundrobin_interval_ns = roundrobin_ns;
    publisher->setup.camera_interval_ns = camera_ns;
}

void haywire_publisher_set_feature(HaywirePublisher *publisher,
                                   uint64_t feature, bool on)
{
    publisher->features =
        on ? publisher->features | feature : publisher->features & ~feature;
}

void haywire_publisher_set_capability(HaywirePublisher *publisher,
                                      uint64_t capability, bool on)
{
    uint64_t *bits = &publisher->counter[HAYWIRE_COUNTER_CAPABILITIES];

    *bits = on ? *bits | capability : *bits & ~capability;
}

void haywire_publisher_count(HaywirePublisher *publisher, HaywireCollect result)
{
    static const HaywireGuestCounter counter[] = {
        [HAYWIRE_COLLECT_GONE] = HAYWIRE_COUNTER_VANISHED,
        [HAYWIRE_COLLECT_DENIED] = HAYWIRE_COUNTER_DENIED,
        [HAYWIRE_COLLECT_FAILED] = HAYWIRE_COUNTER_READ_ERRORS,
    };

    /* Who blocks is counted as processes, by those that list them. */
    if (result != HAYWIRE_COLLECT_OK && result != HAYWIRE_COLLECT_BLOCKED) {
        publisher->counter[counter[result]]++;
    }
}

/*
 * The default layout where it suffices; else the index lies behind the
 * manifest, and its default place stays empty.
 */
static void lay_out_master(HaywirePublisher *publisher)
{
    static const HaywireMasterRange normal[HAYWIRE_PART_COUNT] = {
        [HAYWIRE_PART_INDEX] = { 1, 3 },    [HAYWIRE_PART_STATS] = { 4, 1 },
        [HAYWIRE_PART_REQUEST] = { 5, 1 },  [HAYWIRE_PART_RESPONSE] = { 6, 1 },
        [HAYWIRE_PART_MANIFEST] = { 7, 3 },
    };
    HaywireMasterRange *index = &publisher->part[HAYWIRE_PART_INDEX];
    uint32_t *pages = publisher->setup.pages;
    uint32_t others = 0;

    memcpy(publisher->part, normal, sizeof(normal));
    pages[HAYWIRE_CATEGORY_MASTER] = HAYWIRE_MASTER_PAGES;
    for (int i = 1; i < HAYWIRE_CATEGORY_COUNT; i++) {
        others += pages[i];
    }
    if (others + HAYWIRE_MASTER_PAGES <=
        index->pages * HAYWIRE_INDEX_PER_PAGE) {
        return;
    }
    /* Each index page names 490 slots, of which it takes one itself. */
    index->first = HAYWIRE_MASTER_PAGES;
    index->pages =
        (others + HAYWIRE_MASTER_PAGES + (uint32_t)HAYWIRE_INDEX_PER_PAGE - 2) /
        ((uint32_t)HAYWIRE_INDEX_PER_PAGE - 1);
    pages[HAYWIRE_CATEGORY_MASTER] += index->pages;
}

static void count_slots(HaywirePublisher *publisher)
{
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        publisher->first_slot[i + 1] =
            publisher->first_slot[i] + publisher->setup.pages[i];
    }
}

static bool allocate(HaywirePublisher *publisher)
{
    size_t total = haywire_publisher_total(publisher);
    size_t unlocked = 0;

    publisher->page = haywire_os_pages_new(total, &unlocked);
    publisher->pfn = calloc(total, sizeof(*publisher->pfn));
    publisher->pfn_now = calloc(total, sizeof(*publisher->pfn_now));
    publisher->counter[HAYWIRE_COUNTER_PAGES_UNLOCKED] = unlocked;
    haywire_publisher_set_capability(publisher, HAYWIRE_CAPABILITY_LOCKED,
                                     unlocked == 0);
    return publisher->page && publisher->pfn && publisher->pfn_now;
}

static void init_pages(HaywirePublisher *publisher)
{
    read_frame_numbers(publisher);
    memcpy(publisher->pfn, publisher->pfn_now,
           haywire_publisher_total(publisher) * sizeof(*publisher->pfn));
    /* Backwards: the discovery page, by which readers start, comes last. */
    for (int c = HAYWIRE_CATEGORY_COUNT - 1; c >= 0; c--) {
        for (uint32_t i = publisher->setup.pages[c]; i-- > 0;) {
            uint32_t slot = publisher->first_slot[c] + i;
            HaywirePageStamp stamp = make_stamp(publisher, HAYWIRE_KIND_EMPTY,
                                                0, publisher->pfn[slot]);

            haywire_page_init(&publisher->page[slot], c, i, publisher->session,
                              &stamp);
        }
    }
}

/* Reserved for requests and responses: their kind is there, and no more. */
static void put_reserved(HaywirePublisher *publisher)
{
    haywire_publisher_put(publisher, HAYWIRE_CATEGORY_MASTER,
                          publisher->part[HAYWIRE_PART_REQUEST].first,
                          HAYWIRE_KIND_REQUEST, 0, NULL, 0);
    haywire_publisher_put(publisher, HAYWIRE_CATEGORY_MASTER,
                          publisher->part[HAYWIRE_PART_RESPONSE].first,
                          HAYWIRE_KIND_RESPONSE, 0, NULL, 0);
}

HaywirePublisher *haywire_publisher_new(const HaywireSetup *setup)
{
    HaywirePublisher *publisher = calloc(1, sizeof(*publisher));

    if (!publisher) {
        return NULL;
    }
    publisher->setup = *setup;
    publisher->session = haywire_os_random();
    publisher->state = HAYWIRE_SESSION_RUNNING;
    publisher->started_monotonic_ns = haywire_os_monotonic_ns();
    publisher->started_realtime_ns = haywire_os_realtime_ns();
    compare_clocks(publisher);
    haywire_os_boot_id(publisher->boot_id);
    lay_out_master(publisher);
    count_slots(publisher);
    if (!allocate(publisher)) {
        haywire_publisher_destroy(publisher);
        return NULL;
    }
    init_pages(publisher);
    put_reserved(publisher);
    put_index(publisher);
    haywire_publisher_put_stats(publisher);
    put_discovery(publisher);
    return publisher;
}

void haywire_publisher_close(HaywirePublisher *publisher)
{
    publisher->state = HAYWIRE_SESSION_CLOSED;
    put_discovery(publisher);
}

void haywire_publisher_destroy(HaywirePublisher *publisher)
{
    if (!publisher) {
        return;
    }
    if (publisher->page && publisher->pfn) {
        haywire_publisher_close(publisher);
    }
    haywire_os_pages_free(publisher->page, haywire_publisher_total(publisher));
    free(publisher->pfn);
    free(publisher->pfn_now);
    free(publisher);
}
