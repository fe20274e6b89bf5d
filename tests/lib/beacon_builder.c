/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builder: the commands of a text, and the finished pages.
 */

#include "beacon_builder.h"

#include <string.h>

#include "beacon_commands.h"
#include "beacon_ram.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"

struct HaywireBeacons {
    GArray *beacon; /* of HaywireBeacon, dropped ones last */
};

static gboolean end_session(BeaconText *text, GArray *beacons, GError **error)
{
    gboolean fine;

    if (!text->session) {
        return TRUE;
    }
    fine = beacon_session_encode(text->session, beacons, error);
    beacon_session_free(g_steal_pointer(&text->session));
    return fine;
}

static gboolean run_line(BeaconText *text, BeaconLine *line, GArray *beacons,
                         GError **error)
{
    if (!line->error && beacon_line_begins_session(line) &&
        !end_session(text, beacons, error)) {
        return FALSE;
    }
    if (!line->error && beacon_command_run(text, line)) {
        return TRUE; /* kept, as damage to be done later */
    }
    if (line->error) {
        g_propagate_error(error, g_steal_pointer(&line->error));
    }
    beacon_line_free(line);
    return !*error;
}

static gboolean run_text(BeaconText *text, const char *source, GArray *beacons,
                         GError **error)
{
    g_auto(GStrv) lines = g_strsplit(source, "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        BeaconLine *line = beacon_line_parse(lines[i], i + 1);

        if (line && !run_line(text, line, beacons, error)) {
            return FALSE;
        }
    }
    return end_session(text, beacons, error);
}

/* Where the text's layout puts @gpa; itself without a layout. */
static HaywirePosition position_of(const BeaconText *text, HaywireGpa gpa)
{
    for (size_t i = 0; i < text->layout->len; i++) {
        const HaywireLayoutRange *range =
            &g_array_index(text->layout, HaywireLayoutRange, i);

        if (gpa.value >= range->gpa.value &&
            gpa.value - range->gpa.value < range->length) {
            return (HaywirePosition){ gpa.value - range->gpa.value +
                                      range->position.value };
        }
    }
    return (HaywirePosition){ text->layout->len ? UINT64_MAX : gpa.value };
}

/* Drop the dropped, give all others their positions. */
static void settle(const BeaconText *text, GArray *beacons)
{
    size_t kept = 0;

    for (size_t i = 0; i < beacons->len; i++) {
        HaywireBeacon beacon = g_array_index(beacons, HaywireBeacon, i);

        if (beacon.page) {
            beacon.position = position_of(text, beacon.gpa);
            g_array_index(beacons, HaywireBeacon, kept++) = beacon;
        }
    }
    g_array_set_size(beacons, kept);
}

HaywireBeacons *haywire_beacons_new(const char *source, GError **error)
{
    g_autoptr(HaywireBeacons) beacons = g_new0(HaywireBeacons, 1);
    BeaconText *text = beacon_text_new();
    GError *failure = NULL;

    beacons->beacon = g_array_new(FALSE, FALSE, sizeof(HaywireBeacon));
    if (run_text(text, source, beacons->beacon, &failure)) {
        settle(text, beacons->beacon);
    }
    beacon_text_free(text);
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    return g_steal_pointer(&beacons);
}

HaywireBeacons *haywire_beacons_make(const char *text)
{
    GError *error = NULL;
    HaywireBeacons *beacons = haywire_beacons_new(text, &error);

    if (!beacons) {
        g_error("%s", error->message);
    }
    return beacons;
}

void haywire_beacons_free(HaywireBeacons *beacons)
{
    if (!beacons) {
        return;
    }
    for (size_t i = 0; i < beacons->beacon->len; i++) {
        g_aligned_free(g_array_index(beacons->beacon, HaywireBeacon, i).page);
    }
    g_array_free(beacons->beacon, TRUE);
    g_free(beacons);
}

size_t haywire_beacons_count(const HaywireBeacons *beacons)
{
    return beacons->beacon->len;
}

const HaywireBeacon *haywire_beacons_get(const HaywireBeacons *beacons,
                                         size_t number)
{
    g_assert(number < beacons->beacon->len);
    return &g_array_index(beacons->beacon, HaywireBeacon, number);
}

const HaywireBeacon *haywire_beacons_find(const HaywireBeacons *beacons,
                                          unsigned session,
                                          HaywireCategory category,
                                          uint32_t index)
{
    for (size_t i = 0; i < beacons->beacon->len; i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);

        if (beacon->session == session && beacon->category == category &&
            beacon->index == index) {
            return beacon;
        }
    }
    return NULL;
}

gboolean haywire_beacons_place(const HaywireBeacons *beacons, uint8_t *ram,
                               size_t size, GError **error)
{
    for (size_t i = 0; i < beacons->beacon->len; i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);
        uint64_t at = beacon->position.value;

        if (size < HAYWIRE_PAGE_SIZE || at > size - HAYWIRE_PAGE_SIZE) {
            g_set_error(error, HAYWIRE_BEACONS_ERROR, 0,
                        "page %u of category %d lies outside of memory",
                        beacon->index, beacon->category);
            return FALSE;
        }
        memcpy(ram + at, beacon->page, HAYWIRE_PAGE_SIZE);
    }
    return TRUE;
}

void haywire_beacon_beat(HaywirePage *discovery, uint64_t elapsed_ns)
{
    HaywirePageStamp stamp = haywire_beacon_stamp(discovery);
    size_t length = haywire_le32_get(discovery->header.payload_length);
    HaywireWireDiscovery wire;

    stamp.kind = HAYWIRE_KIND_DISCOVERY;
    stamp.monotonic_ns += elapsed_ns;
    stamp.realtime_ns += elapsed_ns;
    memcpy(&wire, discovery->payload, sizeof(wire));
    wire.heartbeat = haywire_le64(haywire_le64_get(wire.heartbeat) + 1);
    haywire_page_publish(discovery, &stamp, &wire, MIN(length, sizeof(wire)));
}
