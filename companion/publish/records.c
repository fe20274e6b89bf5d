/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was collected to records. */

#include "haywire/bytes.h"
#include "publish/records.h"

static uint32_t process_flags(const HaywireBrief *brief,
                              const HaywireDetails *details)
{
    const struct {
        bool on;
        uint32_t flag;
    } map[] = {
        { brief->kernel, HAYWIRE_PROCESS_KERNEL },
        { brief->name_truncated, HAYWIRE_PROCESS_NAME_TRUNCATED },
        { details->exe_truncated, HAYWIRE_PROCESS_EXE_TRUNCATED },
        { details->cmdline_truncated, HAYWIRE_PROCESS_CMDLINE_TRUNCATED },
        { details->exe_unreadable, HAYWIRE_PROCESS_EXE_UNREADABLE },
        { details->exe_deleted, HAYWIRE_PROCESS_EXE_DELETED },
        { !brief->ids_known, HAYWIRE_PROCESS_IDS_UNREADABLE },
        { details->blocked, HAYWIRE_PROCESS_BLOCKED },
    };
    uint32_t flags = 0;

    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        flags |= map[i].on ? map[i].flag : 0;
    }
    return flags;
}

HaywireStatus haywire_append_process(HaywireWriter *writer,
                                     const HaywireBrief *brief,
                                     const HaywireDetails *details)
{
    HaywireBytes tail[] = {
        { brief->name, brief->name_length },
        { details->exe, details->exe_length },
        { details->cmdline, details->cmdline_length },
    };
    HaywireWireProcess wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_PROCESS),
        .record.flags = haywire_le32(process_flags(brief, details)),
        .pid = haywire_le32(brief->pid),
        .ppid = haywire_le32(brief->ppid),
        .uid = haywire_le32(brief->uid),
        .gid = haywire_le32(brief->gid),
        .start_time_ns = haywire_le64(brief->start_time_ns),
        .vsize = haywire_le64(details->vsize),
        .rss = haywire_le64(details->rss),
        .user_time_ns = haywire_le64(details->user_time_ns),
        .system_time_ns = haywire_le64(details->system_time_ns),
        .threads = haywire_le32(brief->threads),
        .nice = haywire_le32((uint32_t)details->nice),
        .state = brief->state,
        .name_length = haywire_le16((uint16_t)brief->name_length),
        .exe_length = haywire_le16((uint16_t)details->exe_length),
        .cmdline_length = haywire_le16((uint16_t)details->cmdline_length),
    };

    return haywire_writer_append(writer, &wire, sizeof(wire), tail,
                                 sizeof(tail) / sizeof(tail[0]), NULL);
}

HaywireStatus haywire_append_fields(HaywireWriter *writer,
                                    const HaywireBrief *brief,
                                    const HaywireFields *fields)
{
    bool cgroup = fields->known & UINT64_C(1) << HAYWIRE_FIELD_CGROUP;
    HaywireLe64 value[HAYWIRE_FIELD_COUNT];
    size_t count = 0;
    HaywireWireProcessFields wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_PROCESS_FIELDS),
        .pid = haywire_le32(brief->pid),
        .start_time_ns = haywire_le64(brief->start_time_ns),
        .known = haywire_le64(fields->known),
    };

    if (fields->known == 0) {
        return HAYWIRE_OK;
    }
    for (int i = 0; i < HAYWIRE_FIELD_COUNT; i++) {
        if (fields->known & UINT64_C(1) << i) {
            value[count++] = haywire_le64(fields->value[i]);
        }
    }
    return haywire_writer_append(
        writer, &wire, sizeof(wire),
        (HaywireBytes[]){
            { value, count * sizeof(value[0]) },
            { fields->cgroup,
              cgroup ? (size_t)fields->value[HAYWIRE_FIELD_CGROUP] : 0 } },
        2, NULL);
}

HaywireStatus haywire_append_section_set(HaywireWriter *writer,
                                         const HaywireOpenProcess *process,
                                         uint64_t generation, uint32_t flags,
                                         uint32_t first, uint32_t total,
                                         uint8_t **ret_set)
{
    HaywireWireSectionSet wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_SECTION_SET),
        .record.flags = haywire_le32(flags),
        .pid = haywire_le32(process->pid),
        .start_time_ns = haywire_le64(process->start_time_ns),
        .generation = haywire_le64(generation),
        .first = haywire_le32(first),
        .total = haywire_le32(total),
    };

    return haywire_writer_append(writer, &wire, sizeof(wire), NULL, 0, ret_set);
}

HaywireStatus haywire_append_section(HaywireWriter *writer,
                                     const HaywireGuestSection *section)
{
    HaywireBytes path = { section->path, section->path_length };
    HaywireWireSection wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_SECTION),
        .record.flags = haywire_le32(section->flags),
        .start = haywire_le64(section->start),
        .end = haywire_le64(section->end),
        .offset = haywire_le64(section->offset),
        .inode = haywire_le64(section->inode),
        .device_major = haywire_le32(section->device_major),
        .device_minor = haywire_le32(section->device_minor),
        .path_length = haywire_le16((uint16_t)section->path_length),
    };

    return haywire_writer_append(writer, &wire, sizeof(wire), &path, 1, NULL);
}
