/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manifest and the statistics: what a guest says of itself.
 */

#include "fill.h"

#include <stdlib.h>
#include <string.h>

#define RAM_RANGES_MAX 1024
#define TEXTS          (HAYWIRE_TEXT_KERNEL_CMDLINE + 1)

/* A text that comes in pieces, in order. */
typedef struct Text {
    bool begun;
    uint32_t total;
    uint32_t used;
    uint8_t bytes[HAYWIRE_BUILDER_TEXT_MAX];
} Text;

typedef struct ManifestReader {
    HaywireFill *fill;
    HaywireVector ram;
    Text text[TEXTS];
} ManifestReader;

static void add_text(ManifestReader *reader, const HaywireTextRecord *record)
{
    HaywireBuilder *builder = reader->fill->builder;
    Text *text;

    if (record->id == 0 || record->id >= TEXTS) {
        return; /* a later version's */
    }
    text = &reader->text[record->id];
    if (record->offset == 0 &&
        haywire_builder_check(builder, record->total > sizeof(text->bytes)
                                           ? HAYWIRE_LIMIT
                                           : HAYWIRE_OK)) {
        text->begun = true;
        text->total = record->total;
        text->used = 0;
    }
    if (!text->begun) {
        return;
    }
    if (record->offset != text->used || record->total != text->total) {
        haywire_builder_reject(builder, HAYWIRE_BAD_ORDINAL);
        return;
    }
    /* Its end is no further than @total: the record was checked. */
    memcpy(text->bytes + text->used, record->piece.data, record->piece.length);
    text->used += (uint32_t)record->piece.length;
}

static void read_page(ManifestReader *reader, const HaywireCopy *copy)
{
    HaywireBuilder *builder = reader->fill->builder;
    HaywireManifest *manifest = &builder->told->manifest;
    HaywireRecordReader records;
    HaywireRecord record;

    if (!haywire_fill_records(reader->fill, copy, HAYWIRE_KIND_MANIFEST,
                              &records)) {
        return;
    }
    while (haywire_fill_record(reader->fill, &records, &record)) {
        switch (record.type) {
        case HAYWIRE_RECORD_RAM_RANGE:
            (void)haywire_builder_check(
                builder, haywire_vector_push(&reader->ram, &record.ram_range));
            break;
        case HAYWIRE_RECORD_TEXT:
            add_text(reader, &record.text);
            break;
        case HAYWIRE_RECORD_VMCOREINFO:
            manifest->has_vmcoreinfo = true;
            manifest->vmcoreinfo = record.vmcoreinfo;
            break;
        default:
            break;
        }
    }
}

/* "" for a text that is not there as a whole. */
static const char *whole_text(ManifestReader *reader, HaywireTextId id)
{
    const Text *text = &reader->text[id];
    HaywireString bytes = { text->bytes, text->used };
    bool cut;

    return text->begun && text->used == text->total
               ? haywire_builder_text(reader->fill->builder, bytes, &cut)
               : "";
}

static void read_stats(HaywireFill *fill, const HaywireCopy *copy)
{
    HaywireGuestStats *guest = &fill->builder->told->guest;
    HaywireStatus status;

    haywire_fill_at(fill, copy);
    status =
        haywire_decode_stats(copy->page, &copy->info, guest->counter, NULL);
    if (status == HAYWIRE_OK) {
        guest->valid = true;
    } else {
        haywire_builder_reject(fill->builder, status);
    }
}

/* Is this page in the part of MASTER where the discovery page says it is? */
static bool in_part(const HaywireFill *fill, const HaywireCopy *copy,
                    HaywireMasterPart number)
{
    const HaywirePart *part = &fill->input->discovery->part[number];

    return copy->info.index >= part->first &&
           copy->info.index - part->first < part->pages;
}

static void finish(ManifestReader *reader)
{
    HaywireBuilder *builder = reader->fill->builder;
    HaywireManifest *manifest = &builder->told->manifest;
    HaywireOverview *overview = &builder->told->overview;

    haywire_builder_set_ram(builder, reader->ram.data, reader->ram.count);
    haywire_vector_clear(&reader->ram);
    manifest->kernel_version = whole_text(reader, HAYWIRE_TEXT_KERNEL_VERSION);
    manifest->kernel_cmdline = whole_text(reader, HAYWIRE_TEXT_KERNEL_CMDLINE);
    manifest->vmcoreinfo_text = whole_text(reader, HAYWIRE_TEXT_VMCOREINFO);
    overview->kernel_release = whole_text(reader, HAYWIRE_TEXT_KERNEL_RELEASE);
    overview->host_name = whole_text(reader, HAYWIRE_TEXT_HOST_NAME);
}

void haywire_fill_manifest(HaywireFill *fill)
{
    const HaywireCopyList *copies = &fill->copies[HAYWIRE_CATEGORY_MASTER];
    ManifestReader *reader = malloc(sizeof(*reader));

    if (!reader) {
        fill->builder->no_memory = true;
        return;
    }
    reader->fill = fill;
    for (size_t i = 0; i < TEXTS; i++) {
        reader->text[i].begun = false;
    }
    haywire_vector_init(&reader->ram, sizeof(HaywireRamRange), RAM_RANGES_MAX);
    for (size_t i = 0; i < copies->count; i++) {
        const HaywireCopy *copy = copies->copy[i];

        if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        if (in_part(fill, copy, HAYWIRE_PART_STATS)) {
            read_stats(fill, copy);
        } else if (in_part(fill, copy, HAYWIRE_PART_MANIFEST)) {
            read_page(reader, copy);
        }
    }
    finish(reader);
    free(reader);
}
