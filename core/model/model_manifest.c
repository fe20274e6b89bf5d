/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The manifest and the statistics: what a guest says of itself.
 */

#include "model_private.h"

#include <string.h>

/* Of the model's share. */
#define MANIFEST_PARTS 8
#define RAM_RANGES_MAX 1024
#define TEXTS          (HAYWIRE_TEXT_KERNEL_CMDLINE + 1)

/* A text that comes in pieces, in order. */
typedef struct Text {
    uint32_t total;
    uint32_t used;
    uint8_t *bytes; /* in the arena */
} Text;

typedef struct ManifestReader {
    HaywireModelBuilder *builder;
    HaywireVector ram;
    Text text[TEXTS];
} ManifestReader;

static void begin_text(ManifestReader *reader, Text *text, uint32_t total)
{
    if (total > HAYWIRE_ARENA_TEXT_MAX) {
        reader->builder->limits++;
        return;
    }
    text->bytes = haywire_arena_alloc(reader->builder->arena, total);
    text->total = total;
    text->used = 0;
}

static void add_text(ManifestReader *reader, const HaywireTextRecord *record)
{
    Text *text = &reader->text[record->id < TEXTS ? record->id : 0];

    if (record->id == 0 || record->id >= TEXTS) {
        return; /* a later version's */
    }
    if (record->offset == 0) {
        begin_text(reader, text, record->total);
    }
    if (!text->bytes) {
        return;
    }
    if (record->offset != text->used || record->total != text->total) {
        haywire_builder_reject(reader->builder, HAYWIRE_BAD_ORDINAL);
        return;
    }
    if (record->piece.length > 0) {
        memcpy(text->bytes + text->used, record->piece.data,
               record->piece.length);
    }
    text->used += (uint32_t)record->piece.length;
}

static void read_page(ManifestReader *reader, const HaywireCopy *copy)
{
    HaywireModelBuilder *builder = reader->builder;
    HaywireManifest *manifest = &builder->model->manifest;
    HaywireRecordReader records;
    HaywireRecord record;

    if (!haywire_builder_records(builder, copy, HAYWIRE_KIND_MANIFEST,
                                 &records)) {
        return;
    }
    while (haywire_builder_record(builder, &records, &record)) {
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
    bool cut;

    if (!text->bytes || text->used != text->total) {
        return "";
    }
    return haywire_builder_text(reader->builder, text->bytes, text->used, &cut);
}

static void read_stats(HaywireModelBuilder *builder, const HaywireCopy *copy)
{
    HaywireGuestStats *guest = &builder->model->guest;
    HaywireStatus status;

    haywire_builder_at(builder, copy);
    status =
        haywire_decode_stats(copy->page, &copy->info, guest->counter, NULL);
    if (status == HAYWIRE_OK) {
        guest->valid = true;
    } else {
        haywire_builder_reject(builder, status);
    }
}

/* Is this page in the part of MASTER where the discovery page says it is? */
static bool in_part(const HaywireModelBuilder *builder, const HaywireCopy *copy,
                    HaywireMasterPart number)
{
    const HaywirePart *part = &builder->input->discovery->part[number];

    return copy->info.index >= part->first &&
           copy->info.index - part->first < part->pages;
}

static void finish(ManifestReader *reader)
{
    HaywireModel *model = reader->builder->model;
    HaywireManifest *manifest = &model->manifest;

    manifest->ram = haywire_builder_move(reader->builder, &reader->ram,
                                         &manifest->ram_count);
    manifest->kernel_version = whole_text(reader, HAYWIRE_TEXT_KERNEL_VERSION);
    manifest->kernel_cmdline = whole_text(reader, HAYWIRE_TEXT_KERNEL_CMDLINE);
    manifest->vmcoreinfo_text = whole_text(reader, HAYWIRE_TEXT_VMCOREINFO);
    model->overview.kernel_release =
        whole_text(reader, HAYWIRE_TEXT_KERNEL_RELEASE);
    model->overview.host_name = whole_text(reader, HAYWIRE_TEXT_HOST_NAME);
}

void haywire_build_manifest(HaywireModelBuilder *builder)
{
    const HaywireCopyList *copies = &builder->copies[HAYWIRE_CATEGORY_MASTER];
    ManifestReader reader = { .builder = builder };

    haywire_builder_budget(builder, builder->shares.model / MANIFEST_PARTS);
    haywire_vector_init(&reader.ram, sizeof(HaywireRamRange), RAM_RANGES_MAX);
    for (size_t i = 0; i < copies->count; i++) {
        const HaywireCopy *copy = copies->copy[i];

        if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        if (in_part(builder, copy, HAYWIRE_PART_STATS)) {
            read_stats(builder, copy);
        } else if (in_part(builder, copy, HAYWIRE_PART_MANIFEST)) {
            read_page(&reader, copy);
        }
    }
    finish(&reader);
}
