/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damage: single bytes of finished pages, and pages that are not there.
 */

#include <string.h>

#include "beacon_session.h"
#include "haywire/bytes.h"

typedef struct FieldPlace {
    const char *name;
    size_t offset;
    size_t width;
} FieldPlace;

#define HEADER_FIELD(name, member)                      \
    {                                                   \
        name, offsetof(HaywirePageHeader, member),      \
            sizeof(((HaywirePageHeader *)NULL)->member) \
    }

static const FieldPlace field_places[] = {
    { "magic", 0, 4 },
    HEADER_FIELD("kind", kind),
    HEADER_FIELD("version", version),
    HEADER_FIELD("category", category),
    HEADER_FIELD("index", index),
    HEADER_FIELD("length", payload_length),
    HEADER_FIELD("session", session),
    HEADER_FIELD("generation", generation),
    HEADER_FIELD("sequence", sequence),
    HEADER_FIELD("monotonic", monotonic_ns),
    HEADER_FIELD("realtime", realtime_ns),
    HEADER_FIELD("pfn", pfn),
    HEADER_FIELD("checksum", checksum),
    HEADER_FIELD("top", lock_top),
    { "control", offsetof(HaywirePage, control_word), 8 },
    { "bottom", offsetof(HaywirePage, lock_bottom), 4 },
};

/* "@OFFSET.BYTES" or "+OFFSET.BYTES" */
static gboolean parse_place(const char *text, FieldPlace *ret_place)
{
    g_auto(GStrv) part = g_strsplit(text + 1, ".", 2);
    uint64_t offset, width;

    if ((text[0] != '@' && text[0] != '+') || !part[0] || !part[1] ||
        !beacon_number_parse(part[0], &offset) ||
        !beacon_number_parse(part[1], &width)) {
        return FALSE;
    }
    if (text[0] == '+') {
        offset += offsetof(HaywirePage, payload);
    }
    if (width < 1 || width > 8 || offset > HAYWIRE_PAGE_SIZE - width) {
        return FALSE;
    }
    *ret_place = (FieldPlace){ text, offset, width };
    return TRUE;
}

static gboolean find_place(const char *name, FieldPlace *ret_place)
{
    for (size_t i = 0; i < G_N_ELEMENTS(field_places); i++) {
        if (strcmp(field_places[i].name, name) == 0) {
            *ret_place = field_places[i];
            return TRUE;
        }
    }
    return parse_place(name, ret_place);
}

static void poke(HaywirePage *page, const FieldPlace *place, uint64_t value)
{
    HaywireLe64 wire = haywire_le64(value);

    memcpy((uint8_t *)page + place->offset, wire.byte, place->width);
}

/* True when one of the fields was the checksum itself. */
static gboolean poke_all(BeaconLine *line, HaywirePage *page)
{
    const BeaconItem *item;
    gboolean checksum = FALSE;

    while ((item = beacon_line_next_pair(line))) {
        FieldPlace place;
        uint64_t value;

        if (!find_place(item->key, &place)) {
            beacon_line_fail(line, "unknown field '%s'", item->key);
        } else if (!beacon_number_parse(item->value->str, &value)) {
            beacon_line_fail(line, "'%s' is no number", item->value->str);
        } else {
            poke(page, &place, value);
            checksum |= strcmp(place.name, "checksum") == 0;
        }
    }
    return checksum;
}

void haywire_beacon_reseal(HaywirePage *page)
{
    uint32_t length = haywire_le32_get(page->header.payload_length);

    if (length <= HAYWIRE_PAYLOAD_MAX) {
        page->header.checksum =
            haywire_le64(haywire_page_checksum(page, length));
    }
}

/* The slot that the line's next words name; NULL on error. */
static HaywireBeacon *find_slot(BeaconSession *session, BeaconLine *line,
                                GArray *beacons, size_t first)
{
    size_t category = beacon_line_choice(line, beacon_category_names);
    const char *word = beacon_line_word(line);
    size_t number = first;
    uint64_t index;

    if (line->error) {
        return NULL;
    }
    if (!beacon_number_parse(word, &index) ||
        index >= session->discovery.geometry[category]) {
        beacon_line_fail(line, "no page '%s'", word);
        return NULL;
    }
    for (size_t i = 0; i < category; i++) {
        number += session->discovery.geometry[i];
    }
    return &g_array_index(beacons, HaywireBeacon, number + index);
}

void beacon_damage_apply(BeaconSession *session, BeaconLine *line,
                         GArray *beacons, size_t first)
{
    const char *command = beacon_line_word(line);
    HaywireBeacon *beacon = find_slot(session, line, beacons, first);

    if (!beacon) {
        return;
    }
    if (strcmp(command, "drop") == 0) {
        g_aligned_free(beacon->page);
        beacon->page = NULL;
    } else if (!beacon->page) {
        beacon_line_fail(line, "that page was dropped");
    } else if (strcmp(command, "move") == 0) {
        beacon->gpa.value = beacon_line_need(line, "gpa");
    } else if (!poke_all(line, beacon->page) && strcmp(command, "set") == 0) {
        haywire_beacon_reseal(beacon->page);
    }
    beacon_line_finish(line);
}
