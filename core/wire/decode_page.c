/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that are no sequence of records: docs/protocol.md, sections 5.1 to 5.4
 * and the control page of 5.6.
 */

#include <stddef.h>
#include <string.h>

#include "diagnose.h"
#include "haywire/bytes.h"
#include "haywire/decode.h"

/* Refuse what a field of the header or of the payload says. */
#define REFUSE_HEADER(diagnosis, status, member, name, value)                 \
    haywire_diagnose(diagnosis, status, offsetof(HaywirePage, header.member), \
                     name, value)
#define REFUSE(diagnosis, status, type, member, name, value)                  \
    haywire_diagnose(diagnosis, status,                                       \
                     offsetof(HaywirePage, payload) + offsetof(type, member), \
                     name, value)

/* The payload is not as long as what it is said to hold. */
static HaywireStatus refuse_length(const HaywirePageInfo *info,
                                   HaywireDiagnosis *diagnosis)
{
    return REFUSE_HEADER(diagnosis, HAYWIRE_SHORT_PAYLOAD, payload_length,
                         "payload length", info->payload_length);
}

/*
 * Copy the fixed part of a payload, of a page of @kind in its own category.
 *
 * @least: bytes of it that must be there; the rest reads as zero
 */
static HaywireStatus take(const HaywirePage *copy, const HaywirePageInfo *info,
                          uint32_t kind, HaywireCategory category, void *wire,
                          size_t size, size_t least,
                          HaywireDiagnosis *diagnosis)
{
    size_t length = info->payload_length < size ? info->payload_length : size;

    if (info->kind != kind) {
        return REFUSE_HEADER(diagnosis, HAYWIRE_BAD_KIND, kind, "kind",
                             info->kind);
    }
    if (info->category != category) {
        return REFUSE_HEADER(diagnosis, HAYWIRE_BAD_KIND, category, "category",
                             info->category);
    }
    if (length < least) {
        return refuse_length(info, diagnosis);
    }
    memset(wire, 0, size);
    memcpy(wire, copy->payload, length);
    return HAYWIRE_OK;
}

#define TAKE(copy, info, kind, category, wire, diagnosis)                 \
    take(copy, info, kind, category, &(wire), sizeof(wire), sizeof(wire), \
         diagnosis)

/* The page is the first of its category. */
static HaywireStatus check_first(const HaywirePageInfo *info,
                                 HaywireDiagnosis *diagnosis)
{
    return info->index == 0 ? HAYWIRE_OK
                            : REFUSE_HEADER(diagnosis, HAYWIRE_BAD_INDEX, index,
                                            "index", info->index);
}

/* @count entries of @size bytes behind the fixed part of @head bytes. */
static HaywireStatus take_entries(const HaywirePage *copy,
                                  const HaywirePageInfo *info, size_t head,
                                  size_t count, size_t size,
                                  HaywireCursor *ret_entries,
                                  HaywireDiagnosis *diagnosis)
{
    if (count * size > info->payload_length - head) {
        return refuse_length(info, diagnosis);
    }
    haywire_cursor_init(ret_entries, copy->payload + head, count * size);
    return HAYWIRE_OK;
}

static void read_identity(const HaywireWireDiscovery *wire,
                          HaywireDiscovery *discovery)
{
    discovery->os = haywire_le32_get(wire->os);
    discovery->arch = haywire_le32_get(wire->arch);
    discovery->page_size = haywire_le32_get(wire->page_size);
    discovery->state = (HaywireSessionState)haywire_le32_get(wire->state);
    discovery->features = haywire_le64_get(wire->features);
    discovery->heartbeat = haywire_le64_get(wire->heartbeat);
    discovery->heartbeat_interval_ns =
        haywire_le64_get(wire->heartbeat_interval_ns);
    discovery->started_monotonic_ns =
        haywire_le64_get(wire->started_monotonic_ns);
    discovery->started_realtime_ns =
        haywire_le64_get(wire->started_realtime_ns);
    memcpy(discovery->boot_id, wire->boot_id, HAYWIRE_BOOT_ID_SIZE);
    discovery->companion_pid = haywire_le32_get(wire->companion_pid);
    for (size_t i = 0; i < 3; i++) {
        discovery->version[i] = haywire_le16_get(wire->version[i]);
    }
    discovery->pid_interval_ns = haywire_le64_get(wire->pid_interval_ns);
    discovery->roundrobin_interval_ns =
        haywire_le64_get(wire->roundrobin_interval_ns);
    discovery->camera_interval_ns = haywire_le64_get(wire->camera_interval_ns);
}

static HaywireStatus read_geometry(const HaywireWireDiscovery *wire,
                                   HaywireDiscovery *discovery,
                                   HaywireDiagnosis *diagnosis)
{
    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        uint32_t pages = haywire_le32_get(wire->geometry[i]);

        if (pages == 0 || pages > HAYWIRE_CATEGORY_PAGES_MAX) {
            return REFUSE(diagnosis, HAYWIRE_BAD_GEOMETRY, HaywireWireDiscovery,
                          geometry[i], "geometry", pages);
        }
        discovery->geometry[i] = pages;
    }
    return HAYWIRE_OK;
}

/* Page 0 is the discovery page itself; a part of no pages lies nowhere. */
static bool part_fits(const HaywirePart *part, uint32_t master_pages)
{
    return part->pages == 0 || (part->first > 0 && part->first < master_pages &&
                                part->pages <= master_pages - part->first);
}

static HaywireStatus read_parts(const HaywireWireDiscovery *wire,
                                HaywireDiscovery *discovery,
                                HaywireDiagnosis *diagnosis)
{
    uint32_t master_pages = discovery->geometry[HAYWIRE_CATEGORY_MASTER];

    for (size_t i = 0; i < HAYWIRE_PART_COUNT; i++) {
        HaywirePart *part = &discovery->part[i];

        part->first = haywire_le32_get(wire->part[i].first);
        part->pages = haywire_le32_get(wire->part[i].pages);
        if (!part_fits(part, master_pages)) {
            return REFUSE(diagnosis, HAYWIRE_BAD_GEOMETRY, HaywireWireDiscovery,
                          part[i], "master layout", part->first);
        }
    }
    return HAYWIRE_OK;
}

/* Frame numbers are looked up, not judged here. The first payloads have none. */
static HaywireStatus read_index_frames(const HaywireWireDiscovery *wire,
                                       HaywireDiscovery *discovery,
                                       HaywireDiagnosis *diagnosis)
{
    discovery->index_frames = haywire_le32_get(wire->index_frames);
    if (discovery->index_frames > HAYWIRE_INDEX_FRAMES_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireDiscovery,
                      index_frames, "index frames", discovery->index_frames);
    }
    for (size_t i = 0; i < HAYWIRE_INDEX_FRAMES_MAX; i++) {
        discovery->index_pfn[i] = haywire_le64_get(wire->index_pfn[i]);
    }
    return HAYWIRE_OK;
}

HaywireStatus haywire_decode_discovery(const HaywirePage *copy,
                                       const HaywirePageInfo *info,
                                       HaywireDiscovery *ret_discovery,
                                       HaywireDiagnosis *diagnosis)
{
    const size_t first_size = offsetof(HaywireWireDiscovery, index_frames);
    HaywireDiscovery discovery = { 0 };
    HaywireWireDiscovery wire;
    HaywireStatus status =
        take(copy, info, HAYWIRE_KIND_DISCOVERY, HAYWIRE_CATEGORY_MASTER, &wire,
             sizeof(wire),
             info->payload_length == first_size ? first_size : sizeof(wire),
             diagnosis);

    if (status == HAYWIRE_OK) {
        status = check_first(info, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    read_identity(&wire, &discovery);
    if (discovery.state != HAYWIRE_SESSION_RUNNING &&
        discovery.state != HAYWIRE_SESSION_CLOSED) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireDiscovery, state,
                      "session state", discovery.state);
    }
    if (discovery.started_monotonic_ns > info->monotonic_ns) {
        return REFUSE(diagnosis, HAYWIRE_BAD_TIME, HaywireWireDiscovery,
                      started_monotonic_ns, "session start",
                      discovery.started_monotonic_ns);
    }
    status = read_geometry(&wire, &discovery, diagnosis);
    if (status == HAYWIRE_OK) {
        status = read_parts(&wire, &discovery, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        status = read_index_frames(&wire, &discovery, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        *ret_discovery = discovery;
    }
    return status;
}

HaywireStatus haywire_decode_index(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   HaywireIndexPage *ret_index,
                                   HaywireDiagnosis *diagnosis)
{
    HaywireWireIndex wire;
    HaywireIndexPage index;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_INDEX,
                                HAYWIRE_CATEGORY_MASTER, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    index.first_slot = haywire_le32_get(wire.first_slot);
    index.count = haywire_le32_get(wire.count);
    index.total = haywire_le32_get(wire.total);
    if (index.count > HAYWIRE_INDEX_PER_PAGE) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireIndex, count,
                      "entries on this page", index.count);
    }
    if (index.first_slot > index.total ||
        index.count > index.total - index.first_slot) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWireIndex,
                      first_slot, "first slot", index.first_slot);
    }
    status = take_entries(copy, info, sizeof(wire), index.count,
                          sizeof(HaywireLe64), &index.entries, diagnosis);
    if (status == HAYWIRE_OK) {
        *ret_index = index;
    }
    return status;
}

/* Counters that fit a page. */
#define COUNTERS_MAX \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWireStats)) / sizeof(HaywireLe64))

HaywireStatus haywire_decode_stats(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   uint64_t ret_counter[HAYWIRE_COUNTER_COUNT],
                                   HaywireDiagnosis *diagnosis)
{
    HaywireWireStats wire;
    HaywireCursor entries;
    uint32_t count;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_STATS,
                                HAYWIRE_CATEGORY_MASTER, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    count = haywire_le32_get(wire.count);
    if (count > COUNTERS_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireStats, count,
                      "count", count);
    }
    status = take_entries(copy, info, sizeof(wire), count, sizeof(HaywireLe64),
                          &entries, diagnosis);
    for (size_t i = 0; i < HAYWIRE_COUNTER_COUNT && status == HAYWIRE_OK; i++) {
        ret_counter[i] = 0;
        if (i < count) {
            status = haywire_cursor_u64(&entries, &ret_counter[i]);
        }
    }
    return status;
}

HaywireStatus haywire_decode_pid_page(const HaywirePage *copy,
                                      const HaywirePageInfo *info,
                                      HaywirePidPage *ret_page,
                                      HaywireDiagnosis *diagnosis)
{
    HaywireWirePidPage wire;
    HaywirePidPage page;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_PID,
                                HAYWIRE_CATEGORY_PID, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    page.ordinal = haywire_le32_get(wire.ordinal);
    page.pages = haywire_le32_get(wire.pages);
    page.count = haywire_le32_get(wire.count);
    page.total = haywire_le32_get(wire.total);
    page.dropped = haywire_le32_get(wire.dropped);
    page.first_index = haywire_le32_get(wire.first_index);
    page.taken_ns = haywire_le64_get(wire.taken_ns);
    if (page.pages > HAYWIRE_CATEGORY_PAGES_MAX || page.ordinal >= page.pages) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWirePidPage,
                      ordinal, "ordinal", page.ordinal);
    }
    if (page.count > HAYWIRE_PIDS_PER_PAGE) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWirePidPage, count,
                      "entries on this page", page.count);
    }
    if (page.first_index >= HAYWIRE_CATEGORY_PAGES_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWirePidPage,
                      first_index, "index of the first page", page.first_index);
    }
    status =
        take_entries(copy, info, sizeof(wire), page.count,
                     sizeof(HaywireWirePidEntry), &page.entries, diagnosis);
    if (status == HAYWIRE_OK) {
        *ret_page = page;
    }
    return status;
}

HaywireStatus haywire_decode_pid_entry(HaywirePidPage *page,
                                       HaywirePidEntry *ret_entry)
{
    HaywireWirePidEntry wire;
    const uint8_t *bytes;

    if (haywire_cursor_bytes(&page->entries, sizeof(wire), &bytes) !=
        HAYWIRE_OK) {
        return HAYWIRE_NOT_FOUND;
    }
    memcpy(&wire, bytes, sizeof(wire));
    *ret_entry = (HaywirePidEntry){
        .pid = haywire_le32_get(wire.pid),
        .ppid = haywire_le32_get(wire.ppid),
        .start_time_ns = haywire_le64_get(wire.start_time_ns),
        .uid = haywire_le32_get(wire.uid),
        .state = wire.state,
        .flags = wire.flags,
        .threads = haywire_le16_get(wire.threads),
        .name_length = strnlen((const char *)wire.name, sizeof(wire.name)),
    };
    memcpy(ret_entry->name, wire.name, sizeof(wire.name));
    return HAYWIRE_OK;
}

HaywireStatus haywire_decode_control(const HaywirePage *copy,
                                     const HaywirePageInfo *info,
                                     HaywireControl *ret_control,
                                     HaywireDiagnosis *diagnosis)
{
    HaywireCategory category = info->category == HAYWIRE_CATEGORY_CAMERA2
                                   ? HAYWIRE_CATEGORY_CAMERA2
                                   : HAYWIRE_CATEGORY_CAMERA1;
    HaywireWireControl wire;
    uint32_t nonce, camera_status;
    HaywireStatus status =
        TAKE(copy, info, HAYWIRE_KIND_CONTROL, category, wire, diagnosis);

    if (status == HAYWIRE_OK) {
        status = check_first(info, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    nonce = haywire_le32_get(wire.nonce);
    if (nonce == 0) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireControl, nonce,
                      "nonce", 0);
    }
    camera_status = haywire_le32_get(wire.status);
    if (camera_status > HAYWIRE_CAMERA_DENIED) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireControl, status,
                      "status", camera_status);
    }
    *ret_control = (HaywireControl){
        .nonce = nonce,
        .status = (HaywireCameraStatus)camera_status,
        .target_pid = haywire_le32_get(wire.target_pid),
        .current_pid = haywire_le32_get(wire.current_pid),
        .current_start_time_ns = haywire_le64_get(wire.current_start_time_ns),
        .pass = haywire_le64_get(wire.pass),
        .first_page = haywire_le32_get(wire.first_page),
        .pages = haywire_le32_get(wire.pages),
        .sections_total = haywire_le32_get(wire.sections_total),
        .sections_stored = haywire_le32_get(wire.sections_stored),
        .runs_total = haywire_le32_get(wire.runs_total),
        .runs_stored = haywire_le32_get(wire.runs_stored),
        .pass_started_ns = haywire_le64_get(wire.pass_started_ns),
        .pass_finished_ns = haywire_le64_get(wire.pass_finished_ns),
        .target_taken_ns = haywire_le64_get(wire.target_taken_ns),
        .rss = haywire_le64_get(wire.rss),
        .pss = haywire_le64_get(wire.pss),
        .swap = haywire_le64_get(wire.swap),
        .flags = haywire_le32_get(wire.flags),
    };
    return HAYWIRE_OK;
}
