/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading back what the companion published: a scan of its own pages, with
 * the decoders of the wire.
 */

#ifndef HAYWIRE_SELFTEST_READ_H
#define HAYWIRE_SELFTEST_READ_H

#include "engine/publisher.h"
#include "haywire/decode.h"

/* Sections or page runs of one generation. */
typedef struct HaywireFoundSet {
    uint64_t generation; /* 0: none were found */
    uint32_t count;
    uint32_t total;
} HaywireFoundSet;

/* What the pages say of a session and of one of its processes. */
typedef struct HaywireFound {
    uint32_t pid;                          /* asked for */
    uint64_t address;                      /* gva, asked for */
    uint32_t used[HAYWIRE_CATEGORY_COUNT]; /* pages that are not empty */
    HaywireDiscovery discovery;
    uint64_t snapshot; /* the newest: */
    uint32_t processes;
    bool listed;
    uint64_t cycle; /* of its newest record; 0: there is none */
    uint64_t rss;
    bool has_path; /* of its executable */
    bool has_fields;
    HaywireFoundSet sections;
    HaywireControl control; /* of camera 1 */
    HaywireFoundSet runs;
    uint64_t frame; /* that the address leads to; 0: not known */
    /* The first page that is not as it should be; HAYWIRE_OK: all are. */
    HaywireStatus status;
    HaywireCategory category;
    uint32_t index;
    const char *field;
} HaywireFound;

/* @ret_found: pid and address are set, the rest is filled in. */
void haywire_selftest_read(HaywirePublisher *publisher,
                           HaywireFound *ret_found);

#endif
