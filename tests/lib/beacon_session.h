/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A builder's text as data, before it is encoded into pages.
 */

#ifndef HAYWIRE_BEACON_SESSION_H
#define HAYWIRE_BEACON_SESSION_H

#include "beacon_builder.h"
#include "beacon_line.h"
#include "haywire/decode.h"
#include "haywire/publish.h"

/* What the text does not say is made up while encoding. */
#define BEACON_UNSET UINT64_MAX

typedef struct BeaconSnapshot {
    uint64_t generation;
    uint64_t taken;
    uint64_t total; /* or unset */
    uint32_t dropped;
    GArray *entry; /* of HaywireWirePidEntry */
} BeaconSnapshot;

typedef struct BeaconCycle {
    uint64_t generation;
    uint64_t seen; /* or unset */
    uint32_t processes;
    GPtrArray *record; /* of GBytes: of these, and of their fields */
} BeaconCycle;

typedef struct BeaconSet {
    HaywireSetRecord head;
    uint64_t total;     /* or unset */
    GPtrArray *section; /* of GBytes */
} BeaconSet;

typedef struct BeaconCamera {
    gboolean present;
    HaywireControl control;
    uint64_t sections_total; /* or unset */
    uint64_t runs_total;     /* or unset */
    GPtrArray *set;          /* of BeaconSet */
    GArray *run;             /* of HaywireWirePageRun */
} BeaconCamera;

/* Which frames the pages get. */
typedef struct BeaconPlacement {
    uint64_t first; /* gpa */
    uint64_t step;
    gboolean shuffled;
    uint32_t seed;
    uint32_t frames;
} BeaconPlacement;

typedef struct BeaconSession {
    unsigned number;
    uint64_t id;
    uint64_t time;
    uint64_t wall_time;
    gboolean pfns;
    HaywireDiscovery discovery;
    BeaconPlacement placement;
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    GPtrArray *manifest; /* of GBytes */
    GPtrArray *snapshot;
    GPtrArray *cycle;
    GPtrArray *set;         /* in ROUNDROBIN */
    GHashTable *start_time; /* pid -> *uint64_t */
    BeaconCamera camera[2];
    GPtrArray *damage; /* of BeaconLine */
} BeaconSession;

BeaconSession *beacon_session_new(unsigned number);
void beacon_session_free(BeaconSession *session);

/*
 * Make all pages of @session and damage them. @beacons: of HaywireBeacon,
 * appended to. False with @error when something does not fit.
 */
gboolean beacon_session_encode(BeaconSession *session, GArray *beacons,
                               GError **error);

/* One whole record as bytes, padded. */
GBytes *beacon_record(const void *fixed, size_t fixed_length,
                      const HaywireBytes *tail, size_t tails);

/* The position of a category's name: HAYWIRE_CATEGORY_*. */
extern const char *const beacon_category_names[];

/* Carry out a `set`, `corrupt`, `drop` or `move` line. */
void beacon_damage_apply(BeaconSession *session, BeaconLine *line,
                         GArray *beacons, size_t first);

#endif
