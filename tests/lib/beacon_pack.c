/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages by slot, and records packed into runs of pages.
 */

#include "beacon_encode.h"

#include <string.h>

HaywireBeacon *beacon_slot(BeaconEncoder *encoder, HaywireCategory category,
                           uint32_t index)
{
    size_t number = encoder->first + index;

    for (int i = 0; i < (int)category; i++) {
        number += encoder->session->discovery.geometry[i];
    }
    return &g_array_index(encoder->beacons, HaywireBeacon, number);
}

HaywirePageStamp beacon_stamp(const BeaconSession *session, uint32_t kind,
                              uint64_t generation, HaywireGpa gpa)
{
    return (HaywirePageStamp){
        .kind = kind,
        .generation = generation,
        .monotonic_ns = session->time,
        .realtime_ns = session->wall_time,
        .pfn = session->pfns ? gpa.value >> HAYWIRE_PAGE_SHIFT : 0,
    };
}

void beacon_publish(BeaconEncoder *encoder, HaywireCategory category,
                    uint32_t index, uint32_t kind, uint64_t generation,
                    const void *payload, size_t length)
{
    HaywireBeacon *beacon = beacon_slot(encoder, category, index);
    HaywirePageStamp with =
        beacon_stamp(encoder->session, kind, generation, beacon->gpa);

    haywire_page_publish(beacon->page, &with, payload, length);
}

void beacon_packer_flush(BeaconPacker *packer)
{
    if (packer->writer.used > 0) {
        beacon_publish(packer->encoder, packer->category, packer->index,
                       packer->kind, packer->generation, packer->writer.payload,
                       packer->writer.used);
        packer->writer.used = 0;
        packer->index++;
    }
}

gboolean beacon_packer_fits(const BeaconPacker *packer, size_t length)
{
    return length <= HAYWIRE_PAYLOAD_MAX - packer->writer.used;
}

uint8_t *beacon_packer_add(BeaconPacker *packer, const void *data,
                           size_t length)
{
    uint8_t *at = packer->writer.payload + packer->writer.used;

    if (packer->writer.used == 0 && packer->used++ == packer->limit) {
        g_set_error(&packer->encoder->error, HAYWIRE_BEACONS_ERROR, 0,
                    "%s is too small for what it should hold",
                    beacon_category_names[packer->category]);
        return NULL;
    }
    memcpy(at, data, length);
    packer->writer.used += length;
    return at;
}
