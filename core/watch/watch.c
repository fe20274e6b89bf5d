/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look after the other.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/clock.h"
#include "haywire/watch.h"
#include "pace.h"

struct HaywireWatch {
    HaywireMemory *memory;
    HaywireReader *beacons;
    HaywireFrom from;
    HaywireKernel *kernel; /* NULL: nobody asked for it */
    bool kernel_found;
    bool kernel_shown; /* in the newest model */
    HaywireShares shares;
    HaywireScanProgress progress;
    void *progress_opaque;
    HaywireHostCounters host;
    HaywirePace pace;
    uint64_t began_ns;   /* host clock of the first look; 0: none yet */
    uint64_t scanned_ns; /* processor time of the scan in this look */
    atomic_bool scan;    /* asked for */
    atomic_bool knock;   /* a ring that does not say where */
    _Atomic uint64_t rings;
};

HaywireStatus haywire_watch_new(HaywireMemory *memory, HaywireWatch **ret_watch)
{
    HaywireWatch *watch = calloc(1, sizeof(*watch));
    HaywireStatus status;

    if (!watch) {
        return HAYWIRE_NO_MEMORY;
    }
    watch->memory = memory;
    status = haywire_reader_new(memory, &watch->host, &watch->beacons);
    if (status == HAYWIRE_OK) {
        status = haywire_watch_set_memory(watch, HAYWIRE_MEMORY_DEFAULT);
    }
    if (status != HAYWIRE_OK) {
        haywire_watch_destroy(watch);
        return status;
    }
    *ret_watch = watch;
    return HAYWIRE_OK;
}

void haywire_watch_destroy(HaywireWatch *watch)
{
    if (watch) {
        haywire_reader_destroy(watch->beacons);
        haywire_kernel_destroy(watch->kernel);
        free(watch);
    }
}

HaywireStatus haywire_watch_share(HaywireWatch *watch, HaywireShares shares)
{
    haywire_watch_reset(watch);
    watch->shares = shares;
    return haywire_reader_share(watch->beacons, shares);
}

HaywireStatus haywire_watch_set_memory(HaywireWatch *watch, size_t bytes)
{
    return bytes < HAYWIRE_MEMORY_MIN
               ? HAYWIRE_LIMIT
               : haywire_watch_share(watch, haywire_shares_divide(bytes));
}

void haywire_watch_set_progress(HaywireWatch *watch,
                                HaywireScanProgress progress, void *opaque)
{
    haywire_reader_set_progress(watch->beacons, progress, opaque);
    watch->progress = progress;
    watch->progress_opaque = opaque;
    if (watch->kernel) {
        haywire_kernel_set_progress(watch->kernel, progress, opaque);
    }
}

static HaywireStatus need_kernel(HaywireWatch *watch)
{
    HaywireStatus status = HAYWIRE_OK;

    if (!watch->kernel) {
        status = haywire_kernel_new(watch->memory, &watch->kernel);
    }
    if (status == HAYWIRE_OK) {
        haywire_kernel_set_progress(watch->kernel, watch->progress,
                                    watch->progress_opaque);
    }
    return status;
}

HaywireStatus haywire_watch_set_from(HaywireWatch *watch, HaywireFrom from)
{
    watch->from = from;
    return from == HAYWIRE_FROM_COMPANION ? HAYWIRE_OK : need_kernel(watch);
}

void haywire_watch_want(HaywireWatch *watch, uint32_t pid)
{
    if (watch->kernel) {
        haywire_kernel_want(watch->kernel, pid);
    }
}

HaywireMemory *haywire_watch_memory(const HaywireWatch *watch)
{
    return watch->memory;
}

HaywireKernel *haywire_watch_kernel(HaywireWatch *watch, HaywireNow now)
{
    if (watch->kernel && !watch->kernel_shown) {
        watch->kernel_found =
            haywire_kernel_look(watch->kernel, now.host_ns) == HAYWIRE_OK;
    }
    return watch->kernel && watch->kernel_found ? watch->kernel : NULL;
}

void haywire_watch_explain(const HaywireWatch *watch, char *to, size_t room)
{
    *to = '\0';
    if (watch->kernel && !watch->kernel_found) {
        haywire_kernel_explain(watch->kernel, to, room);
    }
}

void haywire_watch_request_scan(HaywireWatch *watch)
{
    atomic_store(&watch->scan, true);
}

void haywire_watch_hint(HaywireWatch *watch, HaywireGpa gpa)
{
    haywire_reader_hint(watch->beacons, gpa);
}

void haywire_watch_hint_file(HaywireWatch *watch, const HaywireFileHint *hint)
{
    haywire_reader_hint_file(watch->beacons, hint);
}

bool haywire_watch_recall(const HaywireWatch *watch, HaywireFileHint *ret_hint)
{
    HaywireSearch search = haywire_reader_search(watch->beacons);
    const HaywireLayout *layout = haywire_memory_layout(watch->memory);

    if (!search.session || !layout || !search.complete ||
        search.session->gone) {
        return false;
    }
    *ret_hint = (HaywireFileHint){
        .session = search.session->id,
        .position = search.session->position,
        .realtime_ns = search.session->info.realtime_ns,
        .layout = *layout,
    };
    return true;
}

void haywire_watch_ring(HaywireWatch *watch, uint64_t pfn)
{
    atomic_fetch_add_explicit(&watch->rings, 1, memory_order_relaxed);
    if (pfn == 0) {
        atomic_store(&watch->knock, true);
    } else {
        haywire_watch_hint(watch, (HaywireGpa){ pfn * HAYWIRE_PAGE_SIZE });
    }
}

void haywire_watch_reset(HaywireWatch *watch)
{
    haywire_reader_reset(watch->beacons);
    if (watch->kernel) {
        haywire_kernel_reset(watch->kernel);
    }
    memset(&watch->pace, 0, sizeof(watch->pace));
}

static bool scan_is_due(HaywireWatch *watch, HaywireNow now)
{
    HaywireSearch search = haywire_reader_search(watch->beacons);
    bool due;

    if (atomic_exchange(&watch->knock, false)) {
        watch->pace.backoff_ns = 0; /* somebody is new: its cost still counts */
    }
    due = haywire_pace_scan_is_due(&watch->pace, &search, now.host_ns);
    return atomic_exchange(&watch->scan, false) || due;
}

static HaywireStatus scan(HaywireWatch *watch, HaywireNow now)
{
    uint64_t started = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    HaywireStatus status = haywire_reader_scan(watch->beacons, now);

    watch->scanned_ns = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started;
    if (status == HAYWIRE_OK) {
        HaywireSearch search = haywire_reader_search(watch->beacons);

        haywire_pace_scanned(&watch->pace, &search);
    }
    return status;
}

static HaywireStatus see(HaywireWatch *watch, HaywireNow now)
{
    HaywireStatus status = haywire_reader_observe(watch->beacons, now);

    if (status == HAYWIRE_OK && scan_is_due(watch, now)) {
        status = scan(watch, now);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_reader_follow(watch->beacons, now);
    }
    /* What was read of a file that has become shorter meanwhile is void. */
    return status == HAYWIRE_OK ? haywire_memory_check(watch->memory) : status;
}

static HaywireStatus look_at_companion(HaywireWatch *watch, HaywireNow now,
                                       HaywireModel **ret_model)
{
    HaywireStatus status = see(watch, now);

    watch->host.cpu_time = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    return status == HAYWIRE_OK
               ? haywire_reader_model(watch->beacons, now, watch->began_ns,
                                      ret_model)
               : status;
}

static HaywireOverview describe_kernel(const HaywireWatch *watch,
                                       HaywireNow now)
{
    HaywireOverview overview = {
        .state = haywire_kernel_state(watch->kernel, now.host_ns, now.still),
        .has_guest = watch->kernel_found,
        .source = HAYWIRE_PROVIDER_KERNEL,
        .os = HAYWIRE_OS_LINUX,
        .cost.time = now.host_ns - watch->began_ns,
    };

    haywire_kernel_machine(watch->kernel, &overview.arch, &overview.page_size);
    if (overview.state == HAYWIRE_STATE_LIVE && now.paused) {
        overview.state = HAYWIRE_STATE_PAUSED;
    }
    return overview;
}

static HaywireStatus build_kernel(HaywireWatch *watch, HaywireNow now,
                                  HaywireModel **ret_model)
{
    HaywireOverview overview = describe_kernel(watch, now);
    HaywireMoment moment = {
        .overview = &overview,
        .layout = haywire_kernel_layout(watch->kernel),
        .host = &watch->host,
    };
    HaywireBuilder builder;
    HaywireStatus status =
        haywire_builder_init(&builder, &watch->shares, NULL, &watch->host);

    if (status == HAYWIRE_OK) {
        haywire_kernel_tell(watch->kernel, &builder);
        status = haywire_builder_finish(&builder, &moment, ret_model);
    }
    return status;
}

/*
 * Replace @ret_model by what the kernel tells. Without one, or with a list that
 * cannot be had, an empty model is all there is, unless @ret_model has one.
 */
static HaywireStatus look_at_kernel(HaywireWatch *watch, HaywireNow now,
                                    HaywireModel **ret_model)
{
    HaywireStatus status = haywire_kernel_look(watch->kernel, now.host_ns);
    HaywireModel *model;

    if (status != HAYWIRE_OK && status != HAYWIRE_NOT_FOUND &&
        status != HAYWIRE_PAGE_BUSY && status != HAYWIRE_LIMIT) {
        return status;
    }
    watch->kernel_found = status == HAYWIRE_OK;
    if (!watch->kernel_found && *ret_model) {
        return HAYWIRE_OK;
    }
    status = haywire_memory_check(watch->memory);
    if (status == HAYWIRE_OK) {
        status = build_kernel(watch, now, &model);
    }
    if (status == HAYWIRE_OK) {
        haywire_model_unref(*ret_model);
        *ret_model = model;
        watch->kernel_shown = true;
    }
    return status;
}

/* A companion is judged first: whether it beats takes a second look. */
static bool wants_kernel(const HaywireWatch *watch, HaywireNow now,
                         const HaywireModel *model)
{
    if (watch->from != HAYWIRE_FROM_AUTO || !model) {
        return watch->from == HAYWIRE_FROM_KERNEL;
    }
    return !haywire_state_is_current(model->overview.state) &&
           haywire_pace_beat_wait(haywire_reader_search(watch->beacons).session,
                                  now.now_ns) == 0;
}

static HaywireStatus look(HaywireWatch *watch, HaywireNow now,
                          HaywireModel **ret_model)
{
    HaywireModel *model = NULL;
    HaywireStatus status = HAYWIRE_OK;

    watch->kernel_shown = false;
    if (watch->from != HAYWIRE_FROM_KERNEL) {
        status = look_at_companion(watch, now, &model);
    }
    if (status == HAYWIRE_OK && wants_kernel(watch, now, model)) {
        status = look_at_kernel(watch, now, &model);
    }
    if (status != HAYWIRE_OK) {
        haywire_model_unref(model);
        return status;
    }
    *ret_model = model;
    return HAYWIRE_OK;
}

HaywireStatus haywire_watch_look(HaywireWatch *watch, HaywireNow now,
                                 HaywireModel **ret_model)
{
    uint64_t started = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    HaywireStatus status;

    if (watch->began_ns == 0) {
        watch->began_ns = now.host_ns;
    }
    watch->host.refreshes++;
    watch->host.rings =
        atomic_load_explicit(&watch->rings, memory_order_relaxed);
    watch->scanned_ns = 0;
    status = look(watch, now, ret_model);
    haywire_pace_looked(&watch->pace, now.host_ns,
                        haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started -
                            watch->scanned_ns);
    return status;
}

/* The companion first: what it says is older, whatever comes later. */
static HaywireStatus check_both(HaywireWatch *watch, HaywireNow now,
                                HaywireCheck *check, HaywireModel **told,
                                HaywireModel **read)
{
    HaywireStatus status = need_kernel(watch);

    haywire_check_begin(check);
    watch->kernel_shown = false;
    if (status == HAYWIRE_OK && watch->from != HAYWIRE_FROM_KERNEL) {
        status = look_at_companion(watch, now, told);
    }
    if (status == HAYWIRE_OK && *told) {
        haywire_check_companion(check, *told);
    }
    if (status == HAYWIRE_OK) {
        status = look_at_kernel(watch, now, read);
    }
    if (status == HAYWIRE_OK && watch->kernel_found) {
        status =
            haywire_kernel_check(watch->kernel, now.host_ns, now.still, check);
    }
    return status == HAYWIRE_OK ? haywire_check_end(check) : status;
}

HaywireStatus haywire_watch_check(HaywireWatch *watch, HaywireNow now,
                                  HaywireCheck *check, HaywireModel **ret_model)
{
    HaywireModel *told = NULL, *read = NULL, *chosen;
    HaywireStatus status;

    watch->began_ns = watch->began_ns ? watch->began_ns : now.host_ns;
    watch->host.refreshes++;
    status = check_both(watch, now, check, &told, &read);
    if (status == HAYWIRE_OK) {
        chosen = told && haywire_state_is_current(told->overview.state) ? told
                                                                        : read;
        *ret_model = haywire_model_ref(chosen);
    }
    haywire_model_unref(told);
    haywire_model_unref(read);
    return status;
}

uint64_t haywire_watch_beat_wait(const HaywireWatch *watch, HaywireNow now)
{
    if (watch->kernel_shown) {
        return now.still ? 0 : haywire_kernel_wait(watch->kernel, now.host_ns);
    }
    return haywire_pace_beat_wait(haywire_reader_search(watch->beacons).session,
                                  now.now_ns);
}

uint64_t haywire_watch_next(const HaywireWatch *watch, HaywireNow now,
                            uint64_t interval_ns)
{
    /* The guest's clock stands while it is paused, and so do its beats. */
    uint64_t wait = now.paused ? 0 : haywire_watch_beat_wait(watch, now);

    return haywire_pace_next(&watch->pace, wait, interval_ns);
}

uint64_t haywire_watch_ring_wait(const HaywireWatch *watch)
{
    return haywire_pace_ring_wait(&watch->pace);
}

void haywire_watch_set_doorbell(HaywireWatch *watch, uint32_t port)
{
    watch->host.doorbell_port = port;
}

void haywire_watch_count_focus(HaywireWatch *watch, HaywireStatus status)
{
    if (status == HAYWIRE_OK || status == HAYWIRE_FOCUS_UNCONFIRMED) {
        watch->host.focus_writes++;
    }
    if (status != HAYWIRE_OK) {
        watch->host.focus_failures++;
    }
}
