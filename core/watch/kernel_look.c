/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at the guest's kernel: see kernel_look.h.
 */

#include "kernel_look.h"

#include <string.h>

#include "haywire/clock.h"

/* Of the time, what looks take of it at most. */
#define LOOK_SHARE 20

/* After so long without need its memory is given back. */
#define REST_NS UINT64_C(60000000000)

/* A search that has taken longer gives way to somebody who rings. */
#define SEARCH_PATIENCE_NS UINT64_C(1000000000)

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

static uint64_t rings(const HaywireKernelLook *look)
{
    return atomic_load_explicit(look->rings, memory_order_relaxed);
}

/* Whoever rings has a companion, and it is looked at in this thread, too. */
static bool goes_on(void *opaque, uint64_t done, uint64_t total)
{
    const HaywireKernelLook *look = opaque;

    if (rings(look) != look->rings_then &&
        since(haywire_clock_ns(CLOCK_MONOTONIC), look->search_ns) >
            SEARCH_PATIENCE_NS) {
        return false;
    }
    return !look->progress ||
           look->progress(look->progress_opaque, done, total);
}

static HaywireStatus wake(HaywireKernelLook *look, HaywireMemory *memory)
{
    HaywireStatus status;

    if (look->kernel) {
        return HAYWIRE_OK;
    }
    status = haywire_kernel_new(memory, &look->kernel);
    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_kernel_set_progress(look->kernel, goes_on, look);
    for (size_t i = 0; i < HAYWIRE_KERNEL_WANTED; i++) {
        haywire_kernel_want(look->kernel, i, look->wanted[i]);
    }
    look->cost_ns = 0;
    return HAYWIRE_OK;
}

/* What is known of companions, and of looking for them, is true here as well. */
static HaywireOverview describe(const HaywireKernelLook *look,
                                const HaywireKernelNeeds *needs, HaywireNow now)
{
    HaywireOverview overview = {
        .state = haywire_kernel_state(look->kernel, now.now_ns, now.still),
        .has_guest = look->found,
        .source = HAYWIRE_PROVIDER_KERNEL,
        .os = HAYWIRE_OS_LINUX,
        .cost.time = since(now.host_ns, needs->began_ns),
    };

    haywire_kernel_machine(look->kernel, &overview.arch, &overview.page_size);
    if (overview.state == HAYWIRE_STATE_LIVE && now.paused) {
        overview.state = HAYWIRE_STATE_PAUSED;
    }
    if (needs->seen) {
        overview.sessions = needs->seen->sessions;
        overview.has_scan = needs->seen->has_scan;
        overview.scan_age = needs->seen->scan_age;
        overview.scan_duration = needs->seen->scan_duration;
        overview.scan_pages = needs->seen->scan_pages;
        overview.residency = needs->seen->residency;
        overview.residency_why = needs->seen->residency_why;
    }
    return overview;
}

/* @again: the newest model's content, at this moment. */
static HaywireStatus make_model(HaywireKernelLook *look,
                                const HaywireKernelNeeds *needs, HaywireNow now,
                                bool again)
{
    HaywireOverview overview = describe(look, needs, now);
    HaywireMoment moment = {
        .overview = &overview,
        .layout = haywire_kernel_layout(look->kernel),
        .host = needs->host,
    };
    HaywireBuilder builder;
    HaywireModel *model;
    HaywireStatus status;

    if (again) {
        status = haywire_model_renew(look->model, &moment, &model);
    } else {
        status =
            haywire_builder_init(&builder, needs->shares, NULL, needs->host);
        if (status == HAYWIRE_OK) {
            haywire_kernel_tell(look->kernel, &builder);
            status = haywire_builder_finish(&builder, &moment, &model);
        }
    }
    if (status == HAYWIRE_OK) {
        haywire_model_unref(look->model);
        look->model = model;
    }
    return status;
}

/* What cannot be had whole is not shown. */
static HaywireStatus look_anew(HaywireKernelLook *look,
                               const HaywireKernelNeeds *needs, HaywireNow now)
{
    HaywireStatus status;

    look->looked_ns = now.host_ns;
    look->search_ns = haywire_clock_ns(CLOCK_MONOTONIC);
    look->rings_then = rings(look);
    status = haywire_kernel_look(look->kernel, now.now_ns, now.host_ns);
    if (status != HAYWIRE_OK && status != HAYWIRE_NOT_FOUND &&
        status != HAYWIRE_PAGE_BUSY && status != HAYWIRE_LIMIT) {
        return status;
    }
    look->found = status == HAYWIRE_OK;
    look->wants_more = false;
    status = haywire_memory_check(needs->memory);
    return status == HAYWIRE_OK ? make_model(look, needs, now, false) : status;
}

/* Until the next look may begin. */
static uint64_t pause_left(const HaywireKernelLook *look, HaywireNow now)
{
    return since(look->cost_ns * LOOK_SHARE,
                 since(now.host_ns, look->looked_ns));
}

uint64_t haywire_kernel_look_wait(const HaywireKernelLook *look, HaywireNow now)
{
    return look->model && look->wants_more ? pause_left(look, now) + 1 : 0;
}

HaywireStatus haywire_kernel_look_on(HaywireKernelLook *look,
                                     const HaywireKernelNeeds *needs,
                                     HaywireNow now)
{
    uint64_t started = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID), searched;
    HaywireStatus status = wake(look, needs->memory);

    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_kernel_set_notes_only(look->kernel, needs->notes_only);
    look->needed_ns = now.host_ns;
    if (needs->frugal && look->model && pause_left(look, now) > 0) {
        status = make_model(look, needs, now, true);
        look->spent_ns = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started;
        return status;
    }
    searched = haywire_kernel_search_time(look->kernel);
    status = look_anew(look, needs, now);
    look->spent_ns = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started;
    searched = haywire_kernel_search_time(look->kernel) - searched;
    look->cost_ns = since(look->spent_ns, searched);
    return status;
}

void haywire_kernel_look_rest(HaywireKernelLook *look, HaywireNow now)
{
    haywire_model_unref(look->model);
    look->model = NULL;
    look->found = false;
    if (look->kernel && since(now.host_ns, look->needed_ns) > REST_NS) {
        haywire_kernel_destroy(look->kernel);
        look->kernel = NULL;
    }
}

void haywire_kernel_look_want(HaywireKernelLook *look, size_t place,
                              uint32_t pid)
{
    look->wants_more |= pid != 0 && pid != look->wanted[place];
    look->wanted[place] = pid;
    if (look->kernel) {
        haywire_kernel_want(look->kernel, place, pid);
    }
}

void haywire_kernel_look_reset(HaywireKernelLook *look)
{
    haywire_model_unref(look->model);
    look->model = NULL;
    look->found = false;
    if (look->kernel) {
        haywire_kernel_reset(look->kernel);
    }
}

void haywire_kernel_look_clear(HaywireKernelLook *look)
{
    haywire_kernel_look_reset(look);
    haywire_kernel_destroy(look->kernel);
    look->kernel = NULL;
}
