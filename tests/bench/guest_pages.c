/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest made from text: see guest_pages.h.
 */
#include "guest_pages.h"

#include <string.h>

#include "beacon_ram.h"
#include "bench.h"
#include "haywire/bytes.h"

#define EVICT_BYTES (128u << 20)
#define EVICT_LINE  64

static HaywirePage *page_of(const BenchGuest *guest,
                            const HaywireBeacon *beacon)
{
    return (HaywirePage *)(guest->ram.host + beacon->position.value);
}

void bench_guest_open(BenchGuest *guest, const char *text, guint64 size)
{
    g_autoptr(GError) error = NULL;

    *guest = (BenchGuest){ .beacons = haywire_beacons_make(text),
                           .all = bench_pages_new(),
                           .changed = bench_pages_new() };
    bench_ram_new(&guest->ram, size);
    haywire_beacons_place(guest->beacons, guest->ram.host, size, &error);
    g_assert_no_error(error);
    for (gsize i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        bench_pages_add(guest->all,
                        page_of(guest, haywire_beacons_get(guest->beacons, i)));
    }
}

void bench_guest_close(BenchGuest *guest)
{
    bench_pages_free(guest->all);
    bench_pages_free(guest->changed);
    bench_ram_close(&guest->ram);
    haywire_beacons_free(guest->beacons);
}

HaywirePage *bench_guest_page(const BenchGuest *guest, HaywireCategory category,
                              guint32 index)
{
    return page_of(guest,
                   haywire_beacons_find(guest->beacons, 0, category, index));
}

void bench_guest_fill(const BenchGuest *guest)
{
    guint8 payload[HAYWIRE_PAYLOAD_MAX];

    memset(payload, 0x5a, sizeof(payload));
    for (gsize i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        HaywirePage *page =
            page_of(guest, haywire_beacons_get(guest->beacons, i));
        HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_EMPTY,
                                   .monotonic_ns = 1,
                                   .pfn = haywire_le64_get(page->header.pfn) };

        if (haywire_le32_get(page->header.kind) == HAYWIRE_KIND_EMPTY) {
            haywire_page_publish(page, &stamp, payload, sizeof(payload));
        }
    }
}

/* The page once more, as of the next generation. */
static void republish(HaywirePage *page)
{
    HaywirePageStamp stamp = haywire_beacon_stamp(page);

    stamp.generation++;
    stamp.monotonic_ns++;
    stamp.realtime_ns++;
    haywire_beacon_republish(page, &stamp);
}

static void republish_all(BenchGuest *guest, HaywireCategory category,
                          guint32 kind)
{
    for (gsize i = 0; i < haywire_beacons_count(guest->beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(guest->beacons, i);
        HaywirePage *page = page_of(guest, beacon);

        if (beacon->category == category &&
            haywire_le32_get(page->header.kind) == kind) {
            republish(page);
            bench_pages_add(guest->changed, page);
        }
    }
}

void bench_guest_refresh(BenchGuest *guest, guint64 elapsed_ns)
{
    HaywirePage *discovery =
        bench_guest_page(guest, HAYWIRE_CATEGORY_MASTER, 0);

    bench_pages_clear(guest->changed);
    haywire_beacon_beat(discovery, elapsed_ns);
    bench_pages_add(guest->changed, discovery);
    republish_all(guest, HAYWIRE_CATEGORY_PID, HAYWIRE_KIND_PID);
    if (guest->refreshes++ % 2 == 0) {
        republish_all(guest, HAYWIRE_CATEGORY_ROUNDROBIN,
                      HAYWIRE_KIND_ROUNDROBIN);
    }
}

/* Each line is read and written: what only fills memory may pass caches by. */
void bench_evict_caches(void)
{
    static guint8 *other;

    if (!other) {
        other = g_malloc0(EVICT_BYTES);
    }
    for (gsize i = 0; i < EVICT_BYTES; i += EVICT_LINE) {
        other[i]++;
    }
}
