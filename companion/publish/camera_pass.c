/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A camera's pass: sections, then page runs, staged and published in one go.
 *
 * Address spaces can be huge and empty (reservations, sanitizer shadows), and
 * reading their page tables takes time all the same. So time is limited, for
 * each section and for the pass; a piece that was not read counts as one run
 * found and not stored.
 */

#include <stdlib.h>
#include <string.h>

#include "publish/camera.h"
#include "haywire/bytes.h"
#include "os/os.h"
#include "os/runs.h"
#include "publish/section_packer.h"

#define SECTION_BUDGET_NS (200 * HAYWIRE_NS_PER_MS)
#define PASS_BUDGET_NS    (2000 * HAYWIRE_NS_PER_MS)
/* vm.max_map_count is 65530 by default. */
#define RANGES_MAX 131072

static HaywireWriter *next_staged(HaywireCameraWriter *camera, uint32_t limit)
{
    HaywireWriter *writer;

    if (camera->pass.used >= limit) {
        return NULL;
    }
    writer = &camera->staged[camera->pass.used++];
    writer->used = 0;
    return writer;
}

/* Runs get at least half of the bank. */
static HaywireWriter *next_section_page(void *opaque)
{
    HaywireCameraWriter *camera = opaque;

    return next_staged(camera, (camera->bank_pages + 1) / 2);
}

/* A piece of the page table is not read. */
static void leave_out(HaywirePass *pass)
{
    pass->runs_total++;
    pass->flags |= HAYWIRE_CAMERA_PARTLY_READ;
}

/* The ranges of all sections, those that found no place in the bank too. */
static void note_range(void *opaque, const HaywireGuestSection *section)
{
    HaywireCameraWriter *camera = opaque;
    HaywireRange range = { section->start, section->end };

    if (haywire_vector_push(&camera->ranges, &range) != HAYWIRE_OK) {
        leave_out(&camera->pass);
    }
}

static void note_other_ranges(HaywireCameraWriter *camera)
{
    HaywireCollector *collector = camera->collector;
    HaywireGuestSection section;

    while (collector->ops->sections_next(collector, &section)) {
        note_range(camera, &section);
        if (camera->ranges.count % HAYWIRE_TICK_EVERY == 0) {
            haywire_collector_tick(collector);
        }
    }
}

static HaywireCollect stage_sections(HaywireCameraWriter *camera)
{
    HaywireCollector *collector = camera->collector;
    HaywirePass *pass = &camera->pass;
    HaywireSectionPacker packer = {
        .writer = next_section_page(camera),
        .next_page = next_section_page,
        .each = note_range,
        .opaque = camera,
        .generation = pass->number,
    };
    size_t count = 0;
    uint32_t truncated;
    HaywireCollect result =
        collector->ops->sections(collector, pass->process, &count);

    if (result == HAYWIRE_COLLECT_GONE || result == HAYWIRE_COLLECT_DENIED) {
        return result;
    }
    if (result != HAYWIRE_COLLECT_OK) {
        pass->flags |=
            HAYWIRE_CAMERA_NO_SECTIONS | HAYWIRE_CAMERA_NO_PAGE_TABLE;
    }
    pass->sections_total = (uint32_t)count;
    if (count == 0) {
        (void)haywire_pack_empty(&packer, pass->process, result);
    } else {
        pass->sections_stored = haywire_pack_sections(
            &packer, collector, pass->process, (uint32_t)count, &truncated);
        camera->publisher->counter[HAYWIRE_COUNTER_STRINGS_TRUNCATED] +=
            truncated;
    }
    pass->first_run_page = pass->used;
    note_other_ranges(camera);
    return HAYWIRE_COLLECT_OK;
}

/* smaps_rollup has nothing to say of kernel threads and zombies. */
static void read_figures(HaywireCameraWriter *camera)
{
    HaywireCollector *collector = camera->collector;
    HaywirePass *pass = &camera->pass;

    if (collector->ops->figures &&
        collector->ops->figures(collector, pass->process, &pass->figures) ==
            HAYWIRE_COLLECT_OK) {
        pass->flags |= HAYWIRE_CAMERA_FIGURES_VALID;
    }
}

static bool reserve_bank(HaywireCameraWriter *camera)
{
    if (!camera->staged) {
        camera->staged = calloc(camera->bank_pages, sizeof(*camera->staged));
    }
    return camera->staged != NULL;
}

HaywireCollect haywire_pass_begin(HaywireCameraWriter *camera, uint32_t pid)
{
    HaywireCollector *collector = camera->collector;
    HaywirePass *pass = &camera->pass;
    HaywireBrief brief;
    HaywireCollect result;

    memset(pass, 0, sizeof(*pass));
    haywire_vector_clear(&camera->ranges);
    haywire_vector_init(&camera->ranges, sizeof(HaywireRange), RANGES_MAX);
    camera->run_page_count = 0;
    if (!reserve_bank(camera)) {
        return HAYWIRE_COLLECT_FAILED;
    }
    pass->number = camera->passes + 1;
    pass->started_ns = haywire_os_monotonic_ns();
    result = collector->ops->open(collector, pid, &pass->process, &brief);
    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    if (!camera->publisher->pfns_known) {
        pass->flags |= HAYWIRE_CAMERA_NO_PFNS;
    }
    read_figures(camera);
    return stage_sections(camera);
}

void haywire_pass_drop(HaywireCameraWriter *camera)
{
    if (camera->pass.process) {
        camera->collector->ops->close(camera->collector, camera->pass.process);
        camera->pass.process = NULL;
    }
}

/* The runs gathered so far become a record on a page of their own. */
static void stage_runs(HaywireCameraWriter *camera)
{
    const HaywirePass *pass = &camera->pass;
    HaywireWriter *writer = next_staged(camera, camera->bank_pages);
    HaywireBytes runs = { camera->run_page, camera->run_page_count *
                                                sizeof(camera->run_page[0]) };
    HaywireWirePageRunSet wire = {
        .record.type = haywire_le16(HAYWIRE_RECORD_PAGE_RUN_SET),
        .pid = haywire_le32(pass->process->pid),
        .count = haywire_le32(camera->run_page_count),
        .start_time_ns = haywire_le64(pass->process->start_time_ns),
        .generation = haywire_le64(pass->number),
        .first = haywire_le32((uint32_t)(pass->runs_stored)),
    };

    if (writer && haywire_writer_append(writer, &wire, sizeof(wire), &runs, 1,
                                        NULL) == HAYWIRE_OK) {
        camera->pass.runs_stored += camera->run_page_count;
    }
    camera->run_page_count = 0;
}

static void store_run(HaywireCameraWriter *camera, const HaywireGuestRun *run)
{
    camera->pass.runs_total++;
    camera->run_page[camera->run_page_count++] = (HaywireWirePageRun){
        .gva = haywire_le64(run->gva),
        .value = haywire_le64(run->value),
        .pages = haywire_le32((uint32_t)run->pages),
        .flags = haywire_le16(run->flags),
        .swap_type = run->swap_type,
        .page_shift = run->page_shift,
    };
    if (camera->run_page_count == HAYWIRE_RUNS_PER_PAGE) {
        stage_runs(camera);
    }
}

static void store_run_sink(void *opaque, const HaywireGuestRun *run)
{
    store_run(opaque, run);
}

/* Runs come in pieces: what is cut between two pieces is joined here. */
static void join_run(void *opaque, const HaywireGuestRun *run)
{
    HaywireCameraWriter *camera = opaque;

    haywire_run_add(&camera->pass.run, run, store_run_sink, camera);
}

static void next_range(HaywirePass *pass)
{
    pass->range++;
    pass->next_gva = 0;
    pass->range_busy_ns = 0;
}

static void read_piece(HaywireCameraWriter *camera, HaywireCollect *ret_result)
{
    HaywireCollector *collector = camera->collector;
    HaywirePass *pass = &camera->pass;
    const HaywireRange *range =
        (const HaywireRange *)camera->ranges.data + pass->range;
    uint64_t start = pass->next_gva ? pass->next_gva : range->start;
    uint64_t before = haywire_os_monotonic_ns();
    uint64_t busy;

    if (!collector->ops->pages) {
        *ret_result = HAYWIRE_COLLECT_DENIED;
        return;
    }
    *ret_result =
        collector->ops->pages(collector, pass->process, start, range->end,
                              join_run, camera, &pass->next_gva);
    busy = haywire_os_monotonic_ns() - before;
    pass->range_busy_ns += busy;
    pass->busy_ns += busy;
    if (*ret_result == HAYWIRE_COLLECT_OK && pass->next_gva >= range->end) {
        next_range(pass);
    }
}

static bool over_budget(const HaywirePass *pass)
{
    return pass->range_busy_ns > SECTION_BUDGET_NS ||
           pass->busy_ns > PASS_BUDGET_NS;
}

bool haywire_pass_read(HaywireCameraWriter *camera, HaywireCollect *ret_result)
{
    HaywirePass *pass = &camera->pass;

    *ret_result = HAYWIRE_COLLECT_OK;
    if (pass->range == camera->ranges.count) {
        return false;
    }
    if (over_budget(pass)) {
        leave_out(pass);
        next_range(pass);
        return true;
    }
    read_piece(camera, ret_result);
    if (*ret_result == HAYWIRE_COLLECT_BLOCKED) {
        leave_out(pass);
    } else if (*ret_result != HAYWIRE_COLLECT_OK &&
               *ret_result != HAYWIRE_COLLECT_GONE) {
        pass->flags |= HAYWIRE_CAMERA_NO_PAGE_TABLE;
    } else {
        return *ret_result == HAYWIRE_COLLECT_OK;
    }
    /* Sections without page table: still worth showing. */
    pass->range = camera->ranges.count;
    *ret_result = HAYWIRE_COLLECT_OK;
    return true;
}

void haywire_pass_publish(HaywireCameraWriter *camera)
{
    HaywirePass *pass = &camera->pass;
    uint32_t first = 1 + (pass->number % 2 ? 0 : camera->bank_pages);
    uint32_t total;

    if (pass->run.pages > 0) {
        store_run(camera, &pass->run);
    }
    if (camera->run_page_count > 0) {
        stage_runs(camera);
    }
    total =
        pass->runs_total > UINT32_MAX ? UINT32_MAX : (uint32_t)pass->runs_total;
    for (uint32_t i = 0; i < pass->used; i++) {
        if (i >= pass->first_run_page) {
            haywire_patch32(camera->staged[i].payload,
                            offsetof(HaywireWirePageRunSet, total), total);
        }
        haywire_publisher_put(
            camera->publisher, camera->category, first + i, HAYWIRE_KIND_CAMERA,
            camera->passes, camera->staged[i].payload, camera->staged[i].used);
    }
}
