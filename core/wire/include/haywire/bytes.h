/*
 * Little-endian loads and stores of the wire types.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_BYTES_H
#define HAYWIRE_BYTES_H

#include <endian.h>
#include <string.h>

#include "haywire/beacon_protocol.h"

static inline uint16_t haywire_le16_get(HaywireLe16 le)
{
    uint16_t value;

    memcpy(&value, le.byte, sizeof(value));
    return le16toh(value);
}

static inline uint32_t haywire_le32_get(HaywireLe32 le)
{
    uint32_t value;

    memcpy(&value, le.byte, sizeof(value));
    return le32toh(value);
}

static inline uint64_t haywire_le64_get(HaywireLe64 le)
{
    uint64_t value;

    memcpy(&value, le.byte, sizeof(value));
    return le64toh(value);
}

static inline HaywireLe16 haywire_le16(uint16_t value)
{
    HaywireLe16 le;

    value = htole16(value);
    memcpy(le.byte, &value, sizeof(value));
    return le;
}

static inline HaywireLe32 haywire_le32(uint32_t value)
{
    HaywireLe32 le;

    value = htole32(value);
    memcpy(le.byte, &value, sizeof(value));
    return le;
}

static inline HaywireLe64 haywire_le64(uint64_t value)
{
    HaywireLe64 le;

    value = htole64(value);
    memcpy(le.byte, &value, sizeof(value));
    return le;
}

#endif
