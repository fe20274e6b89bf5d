/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's manifest. What matters most comes first, should it not all fit:
 * RAM ranges, by which readers place addresses; the kernel command line last.
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "publish/manifest.h"

bool haywire_manifest_init(HaywireManifestWriter *manifest,
                           HaywirePublisher *publisher,
                           HaywireCollector *collector)
{
    memset(manifest, 0, sizeof(*manifest));
    manifest->publisher = publisher;
    manifest->collector = collector;
    manifest->pages = publisher->part[HAYWIRE_PART_MANIFEST].pages;
    manifest->facts = calloc(1, sizeof(*manifest->facts));
    manifest->staged = calloc(manifest->pages, sizeof(*manifest->staged));
    manifest->published = calloc(manifest->pages, sizeof(*manifest->published));
    return manifest->facts && manifest->staged && manifest->published;
}

void haywire_manifest_destroy(HaywireManifestWriter *manifest)
{
    free(manifest->facts);
    free(manifest->staged);
    free(manifest->published);
    memset(manifest, 0, sizeof(*manifest));
}

/* On the page in use, or the next. False when all are full. */
static bool stage(HaywireManifestWriter *manifest, const void *fixed,
                  size_t length, const HaywireBytes *tail)
{
    for (; manifest->used < manifest->pages; manifest->used++) {
        if (haywire_writer_append(&manifest->staged[manifest->used], fixed,
                                  length, tail, tail ? 1 : 0,
                                  NULL) == HAYWIRE_OK) {
            return true;
        }
    }
    return false;
}

static void stage_ram(HaywireManifestWriter *manifest, const HaywireRam *ram)
{
    HaywireWireRamRange wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_RAM_RANGE),
        .start = haywire_le64(ram->start),
        .end = haywire_le64(ram->end),
    };

    (void)stage(manifest, &wire, sizeof(wire), NULL);
}

static void stage_vmcoreinfo(HaywireManifestWriter *manifest)
{
    HaywireWireVmcoreinfo wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_VMCOREINFO),
        .gpa = haywire_le64(manifest->facts->vmcoreinfo_gpa),
        .size = haywire_le64(manifest->facts->vmcoreinfo_size),
    };

    (void)stage(manifest, &wire, sizeof(wire), NULL);
}

/* What of a text fits the page in use; the whole rest when it is short. */
static size_t piece_length(const HaywireManifestWriter *manifest, size_t left)
{
    const size_t worth_it = 256;
    size_t space = HAYWIRE_PAYLOAD_MAX - manifest->staged[manifest->used].used;

    if (space < sizeof(HaywireWireText) + worth_it) {
        space = HAYWIRE_PAYLOAD_MAX;
    }
    space -= sizeof(HaywireWireText);
    return left < space ? left : space;
}

static void stage_text(HaywireManifestWriter *manifest, HaywireTextId id)
{
    const char *data = manifest->facts->text[id].data;
    size_t total = manifest->facts->text[id].length;
    size_t offset = 0;

    while (offset < total && manifest->used < manifest->pages) {
        size_t length = piece_length(manifest, total - offset);
        HaywireBytes piece = { data + offset, length };
        HaywireWireText wire = {
            .record.type = haywire_le16(HAYWIRE_RECORD_TEXT),
            .id = haywire_le32(id),
            .offset = haywire_le32((uint32_t)offset),
            .total = haywire_le32((uint32_t)total),
            .length = haywire_le32((uint32_t)length),
        };

        if (!stage(manifest, &wire, sizeof(wire), &piece)) {
            return;
        }
        offset += length;
    }
}

static void stage_all(HaywireManifestWriter *manifest)
{
    static const HaywireTextId order[] = {
        HAYWIRE_TEXT_KERNEL_RELEASE, HAYWIRE_TEXT_KERNEL_VERSION,
        HAYWIRE_TEXT_HOST_NAME,      HAYWIRE_TEXT_VMCOREINFO,
        HAYWIRE_TEXT_KERNEL_CMDLINE,
    };

    memset(manifest->staged, 0, manifest->pages * sizeof(*manifest->staged));
    manifest->used = 0;
    for (size_t i = 0; i < manifest->facts->ram_count; i++) {
        stage_ram(manifest, &manifest->facts->ram[i]);
    }
    if (manifest->facts->vmcoreinfo_size > 0) {
        stage_vmcoreinfo(manifest);
    }
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        stage_text(manifest, order[i]);
    }
}

static bool same_payload(const HaywireWriter *a, const HaywireWriter *b)
{
    return a->used == b->used && memcmp(a->payload, b->payload, a->used) == 0;
}

/* All pages carry one generation, so a change publishes them all. */
static void publish(HaywireManifestWriter *manifest)
{
    uint32_t first = manifest->publisher->part[HAYWIRE_PART_MANIFEST].first;
    bool same = manifest->generation > 0;

    for (uint32_t i = 0; i < manifest->pages; i++) {
        same =
            same && same_payload(&manifest->staged[i], &manifest->published[i]);
    }
    if (same) {
        return;
    }
    manifest->generation++;
    for (uint32_t i = 0; i < manifest->pages; i++) {
        manifest->published[i] = manifest->staged[i];
        haywire_publisher_put(manifest->publisher, HAYWIRE_CATEGORY_MASTER,
                              first + i, HAYWIRE_KIND_MANIFEST,
                              manifest->generation, manifest->staged[i].payload,
                              manifest->staged[i].used);
    }
}

HaywireStep haywire_manifest_step(void *opaque)
{
    HaywireManifestWriter *manifest = opaque;
    HaywirePublisher *publisher = manifest->publisher;

    manifest->collector->ops->facts(manifest->collector, manifest->facts);
    stage_all(manifest);
    publish(manifest);
    haywire_publisher_set_feature(publisher, HAYWIRE_FEATURE_MANIFEST, true);
    haywire_publisher_set_capability(publisher, HAYWIRE_CAPABILITY_IOMEM,
                                     manifest->facts->ram_count > 0);
    haywire_publisher_set_capability(publisher, HAYWIRE_CAPABILITY_VMCOREINFO,
                                     manifest->facts->vmcoreinfo_size > 0);
    return HAYWIRE_STEP_DONE;
}
