/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lies about pages: floods, claims, changes under the reader's hands.
 */

#include <stdlib.h>
#include <sys/mman.h>

#include "lies.h"

static Forge *forge;

static void beat(void)
{
    forge->heartbeat++;
    forge_discover(forge);
}

static void write_magic(HaywirePage *page)
{
    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        page->header.magic[i] = haywire_le32(HAYWIRE_MAGIC);
    }
}

/* Nothing but first lines. Not locked: there may be no room for that. */
static void begin_flood(unsigned long number)
{
    HaywirePage *page =
        mmap(NULL, number * sizeof(*page), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (page == MAP_FAILED) {
        exit(1);
    }
    madvise(page, number * sizeof(*page), MADV_NOHUGEPAGE);
    for (unsigned long i = 0; i < number; i++) {
        write_magic(&page[i]);
    }
    forge = forge_new(NULL);
    forge_all(forge);
}

/* Good pages, all of one session, all of them the same few slots. */
static void begin_claims(unsigned long number)
{
    HaywirePage *copy = forge_pages(number);

    forge = forge_new(NULL);
    forge_all(forge);
    for (unsigned long i = 0; i < number; i++) {
        copy[i] = forge->page[i % forge->pages];
    }
}

/* The largest geometry, and every page of it is there. */
static void begin_huge(unsigned long number)
{
    uint32_t geometry[HAYWIRE_CATEGORY_COUNT];

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        geometry[i] = (uint32_t)number;
    }
    forge = forge_new(geometry);
    forge_all(forge);
}

/* A writer that never rests: locks, headers, payloads, as fast as it goes. */
static void *rewrite(void *opaque)
{
    static uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    for (uint32_t round = 0;; round++) {
        (void)opaque;
        memset(payload, (int)round, sizeof(payload));
        for (uint32_t i = 0; i < forge->geometry[HAYWIRE_CATEGORY_ROUNDROBIN];
             i++) {
            HaywirePage *page = &forge->slot[HAYWIRE_CATEGORY_ROUNDROBIN][i];

            page->header.lock_top = haywire_le32(round);
            memcpy(page->payload, payload, sizeof(payload));
            page->lock_bottom = haywire_le32(round + i % 2);
        }
    }
    return NULL;
}

static void begin_rewrite(unsigned long number)
{
    forge = forge_new(NULL);
    forge_all(forge);
    forge_threads(number, rewrite);
}

/*
 * Control pages that come and go all the time: sometimes not a beacon,
 * sometimes another nonce, sometimes another session's, sometimes right.
 */
static void *vanish(void *opaque)
{
    HaywirePage *page = forge->slot[HAYWIRE_CATEGORY_CAMERA1];

    (void)opaque;
    for (unsigned round = 0;; round++) {
        HaywirePage kept = *page;

        switch (round % 3) {
        case 0:
            madvise(page, sizeof(*page), MADV_DONTNEED);
            break;
        case 1:
            page->control_word = haywire_le64(forge_random());
            break;
        default:
            page->header.session = haywire_le64(forge_random());
            break;
        }
        *page = kept;
    }
    return NULL;
}

static void begin_vanish(unsigned long number)
{
    (void)number;
    forge = forge_new(NULL);
    forge_all(forge);
    forge_threads(1, vanish);
}

const Lie lies_of_memory[] = {
    { "flood", "pages with a beacon's first line", 200000, begin_flood, beat },
    { "claims", "copies that claim the same slots", 50000, begin_claims, beat },
    { "huge", "pages in each category, all there", 32768, begin_huge, beat },
    { "rewrite", "threads that rewrite pages in a tight loop", 1, begin_rewrite,
      beat },
    { "vanish", "control pages that come and go", 1, begin_vanish, beat },
    { NULL },
};
