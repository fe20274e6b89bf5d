/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See collector_fixture.h. */

#include "collector_fixture.h"

#include <string.h>

HaywireCollector *tested;

void open_process(pid_t pid, HaywireOpenProcess **ret_process,
                  HaywireBrief *ret_brief)
{
    g_assert_cmpint(
        tested->ops->open(tested, (uint32_t)pid, ret_process, ret_brief), ==,
        HAYWIRE_COLLECT_OK);
}

HaywireDetails *details_of(pid_t pid)
{
    HaywireDetails *details = g_new0(HaywireDetails, 1);
    HaywireOpenProcess *process;
    HaywireBrief brief;

    open_process(pid, &process, &brief);
    g_assert_cmpint(tested->ops->details(tested, process, details), ==,
                    HAYWIRE_COLLECT_OK);
    tested->ops->close(tested, process);
    return details;
}

HaywireFields *fields_of(pid_t pid)
{
    HaywireFields *fields = g_new(HaywireFields, 1);
    HaywireOpenProcess *process;
    HaywireBrief brief;

    memset(fields, 0xee, sizeof(*fields));
    open_process(pid, &process, &brief);
    tested->ops->fields(tested, process, fields);
    tested->ops->close(tested, process);
    return fields;
}

bool is_known(const HaywireFields *fields, HaywireProcessField field)
{
    return fields->known >> field & 1;
}

bool has_section(HaywireOpenProcess *process, uint64_t address)
{
    HaywireGuestSection section;
    bool found = false;
    size_t count;

    g_assert_cmpint(tested->ops->sections(tested, process, &count), ==,
                    HAYWIRE_COLLECT_OK);
    while (tested->ops->sections_next(tested, &section)) {
        found |= section.start <= address && address < section.end;
    }
    return found;
}

void take_run(void *opaque, const HaywireGuestRun *run)
{
    g_array_append_vals(opaque, run, 1);
}
