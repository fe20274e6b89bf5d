/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lies about sessions: many of them, their heartbeats, their index.
 */

#include <stdlib.h>
#include <string.h>

#include "lies.h"

static Forge *forge;

static void beat(void)
{
    forge->heartbeat++;
    forge_discover(forge);
}

/* Discovery pages alone, each a session of its own, all beating. */
static HaywirePage *crowd;
static unsigned long crowd_size;

static void crowd_publish(unsigned long number)
{
    Forge one = *forge;

    one.session = forge->session + number + 1;
    one.started_ns = forge->started_ns - number - 1;
    one.heartbeat = forge->heartbeat;
    one.slot[HAYWIRE_CATEGORY_MASTER] = &crowd[number];
    forge_discover(&one);
}

static void crowd_init(void)
{
    for (unsigned long i = 0; i < crowd_size; i++) {
        HaywirePageStamp stamp = { .monotonic_ns = forge_now() };

        haywire_page_init(&crowd[i], HAYWIRE_CATEGORY_MASTER, 0,
                          forge->session + i + 1, &stamp);
        crowd_publish(i);
    }
}

static void begin_crowd(unsigned long number)
{
    crowd = forge_pages(number);
    crowd_size = number;
    crowd_init();
}

static void begin_sessions(unsigned long number)
{
    forge = forge_new(NULL);
    forge_all(forge);
    begin_crowd(number);
}

static void beat_sessions(void)
{
    beat();
    for (unsigned long i = 0; i < crowd_size; i++) {
        crowd_publish(i);
    }
}

/*
 * They started at the end of all times, by clocks that are not far from it, and
 * beat; then nothing is left of them. One is later than its own clock.
 */
#define FUTURE_BEATS    (6 * 1000000 / LIES_BEAT_US)
#define FUTURE_SPARE_NS UINT64_C(1000000000000)

static void begin_future(unsigned long number)
{
    forge = forge_new(NULL);
    forge->ahead_ns = UINT64_MAX - FUTURE_SPARE_NS - forge_now();
    forge->started_ns += forge->ahead_ns;
    begin_crowd(number);
}

static void beat_future(void)
{
    Forge late = *forge;

    if (forge->heartbeat == FUTURE_BEATS) {
        memset(crowd, 0, crowd_size * sizeof(*crowd));
        memset(forge->page, 0, forge->pages * sizeof(*forge->page));
    }
    if (++forge->heartbeat > FUTURE_BEATS) {
        return;
    }
    late.started_ns = UINT64_MAX;
    forge_discover(&late);
    for (unsigned long i = 0; i < crowd_size; i++) {
        crowd_publish(i);
    }
}

/* The same pages are other sessions, and the youngest, each time. */
static void begin_renewed(unsigned long number)
{
    forge = forge_new(NULL);
    begin_crowd(number);
}

static void beat_renewed(void)
{
    forge->session = forge_random();
    forge->started_ns = forge_now();
    forge->heartbeat++;
    crowd_init();
}

/* Another session's pages, of a later time than all of its own. */
static void begin_takeover(unsigned long number)
{
    forge = forge_new(NULL);
    forge->session = number;
    forge_reset(forge);
    forge->ahead_ns = UINT64_MAX - FUTURE_SPARE_NS - forge_now();
    forge_all(forge);
}

static void begin_backwards(unsigned long number)
{
    forge = forge_new(NULL);
    forge->heartbeat = number;
    forge_all(forge);
}

static void beat_backwards(void)
{
    forge->heartbeat--;
    forge_discover(forge);
}

/* Frames of every sort: all of low memory, page tables too, one by one. */
static uint64_t pfn_of_memory(const Forge *one, size_t slot)
{
    return one->heartbeat * one->pages + slot;
}

static uint64_t pfn_of_device(const Forge *one, size_t slot)
{
    static const uint64_t frames[] = { 0xfee00, 0xfec00, 0xfed00,
                                       0xa0,    0xb8,    0xe0000 };

    (void)one;
    return frames[slot % (sizeof(frames) / sizeof(frames[0]))];
}

static uint64_t pfn_of_nowhere(const Forge *one, size_t slot)
{
    static const uint64_t frames[] = {
        UINT64_MAX,        UINT64_C(1) << 52, (UINT64_C(1) << 52) - 1,
        UINT64_C(1) << 40, UINT64_MAX >> 12,  0x100000
    };

    (void)one;
    return frames[slot % (sizeof(frames) / sizeof(frames[0]))];
}

static uint64_t pfn_of_itself(const Forge *one, size_t slot)
{
    (void)slot;
    return forge_pfn(&one->slot[HAYWIRE_CATEGORY_MASTER][1]);
}

static uint64_t (*const index_lies[])(const Forge *, size_t) = {
    pfn_of_memory,
    pfn_of_device,
    pfn_of_nowhere,
    pfn_of_itself,
};

static unsigned long index_lie;

static void begin_index(unsigned long number)
{
    index_lie = number % (sizeof(index_lies) / sizeof(index_lies[0]));
    forge = forge_new(NULL);
    forge_all(forge);
}

/* The lies in turn, unless one was asked for. */
static void beat_index(void)
{
    beat();
    forge_index(forge, index_lies[(index_lie + forge->heartbeat / 8) % 4]);
}

const Lie lies_of_session[] = {
    { "sessions", "sessions at once, all beating", 3000, begin_sessions,
      beat_sessions },
    { "future", "sessions of the end of times, for six seconds", 64,
      begin_future, beat_future },
    { "renewed", "pages that are other sessions each time", 500, begin_renewed,
      beat_renewed },
    { "takeover", "the pages of that session", 1, begin_takeover, beat },
    { "backwards", "a heartbeat that runs backwards", 1000000, begin_backwards,
      beat_backwards },
    { "index", "an index that leads anywhere", 0, begin_index, beat_index },
    { NULL },
};
