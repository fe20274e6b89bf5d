/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encoding: pages by slot, and records packed into runs of pages.
 */

#ifndef HAYWIRE_BEACON_ENCODE_H
#define HAYWIRE_BEACON_ENCODE_H

#include "beacon_session.h"

typedef struct BeaconEncoder {
    BeaconSession *session;
    GArray *beacons;
    size_t first; /* beacon of slot 0 */
    GError *error;
} BeaconEncoder;

/* A payload under construction in a run of pages of one category. */
typedef struct BeaconPacker {
    BeaconEncoder *encoder;
    HaywireCategory category;
    uint32_t kind;
    uint64_t generation;
    uint32_t index; /* of the page under construction */
    uint32_t used;  /* pages begun */
    uint32_t limit; /* pages there are */
    HaywireWriter writer;
} BeaconPacker;

HaywireBeacon *beacon_slot(BeaconEncoder *encoder, HaywireCategory category,
                           uint32_t index);
HaywirePageStamp beacon_stamp(const BeaconSession *session, uint32_t kind,
                              uint64_t generation, HaywireGpa gpa);
void beacon_publish(BeaconEncoder *encoder, HaywireCategory category,
                    uint32_t index, uint32_t kind, uint64_t generation,
                    const void *payload, size_t length);

/* Publish the page under construction, if there is anything on it. */
void beacon_packer_flush(BeaconPacker *packer);
gboolean beacon_packer_fits(const BeaconPacker *packer, size_t length);
/* Append whole records' bytes; they fit. NULL once out of pages. */
uint8_t *beacon_packer_add(BeaconPacker *packer, const void *data,
                           size_t length);

/* All section sets of ROUNDROBIN. */
void beacon_encode_sections(BeaconEncoder *encoder);
/* Camera 0 or 1: its control page and its pass. */
void beacon_encode_camera(BeaconEncoder *encoder, size_t number);

#endif
