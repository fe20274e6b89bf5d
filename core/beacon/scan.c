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
/* Memory between two calls of the progress callback, and given back at once. */
#define WINDOW_BYTES         (UINT64_C(16) << 20)
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

/*
 * The first page of [page, end) that is to be looked at; @end when there is
 * none. Pages up to @run_end will be scanned next, and are prefetched.
 */
static const uint8_t *next_match(const uint8_t *page, const uint8_t *end,
                                 const uint8_t *run_end)
{
    const size_t ahead = PREFETCH_PAGES * HAYWIRE_PAGE_SIZE;

    for (; page < end; page += HAYWIRE_PAGE_SIZE) {
        if ((size_t)(run_end - page) > ahead) {
            __builtin_prefetch(page + ahead);
        }
        if (first_word_matches(page)) {
            break;
        }
    }
    return page;
}

/* The first @length bytes of the @left that are resident from @host on. */
static void scan_window(Scan *scan, HaywirePosition start, const uint8_t *host,
                        uint64_t length, uint64_t left)
{
    const uint8_t *const end = host + length;
    const uint8_t *page = host;

    while (!scan->ended && page < end) {
        page = next_match(page, end, host + left);
        if (page < end) {
            uint64_t at = (uint64_t)(page - host);

            look_at(scan, (HaywirePosition){ start.value + at }, page);
            page += HAYWIRE_PAGE_SIZE;
        }
    }
    scan->stats.resident_pages += (uint64_t)(page - host) / HAYWIRE_PAGE_SIZE;
}

/* Bytes of all regions up to @position. */
static uint64_t bytes_before(Scan *scan, HaywirePosition position)
{
    size_t i, count;
    const HaywireRegion *region =
        scan->source->ops->regions(scan->source, &count);
    uint64_t bytes = 0;

    for (i = 0; i < count && region[i].start.value < position.value; i++) {
        uint64_t within = position.value - region[i].start.value;

        bytes += within < region[i].length ? within : region[i].length;
    }
    return bytes;
}

static void report(Scan *scan, HaywirePosition position)
{
    uint64_t done = bytes_before(scan, position);

    if (!scan->progress || scan->ended ||
        (done < scan->total && done - scan->reported < PROGRESS_BYTES)) {
        return;
    }
    scan->reported = done;
    if (!scan->progress(scan->opaque, done, scan->total)) {
        scan->ended = true;
    }
}

static HaywireStatus scan_run(Scan *scan, HaywirePosition start,
                              uint64_t length)
{
    HaywireMemory *source = scan->source;
    const uint8_t *host;
    HaywireStatus status = haywire_memory_pointer(source, start, length, &host);

    while (status == HAYWIRE_OK && length > 0 && !scan->ended) {
        uint64_t window = length < WINDOW_BYTES ? length : WINDOW_BYTES;

        if (source->ops->will_scan) {
            source->ops->will_scan(source, start, window);
        }
        scan_window(scan, start, host, window, length);
        if (source->ops->scanned) {
            source->ops->scanned(source, start, window);
        }
        start.value += window;
        host += window;
        length -= window;
        report(scan, start);
        status = source->ops->check(source);
    }
    return status;
}

static HaywireStatus scan_all(Scan *scan)
{
    HaywireMemory *source = scan->source;
    HaywirePosition at = { 0 };
    HaywireStatus status = source->ops->check(source);

    while (status == HAYWIRE_OK && !scan->ended) {
        HaywirePosition start;
        uint64_t length;

        status = source->ops->next_resident(source, at, &start, &length);
        if (status == HAYWIRE_OK) {
            status = scan_run(scan, start, length);
            at.value = start.value + length;
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

    scan.total = bytes_before(&scan, HAYWIRE_POSITION_END);
    status = scan_all(&scan);
    if (status == HAYWIRE_OK) {
        report(&scan, HAYWIRE_POSITION_END);
        *ret_stats = scan.stats;
    }
    return status;
}
