/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling sections and page runs: see sections.h.
 */

#include "sections.h"

#include <stdlib.h>
#include <string.h>

#include "runs.h"
#include "section_name.h"

/* All paths of one process. */
#define PATHS_MAX (1u << 20)

/* For the name of a mapping; honest ones take a tenth. */
#define NAME_READS 4000
#define NAME_PAGES 300

/* A set that was being changed is walked again at once. */
#define TRIES_MAX 8

/* In vm_flags (include/linux/mm.h). */
#define MAY_SHARE 0x80

void haywire_paths_clear(HaywirePaths *paths)
{
    free(paths->bytes);
    memset(paths, 0, sizeof(*paths));
}

/* @path, where it stays; empty with *ret_cut where there is no room. */
static HaywireString keep(HaywirePaths *paths, HaywireString path,
                          bool *ret_cut)
{
    if (paths->last.length == path.length && path.length > 0 &&
        memcmp(paths->last.data, path.data, path.length) == 0) {
        return paths->last;
    }
    if (!paths->bytes) {
        paths->bytes = malloc(PATHS_MAX);
    }
    if (!paths->bytes || PATHS_MAX - paths->used < path.length) {
        *ret_cut = true;
        return (HaywireString){ NULL, 0 };
    }
    memcpy(paths->bytes + paths->used, path.data, path.length);
    paths->last = (HaywireString){ paths->bytes + paths->used, path.length };
    paths->used += path.length;
    return paths->last;
}

static const char *permissions(uint64_t flags)
{
    static const char names[16][5] = {
        "---p", "r--p", "-w-p", "rw-p", "--xp", "r-xp", "-wxp", "rwxp",
        "---s", "r--s", "-w-s", "rw-s", "--xs", "r-xs", "-wxs", "rwxs",
    };

    return names[(flags & 7) | (flags & MAY_SHARE ? 8 : 0)];
}

static void read_file(HaywireKernelView *view, uint64_t area, uint64_t file,
                      HaywireSection *section)
{
    uint64_t inode = haywire_view_ask(view, file, M_FILE_INODE), super, device;

    section->offset =
        haywire_view_ask(view, area, M_AREA_OFFSET) * haywire_view_page(view);
    if (inode != 0) {
        super = haywire_view_ask(view, inode, M_INODE_SUPER);
        device = haywire_view_ask(view, super, M_SUPER_DEVICE);
        section->inode = haywire_view_ask(view, inode, M_INODE_NUMBER);
        section->device_major = (uint32_t)device >> 20;
        section->device_minor = device & 0xfffff;
    }
}

static void tell_section(HaywireKernelView *view, uint64_t area,
                         HaywireSectionNames *names, HaywirePaths *paths,
                         HaywireSectionList *list, HaywireBuilder *builder)
{
    uint64_t file = haywire_view_ask(view, area, M_AREA_FILE);
    HaywireSection section = {
        .start = haywire_view_get(view, area, M_AREA_START),
        .end = haywire_view_get(view, area, M_AREA_END),
        .permissions = permissions(haywire_view_ask(view, area, M_AREA_FLAGS)),
    };
    HaywireString path;

    haywire_guest_allow(view->guest, NAME_READS, NAME_PAGES);
    if (file != 0) {
        read_file(view, area, file, &section);
    }
    path = haywire_section_name(view, area, names);
    path = keep(paths, path, &section.path_truncated);
    haywire_builder_add_section(builder, list, &section, path);
}

static void tell_all(HaywireKernelView *view, uint64_t mm,
                     const HaywireMappings *mappings, HaywirePaths *paths,
                     HaywireSectionList *list, HaywireBuilder *builder)
{
    const uint64_t *area = mappings->area.data;
    size_t count = mappings->area.count;
    HaywireSectionNames names;

    haywire_section_names_begin(view, mm, &names);
    for (size_t i = 0; i < count; i++) {
        haywire_section_names_learn(view, area[i], &names);
    }
    if (!haywire_builder_begin_sections(builder, list, count)) {
        list->complete = false;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        tell_section(view, area[i], &names, paths, list, builder);
    }
}

static HaywireStatus walk(HaywireKernelView *view, uint64_t mm,
                          HaywireMappings *mappings)
{
    HaywireStatus status = HAYWIRE_PAGE_BUSY;

    for (int i = 0; i < TRIES_MAX && status == HAYWIRE_PAGE_BUSY; i++) {
        if (i > 0) {
            haywire_guest_begin(view->guest);
        }
        status = haywire_mappings_walk(view, mm, mappings);
    }
    return status;
}

void haywire_sections_tell(HaywireKernelView *view, const HaywireTask *task,
                           const HaywireProcess *process, HaywirePaths *paths,
                           size_t place, HaywireBuilder *builder)
{
    HaywireCameraPass *pass = haywire_builder_pass(builder, place);
    HaywireMappings mappings = { 0 };
    HaywireTable table;
    uint64_t mm;

    haywire_guest_allow(view->guest, NAME_READS, NAME_PAGES);
    pass->sections = (HaywireSectionList){
        .generation = view->guest->moment,
        .pid = process->pid,
        .start_time = process->start_time,
        .provider = HAYWIRE_PROVIDER_KERNEL,
        .source = HAYWIRE_ORIGIN_KERNEL,
        .readable = true,
    };
    pass->runs = (HaywirePageRunList){
        .generation = view->guest->moment,
        .pid = process->pid,
        .start_time = process->start_time,
        .provider = HAYWIRE_PROVIDER_KERNEL,
        .source = HAYWIRE_ORIGIN_KERNEL,
    };
    pass->page_table_readable =
        haywire_process_pages(view, task->address, &table, &mm);
    pass->page_table_readable |= mm == 0;
    pass->sections.complete = true;
    pass->runs.complete = true;
    if (mm != 0) {
        pass->sections.complete = walk(view, mm, &mappings) == HAYWIRE_OK;
        pass->sections.total = (uint32_t)mappings.count;
        tell_all(view, mm, &mappings, paths, &pass->sections, builder);
    }
    if (mm != 0 && pass->page_table_readable) {
        haywire_runs_tell(view, &table, &mappings, &pass->runs, builder);
    }
    haywire_vector_clear(&mappings.area);
    pass->valid = true;
}
