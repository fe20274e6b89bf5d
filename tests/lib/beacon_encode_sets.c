/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections and page runs into pages: docs/protocol.md, sections 5.5 and 5.6.
 */

#include "beacon_encode.h"

#include <string.h>

#include "haywire/bytes.h"

/* Begin a set for the sections from @first on; where its count is. */
static uint8_t *add_section_set(BeaconPacker *packer, const BeaconSet *set,
                                size_t first)
{
    uint64_t total = set->total == BEACON_UNSET
                         ? set->head.first + set->section->len
                         : set->total;
    HaywireWireSectionSet head = {
        .record = { haywire_le16(HAYWIRE_RECORD_SECTION_SET),
                    haywire_le16(sizeof(head)), haywire_le32(set->head.flags) },
        .pid = haywire_le32(set->head.pid),
        .start_time_ns = haywire_le64(set->head.start_time_ns),
        .generation = haywire_le64(set->head.generation),
        .first = haywire_le32(set->head.first + (uint32_t)first),
        .total = haywire_le32((uint32_t)total),
    };
    uint8_t *at = beacon_packer_add(packer, &head, sizeof(head));

    return at ? at + offsetof(HaywireWireSectionSet, count) : NULL;
}

static void pack_section_set(BeaconPacker *packer, const BeaconSet *set)
{
    uint8_t *count_at = NULL;
    uint32_t count = 0;

    if (!beacon_packer_fits(packer, sizeof(HaywireWireSectionSet))) {
        beacon_packer_flush(packer);
    }
    count_at = add_section_set(packer, set, 0);
    for (size_t i = 0; i < set->section->len && count_at; i++) {
        size_t length;
        const void *data = g_bytes_get_data(set->section->pdata[i], &length);
        HaywireLe32 wire;

        if (!beacon_packer_fits(packer, length)) {
            beacon_packer_flush(packer);
            count_at = add_section_set(packer, set, i);
            count = 0;
        }
        if (count_at && beacon_packer_add(packer, data, length)) {
            wire = haywire_le32(++count);
            memcpy(count_at, &wire, sizeof(wire));
        }
    }
}

void beacon_encode_sections(BeaconEncoder *encoder)
{
    uint32_t pages =
        encoder->session->discovery.geometry[HAYWIRE_CATEGORY_ROUNDROBIN];
    GPtrArray *sets = encoder->session->set;
    BeaconPacker packer = { .encoder = encoder,
                            .category = HAYWIRE_CATEGORY_ROUNDROBIN,
                            .kind = HAYWIRE_KIND_ROUNDROBIN,
                            .generation = 1,
                            .index = pages / 4 * 2,
                            .limit = pages - pages / 4 * 2 };

    for (size_t i = 0; i < sets->len && !encoder->error; i++) {
        pack_section_set(&packer, sets->pdata[i]);
    }
    if (!encoder->error) {
        beacon_packer_flush(&packer);
    }
}

static void pack_runs(BeaconPacker *packer, const BeaconCamera *camera)
{
    size_t total = camera->runs_total == BEACON_UNSET ? camera->run->len
                                                      : camera->runs_total;
    size_t first = 0;

    while (first < camera->run->len && !packer->encoder->error) {
        size_t room, count;
        HaywireWirePageRunSet head = {
            .record = { haywire_le16(HAYWIRE_RECORD_PAGE_RUN_SET) },
            .pid = haywire_le32(camera->control.current_pid),
            .start_time_ns =
                haywire_le64(camera->control.current_start_time_ns),
            .generation = haywire_le64(camera->control.pass),
            .first = haywire_le32((uint32_t)first),
            .total = haywire_le32((uint32_t)total),
        };

        if (!beacon_packer_fits(packer,
                                sizeof(head) + sizeof(HaywireWirePageRun))) {
            beacon_packer_flush(packer);
        }
        room = HAYWIRE_PAYLOAD_MAX - packer->writer.used - sizeof(head);
        count =
            MIN(room / sizeof(HaywireWirePageRun), camera->run->len - first);
        head.count = haywire_le32((uint32_t)count);
        head.record.length = haywire_le16(
            (uint16_t)(sizeof(head) + count * sizeof(HaywireWirePageRun)));
        beacon_packer_add(packer, &head, sizeof(head));
        beacon_packer_add(
            packer, &g_array_index(camera->run, HaywireWirePageRun, first),
            count * sizeof(HaywireWirePageRun));
        first += count;
    }
}

static uint64_t sections_stored(const BeaconCamera *camera)
{
    uint64_t stored = 0;

    for (size_t i = 0; i < camera->set->len; i++) {
        stored += ((BeaconSet *)camera->set->pdata[i])->section->len;
    }
    return stored;
}

static void encode_control(BeaconEncoder *encoder, HaywireCategory category,
                           const BeaconCamera *camera, uint32_t pages)
{
    const HaywireControl *from = &camera->control;
    uint64_t stored = sections_stored(camera);
    uint64_t sections = camera->sections_total == BEACON_UNSET
                            ? stored
                            : camera->sections_total;
    uint64_t runs = camera->runs_total == BEACON_UNSET ? camera->run->len
                                                       : camera->runs_total;
    HaywireWireControl wire = {
        .nonce = haywire_le32(from->nonce),
        .status = haywire_le32(from->status),
        .target_pid = haywire_le32(from->target_pid),
        .current_pid = haywire_le32(from->current_pid),
        .current_start_time_ns = haywire_le64(from->current_start_time_ns),
        .pass = haywire_le64(from->pass),
        .first_page = haywire_le32(from->first_page),
        .pages = haywire_le32(pages),
        .sections_total = haywire_le32((uint32_t)sections),
        .sections_stored = haywire_le32((uint32_t)stored),
        .runs_total = haywire_le32((uint32_t)runs),
        .runs_stored = haywire_le32(camera->run->len),
        .pass_started_ns = haywire_le64(from->pass_started_ns),
        .pass_finished_ns = haywire_le64(from->pass_finished_ns),
        .target_taken_ns = haywire_le64(from->target_taken_ns),
        .rss = haywire_le64(from->rss),
        .pss = haywire_le64(from->pss),
        .swap = haywire_le64(from->swap),
        .flags = haywire_le32(from->flags),
    };

    beacon_publish(encoder, category, 0, HAYWIRE_KIND_CONTROL, from->pass,
                   &wire, sizeof(wire));
}

void beacon_encode_camera(BeaconEncoder *encoder, size_t number)
{
    const BeaconCamera *camera = &encoder->session->camera[number];
    HaywireCategory category = HAYWIRE_CATEGORY_CAMERA1 + number;
    uint32_t pages = encoder->session->discovery.geometry[category];
    uint32_t first = camera->control.first_page;
    BeaconPacker packer = { .encoder = encoder,
                            .category = category,
                            .kind = HAYWIRE_KIND_CAMERA,
                            .generation = camera->control.pass,
                            .index = first,
                            .limit = first < pages ? pages - first : 0 };

    for (size_t i = 0; i < camera->set->len && !encoder->error; i++) {
        pack_section_set(&packer, camera->set->pdata[i]);
    }
    pack_runs(&packer, camera);
    if (!encoder->error) {
        beacon_packer_flush(&packer);
        encode_control(encoder, category, camera, packer.used);
    }
}
