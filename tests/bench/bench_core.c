/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The reader: from the first beacon page to all, and from pages to lists.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "beacon_ram.h"
#include "bench.h"
#include "copy_pool.h"
#include "haywire/bytes.h"
#include "haywire/follower.h"
#include "haywire/page_read.h"
#include "haywire/watch.h"
#include "mapped_source.h"

#define ROUNDS      9
#define EVICT_BYTES (128u << 20)
#define EVICT_LINE  64
#define STEP_NS     1000000

/* A guest made from text: its pages in a RAM file, mapped as QEMU maps it. */
typedef struct Guest {
    HaywireBeacons *beacons;
    guint64 size;
    int fd;
    guint8 *ram;
    guint64 refreshes; /* done of it, all told */
} Guest;

static void guest_open(Guest *guest, const char *text, guint64 size)
{
    g_autoptr(GError) error = NULL;

    *guest = (Guest){ haywire_beacons_make(text), size, bench_ram_file(size) };
    guest->ram =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->fd, 0);
    g_assert_true(guest->ram != MAP_FAILED);
    haywire_beacons_place(guest->beacons, guest->ram, size, &error);
    g_assert_no_error(error);
}

static void guest_close(Guest *guest)
{
    munmap(guest->ram, guest->size);
    close(guest->fd);
    haywire_beacons_free(guest->beacons);
}

static HaywirePage *guest_page(const Guest *guest, const HaywireBeacon *beacon)
{
    return (HaywirePage *)(guest->ram + beacon->position.value);
}

static HaywirePage *guest_discovery(const Guest *guest)
{
    return guest_page(guest, haywire_beacons_find(guest->beacons, 0,
                                                  HAYWIRE_CATEGORY_MASTER, 0));
}

/* The page once more, as of the next generation. */
static void republish(HaywirePage *page)
{
    HaywirePageStamp stamp = haywire_beacon_stamp(page);

    stamp.generation++;
    stamp.monotonic_ns++;
    stamp.realtime_ns++;
    haywire_beacon_republish(page, &stamp);
}

static void republish_all(const Guest *guest, HaywireCategory category,
                          guint32 kind)
{
    for (size_t i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(guest->beacons, i);
        HaywirePage *page = guest_page(guest, beacon);

        if (beacon->category == category &&
            haywire_le32_get(page->header.kind) == kind) {
            republish(page);
        }
    }
}

/*
 * Out of the processor's caches: in use there is other work in between. Each
 * line is read and written, as what only fills memory may pass the caches by.
 */
static void evict_caches(void)
{
    static guint8 *other;

    if (!other) {
        other = g_malloc0(EVICT_BYTES);
    }
    for (size_t i = 0; i < EVICT_BYTES; i += EVICT_LINE) {
        other[i]++;
    }
}

/* The session of a discovery page whose place is known. */
static HaywireStatus find_session(const Guest *guest, HaywireMemory *source,
                                  HaywireSession *ret_session)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(guest->beacons, 0, HAYWIRE_CATEGORY_MASTER, 0);
    HaywirePage copy;
    HaywireStatus status = haywire_page_read(source, beacon->position, &copy,
                                             &ret_session->info, NULL);

    ret_session->position = beacon->position;
    ret_session->id = ret_session->info.session;
    return status == HAYWIRE_OK
               ? haywire_decode_discovery(&copy, &ret_session->info,
                                          &ret_session->discovery, NULL)
               : status;
}

/* From the discovery page to all of them. */
static double attach_by_index(gpointer opaque)
{
    const Guest *guest = opaque;
    HaywireMemory *source = mapped_source_new(guest->ram, guest->size, -1);
    HaywireHostCounters host = { 0 };
    HaywireFollower *follower = NULL;
    HaywireSession session = { 0 };
    HaywireCopyPool pool;
    HaywireStatus status;
    bool all = false;
    guint64 start;

    g_assert_cmpint(haywire_pool_init(&pool, 8u << 20), ==, HAYWIRE_OK);
    evict_caches();
    start = bench_cpu_ns();
    status = find_session(guest, source, &session);
    if (status == HAYWIRE_OK) {
        status =
            haywire_follower_new(source, &pool, &host, &session, &follower);
    }
    if (status == HAYWIRE_OK) {
        all = haywire_follower_by_index(follower);
    }
    start = bench_cpu_ns() - start;
    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_true(all);
    haywire_follower_destroy(follower);
    haywire_pool_clear(&pool);
    haywire_memory_destroy(source);
    return start / BENCH_NS_PER_MS;
}

static double read_all_pages(gpointer opaque)
{
    const Guest *guest = opaque;
    HaywirePage copy;
    guint64 start;

    evict_caches();
    start = bench_cpu_ns();
    for (size_t i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        memcpy(&copy, guest_page(guest, haywire_beacons_get(guest->beacons, i)),
               sizeof(copy));
        __asm__ volatile("" : : "r"(&copy) : "memory");
    }
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

/* Pages that are not in use yet get as much to verify as a page holds. */
static void fill_pages(const Guest *guest)
{
    guint8 payload[HAYWIRE_PAYLOAD_MAX];

    memset(payload, 0x5a, sizeof(payload));
    for (size_t i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        HaywirePage *page =
            guest_page(guest, haywire_beacons_get(guest->beacons, i));
        HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_EMPTY,
                                   .monotonic_ns = 1,
                                   .pfn = haywire_le64_get(page->header.pfn) };

        if (haywire_le32_get(page->header.kind) == HAYWIRE_KIND_EMPTY) {
            haywire_page_publish(page, &stamp, payload, sizeof(payload));
        }
    }
}

static void bench_attach(const char *name, gboolean full, double bound)
{
    BenchResult result = { name, .unit = "ms", .bound = bound };
    Guest guest;

    guest_open(&guest,
               "place seed=1 first=0x100000 pages=65536\n"
               "session heartbeat=7\n",
               UINT64_C(1) << 30);
    g_assert_cmpuint(haywire_beacons_count(guest.beacons), ==, 1010);
    if (full) {
        fill_pages(&guest);
    }
    bench_compare(ROUNDS, attach_by_index, read_all_pages, &guest,
                  &result.value, &result.limit);
    bench_report(&result);
    guest_close(&guest);
}

static void bench_attach_index(void)
{
    bench_attach("attach-index", FALSE, 2);
}

static void bench_attach_index_full(void)
{
    bench_attach("attach-index-full", TRUE, 2.5);
}

/* A reader of a guest, and what it has listed. */
typedef struct Reader {
    Guest guest;
    HaywireMemory *source;
    HaywireWatch *watch;
    guint64 now_ns;
    bool cold; /* the guest has had the caches between two looks */
    gsize listed;
    HaywireProcess list[8192];
} Reader;

static void reader_refresh(Reader *reader)
{
    HaywireNow now = { reader->now_ns, reader->now_ns };
    HaywireModel *model;
    HaywireStatus status = haywire_watch_look(reader->watch, now, &model);

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_cmpuint(model->process_count, <=, G_N_ELEMENTS(reader->list));
    memcpy(reader->list, model->process,
           model->process_count * sizeof(*model->process));
    reader->listed = model->process_count;
    haywire_model_unref(model);
}

/*
 * What a companion publishes from one refresh to the next: a heartbeat and a
 * snapshot each time, all records every other time, as it does by default.
 * Time passes so slowly that no search for newer sessions falls due: that is
 * measured as a scan.
 */
static void reader_next(Reader *reader)
{
    reader->now_ns += STEP_NS;
    haywire_beacon_beat(guest_discovery(&reader->guest), STEP_NS);
    republish_all(&reader->guest, HAYWIRE_CATEGORY_PID, HAYWIRE_KIND_PID);
    if (reader->guest.refreshes++ % 2 == 0) {
        republish_all(&reader->guest, HAYWIRE_CATEGORY_ROUNDROBIN,
                      HAYWIRE_KIND_ROUNDROBIN);
    }
}

/* So many sections, or heads of their sets, fill a page. */
#define SECTIONS_PER_PAGE 34

/* Half of them are for sections. */
static guint roundrobin_pages(guint processes, guint sections)
{
    guint ring = processes * (sections + 2) / SECTIONS_PER_PAGE;

    return MIN(500 + 2 * ring, HAYWIRE_CATEGORY_PAGES_MAX);
}

/* All that was published is shown. */
static void reader_check(Reader *reader, guint processes, guint sections)
{
    HaywireNow now = { reader->now_ns, reader->now_ns };
    HaywireModel *model;
    HaywireStatus status = haywire_watch_look(reader->watch, now, &model);

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_cmpuint(model->process_count, ==, processes);
    g_assert_cmpuint(model->host.limits_reached, ==, 0);
    for (guint i = 0; i < processes; i++) {
        HaywireSectionList list;

        status = haywire_model_sections(model, model->process[i].pid, &list);
        g_assert_cmpint(status, ==, HAYWIRE_OK);
        g_assert_true(list.complete);
        g_assert_cmpuint(list.count, ==, sections);
    }
    haywire_model_unref(model);
}

static Reader *reader_new(guint processes, guint sections)
{
    Reader *reader = g_new0(Reader, 1);
    g_autofree char *text = g_strdup_printf(
        "place seed=1 first=0x100000 pages=%u\n"
        "session heartbeat=7 interval=100ms\n"
        "geometry roundrobin=%u pid=%u\n"
        "processes first=1 count=%u sections=%u\n",
        65536 + processes * sections / 8, roundrobin_pages(processes, sections),
        100 + processes / 20, processes, sections);

    guest_open(&reader->guest, text, UINT64_C(2) << 30);
    g_assert_cmpint(
        haywire_memory_file_open(reader->guest.fd, NULL, &reader->source), ==,
        HAYWIRE_OK);
    g_assert_cmpint(haywire_watch_new(reader->source, &reader->watch), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(
        haywire_watch_set_memory(reader->watch, HAYWIRE_MEMORY_ROOMY), ==,
        HAYWIRE_OK);
    for (int i = 0; i < 3; i++) {
        reader_refresh(reader);
        reader_next(reader);
    }
    reader_refresh(reader);
    reader_check(reader, processes, sections);
    return reader;
}

static void reader_free(Reader *reader)
{
    haywire_watch_destroy(reader->watch);
    haywire_memory_destroy(reader->source);
    guest_close(&reader->guest);
    g_free(reader);
}

/* ms for one look: the mean of many, as they are not all alike. */
static double reader_cost(Reader *reader)
{
    const int looks = bench_is_smoke() || reader->listed > 1000 ? 4 : 40;
    guint64 busy = 0;

    for (int i = 0; i < looks; i++) {
        guint64 start;

        reader_next(reader);
        if (reader->cold) {
            evict_caches();
        }
        start = bench_cpu_ns();
        reader_refresh(reader);
        busy += bench_cpu_ns() - start;
    }
    return busy / BENCH_NS_PER_MS / looks;
}

static double reader_median(Reader *reader)
{
    double cost[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        cost[i] = reader_cost(reader);
    }
    return bench_median(cost, ROUNDS);
}

static void bench_list_250(void)
{
    BenchResult result = { "list-250", .unit = "ms", .limit = 0.3, .bound = 1 };
    Reader *reader = reader_new(250, 20);

    result.value = reader_median(reader);
    bench_report(&result);
    reader_free(reader);
}

/*
 * us for a look, for each process. What 500 processes have just published fits
 * the caches, what 5,000 have does not: so that it is not the caches that are
 * compared, both begin with none.
 */
static double process_cost(guint processes, guint sections)
{
    Reader *reader = reader_new(processes, sections);
    double cost;

    reader->cold = true;
    cost = reader_median(reader);

    reader_free(reader);
    return cost * 1000 / processes;
}

#define BIG_SECTIONS 100

static void bench_big_guest(void)
{
    const guint small = bench_is_smoke() ? 50 : 500;
    BenchResult result = { .name = "big-guest",
                           .unit = "us/process",
                           .bound = 1.2 };

    result.limit = process_cost(small, BIG_SECTIONS);
    result.value = process_cost(10 * small, BIG_SECTIONS);
    bench_report(&result);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "attach-index", bench_attach_index },
        { "attach-index-full", bench_attach_index_full },
        { "list-250", bench_list_250 },
        { "big-guest", bench_big_guest },
    };

    return bench_main(argc, argv, benches, G_N_ELEMENTS(benches));
}
