/*
 * Scanning resident memory for beacon pages.
 *
 * Touching one word of each page is all cache misses: what limits the scan is
 * how many of them are under way at a time, hence the prefetch.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <endian.h>

#include "haywire/beacon_protocol.h"
#include "haywire/page.h"
#include "haywire/scan.h"

/* Of 8 to 32, all about equally fast, the one that hides most. */
#define PREFETCH_PAGES 32
/* Memory between two calls of the progress callback. */
#define PROGRESS_BYTES       (UINT64_C(64) << 20)
#define HAYWIRE_POSITION_END ((HaywirePosition){ UINT64_MAX })

typedef uint32_t __attribute__((may_alias)) LiveWord;

typedef struct Scan {
    HaywireMemory *source;
    HaywireCandidate candidate;
    HaywireScanProgress progress;
    void *opaque;
    uint64_t total;    /* bytes of all regions */
    uint64_t reported; /* progress last told */
    bool ended;        /* by a callback */
    HaywireScanStats stats;
} Scan;

static bool first_word_matches(const uint8_t *page)
{
    const LiveWord *word = (const LiveWord *)page;

    return __atomic_load_n(word, __ATOMIC_RELAXED) == htole32(HAYWIRE_MAGIC);
}

static void look_at(Scan *scan, HaywirePosition position, const uint8_t *page)
{
    scan->stats.first_words++;
    if (!haywire_page_has_magic(page)) {
        return;
    }
    scan->stats.candidates++;
    if (!scan->candidate(scan->opaque, position, page)) {
        scan->ended = true;
    }
}

/* The first page of [page, end) that is to be looked at; @end when none is. */
static const uint8_t *next_match(const uint8_t *page, const uint8_t *end)
{
    const size_t ahead = PREFETCH_PAGES * HAYWIRE_PAGE_SIZE;

    for (; page < end; page += HAYWIRE_PAGE_SIZE) {
        if ((size_t)(end - page) > ahead) {
            __builtin_prefetch(page + ahead);
        }
        if (first_word_matches(page)) {
            break;
        }
    }
    return page;
}

static void scan_window(Scan *scan, const HaywireWindow *window)
{
    const uint8_t *const end = window->host + window->length;
    const uint8_t *page = window->host;

    while (!scan->ended && page < end) {
        page = next_match(page, end);
        if (page < end) {
            uint64_t at = (uint64_t)(page - window->host);

            look_at(scan, (HaywirePosition){ window->start.value + at }, page);
            page += HAYWIRE_PAGE_SIZE;
        }
    }
    scan->stats.resident_pages +=
        (uint64_t)(page - window->host) / HAYWIRE_PAGE_SIZE;
}

static void report(Scan *scan, HaywirePosition position)
{
    uint64_t done = haywire_memory_size_before(scan->source, position);

    if (!scan->progress || scan->ended ||
        (done < scan->total && done - scan->reported < PROGRESS_BYTES)) {
        return;
    }
    scan->reported = done;
    if (!scan->progress(scan->opaque, done, scan->total)) {
        scan->ended = true;
    }
}

static HaywireStatus scan_all(Scan *scan)
{
    HaywirePosition at = { 0 };
    HaywireStatus status = HAYWIRE_OK;

    while (status == HAYWIRE_OK && !scan->ended) {
        HaywireWindow window;

        status = haywire_memory_next_window(scan->source, at, &window);
        if (status == HAYWIRE_OK) {
            scan_window(scan, &window);
            at.value = window.start.value + window.length;
            report(scan, at);
        }
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

HaywireStatus haywire_scan(HaywireMemory *source, HaywireCandidate candidate,
                           HaywireScanProgress progress, void *opaque,
                           HaywireScanStats *ret_stats)
{
    Scan scan = { .source = source,
                  .candidate = candidate,
                  .progress = progress,
                  .opaque = opaque };
    HaywireStatus status;

    scan.total = haywire_memory_size(source);
    status = scan_all(&scan);
    if (status == HAYWIRE_OK) {
        report(&scan, HAYWIRE_POSITION_END);
        *ret_stats = scan.stats;
    }
    return status;
}
