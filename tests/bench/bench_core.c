/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: from the first beacon page to all, and from pages to lists.
 */
#include <string.h>

#include "bench.h"
#include "copy_pool.h"
#include "guest_pages.h"
#include "follower.h"
#include "haywire/page_read.h"
#include "haywire/watch.h"
#include "mapped_source.h"

#define ROUNDS  9
#define STEP_NS 1000000

/* The session of a discovery page whose place is known. */
static HaywireStatus find_session(const BenchGuest *guest,
                                  HaywireMemory *memory,
                                  HaywireSession *ret_session)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(guest->beacons, 0, HAYWIRE_CATEGORY_MASTER, 0);
    HaywirePage copy;
    HaywireStatus status = haywire_page_read(memory, beacon->position, &copy,
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
    const BenchGuest *guest = opaque;
    HaywireMemory *memory =
        mapped_source_new(guest->ram.host, guest->ram.size, -1);
    HaywireHostCounters host = { 0 };
    HaywireFollower *follower = NULL;
    HaywireSession session = { 0 };
    HaywireCopyPool pool;
    HaywireStatus status;
    bool all = false;
    guint64 start;

    g_assert_cmpint(haywire_pool_init(&pool, 8u << 20), ==, HAYWIRE_OK);
    bench_evict_caches();
    start = bench_cpu_ns();
    status = find_session(guest, memory, &session);
    if (status == HAYWIRE_OK) {
        status =
            haywire_follower_new(memory, &pool, &host, &session, &follower);
    }
    if (status == HAYWIRE_OK) {
        all = haywire_follower_by_index(follower);
    }
    start = bench_cpu_ns() - start;
    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_true(all);
    haywire_follower_destroy(follower);
    haywire_pool_clear(&pool);
    haywire_memory_destroy(memory);
    return start / BENCH_NS_PER_MS;
}

static double read_all_pages(gpointer opaque)
{
    const BenchGuest *guest = opaque;
    guint64 start;

    bench_evict_caches();
    start = bench_cpu_ns();
    bench_pages_copy(guest->all);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static double verify_all_pages(gpointer opaque)
{
    const BenchGuest *guest = opaque;
    guint64 start;

    bench_evict_caches();
    start = bench_cpu_ns();
    bench_pages_verify(guest->all);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static void attach(const char *name, gboolean full, BenchWork *limit)
{
    BenchResult result = { name, .unit = "ms", .bound = 2 };
    BenchGuest guest;

    bench_guest_open(&guest,
                     "place seed=1 first=0x100000 pages=65536\n"
                     "session heartbeat=7\n",
                     UINT64_C(1) << 30);
    g_assert_cmpuint(bench_pages_count(guest.all), ==, 1010);
    if (full) {
        bench_guest_fill(&guest);
    }
    bench_compare(ROUNDS, attach_by_index, limit, &guest, &result.value,
                  &result.limit);
    bench_report(&result);
    bench_guest_close(&guest);
}

static void bench_attach_index(void)
{
    attach("attach-index", FALSE, read_all_pages);
}

static void bench_attach_index_full(void)
{
    attach("attach-index-full", TRUE, verify_all_pages);
}

/* A reader of a guest, and what it has listed. */
typedef struct Reader {
    BenchGuest guest;
    HaywireMemory *source;
    HaywireWatch *watch;
    guint64 now_ns;
    bool cold; /* the guest has had the caches between two looks */
    gsize listed;
    HaywireProcess list[8192];
} Reader;

static HaywireModel *reader_look(Reader *reader)
{
    HaywireNow now = { reader->now_ns, reader->now_ns };
    HaywireModel *model;
    HaywireStatus status = haywire_watch_look(reader->watch, now, &model);

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    return model;
}

static void reader_refresh(Reader *reader)
{
    HaywireModel *model = reader_look(reader);

    g_assert_cmpuint(model->process_count, <=, G_N_ELEMENTS(reader->list));
    memcpy(reader->list, model->process,
           model->process_count * sizeof(*model->process));
    reader->listed = model->process_count;
    haywire_model_unref(model);
}

/*
 * Time passes so slowly that no search for newer sessions falls due: that is
 * measured as a scan.
 */
static void reader_next(Reader *reader)
{
    reader->now_ns += STEP_NS;
    bench_guest_refresh(&reader->guest, STEP_NS);
    if (reader->cold) {
        bench_evict_caches();
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
    HaywireModel *model = reader_look(reader);

    g_assert_cmpuint(model->process_count, ==, processes);
    g_assert_cmpuint(model->host.limits_reached, ==, 0);
    for (guint i = 0; i < processes; i++) {
        HaywireSectionList list;
        HaywireStatus status =
            haywire_model_sections(model, model->process[i].pid, &list);

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

    bench_guest_open(&reader->guest, text, UINT64_C(2) << 30);
    g_assert_cmpint(
        haywire_memory_file_open(reader->guest.ram.fd, NULL, &reader->source),
        ==, HAYWIRE_OK);
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
    bench_guest_close(&reader->guest);
    g_free(reader);
}

/* ms a look: the mean of an even number, as every other has more to do. */
static double mean_of_looks(Reader *reader, void (*look)(Reader *reader))
{
    const int looks = bench_is_smoke() || reader->listed > 1000 ? 4 : 40;
    guint64 busy = 0;

    for (int i = 0; i < looks; i++) {
        guint64 start;

        reader_next(reader);
        start = bench_cpu_ns();
        look(reader);
        busy += bench_cpu_ns() - start;
    }
    return busy / BENCH_NS_PER_MS / looks;
}

static double reader_cost(gpointer opaque)
{
    return mean_of_looks(opaque, reader_refresh);
}

/* What is new, copied and checksummed. */
static void verify_changed(Reader *reader)
{
    bench_pages_verify(reader->guest.changed);
}

static double changed_cost(gpointer opaque)
{
    return mean_of_looks(opaque, verify_changed);
}

static void bench_list_250(void)
{
    BenchResult result = { "list-250", .unit = "ms", .bound = 2 };
    Reader *reader = reader_new(250, 20);

    bench_compare(ROUNDS, reader_cost, changed_cost, reader, &result.value,
                  &result.limit);
    bench_report(&result);
    reader_free(reader);
}

#define BIG_SECTIONS 100

static double big_cost(gpointer opaque)
{
    Reader *const *reader = opaque;

    return reader_cost(reader[1]) * 1000 / reader[1]->listed;
}

static double small_cost(gpointer opaque)
{
    Reader *const *reader = opaque;

    return reader_cost(reader[0]) * 1000 / reader[0]->listed;
}

/*
 * us for a look, for each process. What 500 processes have just published fits
 * the caches, what 5,000 have does not: so that it is not the caches that are
 * compared, both begin with none.
 */
static void bench_big_guest(void)
{
    const guint small = bench_is_smoke() ? 50 : 500;
    BenchResult result = { .name = "big-guest",
                           .unit = "us/process",
                           .bound = 1.2 };
    Reader *reader[2] = { reader_new(small, BIG_SECTIONS),
                          reader_new(10 * small, BIG_SECTIONS) };

    reader[0]->cold = reader[1]->cold = true;
    bench_compare(ROUNDS, big_cost, small_cost, reader, &result.value,
                  &result.limit);
    bench_report(&result);
    reader_free(reader[0]);
    reader_free(reader[1]);
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
