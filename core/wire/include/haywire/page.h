/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One beacon page on the host: copied once, verified, never read twice.
 */

#ifndef HAYWIRE_PAGE_H
#define HAYWIRE_PAGE_H

#include <stdbool.h>

#include "haywire/beacon_protocol.h"
#include "haywire/status.h"

/* A verified header, in host integers. */
typedef struct HaywirePageInfo {
    uint32_t kind;
    HaywireCategory category;
    uint32_t index;
    uint32_t payload_length;
    uint64_t session;
    uint64_t generation;
    uint64_t sequence;
    uint64_t monotonic_ns;
    uint64_t realtime_ns;
    uint64_t pfn;
    uint32_t lock;
} HaywirePageInfo;

/* All sixteen words are there. Reads 64 bytes. */
bool haywire_page_has_magic(const uint8_t *page);

/*
 * Copy a page that a guest may be writing right now, and verify the copy:
 * section 2 of docs/protocol.md. Tries HAYWIRE_SNAPSHOT_TRIES times.
 *
 * @live: 4096 bytes of guest memory, 8-aligned
 * @ret_copy: filled on success; undefined content otherwise
 * @ret_info: written on success only
 *
 * HAYWIRE_OK, HAYWIRE_BAD_MAGIC, _VERSION, _KIND, _CATEGORY, _INDEX,
 * _LENGTH, _SESSION (zero), _CHECKSUM, HAYWIRE_PAGE_BUSY.
 */
#define HAYWIRE_SNAPSHOT_TRIES 8
HaywireStatus
haywire_page_snapshot(const uint8_t *live, HaywirePage *ret_copy,
                      HaywirePageInfo *ret_info,
                      HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/* The same checks on a copy that nobody writes. */
HaywireStatus
haywire_page_verify(const HaywirePage *copy, HaywirePageInfo *ret_info,
                    HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/*
 * Lock halves of a live page, for "has it changed since": equal halves that
 * are @lock mean that the last copy is still what the page holds.
 */
bool haywire_page_unchanged(const uint8_t *live, uint32_t lock);

#endif
