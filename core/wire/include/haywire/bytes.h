/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian loads and stores of the wire types. */

#ifndef HAYWIRE_BYTES_H
#define HAYWIRE_BYTES_H

#include <string.h>

#include "haywire/beacon_protocol.h"

/* Compilers make one load or store of each, where the order is the machine's. */

static inline uint16_t haywire_le16_get(HaywireLe16 le)
{
    return (uint16_t)(le.byte[0] | le.byte[1] << 8);
}

static inline uint32_t haywire_le32_get(HaywireLe32 le)
{
    return (uint32_t)le.byte[0] | (uint32_t)le.byte[1] << 8 |
           (uint32_t)le.byte[2] << 16 | (uint32_t)le.byte[3] << 24;
}

static inline uint64_t haywire_le64_get(HaywireLe64 le)
{
    return (uint64_t)le.byte[0] | (uint64_t)le.byte[1] << 8 |
           (uint64_t)le.byte[2] << 16 | (uint64_t)le.byte[3] << 24 |
           (uint64_t)le.byte[4] << 32 | (uint64_t)le.byte[5] << 40 |
           (uint64_t)le.byte[6] << 48 | (uint64_t)le.byte[7] << 56;
}

static inline HaywireLe16 haywire_le16(uint16_t value)
{
    return (HaywireLe16){ { (uint8_t)value, (uint8_t)(value >> 8) } };
}

static inline HaywireLe32 haywire_le32(uint32_t value)
{
    return (HaywireLe32){ { (uint8_t)value, (uint8_t)(value >> 8),
                            (uint8_t)(value >> 16), (uint8_t)(value >> 24) } };
}

static inline HaywireLe64 haywire_le64(uint64_t value)
{
    return (HaywireLe64){ { (uint8_t)value, (uint8_t)(value >> 8),
                            (uint8_t)(value >> 16), (uint8_t)(value >> 24),
                            (uint8_t)(value >> 32), (uint8_t)(value >> 40),
                            (uint8_t)(value >> 48), (uint8_t)(value >> 56) } };
}

/* The same for a word that is loaded or stored as a whole, atomically. */

static inline uint32_t haywire_word32_get(uint32_t word)
{
    HaywireLe32 le;

    memcpy(&le, &word, sizeof(le));
    return haywire_le32_get(le);
}

static inline uint64_t haywire_word64_get(uint64_t word)
{
    HaywireLe64 le;

    memcpy(&le, &word, sizeof(le));
    return haywire_le64_get(le);
}

/* There and back is one way: bytes are either kept or reversed. */
static inline uint32_t haywire_word32(uint32_t value)
{
    return haywire_word32_get(value);
}

static inline uint64_t haywire_word64(uint64_t value)
{
    return haywire_word64_get(value);
}

#endif
