/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pages of PID snapshots: docs/protocol.md, section 5.4.
 */

#include "decode_fields.h"

#include <string.h>

#include "haywire/bytes.h"

static void read_header(HaywireFields *fields, HaywirePidPage *page)
{
    page->ordinal = haywire_fields_u32(fields, "ordinal");
    page->pages = haywire_fields_u32(fields, "pages of the generation");
    if (page->pages > HAYWIRE_CATEGORY_PAGES_MAX ||
        page->ordinal >= page->pages) {
        haywire_fields_fail(fields, HAYWIRE_BAD_ORDINAL, 8, "ordinal",
                            page->ordinal);
    }
    page->count = haywire_fields_u32(fields, "entries on this page");
    if (page->count > HAYWIRE_PIDS_PER_PAGE) {
        haywire_fields_fail(fields, HAYWIRE_BAD_COUNT, 4,
                            "entries on this page", page->count);
    }
    page->total = haywire_fields_u32(fields, "processes in the guest");
    page->dropped = haywire_fields_u32(fields, "processes that did not fit");
    page->first_index = haywire_fields_u32(fields, "index of the first page");
    if (page->first_index >= HAYWIRE_CATEGORY_PAGES_MAX) {
        haywire_fields_fail(fields, HAYWIRE_BAD_ORDINAL, 4,
                            "index of the first page", page->first_index);
    }
    page->taken_ns = haywire_fields_u64(fields, "collecting began");
}

HaywireStatus haywire_decode_pid_page(const HaywirePage *copy,
                                      const HaywirePageInfo *info,
                                      HaywirePidPage *ret_page,
                                      HaywireDiagnosis *diagnosis)
{
    HaywirePidPage page;
    HaywireFields fields;
    HaywireStatus status;

    status = haywire_check_kind(info, HAYWIRE_KIND_PID, HAYWIRE_CATEGORY_PID,
                                HAYWIRE_CATEGORY_PID, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_fields_init(&fields, copy, info, diagnosis);
    read_header(&fields, &page);
    haywire_fields_split(&fields, page.count * sizeof(HaywireWirePidEntry),
                         &page.entries, "entries");
    if (fields.status == HAYWIRE_OK) {
        *ret_page = page;
    }
    return fields.status;
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
