/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session: its pages, where they lie, its heartbeat and its statistics. */

#ifndef HAYWIRE_PUBLISHER_H
#define HAYWIRE_PUBLISHER_H

#include "os/os.h"
#include "haywire/publish.h"

/* The protocol asks for 50 ms and 1 s at most. */
#define HAYWIRE_CONTROL_POLL_MS 40
#define HAYWIRE_REFRESH_MS      900

/* What a session is made with. */
typedef struct HaywireSetup {
    uint32_t pages[HAYWIRE_CATEGORY_COUNT]; /* MASTER: worked out, ignored */
    uint64_t heartbeat_ns;
    uint64_t pid_interval_ns;
    uint64_t roundrobin_interval_ns;
    uint64_t camera_interval_ns;
} HaywireSetup;

typedef struct HaywireMasterRange {
    uint32_t first;
    uint32_t pages;
} HaywireMasterRange;

typedef struct HaywirePublisher {
    HaywireSetup setup;
    uint32_t first_slot[HAYWIRE_CATEGORY_COUNT + 1];
    HaywireMasterRange part[HAYWIRE_PART_COUNT];
    HaywirePage *page; /* all of them, in the order of slots */
    uint64_t *pfn;     /* of each slot */
    uint64_t *pfn_now; /* scratch: the same, just read */
    bool pfns_known;
    uint64_t session;
    uint64_t features;
    uint64_t heartbeat;
    uint64_t next_beat_ns;
    uint64_t next_refresh_ns;
    uint64_t started_monotonic_ns;
    uint64_t started_realtime_ns;
    uint64_t wall_offset_ns; /* wall clock less monotonic, at the refresh */
    uint8_t boot_id[HAYWIRE_BOOT_ID_SIZE];
    uint32_t state; /* HaywireSessionState */
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
} HaywirePublisher;

/*
 * Allocate and initialise a session's pages; everything is empty but for the
 * discovery page, the index and the statistics. Returns NULL without memory.
 */
HaywirePublisher *haywire_publisher_new(const HaywireSetup *setup);

/* Mark the session closed: it beats no more. */
void haywire_publisher_close(HaywirePublisher *publisher);

/* Close it, then give its pages back. NULL is fine. */
void haywire_publisher_destroy(HaywirePublisher *publisher);

uint32_t haywire_publisher_pages(const HaywirePublisher *publisher,
                                 HaywireCategory category);
uint32_t haywire_publisher_total(const HaywirePublisher *publisher);
HaywirePage *haywire_publisher_page(HaywirePublisher *publisher,
                                    HaywireCategory category, uint32_t index);

/* Publish new content of a page (see haywire_page_publish()). */
void haywire_publisher_put(HaywirePublisher *publisher,
                           HaywireCategory category, uint32_t index,
                           uint32_t kind, uint64_t generation,
                           const void *payload, size_t length);

/* Beat when a beat is due. Cheap; to be called often. */
void haywire_publisher_beat(HaywirePublisher *publisher, uint64_t now_ns);

/*
 * When it is due: learn where pages lie now, stamp those that moved, publish
 * index and statistics.
 */
void haywire_publisher_refresh(HaywirePublisher *publisher, uint64_t now_ns);

/* The intervals that are kept from now on, ns: for the discovery page. */
void haywire_publisher_set_intervals(HaywirePublisher *publisher,
                                     uint64_t pid_ns, uint64_t roundrobin_ns,
                                     uint64_t camera_ns);

/* Publish the statistics as they stand. */
void haywire_publisher_put_stats(HaywirePublisher *publisher);

void haywire_publisher_set_feature(HaywirePublisher *publisher,
                                   uint64_t feature, bool on);
void haywire_publisher_set_capability(HaywirePublisher *publisher,
                                      uint64_t capability, bool on);

/* Count a result that is not OK. */
void haywire_publisher_count(HaywirePublisher *publisher,
                             HaywireCollect result);

/* The smallest number of pages with which a category works. */
uint32_t haywire_category_pages_min(HaywireCategory category);
/* The seed of a setup: default pages. */
uint32_t haywire_category_pages_default(HaywireCategory category);

#endif
