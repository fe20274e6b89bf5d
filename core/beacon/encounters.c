/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With which heartbeat discovery pages were met.
 */

#include <time.h>

#include "haywire/clock.h"
#include "haywire/encounters.h"

/* Pages that share so many places lose none of them to each other. */
#define WAYS 4

#define BEAT_BITS 16
#define BEAT_MASK ((UINT32_C(1) << BEAT_BITS) - 1)
/* A heartbeat that is further ahead than this has gone back. */
#define BEAT_AHEAD_MAX (BEAT_MASK / 2)

/* Each bit of the result depends on each of @value (splitmix64). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* The place of this page, or the one that it takes from another. */
static uint32_t *find_place(HaywireEncounters *encounters, uint64_t hash,
                            uint32_t who)
{
    uint32_t *set =
        &encounters->seen[hash % (HAYWIRE_ENCOUNTERS_MAX / WAYS) * WAYS];
    uint32_t *place = &set[who >> BEAT_BITS & (WAYS - 1)];
    int i;

    for (i = 0; i < WAYS; i++) {
        if ((set[i] & ~BEAT_MASK) == who) {
            return &set[i];
        }
        if (set[i] == 0) {
            place = &set[i];
        }
    }
    return place;
}

HaywireEncounter haywire_encounters_note(HaywireEncounters *encounters,
                                         uint64_t session,
                                         HaywirePosition position,
                                         uint64_t heartbeat)
{
    uint32_t beat = (uint32_t)heartbeat & BEAT_MASK, who, *place, last, ahead;
    uint64_t hash;

    if (encounters->salt == 0) {
        encounters->salt = haywire_clock_ns(CLOCK_MONOTONIC) | 1;
    }
    hash = mix(mix(session ^ encounters->salt) ^ position.value);
    /* Never 0, which stands for nobody. */
    who = (uint32_t)(hash >> 32 | UINT64_C(1) << 31) & ~BEAT_MASK;
    place = find_place(encounters, hash, who);
    last = *place;
    *place = who | beat;
    if ((last & ~BEAT_MASK) != who) {
        return HAYWIRE_MET_FIRST;
    }
    ahead = (beat - last) & BEAT_MASK;
    if (ahead == 0) {
        return HAYWIRE_MET_STILL;
    }
    return ahead <= BEAT_AHEAD_MAX ? HAYWIRE_MET_GROWN : HAYWIRE_MET_FIRST;
}
