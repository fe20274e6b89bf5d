/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A finished model: references, and looking things up.
 */

#include "model_private.h"

#include <stdlib.h>

/* The model is the first member of what holds it. */
static HaywireModelData *data_of(HaywireModel *model)
{
    return (HaywireModelData *)model;
}

static const HaywireModelData *const_data_of(const HaywireModel *model)
{
    return (const HaywireModelData *)model;
}

HaywireModel *haywire_model_ref(HaywireModel *model)
{
    atomic_fetch_add_explicit(&data_of(model)->references, 1,
                              memory_order_relaxed);
    return model;
}

static void unref_content(HaywireContent *content)
{
    if (content && atomic_fetch_sub_explicit(&content->references, 1,
                                             memory_order_acq_rel) == 1) {
        haywire_arena_clear(&content->arena);
        free(content);
    }
}

void haywire_model_unref(HaywireModel *model)
{
    if (model && atomic_fetch_sub_explicit(&data_of(model)->references, 1,
                                           memory_order_acq_rel) == 1) {
        unref_content(data_of(model)->content);
        free(data_of(model));
    }
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

/*
 * A guest that publishes cameras only has no table; then a camera's word on
 * which process it holds is all there is.
 */
static HaywireStatus check_process(const HaywireModel *model, uint32_t pid,
                                   const HaywireProcess **ret_process)
{
    if (!model->overview.has_session) {
        return HAYWIRE_NO_SESSION;
    }
    *ret_process = haywire_model_process(model, pid);
    return *ret_process || model->process_count == 0 ? HAYWIRE_OK
                                                     : HAYWIRE_NO_PROCESS;
}

/* The newest pass of this very process (@process NULL: of this pid). */
static const HaywirePass *find_pass(const HaywireContent *content,
                                    const HaywireProcess *process, uint32_t pid)
{
    const HaywirePass *best = NULL;

    for (size_t i = 0; i < 2; i++) {
        const HaywirePass *pass = &content->pass[i];

        if (pass->valid && pass->sections.pid == pid &&
            (!process || pass->sections.start_time == process->start_time) &&
            (!best || pass->finished_ns > best->finished_ns)) {
            best = pass;
        }
    }
    return best;
}

static const HaywireSectionList *find_list(const HaywireContent *content,
                                           uint32_t pid)
{
    size_t low = 0, high = content->list_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (content->list[middle].pid == pid) {
            return &content->list[middle];
        }
        if (content->list[middle].pid < pid) {
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
    const HaywireContent *content = const_data_of(model)->content;
    const HaywireSectionList *list;
    const HaywireProcess *process;
    const HaywirePass *pass;
    HaywireStatus status = check_process(model, pid, &process);

    if (status != HAYWIRE_OK) {
        return status;
    }
    pass = find_pass(content, process, pid);
    list = process ? find_list(content, pid) : NULL;
    /* A pass that lacks something gives way to a list that does not. */
    if (pass && (!list || pass->sections.complete || !list->complete)) {
        *ret_list = pass->sections;
    } else if (list) {
        *ret_list = *list;
    } else {
        return process ? HAYWIRE_NO_SECTIONS : HAYWIRE_NO_PROCESS;
    }
    return HAYWIRE_OK;
}

static HaywireStatus page_runs(const HaywireModel *model, uint32_t pid,
                               const HaywirePass **ret_pass)
{
    const HaywireProcess *process;
    HaywireStatus status = check_process(model, pid, &process);

    if (status != HAYWIRE_OK) {
        return status;
    }
    *ret_pass = find_pass(const_data_of(model)->content, process, pid);
    if (*ret_pass) {
        return HAYWIRE_OK;
    }
    return process ? HAYWIRE_NO_CAMERA : HAYWIRE_NO_PROCESS;
}

HaywireStatus haywire_model_page_runs(const HaywireModel *model, uint32_t pid,
                                      HaywirePageRunList *ret_list)
{
    const HaywirePass *pass;
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
static HaywireStatus why_no_run(const HaywirePass *pass)
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
    const HaywirePass *pass;
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
    if (run->flags & (HAYWIRE_RUN_PFN_KNOWN | HAYWIRE_RUN_SWAPPED)) {
        part.value += from - first;
    }
    *ret_part = part;
    return true;
}
