/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages that lie in RAM: see beacon_ram.h.
 */

#include "beacon_ram.h"

#include <string.h>

#include "haywire/bytes.h"

static void place(HaywireBeaconRam *ram, const HaywireBeacons *beacons)
{
    g_autoptr(GError) error = NULL;

    haywire_beacons_place(beacons, ram->host, ram->size, &error);
    g_assert_no_error(error);
}

void haywire_beacon_ram_init(HaywireBeaconRam *ram, const char *text,
                             size_t size, bool knows_layout)
{
    HaywireRegion region = { { 0 }, size, NULL };

    memset(ram, 0, sizeof(*ram));
    ram->beacons = haywire_beacons_make(text);
    ram->host = g_aligned_alloc0(1, size, HAYWIRE_PAGE_SIZE);
    ram->size = size;
    ram->layout.count = 1;
    ram->layout.range[0].length = size;
    place(ram, ram->beacons);
    region.host = ram->host;
    g_assert_cmpint(haywire_memory_array_new(&region, 1, true,
                                             knows_layout ? &ram->layout : NULL,
                                             &ram->source),
                    ==, HAYWIRE_OK);
    ram->ops = *ram->source->ops;
    ram->source->ops = &ram->ops;
}

void haywire_beacon_ram_clear(HaywireBeaconRam *ram)
{
    haywire_memory_destroy(ram->source);
    haywire_beacons_free(ram->beacons);
    g_aligned_free(ram->host);
    memset(ram, 0, sizeof(*ram));
}

static HaywirePosition find(const HaywireBeacons *beacons, unsigned session,
                            HaywireCategory category, uint32_t index)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(beacons, session, category, index);

    g_assert_nonnull(beacon);
    return beacon->position;
}

HaywirePosition haywire_beacon_ram_add(HaywireBeaconRam *ram, const char *text)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    place(ram, beacons);
    return find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 0);
}

HaywirePage *haywire_beacon_ram_at(HaywireBeaconRam *ram,
                                   HaywirePosition position)
{
    g_assert_cmpuint(position.value, <, ram->size);
    return (HaywirePage *)(ram->host + position.value);
}

HaywirePosition haywire_beacon_ram_position(const HaywireBeaconRam *ram,
                                            unsigned session,
                                            HaywireCategory category,
                                            uint32_t index)
{
    return find(ram->beacons, session, category, index);
}

HaywirePage *haywire_beacon_ram_page(HaywireBeaconRam *ram, unsigned session,
                                     HaywireCategory category, uint32_t index)
{
    return haywire_beacon_ram_at(
        ram, haywire_beacon_ram_position(ram, session, category, index));
}

HaywirePageStamp haywire_beacon_stamp(const HaywirePage *page)
{
    const HaywirePageHeader *header = &page->header;

    return (HaywirePageStamp){
        .kind = haywire_le32_get(header->kind),
        .generation = haywire_le64_get(header->generation),
        .monotonic_ns = haywire_le64_get(header->monotonic_ns),
        .realtime_ns = haywire_le64_get(header->realtime_ns),
        .pfn = haywire_le64_get(header->pfn),
    };
}

void haywire_beacon_republish(HaywirePage *page, const HaywirePageStamp *stamp)
{
    size_t length = haywire_le32_get(page->header.payload_length);
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    g_assert_cmpuint(length, <=, sizeof(payload));
    memcpy(payload, page->payload, length);
    haywire_page_publish(page, stamp, payload, length);
}
