/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was collected to records: docs/protocol.md, section 5.5. */

#ifndef HAYWIRE_RECORDS_H
#define HAYWIRE_RECORDS_H

#include "os/os.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"

/* A number of a record that is known only later. */
static inline void haywire_patch32(uint8_t *record, size_t offset,
                                   uint32_t value)
{
    HaywireLe32 wire = haywire_le32(value);

    memcpy(record + offset, &wire, sizeof(wire));
}

/* HAYWIRE_OK; HAYWIRE_LIMIT when the payload is full: nothing is appended. */
HaywireStatus
haywire_append_process(HaywireWriter *writer, const HaywireBrief *brief,
                       const HaywireDetails *details) HAYWIRE_MUST_CHECK;

/* The same for what is known besides; a record of nothing known is none. */
HaywireStatus
haywire_append_fields(HaywireWriter *writer, const HaywireBrief *brief,
                      const HaywireFields *fields) HAYWIRE_MUST_CHECK;

/* @ret_set: its place, to set its count when that is known */
HaywireStatus haywire_append_section_set(HaywireWriter *writer,
                                         const HaywireOpenProcess *process,
                                         uint64_t generation, uint32_t flags,
                                         uint32_t first, uint32_t total,
                                         uint8_t **ret_set) HAYWIRE_MUST_CHECK;

HaywireStatus
haywire_append_section(HaywireWriter *writer,
                       const HaywireGuestSection *section) HAYWIRE_MUST_CHECK;

#endif
