/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Making a model out of verified copies: docs/protocol.md, section 5.
 */

#include "fill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int compare_copies(const void *left, const void *right)
{
    const HaywireCopy *a = *(const HaywireCopy *const *)left;
    const HaywireCopy *b = *(const HaywireCopy *const *)right;

    return a->info.index < b->info.index ? -1 : a->info.index > b->info.index;
}

/* Mostly they are handed over in order. */
static void sort_list(HaywireCopyList *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (list->copy[i - 1]->info.index > list->copy[i]->info.index) {
            qsort(list->copy, list->count, sizeof(*list->copy), compare_copies);
            return;
        }
    }
}

/* The copies by category; @pointer has room for all. */
static void sort_copies(HaywireFill *fill, const HaywireCopy **pointer)
{
    const HaywireBeaconInput *input = fill->input;
    HaywireCopyList *list = fill->copies;

    for (size_t i = 0; i < input->copy_count; i++) {
        list[input->copy[i]->info.category].count++;
        fill->builder->host->bytes_decoded +=
            input->copy[i]->info.payload_length;
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        list[c].copy = pointer;
        pointer += list[c].count;
        list[c].count = 0;
    }
    for (size_t i = 0; i < input->copy_count; i++) {
        HaywireCopyList *of = &list[input->copy[i]->info.category];

        of->copy[of->count++] = input->copy[i];
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        sort_list(&list[c]);
    }
}

static const char *add_text(HaywireBuilder *builder, const char *text,
                            int length)
{
    HaywireString bytes = { (const uint8_t *)text, (size_t)length };
    bool cut;

    return haywire_builder_text(builder, bytes, &cut);
}

static void add_version(HaywireFill *fill)
{
    const uint16_t *version = fill->input->discovery->version;
    char text[32];
    int length =
        snprintf(text, sizeof(text), "%" PRIu16 ".%" PRIu16 ".%" PRIu16,
                 version[0], version[1], version[2]);

    fill->builder->told->overview.companion_version =
        add_text(fill->builder, text, length);
}

/* As the guest's own /proc/sys/kernel/random/boot_id is written. */
static void add_boot_id(HaywireFill *fill)
{
    const uint8_t *id = fill->input->discovery->boot_id;
    char text[2 * HAYWIRE_BOOT_ID_SIZE + 5];
    int length = 0;

    for (int i = 0; i < HAYWIRE_BOOT_ID_SIZE; i++) {
        length +=
            snprintf(text + length, sizeof(text) - (size_t)length, "%s%02x",
                     i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    }
    fill->builder->told->overview.boot_id =
        add_text(fill->builder, text, length);
}

static void fill_all(HaywireFill *fill)
{
    HaywireBuilder *builder = fill->builder;
    HaywireCycles *cycles = haywire_cycles_new(fill);

    if (!cycles) {
        builder->no_memory = true;
        return;
    }
    haywire_builder_begin(builder, HAYWIRE_BUILDER_TABLE);
    if (!haywire_fill_snapshot(fill)) {
        haywire_fill_cycles(fill, cycles);
    }
    haywire_builder_begin(builder, HAYWIRE_BUILDER_FACTS);
    add_version(fill);
    add_boot_id(fill);
    haywire_fill_manifest(fill);
    haywire_fill_cameras(fill);
    haywire_builder_begin(builder, HAYWIRE_BUILDER_REST);
    haywire_fill_details(fill, cycles);
    free(cycles);
}

static HaywireMoment moment_of(const HaywireBeaconInput *input)
{
    const HaywireDiscovery *discovery = input->discovery;

    return (HaywireMoment){
        .overview = input->overview,
        .layout = discovery ? input->layout : NULL,
        .host = input->host,
        .beat_ns = input->beat_monotonic_ns,
        .started_ns = discovery ? discovery->started_monotonic_ns : 0,
    };
}

HaywireStatus haywire_beacon_build(const HaywireBeaconInput *input,
                                   HaywireModel **ret_model)
{
    HaywireShares shares = input->shares
                               ? *input->shares
                               : haywire_shares_divide(HAYWIRE_MEMORY_DEFAULT);
    HaywireMoment moment = moment_of(input);
    HaywireBuilder builder;
    HaywireFill fill = { .input = input, .builder = &builder };
    HaywireStatus status =
        haywire_builder_init(&builder, &shares, input->last, input->host);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (input->discovery) {
        const HaywireCopy **pointer =
            calloc(input->copy_count + 1, sizeof(*pointer));

        if (pointer) {
            sort_copies(&fill, pointer);
            fill_all(&fill);
        } else {
            builder.no_memory = true;
        }
        free(pointer);
    }
    return haywire_builder_finish(&builder, &moment, ret_model);
}

HaywireStatus haywire_beacon_renew(HaywireModel *last,
                                   const HaywireBeaconInput *input,
                                   HaywireModel **ret_model)
{
    HaywireMoment moment = moment_of(input);

    return haywire_model_renew(last, &moment, ret_model);
}
