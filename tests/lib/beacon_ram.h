/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages that lie in RAM: an array as a memory source, and pages that
 * are published again where they are. What goes wrong ends the test.
 */

#ifndef HAYWIRE_BEACON_RAM_H
#define HAYWIRE_BEACON_RAM_H

#include "beacon_builder.h"
#include "haywire/memory.h"
#include "haywire/publish.h"

typedef struct HaywireBeaconRam {
    HaywireBeacons *beacons; /* as they were made */
    uint8_t *host;           /* the RAM, page-aligned */
    size_t size;             /* bytes */
    HaywireLayout layout;    /* guest addresses are positions */
    HaywireMemory *source;
    HaywireMemoryOps ops; /* the source's, to replace single ones of them */
} HaywireBeaconRam;

/*
 * RAM of @size bytes with the pages of @text, zero elsewhere, which the source
 * takes for holes. @knows_layout: the source knows the layout, as in QEMU;
 * false: as over a file.
 */
void haywire_beacon_ram_init(HaywireBeaconRam *ram, const char *text,
                             size_t size, bool knows_layout);
void haywire_beacon_ram_clear(HaywireBeaconRam *ram);

/*
 * The pages of another text, over whatever is there. Returns where its first
 * session's discovery page lies.
 */
HaywirePosition haywire_beacon_ram_add(HaywireBeaconRam *ram, const char *text);

HaywirePage *haywire_beacon_ram_at(HaywireBeaconRam *ram,
                                   HaywirePosition position);

/* Where the page of a slot of the first text was put. */
HaywirePosition haywire_beacon_ram_position(const HaywireBeaconRam *ram,
                                            unsigned session,
                                            HaywireCategory category,
                                            uint32_t index);

/* The page there. */
HaywirePage *haywire_beacon_ram_page(HaywireBeaconRam *ram, unsigned session,
                                     HaywireCategory category, uint32_t index);

/* What a page is stamped with, to publish it once more. */
HaywirePageStamp haywire_beacon_stamp(const HaywirePage *page);

/* Publish a page's content again in place, under this stamp. */
void haywire_beacon_republish(HaywirePage *page, const HaywirePageStamp *stamp);

#endif
