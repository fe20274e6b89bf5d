/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finished model: references, and looking things up.
 */

#include <stdlib.h>

#include "content.h"

/* What a HaywireModel pointer points into. */
typedef struct ModelData {
    HaywireModel model; /* first: what others see */
    atomic_uint references;
    HaywireContent *content;
} ModelData;

static ModelData *data_of(HaywireModel *model)
{
    return (ModelData *)model;
}

const HaywireContent *haywire_content_of(const HaywireModel *model)
{
    return ((const ModelData *)model)->content;
}

HaywireContent *haywire_content_new(void)
{
    HaywireContent *content = calloc(1, sizeof(*content));

    if (content) {
        HaywireModel *told = &content->told;

        atomic_init(&content->references, 1);
        told->overview.companion_version = "";
        told->overview.boot_id = "";
        told->overview.kernel_release = "";
        told->overview.host_name = "";
        told->manifest.kernel_version = "";
        told->manifest.kernel_cmdline = "";
        told->manifest.vmcoreinfo_text = "";
        told->camera[0].camera = 1;
        told->camera[1].camera = 2;
    }
    return content;
}

static void unref_lists(HaywireLists *lists)
{
    if (lists && atomic_fetch_sub_explicit(&lists->references, 1,
                                           memory_order_acq_rel) == 1) {
        haywire_arena_clear(&lists->arena);
        free(lists);
    }
}

void haywire_content_unref(HaywireContent *content)
{
    if (content && atomic_fetch_sub_explicit(&content->references, 1,
                                             memory_order_acq_rel) == 1) {
        unref_lists(content->lists);
        haywire_arena_clear(&content->arena);
        free(content);
    }
}

HaywireModel *haywire_model_ref(HaywireModel *model)
{
    atomic_fetch_add_explicit(&data_of(model)->references, 1,
                              memory_order_relaxed);
    return model;
}

void haywire_model_unref(HaywireModel *model)
{
    if (model && atomic_fetch_sub_explicit(&data_of(model)->references, 1,
                                           memory_order_acq_rel) == 1) {
        haywire_content_unref(data_of(model)->content);
        free(data_of(model));
    }
}

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

/* The moment's overview, with what the content yields. */
static void set_overview(HaywireModel *model, const HaywireOverview *moment)
{
    const HaywireOverview told = model->overview;
    HaywireOverview *overview = &model->overview;

    *overview = *moment;
    overview->companion_version = told.companion_version;
    overview->boot_id = told.boot_id;
    overview->kernel_release = told.kernel_release;
    overview->host_name = told.host_name;
    overview->has_table = told.processes > 0;
    overview->processes = told.processes;
    overview->processes_missing = told.processes_missing;
    overview->snapshot_generation = told.snapshot_generation;
    overview->snapshot_time = told.snapshot_time;
    if (model->layout.count > 0) {
        overview->ram_missing = haywire_layout_missing(
            &model->layout, model->manifest.ram, model->manifest.ram_count);
    }
}

/*
 * The companion's times are the guest's word: a start after the newest beat is
 * a lie.
 */
static void set_cost(HaywireModel *model, const HaywireMoment *moment)
{
    const HaywireHostCounters *host = moment->host;
    HaywireCost *cost = &model->overview.cost;

    cost->cpu_time = host->cpu_time;
    cost->refreshes = host->refreshes;
    cost->scans = host->scans;
    cost->scan_time = host->scan_time;
    cost->pages_scanned = host->pages_scanned;
    cost->pages_read = host->pages_read;
    cost->bytes_decoded = host->bytes_decoded;
    if (model->guest.valid) {
        cost->companion_known = true;
        cost->companion_time = since(moment->beat_ns, moment->started_ns);
        cost->companion_cpu_time =
            model->guest.counter[HAYWIRE_COUNTER_CPU_TIME];
    }
}

HaywireStatus haywire_content_model(HaywireContent *content,
                                    const HaywireMoment *moment,
                                    HaywireModel **ret_model)
{
    ModelData *data = malloc(sizeof(*data));
    HaywireModel *model = &data->model;

    if (!data) {
        return HAYWIRE_NO_MEMORY;
    }
    atomic_init(&data->references, 1);
    data->content = content;
    *model = content->told;
    model->host = *moment->host;
    if (moment->layout) {
        model->layout = *moment->layout;
    }
    set_overview(model, moment->overview);
    set_cost(model, moment);
    for (size_t i = 0; i < 2; i++) {
        if (model->camera[i].pass > 0) {
            model->camera[i].age =
                since(moment->beat_ns, model->camera[i].pass_finished);
        }
    }
    *ret_model = model;
    return HAYWIRE_OK;
}

HaywireStatus haywire_model_renew(HaywireModel *last,
                                  const HaywireMoment *moment,
                                  HaywireModel **ret_model)
{
    HaywireContent *content = data_of(last)->content;
    HaywireStatus status = haywire_content_model(content, moment, ret_model);

    if (status == HAYWIRE_OK) {
        atomic_fetch_add_explicit(&content->references, 1,
                                  memory_order_relaxed);
    }
    return status;
}

const HaywireProcess *haywire_process_find(const HaywireProcess *process,
                                           size_t count, uint32_t pid)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (process[middle].pid == pid) {
            return &process[middle];
        }
        if (process[middle].pid < pid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const HaywireProcess *haywire_model_process(const HaywireModel *model,
                                            uint32_t pid)
{
    return haywire_process_find(model->process, model->process_count, pid);
}

HaywireStatus haywire_overview_absent(const HaywireOverview *overview)
{
    return overview->processes_missing ? HAYWIRE_NOT_SHOWN : HAYWIRE_NO_PROCESS;
}

/*
 * A guest that publishes cameras only has no table, and one with very many
 * processes has not all there; then a camera's word on which process it holds
 * is all there is.
 */
static HaywireStatus check_process(const HaywireModel *model, uint32_t pid,
                                   const HaywireProcess **ret_process)
{
    if (!model->overview.has_guest) {
        return HAYWIRE_NO_SESSION;
    }
    *ret_process = haywire_model_process(model, pid);
    return *ret_process || model->process_count == 0 ||
                   model->overview.processes_missing
               ? HAYWIRE_OK
               : HAYWIRE_NO_PROCESS;
}

/* The newest pass of this very process (@process NULL: of this pid). */
static const HaywireCameraPass *find_pass(const HaywireModel *model,
                                          const HaywireProcess *process,
                                          uint32_t pid)
{
    const HaywireContent *content = haywire_content_of(model);
    const HaywireCameraPass *best = NULL;
    uint64_t finished = 0;

    for (size_t i = 0; i < 2; i++) {
        const HaywireCameraPass *pass = &content->pass[i];

        if (pass->valid && pass->sections.pid == pid &&
            (!process || pass->sections.start_time == process->start_time) &&
            (!best || model->camera[i].pass_finished > finished)) {
            best = pass;
            finished = model->camera[i].pass_finished;
        }
    }
    return best;
}

static const HaywireSectionList *find_list(const HaywireLists *lists,
                                           const HaywireProcess *process)
{
    size_t low = 0, high = lists ? lists->count : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const HaywireSectionList *list = &lists->list[middle];

        if (list->pid == process->pid &&
            list->start_time == process->start_time) {
            return list;
        }
        if (list->pid < process->pid ||
            (list->pid == process->pid &&
             list->start_time < process->start_time)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

HaywireStatus haywire_model_sections(const HaywireModel *model, uint32_t pid,
                                     HaywireSectionList *ret_list)
{
    const HaywireContent *content = haywire_content_of(model);
    const HaywireSectionList *list;
    const HaywireProcess *process;
    const HaywireCameraPass *pass;
    HaywireStatus status = check_process(model, pid, &process);

    if (status != HAYWIRE_OK) {
        return status;
    }
    pass = find_pass(model, process, pid);
    list = process ? find_list(content->lists, process) : NULL;
    /* A pass that lacks something gives way to a list that does not. */
    if (pass && (!list || pass->sections.complete || !list->complete)) {
        *ret_list = pass->sections;
    } else if (list) {
        *ret_list = *list;
    } else {
        return process ? HAYWIRE_NO_SECTIONS
                       : haywire_overview_absent(&model->overview);
    }
    return HAYWIRE_OK;
}

static HaywireStatus page_runs(const HaywireModel *model, uint32_t pid,
                               const HaywireCameraPass **ret_pass)
{
    const HaywireProcess *process;
    HaywireStatus status = check_process(model, pid, &process);

    if (status != HAYWIRE_OK) {
        return status;
    }
    *ret_pass = find_pass(model, process, pid);
    if (*ret_pass) {
        return HAYWIRE_OK;
    }
    return process ? HAYWIRE_NO_CAMERA
                   : haywire_overview_absent(&model->overview);
}

HaywireStatus haywire_model_page_runs(const HaywireModel *model, uint32_t pid,
                                      HaywirePageRunList *ret_list)
{
    const HaywireCameraPass *pass;
    HaywireStatus status = page_runs(model, pid, &pass);

    if (status == HAYWIRE_OK) {
        *ret_list = pass->runs;
    }
    return status;
}

/* The run that holds @address, or NULL. */
static const HaywirePageRun *find_run(const HaywirePageRunList *list,
                                      uint64_t address)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const HaywirePageRun *run = &list->run[middle];

        if (address < run->gva.value) {
            high = middle;
        } else if ((address - run->gva.value) >> HAYWIRE_PAGE_SHIFT >=
                   run->pages) {
            low = middle + 1;
        } else {
            return run;
        }
    }
    return NULL;
}

static HaywireGpa run_gpa(const HaywirePageRun *run, uint64_t address)
{
    uint64_t offset = address - run->gva.value;

    return (HaywireGpa){ (run->value << HAYWIRE_PAGE_SHIFT) + offset };
}

/* No run holds the address: is that so, or do we only not see it? */
static HaywireStatus why_no_run(const HaywireCameraPass *pass)
{
    if (!pass->page_table_readable) {
        return HAYWIRE_NO_PFN;
    }
    return pass->runs.complete ? HAYWIRE_NOT_PRESENT : HAYWIRE_NOT_HELD;
}

HaywireStatus haywire_model_translate(const HaywireModel *model, uint32_t pid,
                                      HaywireGva address,
                                      HaywireTranslation *ret_translation)
{
    const HaywireCameraPass *pass;
    const HaywirePageRun *run;
    HaywireStatus status = page_runs(model, pid, &pass);

    if (status != HAYWIRE_OK) {
        return status;
    }
    run = find_run(&pass->runs, address.value);
    if (!run) {
        return why_no_run(pass);
    }
    if (!(run->flags & HAYWIRE_RUN_PRESENT)) {
        return HAYWIRE_NOT_PRESENT;
    }
    if (!(run->flags & HAYWIRE_RUN_PFN_KNOWN)) {
        return HAYWIRE_NO_PFN;
    }
    *ret_translation = (HaywireTranslation){
        .pid = pid,
        .address = address,
        .gpa = run_gpa(run, address.value),
        .page_size = run->page_shift ? UINT64_C(1) << run->page_shift : 0,
        .source = pass->runs.source,
        .generation = pass->runs.generation,
    };
    return HAYWIRE_OK;
}

bool haywire_page_run_clip(const HaywirePageRun *run, HaywireGva start,
                           uint64_t length, HaywirePageRun *ret_part)
{
    uint64_t first = run->gva.value >> HAYWIRE_PAGE_SHIFT;
    uint64_t last = first + run->pages - 1;
    uint64_t from = start.value >> HAYWIRE_PAGE_SHIFT;
    uint64_t end = length == 0 || length - 1 > UINT64_MAX - start.value
                       ? UINT64_MAX
                       : start.value + (length - 1);
    uint64_t to = end >> HAYWIRE_PAGE_SHIFT;
    HaywirePageRun part = *run;

    if (from > last || to < first) {
        return false;
    }
    from = from > first ? from : first;
    to = to < last ? to : last;
    part.gva.value = from << HAYWIRE_PAGE_SHIFT;
    part.pages = (uint32_t)(to - from + 1);
    if (run->flags & HAYWIRE_RUN_PFN_KNOWN) {
        part.value += from - first;
    }
    *ret_part = part;
    return true;
}
