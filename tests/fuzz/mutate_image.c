/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutator for images: works on one chunk at a time and keeps the frame of
 * all others.
 */

#include <string.h>

#include "fuzz.h"
#include "haywire/bytes.h"
#include "image.h"

#define CHUNKS_MAX 1024
/* Numbers that limits and arithmetic stumble over. */
static const uint64_t numbers[] = {
    0,          1,          2,          7,          97,
    98,         490,        491,        3936,       3937,
    4095,       4096,       16384,      32768,      32769,
    0x7fff,     0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
    0xfffff000, UINT64_MAX, INT64_MAX,  0x3142face, UINT64_C(1) << 52,
};

typedef struct Place {
    size_t start;
    size_t length; /* head and body */
} Place;

typedef struct Image {
    uint8_t *data;
    size_t size;
    size_t room;
    size_t chunks;
    Place chunk[CHUNKS_MAX];
} Image;

static void find_chunks(Image *image)
{
    size_t at = 1;
    FuzzChunk chunk;

    image->chunks = 0;
    while (image->chunks < CHUNKS_MAX) {
        size_t start = at;

        if (!fuzz_chunk_next(image->data, image->size, &at, &chunk)) {
            return;
        }
        image->chunk[image->chunks++] = (Place){ start, at - start };
    }
}

/* Make the chunk's room @length; false when that does not fit. */
static gboolean resize(Image *image, Place place, size_t length)
{
    size_t behind = image->size - place.start - place.length;

    if (length > image->room ||
        image->size - place.length > image->room - length) {
        return FALSE;
    }
    memmove(image->data + place.start + length,
            image->data + place.start + place.length, behind);
    image->size = image->size - place.length + length;
    return TRUE;
}

static void set_length(uint8_t *head, size_t payload)
{
    HaywireLe16 wire = haywire_le16((uint16_t)payload);

    memcpy(head + 4, &wire, sizeof(wire));
}

static void mutate_payload(Image *image, Place place)
{
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
    size_t fixed = FUZZ_HEAD + FUZZ_CHECKED;
    size_t length = place.length - fixed;
    HaywireLe32 wire;

    memcpy(payload, image->data + place.start + fixed, length);
    length = LLVMFuzzerMutate(payload, length, sizeof(payload));
    if (!resize(image, place, fixed + length)) {
        return;
    }
    memcpy(image->data + place.start + fixed, payload, length);
    set_length(image->data + place.start, length);
    wire = haywire_le32((uint32_t)length);
    memcpy(image->data + place.start + FUZZ_HEAD +
               offsetof(HaywirePageHeader, payload_length) -
               HAYWIRE_CHECKED_START,
           &wire, sizeof(wire));
}

static void mutate_header(Image *image, Place place)
{
    LLVMFuzzerMutate(image->data + place.start + FUZZ_HEAD, FUZZ_CHECKED,
                     FUZZ_CHECKED);
}

/* Step, frame, damage, control word. */
static void mutate_head(Image *image, Place place)
{
    uint8_t *head = image->data + place.start;
    uint8_t length[2] = { head[4], head[5] };

    LLVMFuzzerMutate(head, FUZZ_HEAD, FUZZ_HEAD);
    memcpy(head + 4, length, sizeof(length));
}

static void set_number(Image *image, Place place, unsigned int seed)
{
    uint8_t *body = image->data + place.start + FUZZ_HEAD;
    size_t room = place.length - FUZZ_HEAD;
    size_t width = (size_t)1 << seed % 4;
    uint64_t value = numbers[seed / 4 % G_N_ELEMENTS(numbers)];
    HaywireLe64 wire = haywire_le64(value);
    size_t at = seed / 128 % (room - width + 1);

    memcpy(body + at / width * width, wire.byte, width);
}

static void duplicate(Image *image, Place place, unsigned int seed)
{
    if (place.length > image->room - image->size) {
        return;
    }
    memmove(image->data + image->size, image->data + place.start, place.length);
    image->data[image->size] = (uint8_t)seed;
    image->data[image->size + 1] = (uint8_t)(seed >> 8);
    image->size += place.length;
}

static void swap_slots(Image *image, Place a, Place b)
{
    size_t at = FUZZ_HEAD + offsetof(HaywirePageHeader, category) -
                HAYWIRE_CHECKED_START;
    uint8_t *left = image->data + a.start + at;
    uint8_t *right = image->data + b.start + at;
    uint8_t kept[6];

    memcpy(kept, left, sizeof(kept));
    memmove(left, right, sizeof(kept));
    memcpy(right, kept, sizeof(kept));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed)
{
    Image image = { .data = data, .size = size, .room = max_size };
    unsigned int more = seed / 16;
    Place place;

    find_chunks(&image);
    if (image.chunks == 0 || (size > 0 && data[0] & FUZZ_RAW)) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    place = image.chunk[more % image.chunks];
    more /= image.chunks;
    switch (seed % 16) {
    case 0:
        data[0] = (uint8_t)more;
        break;
    case 1:
        mutate_head(&image, place);
        break;
    case 2:
    case 3:
        mutate_header(&image, place);
        break;
    case 4:
        duplicate(&image, place, more);
        break;
    case 5:
        resize(&image, place, 0);
        break;
    case 6:
        swap_slots(&image, place, image.chunk[more % image.chunks]);
        break;
    case 7:
    case 8:
    case 9:
    case 10:
        set_number(&image, place, more);
        break;
    default:
        mutate_payload(&image, place);
        break;
    }
    return image.size;
}
