/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The discovery page: docs/protocol.md, section 5.1.
 */

#include "decode_fields.h"

static void read_identity(HaywireFields *fields, HaywireDiscovery *discovery)
{
    uint32_t state;

    discovery->os = haywire_fields_u32(fields, "operating system");
    discovery->arch = haywire_fields_u32(fields, "architecture");
    discovery->page_size = haywire_fields_u32(fields, "page size");
    state = haywire_fields_u32(fields, "session state");
    if (state != HAYWIRE_SESSION_RUNNING && state != HAYWIRE_SESSION_CLOSED) {
        haywire_fields_fail(fields, HAYWIRE_BAD_VALUE, 4, "session state",
                            state);
    }
    discovery->state = (HaywireSessionState)state;
    discovery->features = haywire_fields_u64(fields, "feature bits");
    discovery->heartbeat = haywire_fields_u64(fields, "heartbeat");
    discovery->heartbeat_interval_ns =
        haywire_fields_u64(fields, "heartbeat interval");
    discovery->started_monotonic_ns =
        haywire_fields_u64(fields, "session start, monotonic");
    discovery->started_realtime_ns =
        haywire_fields_u64(fields, "session start, wall clock");
    haywire_fields_copy(fields, HAYWIRE_BOOT_ID_SIZE, discovery->boot_id,
                        "boot id");
    discovery->companion_pid = haywire_fields_u32(fields, "companion's pid");
    haywire_fields_skip(fields, 4);
    for (size_t i = 0; i < 3; i++) {
        discovery->version[i] = haywire_fields_u16(fields, "companion version");
    }
    haywire_fields_skip(fields, 2);
}

static void read_geometry(HaywireFields *fields, HaywireDiscovery *discovery)
{
    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        uint32_t pages = haywire_fields_u32(fields, "geometry");

        if (pages == 0 || pages > HAYWIRE_CATEGORY_PAGES_MAX) {
            haywire_fields_fail(fields, HAYWIRE_BAD_GEOMETRY, 4, "geometry",
                                pages);
        }
        discovery->geometry[i] = pages;
    }
}

/* Page 0 is the discovery page itself; a part of no pages lies nowhere. */
static bool part_fits(const HaywirePart *part, uint32_t master_pages)
{
    return part->pages == 0 || (part->first > 0 && part->first < master_pages &&
                                part->pages <= master_pages - part->first);
}

static void read_parts(HaywireFields *fields, HaywireDiscovery *discovery)
{
    uint32_t master_pages = discovery->geometry[HAYWIRE_CATEGORY_MASTER];

    for (size_t i = 0; i < HAYWIRE_PART_COUNT; i++) {
        HaywirePart *part = &discovery->part[i];

        part->first = haywire_fields_u32(fields, "master layout");
        part->pages = haywire_fields_u32(fields, "master layout");
        if (!part_fits(part, master_pages)) {
            haywire_fields_fail(fields, HAYWIRE_BAD_GEOMETRY, 8,
                                "master layout", part->first);
        }
    }
    haywire_fields_skip(fields, 4);
}

/* Frame numbers are looked up, not judged here. The first payloads have none. */
static void read_index_frames(HaywireFields *fields,
                              HaywireDiscovery *discovery)
{
    if (haywire_cursor_left(&fields->cursor) == 0) {
        return;
    }
    discovery->index_frames = haywire_fields_u32(fields, "index frames");
    if (discovery->index_frames > HAYWIRE_INDEX_FRAMES_MAX) {
        haywire_fields_fail(fields, HAYWIRE_BAD_COUNT, 4, "index frames",
                            discovery->index_frames);
    }
    haywire_fields_skip(fields, 4);
    for (size_t i = 0; i < HAYWIRE_INDEX_FRAMES_MAX; i++) {
        discovery->index_pfn[i] =
            haywire_fields_u64(fields, "index frame number");
    }
}

HaywireStatus haywire_decode_discovery(const HaywirePage *copy,
                                       const HaywirePageInfo *info,
                                       HaywireDiscovery *ret_discovery,
                                       HaywireDiagnosis *diagnosis)
{
    HaywireDiscovery discovery = { 0 };
    HaywireFields fields;
    HaywireStatus status;

    status = haywire_check_kind(info, HAYWIRE_KIND_DISCOVERY,
                                HAYWIRE_CATEGORY_MASTER,
                                HAYWIRE_CATEGORY_MASTER, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (info->index != 0) {
        return haywire_diagnose(diagnosis, HAYWIRE_BAD_INDEX,
                                offsetof(HaywirePageHeader, index), "index",
                                info->index);
    }
    haywire_fields_init(&fields, copy, info, diagnosis);
    read_identity(&fields, &discovery);
    read_geometry(&fields, &discovery);
    read_parts(&fields, &discovery);
    discovery.pid_interval_ns = haywire_fields_u64(&fields, "PID interval");
    discovery.roundrobin_interval_ns =
        haywire_fields_u64(&fields, "ROUNDROBIN interval");
    discovery.camera_interval_ns =
        haywire_fields_u64(&fields, "camera interval");
    read_index_frames(&fields, &discovery);
    if (fields.status == HAYWIRE_OK) {
        *ret_discovery = discovery;
    }
    return fields.status;
}
