/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scanning resident memory for beacon pages.
 *
 * Touching one word of each page is all cache misses: what limits the scan is
 * how many of them are under way at a time, hence the prefetch. What begins
 * like a beacon is read when its window has been searched.
 */

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "haywire/page_read.h"
#include "haywire/scan.h"

/* Of 8 to 32, all about equally fast, the one that hides most. */
#define PREFETCH_PAGES 32
/* Memory between two calls of the progress callback. */
#define PROGRESS_BYTES (UINT64_C(64) << 20)
#define FOUND_MAX      (HAYWIRE_WINDOW_MAX / HAYWIRE_PAGE_SIZE)

typedef struct Scan {
    HaywireMemory *memory;
    HaywireCandidate candidate;
    HaywireScanProgress progress;
    void *opaque;
    uint64_t total;    /* bytes of all regions */
    uint64_t reported; /* progress last told */
    bool ended;        /* by a callback */
    HaywireScanStats stats;
    size_t found; /* candidates of the window at hand */
    HaywirePosition position[FOUND_MAX];
    HaywirePage copy[HAYWIRE_PAGE_READS];
} Scan;

/*
 * Guest memory is nobody's object: a sanitizer has nothing to say about it, and
 * would take an eighth of what is looked at for its notes.
 */
__attribute__((no_sanitize("address"))) static bool
first_word_matches(const uint8_t *page)
{
    const _Atomic uint32_t *word = (const _Atomic uint32_t *)page;

    return atomic_load_explicit(word, memory_order_relaxed) ==
           htole32(HAYWIRE_MAGIC);
}

static void search_window(Scan *scan, const HaywireWindow *window)
{
    const size_t ahead = PREFETCH_PAGES * HAYWIRE_PAGE_SIZE;
    const uint8_t *const end = window->host + window->length;
    const uint8_t *page;

    scan->found = 0;
    for (page = window->host; page < end; page += HAYWIRE_PAGE_SIZE) {
        if ((size_t)(end - page) > ahead) {
            __builtin_prefetch(page + ahead);
        }
        if (first_word_matches(page)) {
            scan->stats.first_words++;
            if (haywire_page_has_magic(page)) {
                scan->position[scan->found++].value =
                    window->start.value + (uint64_t)(page - window->host);
            }
        }
    }
    scan->stats.resident_pages += window->length / HAYWIRE_PAGE_SIZE;
    scan->stats.candidates += scan->found;
}

/* At most HAYWIRE_PAGE_READS of the candidates. */
static void read_candidates(Scan *scan, const HaywirePosition *position,
                            size_t count)
{
    HaywirePageRead read[HAYWIRE_PAGE_READS];
    size_t i;

    for (i = 0; i < count; i++) {
        read[i].position = position[i];
    }
    haywire_pages_read(scan->memory, read, scan->copy, count);
    for (i = 0; i < count && !scan->ended; i++) {
        scan->ended =
            !scan->candidate(scan->opaque, read[i].position, read[i].status,
                             &scan->copy[i], &read[i].info);
    }
}

static void report(Scan *scan, HaywirePosition position)
{
    uint64_t done = haywire_memory_size_before(scan->memory, position);

    if (!scan->progress || scan->ended ||
        (done < scan->total && done - scan->reported < PROGRESS_BYTES)) {
        return;
    }
    scan->reported = done;
    scan->ended = !scan->progress(scan->opaque, done, scan->total);
}

static HaywireStatus scan_all(Scan *scan)
{
    HaywirePosition at = { 0 };
    HaywireWindow window;
    HaywireStatus status = HAYWIRE_OK;
    size_t i, count;

    while (status == HAYWIRE_OK && !scan->ended) {
        status = haywire_memory_next_window(scan->memory, at, &window);
        if (status != HAYWIRE_OK) {
            break;
        }
        search_window(scan, &window);
        for (i = 0; i < scan->found && !scan->ended; i += count) {
            count = scan->found - i < HAYWIRE_PAGE_READS ? scan->found - i
                                                         : HAYWIRE_PAGE_READS;
            read_candidates(scan, scan->position + i, count);
        }
        at.value = window.start.value + window.length;
        report(scan, at);
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

HaywireStatus haywire_scan(HaywireMemory *memory, HaywireCandidate candidate,
                           HaywireScanProgress progress, void *opaque,
                           HaywireScanStats *ret_stats)
{
    Scan *scan = malloc(sizeof(*scan));
    HaywireStatus status;

    if (!scan) {
        return HAYWIRE_NO_MEMORY;
    }
    scan->memory = memory;
    scan->candidate = candidate;
    scan->progress = progress;
    scan->opaque = opaque;
    scan->total = haywire_memory_size(memory);
    scan->reported = 0;
    scan->ended = false;
    scan->stats = (HaywireScanStats){ 0 };
    status = scan_all(scan);
    if (status == HAYWIRE_OK) {
        report(scan, (HaywirePosition){ UINT64_MAX });
        *ret_stats = scan->stats;
    }
    free(scan);
    return status;
}
