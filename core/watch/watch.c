/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look after the other.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/clock.h"
#include "haywire/watch.h"
#include "kernel_look.h"
#include "pace.h"

struct HaywireWatch {
    HaywireMemory *memory;
    HaywireReader *beacons;
    HaywireModel *companion; /* of the newest look; NULL: not looked for */
    HaywireKernelLook kernel;
    HaywireFrom from;
    bool ask_kernel; /* whoever is live */
    bool frugal;
    HaywireShares shares;
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
    watch->kernel.rings = &watch->rings;
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
        haywire_model_unref(watch->companion);
        haywire_reader_destroy(watch->beacons);
        haywire_kernel_look_clear(&watch->kernel);
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
    watch->kernel.progress = progress;
    watch->kernel.progress_opaque = opaque;
}

void haywire_watch_set_from(HaywireWatch *watch, HaywireFrom from)
{
    watch->from = from;
}

void haywire_watch_be_frugal(HaywireWatch *watch)
{
    watch->frugal = true;
}

void haywire_watch_ask_kernel(HaywireWatch *watch, bool ask)
{
    watch->ask_kernel = ask;
}

void haywire_watch_want(HaywireWatch *watch, size_t place, uint32_t pid)
{
    haywire_kernel_look_want(&watch->kernel, place, pid);
}

HaywireMemory *haywire_watch_memory(const HaywireWatch *watch)
{
    return watch->memory;
}

void haywire_watch_explain(const HaywireWatch *watch, char *to, size_t room)
{
    *to = '\0';
    if (watch->kernel.kernel && !watch->kernel.found) {
        haywire_kernel_explain(watch->kernel.kernel, to, room);
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
    haywire_kernel_look_reset(&watch->kernel);
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

static HaywireStatus look_for_companion(HaywireWatch *watch, HaywireNow now)
{
    HaywireStatus status = see(watch, now);
    HaywireModel *model;

    watch->host.cpu_time = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (status == HAYWIRE_OK) {
        status =
            haywire_reader_model(watch->beacons, now, watch->began_ns, &model);
    }
    if (status == HAYWIRE_OK) {
        haywire_model_unref(watch->companion);
        watch->companion = model;
    }
    return status;
}

static bool companion_is_current(const HaywireWatch *watch)
{
    return watch->companion &&
           haywire_state_is_current(watch->companion->overview.state);
}

/*
 * A companion is judged first: whether it beats takes a second look. The kernel
 * that was shown before it came is, until then.
 */
static bool needs_kernel(const HaywireWatch *watch, HaywireNow now)
{
    const HaywireSession *session;

    if (watch->from != HAYWIRE_FROM_AUTO || watch->ask_kernel) {
        return watch->from == HAYWIRE_FROM_KERNEL || watch->ask_kernel;
    }
    session = haywire_reader_search(watch->beacons).session;
    return !companion_is_current(watch) &&
           (watch->kernel.found ||
            haywire_pace_beat_wait(session, now.now_ns) == 0);
}

static HaywireStatus look_at_kernel(HaywireWatch *watch, HaywireNow now)
{
    const HaywireKernelNeeds needs = {
        .memory = watch->memory,
        .shares = &watch->shares,
        .host = &watch->host,
        .seen = watch->companion ? &watch->companion->overview : NULL,
        .began_ns = watch->began_ns,
        .notes_only = watch->frugal && !watch->ask_kernel,
        .frugal = watch->frugal,
    };

    return haywire_kernel_look_on(&watch->kernel, &needs, now);
}

HaywireKernel *haywire_watch_kernel(HaywireWatch *watch, HaywireNow now)
{
    if (watch->from == HAYWIRE_FROM_COMPANION ||
        (!watch->kernel.model && look_at_kernel(watch, now) != HAYWIRE_OK)) {
        return NULL;
    }
    return watch->kernel.found ? watch->kernel.kernel : NULL;
}

static HaywireStatus look(HaywireWatch *watch, HaywireNow now)
{
    HaywireStatus status = HAYWIRE_OK;

    if (watch->from == HAYWIRE_FROM_KERNEL) {
        haywire_model_unref(watch->companion);
        watch->companion = NULL;
    } else {
        status = look_for_companion(watch, now);
    }
    if (status == HAYWIRE_OK && needs_kernel(watch, now)) {
        return look_at_kernel(watch, now);
    }
    haywire_kernel_look_rest(&watch->kernel, now);
    return status;
}

/* Which one is shown, after a look. */
static HaywireModel *chosen(const HaywireWatch *watch)
{
    HaywireModel *kernel = watch->kernel.model;

    if (watch->from == HAYWIRE_FROM_KERNEL || !watch->companion) {
        return kernel;
    }
    return watch->from == HAYWIRE_FROM_COMPANION ||
                   companion_is_current(watch) || !watch->kernel.found
               ? watch->companion
               : kernel;
}

HaywireModel *haywire_watch_told(const HaywireWatch *watch,
                                 HaywireProvider provider)
{
    return provider == HAYWIRE_PROVIDER_KERNEL ? watch->kernel.model
                                               : watch->companion;
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
    watch->kernel.spent_ns = 0;
    status = look(watch, now);
    haywire_pace_looked(&watch->pace, now.host_ns,
                        haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - started -
                            watch->scanned_ns - watch->kernel.spent_ns);
    if (status == HAYWIRE_OK) {
        *ret_model = haywire_model_ref(chosen(watch));
    }
    return status;
}

/* The companion first: what it says is older, whatever comes later. */
static HaywireStatus check_both(HaywireWatch *watch, HaywireNow now,
                                HaywireCheck *check)
{
    HaywireStatus status = HAYWIRE_OK;

    haywire_check_begin(check);
    if (watch->from != HAYWIRE_FROM_KERNEL) {
        status = look_for_companion(watch, now);
    }
    if (status == HAYWIRE_OK && watch->companion) {
        haywire_check_companion(check, watch->companion);
    }
    if (status == HAYWIRE_OK) {
        status = look_at_kernel(watch, now);
    }
    if (status == HAYWIRE_OK && watch->kernel.found) {
        status = haywire_kernel_check(watch->kernel.kernel, now.now_ns,
                                      now.still, check);
    }
    return status == HAYWIRE_OK ? haywire_check_end(check) : status;
}

HaywireStatus haywire_watch_check(HaywireWatch *watch, HaywireNow now,
                                  HaywireCheck *check, HaywireModel **ret_model)
{
    HaywireStatus status;

    watch->began_ns = watch->began_ns ? watch->began_ns : now.host_ns;
    watch->host.refreshes++;
    status = check_both(watch, now, check);
    if (status == HAYWIRE_OK) {
        *ret_model = haywire_model_ref(companion_is_current(watch)
                                           ? watch->companion
                                           : watch->kernel.model);
    }
    return status;
}

/* The shorter one; 0 is none. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a > 0 && (b == 0 || a < b) ? a : b;
}

uint64_t haywire_watch_beat_wait(const HaywireWatch *watch, HaywireNow now)
{
    uint64_t kernel = 0, beat = 0;

    if (watch->kernel.model && !now.still) {
        kernel = haywire_kernel_wait(watch->kernel.kernel, now.now_ns);
    }
    if (watch->from != HAYWIRE_FROM_KERNEL) {
        beat = haywire_pace_beat_wait(
            haywire_reader_search(watch->beacons).session, now.now_ns);
    }
    return sooner(kernel, beat);
}

uint64_t haywire_watch_next(const HaywireWatch *watch, HaywireNow now,
                            uint64_t interval_ns)
{
    /* The guest's clock stands while it is paused, and so do its beats. */
    uint64_t wait = now.paused ? 0 : haywire_watch_beat_wait(watch, now);

    wait = sooner(wait, haywire_kernel_look_wait(&watch->kernel, now));
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
