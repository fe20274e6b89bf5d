/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest strings made fit for people, terminals and JSON.
 */

#include "haywire/text.h"

#include <stdbool.h>
#include <string.h>

typedef struct CodeRange {
    uint32_t first;
    uint32_t last;
} CodeRange;

/*
 * What is valid UTF-8 and yet must not reach a terminal: general categories
 * Cc, Cf, Zl and Zp of Unicode 15, and the block of tags and invisible
 * selectors as a whole. Sorted. Noncharacters are tested for apart.
 */
static const CodeRange unprintable[] = {
    { 0x00000, 0x0001f }, { 0x0007f, 0x0009f }, { 0x000ad, 0x000ad },
    { 0x00600, 0x00605 }, { 0x0061c, 0x0061c }, { 0x006dd, 0x006dd },
    { 0x0070f, 0x0070f }, { 0x00890, 0x00891 }, { 0x008e2, 0x008e2 },
    { 0x0180e, 0x0180e }, { 0x0200b, 0x0200f }, { 0x02028, 0x0202e },
    { 0x02060, 0x0206f }, { 0x0fdd0, 0x0fdef }, { 0x0feff, 0x0feff },
    { 0x0fff9, 0x0fffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
    { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
    { 0xe0000, 0xe0fff },
};

#define UNPRINTABLE_COUNT (sizeof(unprintable) / sizeof(unprintable[0]))

static bool is_printable(uint32_t code)
{
    size_t low = 0, high = UNPRINTABLE_COUNT;

    if ((code & 0xfffe) == 0xfffe) {
        return false;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (code > unprintable[middle].last) {
            low = middle + 1;
        } else if (code < unprintable[middle].first) {
            high = middle;
        } else {
            return false;
        }
    }
    return true;
}

/* Bytes in the sequence that @lead begins; 0 when it begins none. */
static size_t sequence_length(uint8_t lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2) {
        return 0; /* a continuation, or the start of an overlong pair */
    }
    if (lead < 0xe0) {
        return 2;
    }
    if (lead < 0xf0) {
        return 3;
    }
    return lead < 0xf5 ? 4 : 0;
}

/*
 * Decode the sequence of @count (2 to 4) bytes at @bytes. False when it is
 * not the shortest form of a scalar value.
 */
static bool decode_sequence(const uint8_t *bytes, size_t count,
                            uint32_t *ret_code)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t code = bytes[0] & (0x7fu >> count);

    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return false;
        }
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if (code < smallest[count] || code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff)) {
        return false;
    }
    *ret_code = code;
    return true;
}

/* Bytes of the character at @bytes; a byte that is part of none is 1. */
static size_t character_length(const uint8_t *bytes, size_t left,
                               bool *ret_printable)
{
    size_t count = sequence_length(bytes[0]);
    uint32_t code = bytes[0];

    if (count == 0 || count > left ||
        (count > 1 && !decode_sequence(bytes, count, &code))) {
        *ret_printable = false;
        return 1;
    }
    *ret_printable = code != '\\' && is_printable(code);
    return count;
}

static bool is_plain_ascii(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

#define ONES UINT64_C(0x0101010101010101)

/* A byte of @word below @limit (up to 0x80)? Those above 0x7f say so, too. */
static uint64_t any_below(uint64_t word, uint64_t limit)
{
    return ((word - ONES * limit) | word) & ONES * 0x80;
}

/* Copy what is plain, eight bytes at a time; how many were. */
static size_t copy_plain(const uint8_t *bytes, size_t length, char *out)
{
    size_t position = 0;

    for (; length - position >= sizeof(uint64_t); position += 8) {
        uint64_t word;

        memcpy(&word, bytes + position, sizeof(word));
        if (any_below(word, 0x20) | any_below(word ^ ONES * '\\', 1) |
            any_below(word ^ ONES * 0x7f, 1)) {
            break;
        }
        memcpy(out + position, &word, sizeof(word));
    }
    return position;
}

static char *escape_byte(char *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    *out++ = '\\';
    *out++ = 'x';
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15];
    return out;
}

size_t haywire_text_escape(const uint8_t *bytes, size_t length, char *out)
{
    const char *start = out;
    size_t position = copy_plain(bytes, length, out);

    out += position;

    while (position < length) {
        bool printable;
        size_t count;

        if (is_plain_ascii(bytes[position])) {
            *out++ = (char)bytes[position++];
            continue;
        }
        count =
            character_length(bytes + position, length - position, &printable);
        for (; count > 0; count--, position++) {
            if (printable) {
                *out++ = (char)bytes[position];
            } else {
                out = escape_byte(out, bytes[position]);
            }
        }
    }
    *out = '\0';
    return (size_t)(out - start);
}
