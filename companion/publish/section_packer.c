/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of a process into section sets on as many pages as it takes. */

#include "publish/section_packer.h"

static void close_set(HaywireSectionPacker *packer)
{
    if (packer->set) {
        haywire_patch32(packer->set, offsetof(HaywireWireSectionSet, count),
                        packer->set_count);
        packer->set = NULL;
    }
}

/* A set that got no section, because the page was full, says nothing. */
static void leave_page(HaywireSectionPacker *packer)
{
    if (packer->set && packer->set_count == 0) {
        packer->writer->used = (size_t)(packer->set - packer->writer->payload);
        packer->set = NULL;
    }
    close_set(packer);
    packer->writer = packer->next_page(packer->opaque);
}

static bool open_set(HaywireSectionPacker *packer,
                     const HaywireOpenProcess *process, uint32_t flags,
                     uint32_t first, uint32_t total)
{
    packer->set_count = 0;
    while (packer->writer) {
        if (haywire_append_section_set(packer->writer, process,
                                       packer->generation, flags, first, total,
                                       &packer->set) == HAYWIRE_OK) {
            return true;
        }
        leave_page(packer);
    }
    return false;
}

static bool put_section(HaywireSectionPacker *packer,
                        const HaywireOpenProcess *process,
                        const HaywireGuestSection *section, uint32_t ordinal,
                        uint32_t total)
{
    HaywireStatus status = haywire_append_section(packer->writer, section);

    if (status == HAYWIRE_LIMIT) {
        leave_page(packer);
        if (!open_set(packer, process, 0, ordinal, total)) {
            return false;
        }
        status = haywire_append_section(packer->writer, section);
    }
    packer->set_count++;
    return status == HAYWIRE_OK;
}

uint32_t haywire_pack_sections(HaywireSectionPacker *packer,
                               HaywireCollector *collector,
                               const HaywireOpenProcess *process,
                               uint32_t total, uint32_t *ret_truncated)
{
    HaywireGuestSection section;
    uint32_t written = 0;

    *ret_truncated = 0;
    if (!open_set(packer, process, 0, 0, total)) {
        return 0;
    }
    while (written < total &&
           collector->ops->sections_next(collector, &section)) {
        if (packer->each) {
            packer->each(packer->opaque, &section);
        }
        if (!put_section(packer, process, &section, written, total)) {
            break;
        }
        written++;
        if (section.flags & HAYWIRE_SECTION_PATH_TRUNCATED) {
            ++*ret_truncated;
        }
        if (written % HAYWIRE_TICK_EVERY == 0) {
            haywire_collector_tick(collector);
        }
    }
    close_set(packer);
    return written;
}

bool haywire_pack_empty(HaywireSectionPacker *packer,
                        const HaywireOpenProcess *process,
                        HaywireCollect result)
{
    uint32_t flags =
        (result != HAYWIRE_COLLECT_OK ? HAYWIRE_SECTION_SET_UNREADABLE : 0) |
        (result == HAYWIRE_COLLECT_BLOCKED ? HAYWIRE_SECTION_SET_BLOCKED : 0);
    bool fits = open_set(packer, process, flags, 0, 0);

    close_set(packer);
    return fits;
}
