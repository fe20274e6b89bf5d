/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory as a fuzz input: see image.h.
 */

#include "image.h"

#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

gboolean fuzz_chunk_next(const uint8_t *data, size_t size, size_t *at,
                         FuzzChunk *ret_chunk)
{
    const uint8_t *head = data + *at;
    size_t left = size - *at, length;
    HaywireLe64 word;

    if (left < FUZZ_HEAD + FUZZ_CHECKED) {
        return FALSE;
    }
    left -= FUZZ_HEAD + FUZZ_CHECKED;
    length = get16(head + 4) % (HAYWIRE_PAYLOAD_MAX + 1);
    length = MIN(length, left);
    memcpy(&word, head + 8, sizeof(word));
    *ret_chunk = (FuzzChunk){
        .step = head[0] % FUZZ_STEPS,
        .frame = head[1] % FUZZ_FRAMES,
        .damage = head[2],
        .hint = head[3],
        .control_word = haywire_le64_get(word),
        .length = length,
        .body = head + FUZZ_HEAD,
    };
    *at += FUZZ_HEAD + FUZZ_CHECKED + length;
    return TRUE;
}

static void seal(HaywirePage *page, uint8_t damage)
{
    HaywireLe32 lock;

    haywire_beacon_reseal(page);
    memcpy(&lock, &page->header.sequence, sizeof(lock));
    page->header.lock_top = lock;
    page->lock_bottom = lock;
    if (damage & FUZZ_DAMAGE_CHECKSUM) {
        page->header.checksum.byte[3] ^= 0x10;
    }
    if (damage & FUZZ_DAMAGE_LOCK) {
        page->lock_bottom.byte[0] ^= 1;
    }
    if (damage & FUZZ_DAMAGE_MAGIC) {
        page->header.magic[9].byte[1] ^= 1;
    }
}

void fuzz_chunk_write(const FuzzChunk *chunk, HaywirePage *page)
{
    memset(page, 0, sizeof(*page));
    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        page->header.magic[i] = haywire_le32(HAYWIRE_MAGIC);
    }
    memcpy((uint8_t *)page + HAYWIRE_CHECKED_START, chunk->body, FUZZ_CHECKED);
    memcpy(page->payload, chunk->body + FUZZ_CHECKED, chunk->length);
    page->control_word = haywire_le64(chunk->control_word);
    seal(page, chunk->damage);
}

void fuzz_chunk_append(GByteArray *out, unsigned step, unsigned frame,
                       const HaywirePage *page, uint8_t hint)
{
    uint32_t length = haywire_le32_get(page->header.payload_length);
    uint8_t head[FUZZ_HEAD] = { (uint8_t)step, (uint8_t)frame, 0, hint };
    HaywireLe16 wire;

    length = MIN(length, HAYWIRE_PAYLOAD_MAX);
    wire = haywire_le16((uint16_t)length);
    memcpy(head + 4, &wire, sizeof(wire));
    memcpy(head + 8, &page->control_word, sizeof(page->control_word));
    g_byte_array_append(out, head, sizeof(head));
    g_byte_array_append(out, (const uint8_t *)page + HAYWIRE_CHECKED_START,
                        FUZZ_CHECKED);
    g_byte_array_append(out, page->payload, length);
}
