/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages in RAM, and the least that following them costs: see pages.h.
 */
#include "pages.h"

#include <string.h>

#include "haywire/bytes.h"
#include "haywire/page.h"
#include "haywire/publish.h"

typedef struct Followed {
    const HaywirePage *live;
    guint32 lock; /* of the copy that was taken; 0: none */
} Followed;

struct BenchPages {
    GArray *page; /* of Followed */
};

/* What is computed goes here, so that the compiler keeps it. */
static volatile guint64 sink;

BenchPages *bench_pages_new(void)
{
    BenchPages *pages = g_new(BenchPages, 1);

    pages->page = g_array_new(FALSE, FALSE, sizeof(Followed));
    return pages;
}

void bench_pages_free(BenchPages *pages)
{
    g_array_unref(pages->page);
    g_free(pages);
}

void bench_pages_add(BenchPages *pages, const HaywirePage *live)
{
    Followed followed = { live, 0 };

    g_array_append_val(pages->page, followed);
}

void bench_pages_clear(BenchPages *pages)
{
    g_array_set_size(pages->page, 0);
}

guint bench_pages_count(const BenchPages *pages)
{
    return pages->page->len;
}

static gboolean is_beacon(const guint8 *live)
{
    HaywirePageInfo info;

    return haywire_page_has_magic(live) &&
           haywire_page_verify((const HaywirePage *)live, &info, NULL) ==
               HAYWIRE_OK;
}

void bench_pages_find(BenchPages *pages, const BenchRam *ram)
{
    for (guint i = 0; i < ram->runs->len; i++) {
        const BenchRun *run = &g_array_index(ram->runs, BenchRun, i);

        for (guint64 at = 0; at < run->length; at += HAYWIRE_PAGE_SIZE) {
            const guint8 *live = ram->host + run->start + at;

            if (is_beacon(live)) {
                bench_pages_add(pages, (const HaywirePage *)live);
            }
        }
    }
}

static void copy(const HaywirePage *live, HaywirePage *ret_copy)
{
    memcpy(ret_copy, live, sizeof(*ret_copy));
    __asm__ volatile("" : : "r"(ret_copy) : "memory");
}

static void copy_and_check(const HaywirePage *live)
{
    HaywirePage page;
    guint32 length;

    copy(live, &page);
    length = haywire_le32_get(page.header.payload_length);
    sink = haywire_page_checksum(&page, MIN(length, HAYWIRE_PAYLOAD_MAX));
}

void bench_pages_copy(const BenchPages *pages)
{
    HaywirePage page;

    for (guint i = 0; i < pages->page->len; i++) {
        copy(g_array_index(pages->page, Followed, i).live, &page);
    }
}

void bench_pages_verify(const BenchPages *pages)
{
    for (guint i = 0; i < pages->page->len; i++) {
        copy_and_check(g_array_index(pages->page, Followed, i).live);
    }
}

/* Both halves of the lock are still those of the copy. */
static gboolean is_unchanged(const HaywirePage *live, guint32 lock)
{
    const volatile HaywirePage *now = live;

    return haywire_le32_get(now->lock_bottom) == lock &&
           haywire_le32_get(now->header.lock_top) == lock;
}

void bench_pages_follow(BenchPages *pages)
{
    for (guint i = 0; i < pages->page->len; i++) {
        Followed *page = &g_array_index(pages->page, Followed, i);

        if (!page->lock || !is_unchanged(page->live, page->lock)) {
            page->lock = haywire_le32_get(page->live->header.lock_top);
            copy_and_check(page->live);
        }
    }
}
