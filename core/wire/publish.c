/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing beacon pages: docs/protocol.md, section 2. */

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <stdatomic.h>

#include "haywire/bytes.h"
#include "haywire/publish.h"

/* Lock halves and control word are read by others while we write them. */
typedef _Atomic uint32_t __attribute__((may_alias)) SharedWord32;
typedef _Atomic uint64_t __attribute__((may_alias)) SharedWord64;

static void shared_store32(uint8_t *at, uint32_t value)
{
    atomic_store_explicit((SharedWord32 *)at, haywire_word32(value),
                          memory_order_release);
}

/*
 * Words of @image, from one offset to another, into a page that others read:
 * each after all stores before it in the program. That orders the locks around
 * the content without fences, as acquire loads do for the reader.
 */
static void shared_copy(HaywirePage *page, const HaywirePage *image,
                        size_t start, size_t end)
{
    SharedWord64 *to = (SharedWord64 *)(void *)page;
    const uint8_t *from = (const uint8_t *)image;

    for (size_t at = start; at < end; at += sizeof(*to)) {
        uint64_t word;

        memcpy(&word, from + at, sizeof(word));
        atomic_store_explicit(to + at / sizeof(*to), word,
                              memory_order_release);
    }
}

uint64_t haywire_page_checksum(const HaywirePage *page, uint32_t payload_length)
{
    const uint8_t *bytes = (const uint8_t *)page;
    uint64_t seed;

    if (payload_length > HAYWIRE_PAYLOAD_MAX) {
        payload_length = HAYWIRE_PAYLOAD_MAX;
    }
    seed = XXH3_64bits(bytes + HAYWIRE_CHECKED_START,
                       HAYWIRE_CHECKED_END - HAYWIRE_CHECKED_START);
    return XXH3_64bits_withSeed(page->payload, payload_length, seed);
}

/*
 * All that changes from publication to publication, the locks excepted. Made
 * aside, so that the page itself is written once, word by word.
 */
static void page_fill(HaywirePage *page, const HaywirePageStamp *stamp,
                      uint64_t sequence, const void *payload, size_t length)
{
    size_t end = (length + 7) / 8 * 8; /* what is beyond means nothing */
    HaywirePage image;
    HaywirePageHeader *header = &image.header;

    *header = page->header;
    header->kind = haywire_le32(stamp->kind);
    header->payload_length = haywire_le32(length);
    header->generation = haywire_le64(stamp->generation);
    header->sequence = haywire_le64(sequence);
    header->monotonic_ns = haywire_le64(stamp->monotonic_ns);
    header->realtime_ns = haywire_le64(stamp->realtime_ns);
    header->pfn = haywire_le64(stamp->pfn);
    if (length > 0) {
        memcpy(image.payload, payload, length);
        memset(image.payload + length, 0, end - length);
    }
    header->checksum = haywire_le64(haywire_page_checksum(&image, length));
    shared_copy(page, &image, HAYWIRE_CHECKED_START,
                offsetof(HaywirePageHeader, lock_top));
    shared_copy(page, &image, offsetof(HaywirePage, payload),
                offsetof(HaywirePage, payload) + end);
}

void haywire_page_init(HaywirePage *page, HaywireCategory category,
                       uint32_t index, uint64_t session,
                       const HaywirePageStamp *stamp)
{
    HaywirePageHeader *header = &page->header;
    HaywirePageStamp empty = *stamp;

    empty.kind = HAYWIRE_KIND_EMPTY;
    header->version = haywire_le16(HAYWIRE_PROTOCOL_VERSION);
    header->category = haywire_le16(category);
    header->index = haywire_le32(index);
    header->session = haywire_le64(session);
    page_fill(page, &empty, 1, NULL, 0);
    shared_store32(header->lock_top.byte, 1);
    shared_store32(page->lock_bottom.byte, 1);
    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        shared_store32(header->magic[i].byte, HAYWIRE_MAGIC);
    }
}

void haywire_page_set_control_word(HaywirePage *page, uint64_t value)
{
    SharedWord64 *word = (SharedWord64 *)page->control_word.byte;

    atomic_store_explicit(word, haywire_word64(value), memory_order_relaxed);
}

uint64_t haywire_page_get_control_word(const HaywirePage *page)
{
    SharedWord64 *word = (SharedWord64 *)(uintptr_t)page->control_word.byte;

    return haywire_word64_get(atomic_load_explicit(word, memory_order_acquire));
}

void haywire_page_publish(HaywirePage *page, const HaywirePageStamp *stamp,
                          const void *payload, size_t length)
{
    uint64_t sequence = haywire_le64_get(page->header.sequence) + 1;

    assert(length <= HAYWIRE_PAYLOAD_MAX);
    shared_store32(page->header.lock_top.byte, (uint32_t)sequence);
    page_fill(page, stamp, sequence, payload, length);
    shared_store32(page->lock_bottom.byte, (uint32_t)sequence);
}

/* Without padding; more than a payload holds when the sum would wrap. */
static size_t record_bytes(size_t fixed_length, const HaywireBytes *tail,
                           size_t tails)
{
    size_t length = fixed_length;

    for (size_t i = 0; i < tails; i++) {
        if (length > HAYWIRE_PAYLOAD_MAX ||
            tail[i].length > HAYWIRE_PAYLOAD_MAX) {
            return HAYWIRE_PAYLOAD_MAX + 1;
        }
        length += tail[i].length;
    }
    return length;
}

size_t haywire_record_length(size_t fixed_length, const HaywireBytes *tail,
                             size_t tails)
{
    size_t length = record_bytes(fixed_length, tail, tails);

    return (length + HAYWIRE_RECORD_ALIGN - 1) &
           ~(size_t)(HAYWIRE_RECORD_ALIGN - 1);
}

HaywireStatus haywire_writer_append(HaywireWriter *writer, const void *fixed,
                                    size_t fixed_length,
                                    const HaywireBytes *tail, size_t tails,
                                    uint8_t **ret_record)
{
    size_t length = haywire_record_length(fixed_length, tail, tails);
    uint8_t *record = writer->payload + writer->used;
    size_t at = fixed_length;
    HaywireLe16 wire_length;

    assert(fixed_length >= sizeof(HaywireWireRecord));
    if (length > sizeof(writer->payload) - writer->used) {
        return HAYWIRE_LIMIT;
    }
    memcpy(record, fixed, fixed_length);
    for (size_t i = 0; i < tails; i++) {
        if (tail[i].length > 0) {
            memcpy(record + at, tail[i].data, tail[i].length);
        }
        at += tail[i].length;
    }
    memset(record + at, 0, length - at);
    wire_length = haywire_le16(length);
    memcpy(record + offsetof(HaywireWireRecord, length), &wire_length,
           sizeof(wire_length));
    writer->used += length;
    if (ret_record) {
        *ret_record = record;
    }
    return HAYWIRE_OK;
}
