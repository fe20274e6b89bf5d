/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions into pages: docs/protocol.md, section 5, from the guest's side.
 */

#include "beacon_encode.h"

#include <string.h>

#include "haywire/bytes.h"

GBytes *beacon_record(const void *fixed, size_t fixed_length,
                      const HaywireBytes *tail, size_t tails)
{
    g_autofree HaywireWriter *writer = g_new0(HaywireWriter, 1);

    if (haywire_writer_append(writer, fixed, fixed_length, tail, tails, NULL) !=
        HAYWIRE_OK) {
        return NULL;
    }
    return g_bytes_new(writer->payload, writer->used);
}

/* Frame numbers in the order of slots: in a row, or shuffled. */
static GArray *choose_frames(const BeaconPlacement *placement, size_t count)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    size_t total = placement->shuffled ? placement->frames : count;
    GRand *random;

    for (size_t i = 0; i < total; i++) {
        uint64_t gpa = placement->first + i * placement->step;

        g_array_append_val(frames, gpa);
    }
    if (placement->shuffled) {
        random = g_rand_new_with_seed(placement->seed);
        for (size_t i = total; i > 1; i--) {
            size_t j = (size_t)g_rand_int_range(random, 0, (gint32)i);
            uint64_t gpa = g_array_index(frames, uint64_t, j);

            g_array_index(frames, uint64_t, j) =
                g_array_index(frames, uint64_t, i - 1);
            g_array_index(frames, uint64_t, i - 1) = gpa;
        }
        g_rand_free(random);
    }
    return frames;
}

static void make_page(BeaconEncoder *encoder, HaywireCategory category,
                      uint32_t index, uint64_t gpa)
{
    BeaconSession *session = encoder->session;
    HaywireBeacon beacon = {
        .gpa = { gpa },
        .page = g_aligned_alloc0(1, HAYWIRE_PAGE_SIZE, HAYWIRE_PAGE_SIZE),
        .session = session->number,
        .category = category,
        .index = index,
    };
    HaywirePageStamp with =
        beacon_stamp(session, HAYWIRE_KIND_EMPTY, 0, beacon.gpa);

    if (category >= HAYWIRE_CATEGORY_CAMERA1 && index == 0) {
        HaywireControl *control =
            &session->camera[category - HAYWIRE_CATEGORY_CAMERA1].control;

        haywire_page_set_control_word(
            beacon.page,
            HAYWIRE_CONTROL_WORD(control->nonce, control->target_pid));
    }
    haywire_page_init(beacon.page, category, index, session->id, &with);
    g_array_append_val(encoder->beacons, beacon);
}

static gboolean make_pages(BeaconEncoder *encoder)
{
    const BeaconSession *session = encoder->session;
    g_autoptr(GArray) frames = NULL;
    size_t count = 0, next = 0;

    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        count += session->discovery.geometry[c];
    }
    frames = choose_frames(&session->placement, count);
    if (frames->len < count) {
        g_set_error(&encoder->error, HAYWIRE_BEACONS_ERROR, 0,
                    "%zu pages do not fit %u frames", count, frames->len);
        return FALSE;
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        for (uint32_t i = 0; i < session->discovery.geometry[c]; i++) {
            make_page(encoder, c, i, g_array_index(frames, uint64_t, next++));
        }
    }
    return TRUE;
}

static uint64_t slot_pfn(const BeaconEncoder *encoder, size_t slot)
{
    const HaywireBeacon *beacon =
        &g_array_index(encoder->beacons, HaywireBeacon, encoder->first + slot);

    return encoder->session->pfns ? beacon->gpa.value >> HAYWIRE_PAGE_SHIFT : 0;
}

static void encode_index_frames(const BeaconEncoder *encoder,
                                HaywireWireDiscovery *wire)
{
    const HaywirePart *part =
        &encoder->session->discovery.part[HAYWIRE_PART_INDEX];
    uint32_t count = MIN(part->pages, HAYWIRE_INDEX_FRAMES_MAX);

    if (!encoder->session->pfns) {
        return;
    }
    wire->index_frames = haywire_le32(count);
    for (uint32_t i = 0; i < count; i++) {
        wire->index_pfn[i] = haywire_le64(slot_pfn(encoder, part->first + i));
    }
}

static void encode_discovery(BeaconEncoder *encoder)
{
    const HaywireDiscovery *from = &encoder->session->discovery;
    HaywireWireDiscovery wire = {
        .os = haywire_le32(from->os),
        .arch = haywire_le32(from->arch),
        .page_size = haywire_le32(from->page_size),
        .state = haywire_le32(from->state),
        .features = haywire_le64(from->features),
        .heartbeat = haywire_le64(from->heartbeat),
        .heartbeat_interval_ns = haywire_le64(from->heartbeat_interval_ns),
        .started_monotonic_ns = haywire_le64(from->started_monotonic_ns),
        .started_realtime_ns = haywire_le64(from->started_realtime_ns),
        .companion_pid = haywire_le32(from->companion_pid),
        .pid_interval_ns = haywire_le64(from->pid_interval_ns),
        .roundrobin_interval_ns = haywire_le64(from->roundrobin_interval_ns),
        .camera_interval_ns = haywire_le64(from->camera_interval_ns),
    };

    memcpy(wire.boot_id, from->boot_id, sizeof(wire.boot_id));
    for (size_t i = 0; i < 3; i++) {
        wire.version[i] = haywire_le16(from->version[i]);
    }
    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        wire.geometry[i] = haywire_le32(from->geometry[i]);
    }
    for (size_t i = 0; i < HAYWIRE_PART_COUNT; i++) {
        wire.part[i].first = haywire_le32(from->part[i].first);
        wire.part[i].pages = haywire_le32(from->part[i].pages);
    }
    encode_index_frames(encoder, &wire);
    beacon_publish(encoder, HAYWIRE_CATEGORY_MASTER, 0, HAYWIRE_KIND_DISCOVERY,
                   1, &wire, sizeof(wire));
}

static void encode_index(BeaconEncoder *encoder)
{
    const HaywirePart *part =
        &encoder->session->discovery.part[HAYWIRE_PART_INDEX];
    size_t total = encoder->beacons->len - encoder->first;

    for (uint32_t i = 0; i < part->pages; i++) {
        size_t first = MIN(i * HAYWIRE_INDEX_PER_PAGE, total);
        size_t count = MIN(HAYWIRE_INDEX_PER_PAGE, total - first);
        HaywireLe64 payload[2 + HAYWIRE_INDEX_PER_PAGE];
        HaywireWireIndex head = { haywire_le32((uint32_t)first),
                                  haywire_le32((uint32_t)count),
                                  haywire_le32((uint32_t)total) };

        memcpy(payload, &head, sizeof(head));
        for (size_t j = 0; j < count; j++) {
            payload[2 + j] = haywire_le64(slot_pfn(encoder, first + j));
        }
        beacon_publish(encoder, HAYWIRE_CATEGORY_MASTER, part->first + i,
                       HAYWIRE_KIND_INDEX, 1, payload,
                       sizeof(head) + count * sizeof(payload[0]));
    }
}

static void encode_stats(BeaconEncoder *encoder)
{
    const HaywirePart *part =
        &encoder->session->discovery.part[HAYWIRE_PART_STATS];
    HaywireLe64 payload[1 + HAYWIRE_COUNTER_COUNT];
    HaywireWireStats head = { haywire_le32(HAYWIRE_COUNTER_COUNT) };

    if (part->pages == 0) {
        return;
    }
    memcpy(payload, &head, sizeof(head));
    for (size_t i = 0; i < HAYWIRE_COUNTER_COUNT; i++) {
        payload[1 + i] = haywire_le64(encoder->session->counter[i]);
    }
    beacon_publish(encoder, HAYWIRE_CATEGORY_MASTER, part->first,
                   HAYWIRE_KIND_STATS, 1, payload, sizeof(payload));
}

static void encode_manifest(BeaconEncoder *encoder)
{
    const HaywirePart *part =
        &encoder->session->discovery.part[HAYWIRE_PART_MANIFEST];
    GPtrArray *records = encoder->session->manifest;
    BeaconPacker packer = { .encoder = encoder,
                            .category = HAYWIRE_CATEGORY_MASTER,
                            .kind = HAYWIRE_KIND_MANIFEST,
                            .generation = 1,
                            .index = part->first,
                            .limit = part->pages };

    for (size_t i = 0; i < records->len && !encoder->error; i++) {
        size_t length;
        const void *data = g_bytes_get_data(records->pdata[i], &length);

        if (!beacon_packer_fits(&packer, length)) {
            beacon_packer_flush(&packer);
        }
        beacon_packer_add(&packer, data, length);
    }
    beacon_packer_flush(&packer);
}

static void encode_snapshot(BeaconEncoder *encoder,
                            const BeaconSnapshot *snapshot, uint32_t *index)
{
    uint32_t ring = encoder->session->discovery.geometry[HAYWIRE_CATEGORY_PID];
    size_t entries = snapshot->entry->len;
    size_t pages =
        MAX(1, (entries + HAYWIRE_PIDS_PER_PAGE - 1) / HAYWIRE_PIDS_PER_PAGE);
    uint64_t total = snapshot->total == BEACON_UNSET
                         ? entries + snapshot->dropped
                         : snapshot->total;
    uint32_t first_index = *index;

    if (pages > ring) {
        g_set_error(&encoder->error, HAYWIRE_BEACONS_ERROR, 0,
                    "a snapshot does not fit pid");
        return;
    }
    for (size_t i = 0; i < pages; i++) {
        size_t first = i * HAYWIRE_PIDS_PER_PAGE;
        size_t count = MIN(HAYWIRE_PIDS_PER_PAGE, entries - first);
        uint8_t payload[HAYWIRE_PAYLOAD_MAX];
        HaywireWirePidPage head = {
            haywire_le32((uint32_t)i),       haywire_le32((uint32_t)pages),
            haywire_le32((uint32_t)count),   haywire_le32((uint32_t)total),
            haywire_le32(snapshot->dropped), haywire_le32(first_index),
            haywire_le64(snapshot->taken),
        };
        size_t length = count * sizeof(HaywireWirePidEntry);

        memcpy(payload, &head, sizeof(head));
        if (length > 0) {
            memcpy(payload + sizeof(head),
                   &g_array_index(snapshot->entry, HaywireWirePidEntry, first),
                   length);
        }
        beacon_publish(encoder, HAYWIRE_CATEGORY_PID, *index, HAYWIRE_KIND_PID,
                       snapshot->generation, payload, sizeof(head) + length);
        *index = (*index + 1) % ring;
    }
}

/* How many pages a cycle's records take, each behind a cycle record. */
static uint32_t cycle_pages(const BeaconCycle *cycle)
{
    size_t left = 0;
    uint32_t pages = 0;

    for (size_t i = 0; i < cycle->record->len; i++) {
        size_t length = g_bytes_get_size(cycle->record->pdata[i]);

        if (pages == 0 || length > left) {
            pages++;
            left = HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWireCycle);
        }
        left -= length;
    }
    return MAX(pages, 1);
}

static void begin_cycle_page(BeaconPacker *packer, const BeaconCycle *cycle,
                             uint32_t pages)
{
    uint64_t seen =
        cycle->seen == BEACON_UNSET ? cycle->processes : cycle->seen;
    HaywireWireCycle head = {
        .record = { haywire_le16(HAYWIRE_RECORD_CYCLE),
                    haywire_le16(sizeof(head)) },
        .cycle = haywire_le64(cycle->generation),
        .processes = haywire_le32((uint32_t)seen),
        .written = haywire_le32(cycle->processes),
        .ordinal = haywire_le32(packer->used),
        .pages = haywire_le32(pages),
    };

    beacon_packer_flush(packer);
    beacon_packer_add(packer, &head, sizeof(head));
}

static void encode_cycle(BeaconEncoder *encoder, const BeaconCycle *cycle,
                         size_t number)
{
    uint32_t pages = cycle_pages(cycle);
    uint32_t bank =
        encoder->session->discovery.geometry[HAYWIRE_CATEGORY_ROUNDROBIN] / 4;
    BeaconPacker packer = { .encoder = encoder,
                            .category = HAYWIRE_CATEGORY_ROUNDROBIN,
                            .kind = HAYWIRE_KIND_ROUNDROBIN,
                            .generation = cycle->generation,
                            .index = number % 2 ? bank : 0,
                            .limit = bank };

    begin_cycle_page(&packer, cycle, pages);
    for (size_t i = 0; i < cycle->record->len && !encoder->error; i++) {
        size_t length;
        const void *data = g_bytes_get_data(cycle->record->pdata[i], &length);

        if (!beacon_packer_fits(&packer, length)) {
            begin_cycle_page(&packer, cycle, pages);
        }
        beacon_packer_add(&packer, data, length);
    }
    if (!encoder->error) {
        beacon_packer_flush(&packer);
    }
}

static void encode_all(BeaconEncoder *encoder)
{
    BeaconSession *session = encoder->session;
    uint32_t pid_index = 0;

    encode_discovery(encoder);
    encode_index(encoder);
    encode_stats(encoder);
    encode_manifest(encoder);
    for (size_t i = 0; i < session->snapshot->len && !encoder->error; i++) {
        encode_snapshot(encoder, session->snapshot->pdata[i], &pid_index);
    }
    for (size_t i = 0; i < session->cycle->len && !encoder->error; i++) {
        encode_cycle(encoder, session->cycle->pdata[i], i);
    }
    if (!encoder->error) {
        beacon_encode_sections(encoder);
    }
    for (size_t i = 0; i < 2 && !encoder->error; i++) {
        beacon_encode_camera(encoder, i);
    }
}

gboolean beacon_session_encode(BeaconSession *session, GArray *beacons,
                               GError **error)
{
    BeaconEncoder encoder = { session, beacons, beacons->len, NULL };

    if (make_pages(&encoder)) {
        encode_all(&encoder);
    }
    for (size_t i = 0; i < session->damage->len && !encoder.error; i++) {
        BeaconLine *line = session->damage->pdata[i];

        beacon_damage_apply(session, line, beacons, encoder.first);
        if (line->error) {
            g_propagate_error(&encoder.error, g_steal_pointer(&line->error));
        }
    }
    if (encoder.error) {
        g_propagate_error(error, encoder.error);
        return FALSE;
    }
    return TRUE;
}
