/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a verified copy, one after the other: see fill.h.
 */

#include "fill.h"

bool haywire_fill_records(HaywireFill *fill, const HaywireCopy *copy,
                          uint32_t kind, HaywireRecordReader *ret_reader)
{
    if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return false;
    }
    haywire_fill_at(fill, copy);
    if (copy->info.kind != kind ||
        haywire_record_reader_init(ret_reader, copy->page, &copy->info) !=
            HAYWIRE_OK) {
        haywire_builder_reject(fill->builder, HAYWIRE_BAD_KIND);
        return false;
    }
    return true;
}

bool haywire_fill_record(HaywireFill *fill, HaywireRecordReader *reader,
                         HaywireRecord *ret_record)
{
    HaywireStatus status = haywire_record_next(reader, ret_record, NULL);

    if (status == HAYWIRE_OK) {
        return true;
    }
    if (status == HAYWIRE_NOT_FOUND) {
        return false;
    }
    haywire_builder_reject(fill->builder, status);
    ret_record->type = 0;
    return status != HAYWIRE_BAD_RECORD && status != HAYWIRE_SHORT_PAYLOAD;
}
