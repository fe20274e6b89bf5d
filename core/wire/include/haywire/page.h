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
 * Verify a copy that nobody writes: section 2 of docs/protocol.md.
 *
 * @ret_info: written on success only
 *
 * HAYWIRE_OK, HAYWIRE_BAD_MAGIC, _VERSION, _KIND, _CATEGORY, _INDEX,
 * _LENGTH, _SESSION (zero), _CHECKSUM, HAYWIRE_PAGE_BUSY (the halves of its
 * lock differ).
 */
HaywireStatus
haywire_page_verify(const HaywirePage *copy, HaywirePageInfo *ret_info,
                    HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

#endif
