/*
 * Sessions into pages: docs/protocol.md, section 5, from the guest's side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include "beacon_session.h"
#include "haywire/bytes.h"

typedef struct Encoder {
    BeaconSession *session;
    GArray *beacons;
    size_t first; /* beacon of slot 0 */
    GError *error;
} Encoder;

/* A payload under construction in a run of pages of one category. */
typedef struct Packer {
    Encoder *encoder;
    HaywireCategory category;
    uint32_t kind;
    uint64_t generation;
    uint32_t index; /* of the page under construction */
    uint32_t used;  /* pages begun */
    uint32_t limit; /* pages there are */
    HaywireWriter writer;
} Packer;

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

static HaywireBeacon *slot(Encoder *encoder, HaywireCategory category,
                           uint32_t index)
{
    size_t number = encoder->first + index;

    for (int i = 0; i < (int)category; i++) {
        number += encoder->session->discovery.geometry[i];
    }
    return &g_array_index(encoder->beacons, HaywireBeacon, number);
}

static HaywirePageStamp stamp(const BeaconSession *session, uint32_t kind,
                              uint64_t generation, HaywireGpa gpa)
{
    return (HaywirePageStamp){
        .kind = kind,
        .generation = generation,
        .monotonic_ns = session->time,
        .realtime_ns = session->wall_time,
        .pfn = session->pfns ? gpa.value >> HAYWIRE_PAGE_SHIFT : 0,
    };
}

static void publish(Encoder *encoder, HaywireCategory category, uint32_t index,
                    uint32_t kind, uint64_t generation, const void *payload,
                    size_t length)
{
    HaywireBeacon *beacon = slot(encoder, category, index);
    HaywirePageStamp with =
        stamp(encoder->session, kind, generation, beacon->gpa);

    haywire_page_publish(beacon->page, &with, payload, length);
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

static void make_page(Encoder *encoder, HaywireCategory category,
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
    HaywirePageStamp with = stamp(session, HAYWIRE_KIND_EMPTY, 0, beacon.gpa);

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

static gboolean make_pages(Encoder *encoder)
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

static void encode_discovery(Encoder *encoder)
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
    publish(encoder, HAYWIRE_CATEGORY_MASTER, 0, HAYWIRE_KIND_DISCOVERY, 1,
            &wire, sizeof(wire));
}

static void encode_index(Encoder *encoder)
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
            HaywireBeacon *beacon = &g_array_index(
                encoder->beacons, HaywireBeacon, encoder->first + first + j);

            payload[2 + j] = haywire_le64(
                encoder->session->pfns ? beacon->gpa.value >> HAYWIRE_PAGE_SHIFT
                                       : 0);
        }
        publish(encoder, HAYWIRE_CATEGORY_MASTER, part->first + i,
                HAYWIRE_KIND_INDEX, 1, payload,
                sizeof(head) + count * sizeof(payload[0]));
    }
}

static void encode_stats(Encoder *encoder)
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
    publish(encoder, HAYWIRE_CATEGORY_MASTER, part->first, HAYWIRE_KIND_STATS,
            1, payload, sizeof(payload));
}

static void packer_flush(Packer *packer)
{
    if (packer->writer.used > 0) {
        publish(packer->encoder, packer->category, packer->index, packer->kind,
                packer->generation, packer->writer.payload,
                packer->writer.used);
        packer->writer.used = 0;
        packer->index++;
    }
}

static gboolean packer_fits(const Packer *packer, size_t length)
{
    return length <= HAYWIRE_PAYLOAD_MAX - packer->writer.used;
}

/* Append whole records' bytes; they fit. NULL once out of pages. */
static uint8_t *packer_add(Packer *packer, const void *data, size_t length)
{
    uint8_t *at = packer->writer.payload + packer->writer.used;

    if (packer->writer.used == 0 && packer->used++ == packer->limit) {
        g_set_error(&packer->encoder->error, HAYWIRE_BEACONS_ERROR, 0,
                    "%s is too small for what it should hold",
                    beacon_category_names[packer->category]);
        return NULL;
    }
    memcpy(at, data, length);
    packer->writer.used += length;
    return at;
}

static void encode_manifest(Encoder *encoder)
{
    const HaywirePart *part =
        &encoder->session->discovery.part[HAYWIRE_PART_MANIFEST];
    GPtrArray *records = encoder->session->manifest;
    Packer packer = { .encoder = encoder,
                      .category = HAYWIRE_CATEGORY_MASTER,
                      .kind = HAYWIRE_KIND_MANIFEST,
                      .generation = 1,
                      .index = part->first,
                      .limit = part->pages };

    for (size_t i = 0; i < records->len && !encoder->error; i++) {
        size_t length;
        const void *data = g_bytes_get_data(records->pdata[i], &length);

        if (!packer_fits(&packer, length)) {
            packer_flush(&packer);
        }
        packer_add(&packer, data, length);
    }
    packer_flush(&packer);
}

static void encode_snapshot(Encoder *encoder, const BeaconSnapshot *snapshot,
                            uint32_t *index)
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
        publish(encoder, HAYWIRE_CATEGORY_PID, *index, HAYWIRE_KIND_PID,
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

static void begin_cycle_page(Packer *packer, const BeaconCycle *cycle,
                             uint32_t pages)
{
    uint64_t seen =
        cycle->seen == BEACON_UNSET ? cycle->record->len : cycle->seen;
    HaywireWireCycle head = {
        .record = { haywire_le16(HAYWIRE_RECORD_CYCLE),
                    haywire_le16(sizeof(head)) },
        .cycle = haywire_le64(cycle->generation),
        .processes = haywire_le32((uint32_t)seen),
        .written = haywire_le32(cycle->record->len),
        .ordinal = haywire_le32(packer->used),
        .pages = haywire_le32(pages),
    };

    packer_flush(packer);
    packer_add(packer, &head, sizeof(head));
}

static void encode_cycle(Encoder *encoder, const BeaconCycle *cycle,
                         size_t number)
{
    uint32_t pages = cycle_pages(cycle);
    uint32_t bank =
        encoder->session->discovery.geometry[HAYWIRE_CATEGORY_ROUNDROBIN] / 4;
    Packer packer = { .encoder = encoder,
                      .category = HAYWIRE_CATEGORY_ROUNDROBIN,
                      .kind = HAYWIRE_KIND_ROUNDROBIN,
                      .generation = cycle->generation,
                      .index = number % 2 ? bank : 0,
                      .limit = bank };

    begin_cycle_page(&packer, cycle, pages);
    for (size_t i = 0; i < cycle->record->len && !encoder->error; i++) {
        size_t length;
        const void *data = g_bytes_get_data(cycle->record->pdata[i], &length);

        if (!packer_fits(&packer, length)) {
            begin_cycle_page(&packer, cycle, pages);
        }
        packer_add(&packer, data, length);
    }
    if (!encoder->error) {
        packer_flush(&packer);
    }
}

/* Begin a set for the sections from @first on; where its count is. */
static uint8_t *add_section_set(Packer *packer, const BeaconSet *set,
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
    uint8_t *at = packer_add(packer, &head, sizeof(head));

    return at ? at + offsetof(HaywireWireSectionSet, count) : NULL;
}

static void pack_section_set(Packer *packer, const BeaconSet *set)
{
    uint8_t *count_at = NULL;
    uint32_t count = 0;

    if (!packer_fits(packer, sizeof(HaywireWireSectionSet))) {
        packer_flush(packer);
    }
    count_at = add_section_set(packer, set, 0);
    for (size_t i = 0; i < set->section->len && count_at; i++) {
        size_t length;
        const void *data = g_bytes_get_data(set->section->pdata[i], &length);
        HaywireLe32 wire;

        if (!packer_fits(packer, length)) {
            packer_flush(packer);
            count_at = add_section_set(packer, set, i);
            count = 0;
        }
        if (count_at && packer_add(packer, data, length)) {
            wire = haywire_le32(++count);
            memcpy(count_at, &wire, sizeof(wire));
        }
    }
}

static void encode_sections(Encoder *encoder)
{
    uint32_t pages =
        encoder->session->discovery.geometry[HAYWIRE_CATEGORY_ROUNDROBIN];
    GPtrArray *sets = encoder->session->set;
    Packer packer = { .encoder = encoder,
                      .category = HAYWIRE_CATEGORY_ROUNDROBIN,
                      .kind = HAYWIRE_KIND_ROUNDROBIN,
                      .generation = 1,
                      .index = pages / 4 * 2,
                      .limit = pages - pages / 4 * 2 };

    for (size_t i = 0; i < sets->len && !encoder->error; i++) {
        pack_section_set(&packer, sets->pdata[i]);
    }
    if (!encoder->error) {
        packer_flush(&packer);
    }
}

static void pack_runs(Packer *packer, const BeaconCamera *camera)
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

        if (!packer_fits(packer, sizeof(head) + sizeof(HaywireWirePageRun))) {
            packer_flush(packer);
        }
        room = HAYWIRE_PAYLOAD_MAX - packer->writer.used - sizeof(head);
        count =
            MIN(room / sizeof(HaywireWirePageRun), camera->run->len - first);
        head.count = haywire_le32((uint32_t)count);
        head.record.length = haywire_le16(
            (uint16_t)(sizeof(head) + count * sizeof(HaywireWirePageRun)));
        packer_add(packer, &head, sizeof(head));
        packer_add(packer,
                   &g_array_index(camera->run, HaywireWirePageRun, first),
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

static void encode_control(Encoder *encoder, HaywireCategory category,
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

    publish(encoder, category, 0, HAYWIRE_KIND_CONTROL, from->pass, &wire,
            sizeof(wire));
}

static void encode_camera(Encoder *encoder, size_t number)
{
    const BeaconCamera *camera = &encoder->session->camera[number];
    HaywireCategory category = HAYWIRE_CATEGORY_CAMERA1 + number;
    uint32_t pages = encoder->session->discovery.geometry[category];
    uint32_t first = camera->control.first_page;
    Packer packer = { .encoder = encoder,
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
        packer_flush(&packer);
        encode_control(encoder, category, camera, packer.used);
    }
}

static void encode_all(Encoder *encoder)
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
        encode_sections(encoder);
    }
    for (size_t i = 0; i < 2 && !encoder->error; i++) {
        encode_camera(encoder, i);
    }
}

gboolean beacon_session_encode(BeaconSession *session, GArray *beacons,
                               GError **error)
{
    Encoder encoder = { session, beacons, beacons->len, NULL };

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
