/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encounters: with which heartbeat scans have met discovery pages, more of them
 * than there is room for sessions. A page that beat from one scan to the next
 * is a companion's, however many others come and go. It is a table of fixed
 * size where pages may take each other's place: a hint whom to watch.
 */

#ifndef HAYWIRE_ENCOUNTERS_H
#define HAYWIRE_ENCOUNTERS_H

#include <stdint.h>

#include "haywire/memory.h"

#define HAYWIRE_ENCOUNTERS_MAX 16384

/* All zero at first. */
typedef struct HaywireEncounters {
    uint64_t salt; /* no guest knows whose place a page takes */
    uint32_t seen[HAYWIRE_ENCOUNTERS_MAX]; /* who, and low bits of its beat */
} HaywireEncounters;

typedef enum HaywireEncounter {
    HAYWIRE_MET_FIRST, /* or put back in time, or forgotten */
    HAYWIRE_MET_STILL, /* the same heartbeat as the last time */
    HAYWIRE_MET_GROWN,
} HaywireEncounter;

/* A session's discovery page was met; how was it the last time? */
HaywireEncounter haywire_encounters_note(HaywireEncounters *encounters,
                                         uint64_t session,
                                         HaywirePosition position,
                                         uint64_t heartbeat);

#endif
