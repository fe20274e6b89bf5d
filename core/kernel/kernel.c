/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The provider: which kernel is shown, whether it runs, and what it tells.
 */

#include "haywire/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alive.h"
#include "check_witnesses.h"
#include "haywire/clock.h"
#include "locate.h"
#include "process.h"
#include "provider.h"
#include "sections.h"

/* A list that was being changed is walked again at once. */
#define TRIES_MAX 8

/* For each process, beyond the walk; honest ones take a third. */
#define PROCESS_READS 4000
#define PROCESS_PAGES 60

/* A kernel that stands still for so long may have another one beside it. */
#define SEARCH_AGAIN_NS UINT64_C(10000000000)
/* Where there is none, searching takes no more than this part of the time. */
#define SEARCH_SHARE 20
/* Looks without a list until it is taken for gone. */
#define LOST_LOOKS 3

struct HaywireKernel {
    HaywireGuest guest;
    HaywireLocate locate;
    HaywireAlive alive[HAYWIRE_KERNELS_MAX];
    size_t shown; /* of locate.view[]; that of the newest look */
    bool has_list;
    int lost; /* looks in a row that had no list */
    bool searched;
    uint64_t look_ns;    /* when the newest look began */
    uint64_t search_ns;  /* when memory was last searched */
    uint64_t cost_ns;    /* how long that took */
    HaywireVector tasks; /* of HaywireTask: of the one that is shown */
    HaywireProcessTexts texts;
    uint64_t checked_ns; /* when it had gone on, as the last check saw it */
    uint32_t wanted;     /* pid whose sections are told; 0: none */
    HaywirePaths paths;
};

HaywireStatus haywire_kernel_new(HaywireMemory *memory,
                                 HaywireKernel **ret_kernel)
{
    HaywireKernel *kernel = calloc(1, sizeof(*kernel));

    if (!kernel) {
        return HAYWIRE_NO_MEMORY;
    }
    kernel->guest.memory = memory;
    kernel->locate.guest = &kernel->guest;
    haywire_vector_init(&kernel->tasks, sizeof(HaywireTask), HAYWIRE_TASKS_MAX);
    *ret_kernel = kernel;
    return HAYWIRE_OK;
}

void haywire_kernel_reset(HaywireKernel *kernel)
{
    for (size_t i = 0; i < HAYWIRE_KERNELS_MAX; i++) {
        haywire_alive_clear(&kernel->alive[i]);
    }
    haywire_vector_clear(&kernel->tasks);
    haywire_paths_clear(&kernel->paths);
    kernel->locate.count = 0;
    kernel->shown = 0;
    kernel->searched = false;
    kernel->has_list = false;
}

void haywire_kernel_destroy(HaywireKernel *kernel)
{
    if (kernel) {
        haywire_kernel_reset(kernel);
        free(kernel);
    }
}

void haywire_kernel_set_progress(HaywireKernel *kernel,
                                 HaywireKernelProgress progress, void *opaque)
{
    kernel->locate.progress = progress;
    kernel->locate.progress_opaque = opaque;
}

const HaywireKernelFinding *haywire_kernel_finding(const HaywireKernel *kernel)
{
    return &kernel->locate.finding;
}

size_t haywire_kernel_count(const HaywireKernel *kernel)
{
    return kernel->locate.count;
}

void haywire_kernel_explain(const HaywireKernel *kernel, char *to, size_t room)
{
    const HaywireKernelFinding *finding = &kernel->locate.finding;

    if (finding->notes == 0 && finding->types == 0) {
        snprintf(to, room,
                 "No Linux kernel in this memory: neither a kernel's note "
                 "(vmcoreinfo) nor its type information (BTF) was found: "
                 "another system, or encrypted memory");
    } else if (finding->notes == 0) {
        snprintf(to, room,
                 "Type information (BTF) of a kernel, but no first task that "
                 "a page table maps: a leftover, or one for neither x86-64 "
                 "nor arm64");
    } else if (finding->other_machine && finding->tables == 0) {
        snprintf(
            to, room,
            "The kernel %s is one for neither x86-64 nor arm64: others are "
            "not read",
            finding->release);
    } else if (finding->tables == 0) {
        snprintf(to, room,
                 "Only a leftover of the kernel %s: its page table is not "
                 "there any more",
                 finding->release);
    } else if (finding->missing) {
        snprintf(to, room, "The kernel %s has no member %s in its types",
                 finding->release, finding->missing);
    } else if (finding->types == 0) {
        snprintf(to, room,
                 "The kernel %s does not describe its types (no BTF in it: "
                 "CONFIG_DEBUG_INFO_BTF)",
                 finding->release);
    } else {
        snprintf(to, room,
                 "The kernel %s has no list of processes that is whole",
                 finding->release);
    }
}

/* Walk the list of one kernel, again while it is being changed. */
static HaywireStatus walk(HaywireKernel *kernel, size_t number,
                          HaywireVector *tasks)
{
    HaywireKernelView *view = &kernel->locate.view[number];
    HaywireStatus status = HAYWIRE_PAGE_BUSY;

    kernel->guest.layout = view->layout;
    for (int i = 0; i < TRIES_MAX && status == HAYWIRE_PAGE_BUSY; i++) {
        haywire_guest_begin(&kernel->guest);
        status = haywire_tasks_walk(view, tasks);
    }
    return status;
}

/* Which one to show: one that moves; else the one that was shown. */
static size_t choose(const HaywireKernel *kernel)
{
    size_t chosen = kernel->shown;

    for (size_t i = 0; i < kernel->locate.count; i++) {
        if (kernel->alive[i].moved_ns > kernel->alive[chosen].moved_ns) {
            chosen = i;
        }
    }
    return chosen;
}

/* See which of all kernels move. */
static HaywireStatus look_at_all(HaywireKernel *kernel, uint64_t now_ns)
{
    HaywireStatus status = HAYWIRE_OK;

    for (size_t i = 0; i < kernel->locate.count; i++) {
        status = walk(kernel, i, &kernel->tasks);
        if (status == HAYWIRE_OK) {
            status =
                haywire_alive_look(&kernel->alive[i], &kernel->locate.view[i],
                                   &kernel->tasks, now_ns);
        }
        if (status == HAYWIRE_NO_MEMORY) {
            return status;
        }
    }
    kernel->shown = choose(kernel);
    /* The last one that was walked is in the copies. */
    return kernel->shown + 1 == kernel->locate.count
               ? status
               : walk(kernel, kernel->shown, &kernel->tasks);
}

static bool is_same(const HaywireKernelView *a, const HaywireKernelView *b)
{
    return a->table.root.value == b->table.root.value &&
           a->init_task == b->init_task && a->offset == b->offset;
}

/* What was known of those that are found once more stays. */
static void keep_evidence(HaywireKernel *kernel, HaywireAlive *before,
                          const HaywireLocate *old)
{
    for (size_t i = 0; i < kernel->locate.count; i++) {
        for (size_t j = 0; j < old->count; j++) {
            if (is_same(&kernel->locate.view[i], &old->view[j])) {
                kernel->alive[i] = before[j];
                before[j] = (HaywireAlive){ 0 };
                break;
            }
        }
    }
}

static HaywireStatus find(HaywireKernel *kernel, uint64_t now_ns)
{
    HaywireAlive before[HAYWIRE_KERNELS_MAX];
    HaywireLocate old = kernel->locate;
    HaywireStatus status;

    memcpy(before, kernel->alive, sizeof(before));
    memset(kernel->alive, 0, sizeof(kernel->alive));
    kernel->shown = 0;
    kernel->lost = 0;
    kernel->searched = true;
    kernel->search_ns = now_ns;
    kernel->cost_ns = haywire_clock_ns(CLOCK_MONOTONIC);
    status = haywire_locate(&kernel->locate);
    kernel->cost_ns = haywire_clock_ns(CLOCK_MONOTONIC) - kernel->cost_ns;
    keep_evidence(kernel, before, &old);
    for (size_t i = 0; i < HAYWIRE_KERNELS_MAX; i++) {
        haywire_alive_clear(&before[i]);
    }
    return status == HAYWIRE_OK && kernel->locate.count == 0 ? HAYWIRE_NOT_FOUND
                                                             : status;
}

static bool wants_search(const HaywireKernel *kernel, uint64_t now_ns)
{
    uint64_t passed = now_ns - kernel->search_ns;

    if (!kernel->searched) {
        return true;
    }
    if (kernel->locate.count == 0) {
        return passed / SEARCH_SHARE >= kernel->cost_ns;
    }
    return kernel->lost >= LOST_LOOKS ||
           (passed >= SEARCH_AGAIN_NS &&
            haywire_kernel_state(kernel, now_ns, false) == HAYWIRE_STATE_STALE);
}

HaywireStatus haywire_kernel_look(HaywireKernel *kernel, uint64_t now_ns)
{
    HaywireStatus status = HAYWIRE_OK;

    kernel->look_ns = now_ns;
    haywire_paths_clear(&kernel->paths);
    if (wants_search(kernel, now_ns)) {
        status = find(kernel, now_ns);
        now_ns += kernel->cost_ns; /* what is seen next is seen then */
    } else if (kernel->locate.count == 0) {
        status = HAYWIRE_NOT_FOUND;
    }
    if (status == HAYWIRE_OK) {
        status = look_at_all(kernel, now_ns);
    }
    kernel->has_list = status == HAYWIRE_OK;
    kernel->lost = kernel->has_list ? 0 : kernel->lost + 1;
    return status;
}

/* What was found in a search may be later than the look that it belongs to. */
static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

HaywireState haywire_kernel_state(const HaywireKernel *kernel, uint64_t now_ns,
                                  bool still)
{
    const HaywireAlive *alive = &kernel->alive[kernel->shown];

    if (kernel->locate.count == 0) {
        return HAYWIRE_STATE_SEARCHING;
    }
    if (still) {
        return HAYWIRE_STATE_STALE;
    }
    if (alive->moved_ns && since(now_ns, alive->moved_ns) < HAYWIRE_ALIVE_NS) {
        return HAYWIRE_STATE_LIVE;
    }
    return since(now_ns, alive->first_ns) < HAYWIRE_ALIVE_NS
               ? HAYWIRE_STATE_SEARCHING
               : HAYWIRE_STATE_STALE;
}

/* What the newest look did not know is shown so, though it be known by now. */
uint64_t haywire_kernel_wait(const HaywireKernel *kernel, uint64_t now_ns)
{
    uint64_t shown_ns = kernel->look_ns < now_ns ? kernel->look_ns : now_ns;

    return haywire_kernel_state(kernel, shown_ns, false) ==
                       HAYWIRE_STATE_SEARCHING &&
                   kernel->locate.count > 0
               ? HAYWIRE_ALIVE_STEP_NS
               : 0;
}

const HaywireLayout *haywire_kernel_layout(const HaywireKernel *kernel)
{
    return kernel->locate.count > 0 ? &kernel->locate.view[kernel->shown].layout
                                    : NULL;
}

void haywire_kernel_machine(const HaywireKernel *kernel, uint32_t *ret_arch,
                            uint32_t *ret_page_size)
{
    const HaywireKernelView *view = &kernel->locate.view[kernel->shown];
    bool known = kernel->locate.count > 0;

    *ret_arch = known ? view->table.format->arch : 0;
    *ret_page_size = known ? (uint32_t)haywire_view_page(view) : 0;
}

void haywire_kernel_want(HaywireKernel *kernel, uint32_t pid)
{
    kernel->wanted = pid;
}

static void tell_basics(HaywireKernel *kernel, HaywireKernelView *view,
                        HaywireBuilder *builder)
{
    const HaywireTask *task = kernel->tasks.data;
    char name[128];

    for (size_t i = 0; i < kernel->tasks.count && !builder->no_memory; i++) {
        HaywireProcess process;
        HaywireString text;

        haywire_guest_allow(&kernel->guest, PROCESS_READS, PROCESS_PAGES);
        if (haywire_process_basics(view, &task[i], &process, name, sizeof(name),
                                   &text)) {
            (void)haywire_builder_add_process(builder, &process, text);
        }
    }
}

static void tell_texts(HaywireBuilder *builder, HaywireProcess *process,
                       const HaywireProcessTexts *texts)
{
    if (texts->has_exe) {
        process->exe = haywire_builder_text(
            builder, haywire_path_text(&texts->exe), &process->exe_truncated);
    }
    process->cmdline = haywire_builder_arguments(
        builder, (HaywireString){ texts->arguments, texts->arguments_length },
        &process->cmdline_truncated);
    haywire_builder_add_fields(builder, process, texts->known, texts->number,
                               (HaywireString){ NULL, 0 });
}

static void tell_details(HaywireKernel *kernel, HaywireKernelView *view,
                         HaywireBuilder *builder)
{
    const HaywireTask *task = kernel->tasks.data;

    for (size_t i = 0; i < kernel->tasks.count && !builder->no_memory; i++) {
        uint64_t start = haywire_view_ask(view, task[i].address, M_TASK_START);
        HaywireProcess *process = haywire_builder_process(
            builder, task[i].pid, haywire_process_start(start));

        if (process) {
            haywire_process_details(view, &task[i], process, &kernel->texts);
            tell_texts(builder, process, &kernel->texts);
        }
    }
}

static void tell_wanted(HaywireKernel *kernel, HaywireKernelView *view,
                        HaywireBuilder *builder)
{
    const HaywireTask *task = kernel->tasks.data;

    for (size_t i = 0; i < kernel->tasks.count && kernel->wanted; i++) {
        uint64_t start = haywire_view_ask(view, task[i].address, M_TASK_START);
        const HaywireProcess *process = haywire_builder_process(
            builder, task[i].pid, haywire_process_start(start));

        if (process && task[i].pid == kernel->wanted) {
            haywire_sections_tell(view, &task[i], process, &kernel->paths,
                                  builder);
            return;
        }
    }
}

static void tell_names(HaywireKernelView *view, HaywireBuilder *builder)
{
    HaywireOverview *overview = &builder->told->overview;
    HaywireMember host = haywire_member(view, M_UTS_HOST_NAME);
    char name[HAYWIRE_RELEASE_SIZE];
    size_t length;
    bool cut = false;

    overview->kernel_release =
        haywire_builder_text(builder,
                             (HaywireString){ (const uint8_t *)view->release,
                                              strlen(view->release) },
                             &cut);
    if (view->uts != 0 && host.known) {
        length = haywire_view_text(view, view->uts + host.offset, name,
                                   sizeof(name));
        overview->host_name = haywire_builder_text(
            builder, (HaywireString){ (const uint8_t *)name, length }, &cut);
    }
}

void haywire_kernel_tell(HaywireKernel *kernel, HaywireBuilder *builder)
{
    HaywireKernelView *view = &kernel->locate.view[kernel->shown];

    if (!kernel->has_list) {
        return;
    }
    builder->told->overview.processes = kernel->tasks.count;
    haywire_builder_begin(builder, HAYWIRE_BUILDER_TABLE);
    (void)haywire_builder_begin_table(builder, kernel->tasks.count);
    tell_basics(kernel, view, builder);
    haywire_builder_end_table(builder, true);
    haywire_builder_begin(builder, HAYWIRE_BUILDER_FACTS);
    tell_names(view, builder);
    haywire_builder_begin(builder, HAYWIRE_BUILDER_REST);
    tell_details(kernel, view, builder);
    tell_wanted(kernel, view, builder);
}

/* A kernel that stands still shows the same moment again. */
HaywireStatus haywire_kernel_check(HaywireKernel *kernel, uint64_t now_ns,
                                   bool still, HaywireCheck *check)
{
    uint64_t moved_ns = kernel->alive[kernel->shown].moved_ns;
    uint16_t heard = 0;
    HaywireStatus status = HAYWIRE_OK;

    if (kernel->has_list) {
        status = haywire_check_ask(&kernel->locate.view[kernel->shown], check,
                                   &heard);
    }
    if (status == HAYWIRE_OK) {
        haywire_check_heard(check, heard,
                            moved_ns > kernel->checked_ns ||
                                haywire_kernel_state(kernel, now_ns, still) ==
                                    HAYWIRE_STATE_STALE);
        kernel->checked_ns = moved_ns;
    }
    return status;
}

HaywireKernelView *haywire_kernel_view(HaywireKernel *kernel)
{
    return kernel->has_list ? &kernel->locate.view[kernel->shown] : NULL;
}

uint64_t haywire_kernel_task(HaywireKernel *kernel, uint32_t pid)
{
    const HaywireTask *task = kernel->tasks.data;

    for (size_t i = 0; i < kernel->tasks.count && kernel->has_list; i++) {
        if (task[i].pid == pid) {
            return task[i].address;
        }
    }
    return 0;
}
