/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page, one writer that never rests, four readers. Every snapshot that is
 * accepted must be one whole publication: its payload carries its own proof,
 * which no checksum of ours is part of. Built twice: with the thread sanitizer,
 * which sees the writer's order, and without, where pages are read as QEMU's
 * are.
 *
 *   HAYWIRE_RACE_SNAPSHOTS   how many to take in all (default: as many as fit
 *                            HAYWIRE_RACE_SECONDS)
 *   HAYWIRE_RACE_SECONDS     default 10
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "haywire/page_read.h"
#include "haywire/publish.h"

#define READERS      4
#define SESSION      UINT64_C(0x1234567890abcdef)
#define WORD         sizeof(uint64_t)
#define LENGTH_MIN   16
#define REST_EVERY   2
#define REST_US      50
#define DEFAULT_S    10
#define ROUNDS_LEAST 100

typedef struct Race {
    HaywirePage *page;
    uint64_t wanted; /* of all readers; 0: until the time is up */
    uint64_t taken;  /* atomic, as are those below */
    int over;
} Race;

typedef struct Reader {
    Race *race;
    pthread_t thread;
    uint64_t accepted;
    uint64_t busy;
    uint64_t rounds; /* different publications seen */
} Reader;

/* What the word at this place of a round's payload must be. */
static uint64_t proof(uint64_t round, size_t at)
{
    uint64_t value = round * UINT64_C(0x9e3779b97f4a7c15) + at;

    value ^= value >> 31;
    return value * UINT64_C(0xbf58476d1ce4e5b9);
}

static size_t length_of(uint64_t round)
{
    size_t words = HAYWIRE_PAYLOAD_MAX / WORD;

    return (LENGTH_MIN / WORD + round % (words - LENGTH_MIN / WORD)) * WORD;
}

static HaywirePageStamp stamp_of(uint64_t round)
{
    return (HaywirePageStamp){
        .kind = HAYWIRE_KIND_ROUNDROBIN,
        .generation = round,
        .monotonic_ns = ~round,
        .realtime_ns = round * 3,
    };
}

static void *write_rounds(void *opaque)
{
    Race *race = opaque;
    uint64_t payload[HAYWIRE_PAYLOAD_MAX / WORD];

    for (uint64_t round = 1; !__atomic_load_n(&race->over, __ATOMIC_ACQUIRE);
         round++) {
        HaywirePageStamp stamp = stamp_of(round);
        size_t length = length_of(round);

        payload[0] = round;
        for (size_t i = 1; i < length / WORD; i++) {
            payload[i] = proof(round, i);
        }
        haywire_page_publish(race->page, &stamp, payload, length);
        if (round % REST_EVERY == 0) {
            g_usleep(REST_US);
        }
    }
    return NULL;
}

#ifdef __SANITIZE_THREAD__
/* It does not see what the kernel copies: word by word, then. */
static HaywireStatus take_snapshot(HaywireMemory *memory, HaywirePage *copy,
                                   HaywirePageInfo *ret_info)
{
    const uint64_t *from = (const uint64_t *)memory->region->host;
    uint8_t *to = (uint8_t *)copy;
    HaywireStatus status;

    for (size_t i = 0; i < HAYWIRE_PAGE_SIZE / WORD; i++) {
        uint64_t word = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);

        memcpy(to + i * WORD, &word, WORD);
    }
    status = haywire_page_verify(copy, ret_info, NULL);
    return status == HAYWIRE_BAD_CHECKSUM ? HAYWIRE_PAGE_BUSY : status;
}
#else
static HaywireStatus take_snapshot(HaywireMemory *memory, HaywirePage *copy,
                                   HaywirePageInfo *ret_info)
{
    return haywire_page_read(memory, (HaywirePosition){ 0 }, copy, ret_info,
                             NULL);
}
#endif

/* The copy is one round's, and wholly so. */
static uint64_t check_copy(const HaywirePage *copy, const HaywirePageInfo *info)
{
    uint64_t round, word;

    if (info->kind == HAYWIRE_KIND_EMPTY) {
        return 0; /* nothing was published yet */
    }
    memcpy(&round, copy->payload, sizeof(round));
    if (info->generation != round || info->monotonic_ns != ~round ||
        info->realtime_ns != round * 3 ||
        info->payload_length != length_of(round)) {
        g_error("the header is not of the payload's round %" G_GUINT64_FORMAT,
                round);
    }
    for (size_t i = 1; i < info->payload_length / WORD; i++) {
        memcpy(&word, copy->payload + i * WORD, sizeof(word));
        if (word != proof(round, i)) {
            g_error("word %zu is not of round %" G_GUINT64_FORMAT, i, round);
        }
    }
    return round;
}

static void *read_rounds(void *opaque)
{
    Reader *reader = opaque;
    Race *race = reader->race;
    HaywireRegion region = { { 0 },
                             sizeof(HaywirePage),
                             (const uint8_t *)race->page };
    HaywireMemory *memory;
    uint64_t last = 0;

    g_assert_cmpint(haywire_memory_mapped_new(NULL, NULL, &memory), ==,
                    HAYWIRE_OK);
    haywire_memory_mapped_set(memory, &region, 1, NULL);
    while (!__atomic_load_n(&race->over, __ATOMIC_ACQUIRE)) {
        HaywirePage copy;
        HaywirePageInfo info;
        HaywireStatus status = take_snapshot(memory, &copy, &info);
        uint64_t round;

        if (status == HAYWIRE_PAGE_BUSY) {
            reader->busy++;
            sched_yield(); /* the writer may be waiting for a processor */
            continue;
        }
        g_assert_cmpint(status, ==, HAYWIRE_OK);
        round = check_copy(&copy, &info);
        g_assert_cmpuint(round, >=, last); /* time goes one way */
        reader->rounds += round != last;
        last = round;
        reader->accepted++;
        __atomic_fetch_add(&race->taken, 1, __ATOMIC_RELAXED);
    }
    haywire_memory_destroy(memory);
    return NULL;
}

static uint64_t option(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);

    return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* Until enough snapshots were taken, or the time is up. */
static void wait_for_end(Race *race)
{
    gint64 end =
        g_get_monotonic_time() +
        (gint64)option("HAYWIRE_RACE_SECONDS", DEFAULT_S) * G_USEC_PER_SEC;

    while (race->wanted > 0
               ? __atomic_load_n(&race->taken, __ATOMIC_RELAXED) < race->wanted
               : g_get_monotonic_time() < end) {
        g_usleep(G_USEC_PER_SEC / 100);
    }
    __atomic_store_n(&race->over, 1, __ATOMIC_RELEASE);
}

static void test_race(void)
{
    HaywirePageStamp stamp = { 0 };
    Race race = { .wanted = option("HAYWIRE_RACE_SNAPSHOTS", 0) };
    Reader reader[READERS] = { 0 };
    pthread_t writer;
    uint64_t busy = 0;

    race.page = aligned_alloc(HAYWIRE_PAGE_SIZE, sizeof(*race.page));
    g_assert_nonnull(race.page);
    memset(race.page, 0, sizeof(*race.page));
    haywire_page_init(race.page, HAYWIRE_CATEGORY_ROUNDROBIN, 3, SESSION,
                      &stamp);
    for (int i = 0; i < READERS; i++) {
        reader[i].race = &race;
        g_assert_cmpint(
            pthread_create(&reader[i].thread, NULL, read_rounds, &reader[i]),
            ==, 0);
    }
    g_assert_cmpint(pthread_create(&writer, NULL, write_rounds, &race), ==, 0);
    wait_for_end(&race);
    pthread_join(writer, NULL);
    for (int i = 0; i < READERS; i++) {
        pthread_join(reader[i].thread, NULL);
        g_assert_cmpuint(reader[i].rounds, >, ROUNDS_LEAST);
        busy += reader[i].busy;
    }
    g_test_message("%" G_GUINT64_FORMAT " snapshots taken, %" G_GUINT64_FORMAT
                   " refused as busy",
                   race.taken, busy);
    free(race.page);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/publish/race", test_race);
    return g_test_run();
}
