/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's manifest: docs/protocol.md, section 5.7. */

#ifndef HAYWIRE_MANIFEST_H
#define HAYWIRE_MANIFEST_H

#include "engine/task.h"

typedef struct HaywireManifestWriter {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireFacts *facts;
    HaywireWriter *staged;
    HaywireWriter *published; /* what the pages hold */
    uint32_t pages;
    uint32_t used;
    uint64_t generation;
} HaywireManifestWriter;

/* False without memory; it is then still to be destroyed. */
bool haywire_manifest_init(HaywireManifestWriter *manifest,
                           HaywirePublisher *publisher,
                           HaywireCollector *collector);
void haywire_manifest_destroy(HaywireManifestWriter *manifest);

/* Collect, and publish what changed. One step is a round. */
HaywireStep haywire_manifest_step(void *opaque);

#endif
