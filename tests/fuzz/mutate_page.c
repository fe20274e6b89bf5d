/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutator for pages: changes header or payload, then mostly puts magic,
 * locks and checksum right, or nothing would get past verification.
 */

#include <string.h>

#include "fuzz.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"

static void seal(HaywirePage *page)
{
    uint32_t length = haywire_le32_get(page->header.payload_length);

    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        page->header.magic[i] = haywire_le32(HAYWIRE_MAGIC);
    }
    page->lock_bottom = page->header.lock_top;
    if (length <= HAYWIRE_PAYLOAD_MAX) {
        page->header.checksum =
            haywire_le64(haywire_page_checksum(page, length));
    }
}

static void mutate_payload(HaywirePage *page)
{
    uint32_t length = haywire_le32_get(page->header.payload_length);

    length = MIN(length, HAYWIRE_PAYLOAD_MAX);
    length =
        (uint32_t)LLVMFuzzerMutate(page->payload, length, HAYWIRE_PAYLOAD_MAX);
    page->header.payload_length = haywire_le32(length);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed)
{
    HaywirePage page = { 0 };

    if (max_size < sizeof(page) || seed % 64 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(&page, data, MIN(size, sizeof(page)));
    if (seed % 4 == 1) {
        LLVMFuzzerMutate((uint8_t *)&page + HAYWIRE_CHECKED_START,
                         HAYWIRE_CHECKED_END - HAYWIRE_CHECKED_START,
                         HAYWIRE_CHECKED_END - HAYWIRE_CHECKED_START);
    } else {
        mutate_payload(&page);
    }
    if (seed / 64 % 32 != 0) {
        seal(&page);
    }
    memcpy(data, &page, sizeof(page));
    return sizeof(page);
}
