/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "haywire/beacon_fill.h"
#include "haywire/watch.h"

#include "ram_memory.h"

struct HaywireWorker {
    guint interval_ms;
    GThread *thread;

    GMutex lock; /* held for moments only, by any thread */
    GCond wake;
    /* Under the lock: */
    gboolean stop;
    gboolean hurry;     /* do not sit out the interval */
    gboolean suspended; /* do not look */
    guint era;          /* grows when memory becomes that of another time */
    gboolean blocks_changed;
    HaywireRamBlocks *blocks;
    HaywireModel *model;
    guint focus_results[HAYWIRE_STATUS_COUNT]; /* not counted yet */
    GSourceFunc listener;
    uint32_t doorbell_port;

    atomic_bool rung; /* since the newest look began */

    HaywireModel *empty;   /* for when there is no memory for another one */
    HaywireRamMemory door; /* the main thread's */

    /* The worker's thread only: */
    HaywireRamMemory ram;
    HaywireWatch *watch;
    HaywireStatus reported; /* the newest trouble told to the user */
    guint viewed_era;       /* what the watch has seen is of this one */
    gint64 looked_us;       /* when the newest look ended */
    gint64 wait_us;         /* from then to the next */
    gint64 ring_wait_us;    /* the same, when somebody rings */
};

/* One that was never started (-S) is not paused: there is nothing to show. */
static bool guest_is_paused(void)
{
    return !runstate_is_running() &&
           !runstate_check(HAYWIRE_QEMU_RUN_STATE_PRELAUNCH);
}

static HaywireNow worker_now(void)
{
    return (HaywireNow){
        .now_ns = qemu_clock_get_ns(HAYWIRE_QEMU_CLOCK_VIRTUAL),
        .host_ns = (uint64_t)g_get_monotonic_time() * 1000,
        .paused = guest_is_paused(),
    };
}

/*
 * Under the lock.  Not while memory is being replaced, nor while a migration
 * brings the guest here: its pages are then of different moments.
 */
static gboolean worker_may_look(const HaywireWorker *worker)
{
    return !worker->suspended &&
           !runstate_check(HAYWIRE_QEMU_RUN_STATE_INMIGRATE);
}

/* What other threads left for us. */
typedef struct Orders {
    gboolean new_era;
    HaywireRamBlocks *blocks; /* NULL: as they were */
    guint focus_results[HAYWIRE_STATUS_COUNT];
    uint32_t doorbell_port;
} Orders;

/*
 * FALSE: there is no guest to look at now.  From here on the look belongs to
 * this era, or is in vain.
 */
static gboolean worker_take_orders(HaywireWorker *worker, Orders *ret_orders)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker->hurry = FALSE;
    atomic_store(&worker->rung, false);
    if (!worker_may_look(worker)) {
        return FALSE;
    }
    *ret_orders = (Orders){
        .new_era = worker->viewed_era != worker->era,
        .blocks = worker->blocks_changed
                      ? haywire_ram_blocks_ref(worker->blocks)
                      : NULL,
        .doorbell_port = worker->doorbell_port,
    };
    memcpy(ret_orders->focus_results, worker->focus_results,
           sizeof(worker->focus_results));
    memset(worker->focus_results, 0, sizeof(worker->focus_results));
    worker->viewed_era = worker->era;
    worker->blocks_changed = FALSE;
    return TRUE;
}

static void worker_follow_orders(HaywireWorker *worker, const Orders *orders)
{
    if (orders->new_era) {
        haywire_watch_reset(worker->watch);
    }
    /* Pages are known by guest addresses, and looked at again at each use. */
    if (orders->blocks) {
        haywire_ram_memory_set_blocks(&worker->ram, orders->blocks);
        haywire_watch_request_scan(worker->watch);
    }
    haywire_watch_set_doorbell(worker->watch, orders->doorbell_port);
    for (int i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        for (guint n = orders->focus_results[i]; n > 0; n--) {
            haywire_watch_count_focus(worker->watch, (HaywireStatus)i);
        }
    }
}

/* Once for each kind of trouble, not at each refresh. */
static void worker_report(HaywireWorker *worker, HaywireStatus status)
{
    if (status != worker->reported && status != HAYWIRE_OK) {
        g_printerr("haywire: cannot look at guest memory: %s\n",
                   haywire_status_text(status));
    }
    worker->reported = status;
}

/* @model: given away.  Under the lock; returns what to give up after it. */
static HaywireModel *worker_swap(HaywireWorker *worker, HaywireModel *model)
{
    HaywireModel *old = worker->model;

    worker->model = model;
    if (worker->listener) {
        g_idle_add_full(G_PRIORITY_DEFAULT, worker->listener, NULL, NULL);
    }
    return old;
}

/* Unless memory was replaced while the model was made. */
static void worker_publish(HaywireWorker *worker, HaywireModel *model)
{
    HaywireModel *old = model;

    g_mutex_lock(&worker->lock);
    if (worker->viewed_era == worker->era) {
        old = worker_swap(worker, model);
    }
    g_mutex_unlock(&worker->lock);
    haywire_model_unref(old);
}

static void worker_refresh(HaywireWorker *worker)
{
    HaywireNow now = worker_now();
    HaywireModel *model;
    HaywireStatus status;

    status = haywire_watch_look(worker->watch, now, &model);
    if (status == HAYWIRE_OK) {
        worker_publish(worker, model);
        worker->wait_us =
            (gint64)(haywire_watch_next(worker->watch, now,
                                        (uint64_t)worker->wait_us * 1000) /
                     1000);
    }
    worker->ring_wait_us =
        (gint64)(haywire_watch_ring_wait(worker->watch) / 1000);
    worker_report(worker, status);
}

static void worker_look(HaywireWorker *worker)
{
    Orders orders;

    worker->wait_us = worker->interval_ms * (gint64)G_TIME_SPAN_MILLISECOND;
    if (worker_take_orders(worker, &orders)) {
        worker_follow_orders(worker, &orders);
        haywire_ram_blocks_unref(orders.blocks);
        worker_refresh(worker);
    }
    worker->looked_us = g_get_monotonic_time();
}

/* When the next look is due, us on the monotonic clock. */
static gint64 worker_due(HaywireWorker *worker)
{
    gint64 wait = worker->wait_us;

    if (atomic_load(&worker->rung)) {
        wait = MIN(wait, worker->ring_wait_us);
    }
    return worker->looked_us + wait;
}

/* Returns FALSE when it is time to end. */
static gboolean worker_wait(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    while (!worker->stop && !worker->hurry &&
           g_get_monotonic_time() < worker_due(worker)) {
        g_cond_wait_until(&worker->wake, &worker->lock, worker_due(worker));
    }
    return !worker->stop;
}

static gpointer worker_run(gpointer opaque)
{
    HaywireWorker *worker = opaque;

    do {
        worker_look(worker);
    } while (worker_wait(worker));
    return NULL;
}

static void worker_free(HaywireWorker *worker)
{
    haywire_watch_destroy(worker->watch);
    haywire_ram_memory_close(&worker->ram);
    haywire_ram_memory_close(&worker->door);
    haywire_model_unref(worker->model);
    haywire_model_unref(worker->empty);
    haywire_ram_blocks_unref(worker->blocks);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->wake);
    g_free(worker);
}

/* An answer for as long as nothing was looked at. */
static HaywireStatus worker_empty_model(HaywireHostCounters host,
                                        HaywireModel **ret_model)
{
    HaywireOverview overview = {
        .state = HAYWIRE_STATE_SEARCHING,
        .companion_version = "",
        .boot_id = "",
        .kernel_release = "",
        .host_name = "",
    };
    HaywireBeaconInput input = {
        .overview = &overview,
        .host = &host,
    };

    return haywire_beacon_build(&input, ret_model);
}

static HaywireStatus worker_prepare(HaywireWorker *worker, gsize memory)
{
    HaywireStatus status;

    status = haywire_ram_memory_open(&worker->ram, worker->blocks);
    if (status == HAYWIRE_OK) {
        status = haywire_ram_memory_open(&worker->door, worker->blocks);
    }
    if (status == HAYWIRE_OK) {
        status = worker_empty_model((HaywireHostCounters){ 0 }, &worker->empty);
    }
    if (status == HAYWIRE_OK) {
        worker->model = haywire_model_ref(worker->empty);
        status = haywire_watch_new(worker->ram.memory, &worker->watch);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_watch_set_memory(worker->watch, memory);
    }
    return status;
}

static HaywireWorker *worker_new(HaywireRamBlocks *blocks, guint interval_ms)
{
    HaywireWorker *worker = g_new0(HaywireWorker, 1);

    g_mutex_init(&worker->lock);
    g_cond_init(&worker->wake);
    worker->interval_ms = interval_ms;
    worker->blocks = haywire_ram_blocks_ref(blocks);
    return worker;
}

/* Signals are for QEMU's own threads, but for those that a fault raises. */
static HaywireStatus worker_thread_start(HaywireWorker *worker)
{
    sigset_t blocked, before;

    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    worker->thread = g_thread_try_new("haywire", worker_run, worker, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return worker->thread ? HAYWIRE_OK : HAYWIRE_NO_MEMORY;
}

HaywireStatus haywire_worker_start(HaywireRamBlocks *blocks, guint interval_ms,
                                   gsize memory, HaywireWorker **ret_worker)
{
    HaywireWorker *worker = worker_new(blocks, interval_ms);
    HaywireStatus status = worker_prepare(worker, memory);

    if (status == HAYWIRE_OK) {
        status = worker_thread_start(worker);
    }
    if (status != HAYWIRE_OK) {
        worker_free(worker);
        return status;
    }
    *ret_worker = worker;
    return HAYWIRE_OK;
}

void haywire_worker_stop(HaywireWorker *worker)
{
    g_mutex_lock(&worker->lock);
    worker->stop = TRUE;
    g_cond_signal(&worker->wake);
    g_mutex_unlock(&worker->lock);
    /* QEMU's exit waits for no walk through memory, however long. */
    haywire_memory_stop(worker->ram.memory);
    g_thread_join(worker->thread);
    worker_free(worker);
}

void haywire_worker_set_blocks(HaywireWorker *worker, HaywireRamBlocks *blocks)
{
    HaywireRamBlocks *old;

    g_mutex_lock(&worker->lock);
    old = worker->blocks;
    worker->blocks = haywire_ram_blocks_ref(blocks);
    worker->blocks_changed = TRUE;
    g_mutex_unlock(&worker->lock);
    haywire_ram_blocks_unref(old);
    haywire_ram_memory_set_blocks(&worker->door, blocks);
}

HaywireMemory *haywire_worker_door(HaywireWorker *worker)
{
    return worker->door.memory;
}

HaywireRamBlocks *haywire_worker_blocks(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    return haywire_ram_blocks_ref(worker->blocks);
}

HaywireModel *haywire_worker_model(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    return haywire_model_ref(worker->model);
}

void haywire_worker_listen(HaywireWorker *worker, GSourceFunc listener)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker->listener = listener;
}

static void worker_hurry(HaywireWorker *worker)
{
    worker->hurry = TRUE;
    g_cond_signal(&worker->wake);
}

void haywire_worker_look(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker_hurry(worker);
}

void haywire_worker_ring(HaywireWorker *worker, uint32_t pfn)
{
    haywire_watch_ring(worker->watch, pfn);
    /* Only the first after a look has somebody to wake. */
    if (!atomic_exchange(&worker->rung, true)) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

        g_cond_signal(&worker->wake);
    }
}

void haywire_worker_set_doorbell(HaywireWorker *worker, uint32_t port)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker->doorbell_port = port;
    worker_hurry(worker); /* the first look may be over */
}

void haywire_worker_suspend(HaywireWorker *worker)
{
    g_autoptr(HaywireModel) old = haywire_worker_model(worker);
    g_autoptr(HaywireModel) empty = NULL;
    g_autoptr(GMutexLocker) locker = NULL;

    if (worker_empty_model(old->host, &empty) != HAYWIRE_OK) {
        empty = haywire_model_ref(worker->empty);
    }
    locker = g_mutex_locker_new(&worker->lock);
    worker->suspended = TRUE;
    worker->era++;
    haywire_model_unref(worker_swap(worker, g_steal_pointer(&empty)));
}

void haywire_worker_resume(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker->suspended = FALSE;
    worker_hurry(worker);
}

void haywire_worker_rescan(HaywireWorker *worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    haywire_watch_request_scan(worker->watch);
    worker_hurry(worker);
}

void haywire_worker_count_focus(HaywireWorker *worker, HaywireStatus status)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    worker->focus_results[status]++;
    worker_hurry(worker);
}
