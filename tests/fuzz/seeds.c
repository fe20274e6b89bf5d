/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a target's first inputs out of the builder's texts.
 *
 *   fuzz-seeds TARGET FOLDER TEXT...
 */

#include <stdio.h>
#include <string.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "image.h"

#define BEAT_NS UINT64_C(300000000)

typedef struct Seeds {
    const char *folder;
    unsigned count;
} Seeds;

static void save(Seeds *seeds, const void *data, size_t size)
{
    g_autofree char *path =
        g_strdup_printf("%s/seed-%04u", seeds->folder, seeds->count++);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, data, (gssize)size, &error)) {
        g_error("%s", error->message);
    }
}

static void save_pages(Seeds *seeds, const HaywireBeacons *beacons)
{
    gboolean empty = FALSE;

    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywirePage *page = haywire_beacons_get(beacons, i)->page;
        uint32_t kind = haywire_le32_get(page->header.kind);

        if (kind != HAYWIRE_KIND_EMPTY || !empty) {
            save(seeds, page, sizeof(*page));
        }
        empty |= kind == HAYWIRE_KIND_EMPTY;
    }
}

static unsigned frame_of(const HaywireBeacon *beacon)
{
    uint64_t frame = beacon->position.value >> HAYWIRE_PAGE_SHIFT;

    if (frame >= FUZZ_FRAMES) {
        g_error("a page lies outside of the image");
    }
    return (unsigned)frame;
}

static gboolean is_discovery(const HaywireBeacon *beacon)
{
    return beacon->category == HAYWIRE_CATEGORY_MASTER && beacon->index == 0;
}

/* All sessions beat at each later step. */
static void append_beats(GByteArray *out, const HaywireBeacons *beacons)
{
    for (unsigned step = 1; step < FUZZ_STEPS; step++) {
        for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
            const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);

            if (is_discovery(beacon)) {
                haywire_beacon_beat(beacon->page, BEAT_NS);
                fuzz_chunk_append(out, step, frame_of(beacon), beacon->page,
                                  FUZZ_HINT_PAGE);
            }
        }
    }
}

static void save_image(Seeds *seeds, const HaywireBeacons *beacons,
                       uint8_t options, gboolean beats)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    g_byte_array_append(out, &options, 1);
    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);

        fuzz_chunk_append(out, 0, frame_of(beacon), beacon->page,
                          is_discovery(beacon) ? FUZZ_HINT_PAGE : 0);
    }
    if (beats) {
        append_beats(out, beacons);
    }
    save(seeds, out->data, out->len);
}

static void save_raw(Seeds *seeds, const HaywireBeacons *beacons)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    uint8_t options = FUZZ_RAW;

    g_byte_array_append(out, &options, 1);
    for (size_t i = 0; i < MIN(haywire_beacons_count(beacons), 8); i++) {
        g_byte_array_append(
            out, (const uint8_t *)haywire_beacons_get(beacons, i)->page,
            HAYWIRE_PAGE_SIZE);
    }
    save(seeds, out->data, out->len);
}

static void save_text(Seeds *seeds, const char *target, const char *text)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    if (strcmp(target, "page") == 0) {
        save_pages(seeds, beacons);
    } else if (strcmp(target, "image") == 0) {
        save_image(seeds, beacons, FUZZ_ZERO_IS_HOLE, TRUE);
        save_image(seeds, beacons, FUZZ_KNOWS_LAYOUT | FUZZ_TWO_REGIONS, TRUE);
        save_image(seeds, beacons, FUZZ_KNOWS_LAYOUT | FUZZ_PAUSES, TRUE);
        save_image(seeds, beacons, FUZZ_KNOWS_LAYOUT | FUZZ_TIGHT, TRUE);
    } else {
        save_image(seeds, beacons, 0, FALSE);
        save_image(seeds, beacons, FUZZ_CUT, FALSE);
        save_raw(seeds, beacons);
    }
}

int main(int argc, char **argv)
{
    Seeds seeds = { 0 };

    if (argc < 4) {
        fprintf(stderr,
                "usage: fuzz-seeds page|image|ramfile FOLDER TEXT...\n");
        return 2;
    }
    seeds.folder = argv[2];
    for (int i = 3; i < argc; i++) {
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;

        if (!g_file_get_contents(argv[i], &text, NULL, &error)) {
            fprintf(stderr, "fuzz-seeds: %s\n", error->message);
            return 1;
        }
        save_text(&seeds, argv[1], text);
    }
    return 0;
}
