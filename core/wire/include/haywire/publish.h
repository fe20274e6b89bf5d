/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing beacon pages: the guest's side of docs/protocol.md, section 2.
 * Also used by the builder of test images. libc and xxHash only.
 */

#ifndef HAYWIRE_PUBLISH_H
#define HAYWIRE_PUBLISH_H

#include "haywire/beacon_protocol.h"
#include "haywire/status.h"

/* The part of a page's header that changes from publication to publication. */
typedef struct HaywirePageStamp {
    uint32_t kind; /* HAYWIRE_KIND_* */
    uint64_t generation;
    uint64_t monotonic_ns;
    uint64_t realtime_ns;
    uint64_t pfn; /* 0: not known */
} HaywirePageStamp;

/*
 * Make an empty page (kind HayE, sequence 1) out of a zeroed, 4096-aligned
 * one. The magic is written last.
 */
void haywire_page_init(HaywirePage *page, HaywireCategory category,
                       uint32_t index, uint64_t session,
                       const HaywirePageStamp *stamp);

/*
 * Set the control word: once, between the page's allocation and its first
 * publication. @value: HAYWIRE_CONTROL_WORD(nonce, 0).
 */
void haywire_page_set_control_word(HaywirePage *page, uint64_t value);

/* The control word as it stands now (one atomic 64-bit load). */
uint64_t haywire_page_get_control_word(const HaywirePage *page);

/*
 * Publish new content under the seqlock; the sequence grows by one. One
 * writer a page. Never touches the control word.
 *
 * @payload: bytes, not overlapping @page; NULL when @length is 0
 * @length: at most HAYWIRE_PAYLOAD_MAX (asserted)
 */
void haywire_page_publish(HaywirePage *page, const HaywirePageStamp *stamp,
                          const void *payload, size_t length);

/* The checksum that a page's header and payload should have (section 2). */
uint64_t haywire_page_checksum(const HaywirePage *page,
                               uint32_t payload_length);

/* A payload under construction, made of records (section 5.5). */
typedef struct HaywireWriter {
    size_t used;
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
} HaywireWriter;

typedef struct HaywireBytes {
    const void *data;
    size_t length;
} HaywireBytes;

/* The length a record takes: rounded up to HAYWIRE_RECORD_ALIGN. */
size_t haywire_record_length(size_t fixed_length, const HaywireBytes *tail,
                             size_t tails);

/*
 * Append one record: @fixed (starting with a HaywireWireRecord whose type and
 * flags are set; the length is filled in here), then the tails, then padding.
 *
 * Returns HAYWIRE_OK, or HAYWIRE_LIMIT when it does not fit (nothing is
 * appended). @ret_record, when not NULL: where the record lies in the payload,
 * to be patched (counts) until the payload is published.
 */
HaywireStatus haywire_writer_append(HaywireWriter *writer, const void *fixed,
                                    size_t fixed_length,
                                    const HaywireBytes *tail, size_t tails,
                                    uint8_t **ret_record) HAYWIRE_MUST_CHECK;

#endif
