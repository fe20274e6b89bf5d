/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory sections: /proc/PID/maps. */

#include <string.h>

#include "os/linux/linux_collector.h"
#include "os/linux/proc_parse.h"

/* 65530 sections (vm.max_map_count) with paths of average length, amply. */
#define MAPS_LIMIT (32u << 20)

HaywireCollect haywire_linux_sections(HaywireCollector *collector,
                                      HaywireOpenProcess *process,
                                      size_t *ret_count)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireProcText *maps = &self->maps;
    HaywireCollect result;
    size_t count = 0;

    self->maps_position = 0;
    result = haywire_proc_read_all(
        collector, haywire_linux_folder(haywire_linux_process(process)), "maps",
        MAPS_LIMIT, maps);
    if (result != HAYWIRE_COLLECT_OK) {
        maps->length = 0;
        return result;
    }
    for (size_t at = 0; at < maps->length; at++) {
        const char *newline = memchr(maps->data + at, '\n', maps->length - at);

        count++;
        if (!newline) {
            break;
        }
        at = (size_t)(newline - maps->data);
    }
    *ret_count = count;
    return HAYWIRE_COLLECT_OK;
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
                                    ret_section)) {
            return true;
        }
    }
    return false;
}
