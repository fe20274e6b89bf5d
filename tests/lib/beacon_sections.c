/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a builder's text about sections, cameras and page runs.
 */

#include <string.h>

#include "beacon_process.h"
#include "haywire/bytes.h"

BeaconSet *beacon_set_add(BeaconText *text, unsigned camera, uint32_t pid,
                          uint64_t start_time, uint64_t generation)
{
    BeaconSession *session = text->session;
    BeaconSet *set = g_new0(BeaconSet, 1);

    set->head.pid = pid;
    set->head.start_time_ns = start_time;
    set->head.generation = generation;
    set->total = BEACON_UNSET;
    set->section =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(camera ? session->camera[camera - 1].set : session->set,
                    set);
    return set;
}

void beacon_section_add(BeaconSet *set, const HaywireSectionRecord *section)
{
    HaywireBytes path = { section->path.data, section->path.length };
    HaywireWireSection wire = {
        .record = { haywire_le16(HAYWIRE_RECORD_SECTION),
                    .flags = haywire_le32(section->flags) },
        .start = haywire_le64(section->start.value),
        .end = haywire_le64(section->end.value),
        .offset = haywire_le64(section->offset),
        .inode = haywire_le64(section->inode),
        .device_major = haywire_le32(section->device_major),
        .device_minor = haywire_le32(section->device_minor),
        .path_length = haywire_le16((uint16_t)section->path.length),
    };

    g_ptr_array_add(set->section, beacon_record(&wire, sizeof(wire), &path, 1));
}

/* 0 without a camera= key. */
static unsigned read_camera(BeaconLine *line)
{
    uint64_t camera = beacon_line_number(line, "camera", 0);

    if (camera > 2) {
        beacon_line_fail(line, "there are cameras 1 and 2");
        return 0;
    }
    return (unsigned)camera;
}

void beacon_run_sections(BeaconText *text, BeaconLine *line)
{
    static const BeaconFlag flags[] = {
        { "unreadable", HAYWIRE_SECTION_SET_UNREADABLE },
        { "blocked", HAYWIRE_SECTION_SET_BLOCKED },
        { NULL },
    };
    unsigned camera = read_camera(line);
    uint32_t pid = (uint32_t)beacon_line_need(line, "pid");
    uint64_t otherwise =
        camera ? text->session->camera[camera - 1].control.pass : 1;
    uint64_t start = beacon_line_number(line, "start",
                                        beacon_start_time(text->session, pid));
    uint64_t generation = beacon_line_number(line, "generation", otherwise);
    BeaconSet *set = beacon_set_add(text, camera, pid, start, generation);

    set->head.flags = (uint32_t)beacon_line_flags(line, "flags", flags, 0);
    set->head.first = (uint32_t)beacon_line_number(line, "first", 0);
    set->total = beacon_line_number(line, "total", BEACON_UNSET);
    text->set = set;
}

static uint32_t read_permissions(BeaconLine *line)
{
    size_t length;
    const char *perms = beacon_line_string(line, "perms", "r--p", &length);
    uint32_t flags = 0;

    flags |= strchr(perms, 'r') ? HAYWIRE_SECTION_READ : 0;
    flags |= strchr(perms, 'w') ? HAYWIRE_SECTION_WRITE : 0;
    flags |= strchr(perms, 'x') ? HAYWIRE_SECTION_EXEC : 0;
    flags |= strchr(perms, 's') ? HAYWIRE_SECTION_SHARED : 0;
    return flags;
}

void beacon_run_section(BeaconText *text, BeaconLine *line)
{
    static const BeaconFlag flags[] = {
        { "path-truncated", HAYWIRE_SECTION_PATH_TRUNCATED },
        { NULL },
    };
    HaywireSectionRecord section = {
        .start = { beacon_line_need(line, "start") },
        .end = { beacon_line_need(line, "end") },
        .offset = beacon_line_number(line, "offset", 0),
        .inode = beacon_line_number(line, "inode", 0),
        .device_major = (uint32_t)beacon_line_number(line, "major", 0),
        .device_minor = (uint32_t)beacon_line_number(line, "minor", 0),
    };

    section.flags = read_permissions(line);
    section.flags |= (uint32_t)beacon_line_flags(line, "flags", flags, 0);
    section.path.data = (const uint8_t *)beacon_line_string(
        line, "path", "", &section.path.length);
    if (!text->set) {
        beacon_line_fail(line, "section before any sections");
    } else if (section.path.length > HAYWIRE_PATH_MAX) {
        beacon_line_fail(line, "path too long");
    } else {
        beacon_section_add(text->set, &section);
    }
}

static void read_control(BeaconText *text, BeaconLine *line,
                         HaywireControl *control)
{
    static const BeaconFlag flags[] = {
        { "figures", HAYWIRE_CAMERA_FIGURES_VALID },
        { "no-sections", HAYWIRE_CAMERA_NO_SECTIONS },
        { "no-page-table", HAYWIRE_CAMERA_NO_PAGE_TABLE },
        { "no-pfns", HAYWIRE_CAMERA_NO_PFNS },
        { "partly-read", HAYWIRE_CAMERA_PARTLY_READ },
        { NULL },
    };
    uint32_t pid = (uint32_t)beacon_line_number(line, "pid", 0);
    uint64_t time = text->session->time;

    control->current_pid = pid;
    control->target_pid = (uint32_t)beacon_line_number(line, "target", pid);
    control->current_start_time_ns = beacon_line_number(
        line, "start", pid ? beacon_start_time(text->session, pid) : 0);
    control->pass = beacon_line_number(line, "pass", pid ? 1 : 0);
    control->status = beacon_line_number(line, "status", pid ? 1 : 0);
    control->nonce =
        (uint32_t)beacon_line_number(line, "nonce", control->nonce);
    control->pass_started_ns =
        beacon_line_number(line, "started", time - 2000000);
    control->pass_finished_ns =
        beacon_line_number(line, "finished", time - 1000000);
    control->target_taken_ns =
        beacon_line_number(line, "taken", time - 9000000);
    control->rss = beacon_line_number(line, "rss", 0);
    control->pss = beacon_line_number(line, "pss", 0);
    control->swap = beacon_line_number(line, "swap", 0);
    control->flags = (uint32_t)beacon_line_flags(line, "flags", flags, 0);
    control->first_page = (uint32_t)beacon_line_number(line, "first-page", 1);
}

void beacon_run_camera(BeaconText *text, BeaconLine *line)
{
    static const char *const names[] = { "1", "2", NULL };
    size_t number = beacon_line_choice(line, names);
    BeaconCamera *camera = &text->session->camera[number];

    camera->present = TRUE;
    read_control(text, line, &camera->control);
    camera->sections_total =
        beacon_line_number(line, "sections-total", BEACON_UNSET);
    camera->runs_total = beacon_line_number(line, "runs-total", BEACON_UNSET);
}

static uint16_t read_run_flags(BeaconLine *line)
{
    static const BeaconFlag flags[] = {
        { "present", HAYWIRE_RUN_PRESENT },
        { "swapped", HAYWIRE_RUN_SWAPPED },
        { "file", HAYWIRE_RUN_FILE },
        { "soft-dirty", HAYWIRE_RUN_SOFT_DIRTY },
        { "exclusive", HAYWIRE_RUN_EXCLUSIVE },
        { "pfn", HAYWIRE_RUN_PFN_KNOWN },
        { "guard", HAYWIRE_RUN_GUARD },
        { "uffd-wp", HAYWIRE_RUN_UFFD_WP },
        { "special", HAYWIRE_RUN_SPECIAL },
        { NULL },
    };
    uint64_t otherwise = HAYWIRE_RUN_PRESENT;

    if (beacon_line_has(line, "swap")) {
        otherwise = HAYWIRE_RUN_SWAPPED;
    } else if (beacon_line_has(line, "pfn")) {
        otherwise |= HAYWIRE_RUN_PFN_KNOWN;
    }
    return (uint16_t)beacon_line_flags(line, "flags", flags, otherwise);
}

void beacon_run_run(BeaconText *text, BeaconLine *line)
{
    unsigned camera = read_camera(line);
    uint64_t value = beacon_line_number(line, "pfn", 0);
    HaywireWirePageRun run = {
        .gva = haywire_le64(beacon_line_need(line, "gva")),
        .value = haywire_le64(beacon_line_number(line, "swap", value)),
        .pages = haywire_le32((uint32_t)beacon_line_number(line, "pages", 1)),
        .flags = haywire_le16(read_run_flags(line)),
        .swap_type = (uint8_t)beacon_line_number(line, "type", 0),
        .page_shift = (uint8_t)beacon_line_number(line, "shift", 0),
    };

    if (camera == 0) {
        beacon_line_fail(line, "camera= is missing");
        return;
    }
    g_array_append_val(text->session->camera[camera - 1].run, run);
}
