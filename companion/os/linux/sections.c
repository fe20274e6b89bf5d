/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory sections: /proc/PID/maps. */

#include "os/linux/linux_collector.h"
#include "os/linux/proc_parse.h"

/* 65530 sections (vm.max_map_count) with paths of average length, amply. */
#define MAPS_LIMIT (32u << 20)

/*
 * The kernel shows the list a page at a time. Where a mapping changes between
 * two, a later line may say again what an earlier one said: then it is read
 * once more, and what still overlaps is cut off.
 */
#define ATTEMPTS 3

/* Sections there will be. *ret_clean: no line overlaps those before it. */
static size_t count_sections(const HaywireProcText *maps, bool *ret_clean)
{
    size_t position = 0, count = 0, at, length;
    uint64_t told = 0, start, end;

    *ret_clean = true;
    while (
        haywire_parse_line(maps->data, maps->length, &position, &at, &length)) {
        if (!haywire_parse_maps_range(maps->data + at, length, &start, &end)) {
            count++; /* and will be missed: the list is not complete */
            continue;
        }
        *ret_clean = *ret_clean && start >= told;
        count += end > told;
        told = end > told ? end : told;
    }
    return count;
}

HaywireCollect haywire_linux_sections(HaywireCollector *collector,
                                      HaywireOpenProcess *process,
                                      size_t *ret_count)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireProcText *maps = &self->maps;
    HaywireCollect result = HAYWIRE_COLLECT_OK;
    bool clean = false;
    size_t count = 0;

    self->maps_position = 0;
    self->maps_told = 0;
    for (int i = 0; i < ATTEMPTS && !clean; i++) {
        result = haywire_linux_read_all(self, haywire_linux_process(process),
                                        "maps", MAPS_LIMIT, maps);
        if (result != HAYWIRE_COLLECT_OK) {
            maps->length = 0;
            return result;
        }
        count = count_sections(maps, &clean);
    }
    *ret_count = count;
    return HAYWIRE_COLLECT_OK;
}

/* Cut off what was told. False when that is all of it. */
static bool cut_told(HaywireGuestSection *section, uint64_t told)
{
    if (section->end <= told) {
        return false;
    }
    if (section->start < told) {
        /* Memory without a file has no offset. */
        section->offset += section->inode ? told - section->start : 0;
        section->start = told;
    }
    return true;
}

bool haywire_linux_sections_next(HaywireCollector *collector,
                                 HaywireGuestSection *ret_section)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireProcText *maps = &self->maps;
    size_t start;
    size_t length;

    while (haywire_parse_line(maps->data, maps->length, &self->maps_position,
                              &start, &length)) {
        if (haywire_parse_maps_line(maps->data + start, length, self->path,
                                    ret_section) &&
            cut_told(ret_section, self->maps_told)) {
            self->maps_told = ret_section->end;
            return true;
        }
    }
    return false;
}
