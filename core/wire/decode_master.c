/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Master index and statistics: docs/protocol.md, sections 5.2 and 5.3.
 */

#include "decode_fields.h"

#include <string.h>

HaywireStatus haywire_decode_index(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   HaywireIndexPage *ret_index,
                                   HaywireDiagnosis *diagnosis)
{
    HaywireIndexPage index;
    HaywireFields fields;
    HaywireStatus status;

    status =
        haywire_check_kind(info, HAYWIRE_KIND_INDEX, HAYWIRE_CATEGORY_MASTER,
                           HAYWIRE_CATEGORY_MASTER, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_fields_init(&fields, copy, info, diagnosis);
    index.first_slot = haywire_fields_u32(&fields, "first slot");
    index.count = haywire_fields_u32(&fields, "entries on this page");
    if (index.count > HAYWIRE_INDEX_PER_PAGE) {
        haywire_fields_fail(&fields, HAYWIRE_BAD_COUNT, 4,
                            "entries on this page", index.count);
    }
    index.total = haywire_fields_u32(&fields, "slots in all");
    if (index.first_slot > index.total ||
        index.count > index.total - index.first_slot) {
        haywire_fields_fail(&fields, HAYWIRE_BAD_ORDINAL, 12, "first slot",
                            index.first_slot);
    }
    haywire_fields_skip(&fields, 4);
    haywire_fields_split(&fields, index.count * sizeof(HaywireLe64),
                         &index.entries, "pfn of each slot's page");
    if (fields.status == HAYWIRE_OK) {
        *ret_index = index;
    }
    return fields.status;
}

/* Counters that fit a page. */
#define COUNTERS_MAX \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWireStats)) / sizeof(HaywireLe64))

HaywireStatus haywire_decode_stats(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   uint64_t ret_counter[HAYWIRE_COUNTER_COUNT],
                                   HaywireDiagnosis *diagnosis)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT] = { 0 };
    HaywireFields fields;
    HaywireStatus status;
    uint32_t count;

    status =
        haywire_check_kind(info, HAYWIRE_KIND_STATS, HAYWIRE_CATEGORY_MASTER,
                           HAYWIRE_CATEGORY_MASTER, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_fields_init(&fields, copy, info, diagnosis);
    count = haywire_fields_u32(&fields, "count");
    if (count > COUNTERS_MAX) {
        haywire_fields_fail(&fields, HAYWIRE_BAD_COUNT, 4, "count", count);
    }
    haywire_fields_skip(&fields, 4);
    for (uint32_t i = 0; i < count && fields.status == HAYWIRE_OK; i++) {
        uint64_t value = haywire_fields_u64(&fields, "counter");

        if (i < HAYWIRE_COUNTER_COUNT) {
            counter[i] = value;
        }
    }
    if (fields.status == HAYWIRE_OK) {
        memcpy(ret_counter, counter, sizeof(counter));
    }
    return fields.status;
}
