/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "haywire/text.h"

#include "models.h"
#include "ram_memory.h"
#include "wanted.h"

/* While a companion is live, the kernel is looked at so long after a question. */
#define KERNEL_ASKED_US (10 * G_TIME_SPAN_SECOND)
/* The longest sentence on why there is no kernel. */
#define EXPLANATION_MAX 256

struct HaywireWorker {
    HaywireWorkerOptions options;
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
    HaywireModels models;
    char why[4 * EXPLANATION_MAX + 1]; /* there is no kernel */
    gint64 kernel_asked_us;            /* monotonic clock; 0: never */
    HaywireWanted wanted;
    guint focus_results[HAYWIRE_STATUS_COUNT]; /* not counted yet */
    GSourceFunc listener;
    uint32_t doorbell_port;

    atomic_bool rung; /* since the newest look began */

    HaywireModels none;    /* for when there is no memory for others */
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
    gboolean ask_kernel;
    uint32_t wanted[HAYWIRE_KERNEL_WANTED];
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
        .ask_kernel =
            worker->kernel_asked_us != 0 &&
            g_get_monotonic_time() - worker->kernel_asked_us < KERNEL_ASKED_US,
    };
    haywire_wanted_list(&worker->wanted, g_get_monotonic_time(),
                        ret_orders->wanted);
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
    haywire_watch_ask_kernel(worker->watch, orders->ask_kernel);
    for (gsize i = 0; i < G_N_ELEMENTS(orders->wanted); i++) {
        haywire_watch_want(worker->watch, i, orders->wanted[i]);
    }
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

/* Under the lock: @models gets what was there, to be cleared after it. */
static void worker_swap(HaywireWorker *worker, HaywireModels *models)
{
    const HaywireModels old = worker->models;

    worker->models = *models;
    *models = old;
    if (worker->listener) {
        g_idle_add_full(G_PRIORITY_DEFAULT, worker->listener, NULL, NULL);
    }
}

/* Unless memory was replaced while the models were made. */
static void worker_publish(HaywireWorker *worker, HaywireModels *models)
{
    char why[EXPLANATION_MAX];

    haywire_watch_explain(worker->watch, why, sizeof(why));
    g_mutex_lock(&worker->lock);
    if (worker->viewed_era == worker->era) {
        haywire_text_escape((const uint8_t *)why, strlen(why), worker->why);
        worker_swap(worker, models);
    }
    g_mutex_unlock(&worker->lock);
    haywire_models_clear(models);
}

static void worker_refresh(HaywireWorker *worker)
{
    HaywireNow now = worker_now();
    HaywireModel *model;
    HaywireStatus status;

    status = haywire_watch_look(worker->watch, now, &model);
    if (status == HAYWIRE_OK) {
        HaywireModels models = haywire_models_told(worker->watch, model);

        worker_publish(worker, &models);
        worker->wait_us =
            (gint64)(haywire_watch_next(worker->watch, now,
                                        (uint64_t)worker->wait_us * 1000) /
                     1000);
    }
    worker->ring_wait_us =
        (gint64)(haywire_watch_ring_wait(worker->watch) / 1000);
    worker_report(worker, status);
    /* The first look does not wait until memory was searched for a kernel. */
    if (worker->options.kernel) {
        haywire_watch_set_from(worker->watch, HAYWIRE_FROM_AUTO);
    }
}

static void worker_look(HaywireWorker *worker)
{
    Orders orders;

    worker->wait_us =
        worker->options.interval_ms * (gint64)G_TIME_SPAN_MILLISECOND;
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
    haywire_models_clear(&worker->models);
    haywire_models_clear(&worker->none);
    haywire_ram_blocks_unref(worker->blocks);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->wake);
    g_free(worker);
}

static HaywireStatus worker_prepare(HaywireWorker *worker)
{
    HaywireStatus status;

    status = haywire_ram_memory_open(&worker->ram, worker->blocks);
    if (status == HAYWIRE_OK) {
        status = haywire_ram_memory_open(&worker->door, worker->blocks);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_models_none((HaywireHostCounters){ 0 }, &worker->none);
    }
    if (status == HAYWIRE_OK) {
        worker->models = haywire_models_ref(&worker->none);
        status = haywire_watch_new(worker->ram.memory, &worker->watch);
    }
    if (status == HAYWIRE_OK) {
        haywire_watch_be_frugal(worker->watch);
        status =
            haywire_watch_set_memory(worker->watch, worker->options.memory);
    }
    return status;
}

static HaywireWorker *worker_new(HaywireRamBlocks *blocks,
                                 const HaywireWorkerOptions *options)
{
    HaywireWorker *worker = g_new0(HaywireWorker, 1);

    g_mutex_init(&worker->lock);
    g_cond_init(&worker->wake);
    worker->options = *options;
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

HaywireStatus haywire_worker_start(HaywireRamBlocks *blocks,
                                   const HaywireWorkerOptions *options,
                                   HaywireWorker **ret_worker)
{
    HaywireWorker *worker = worker_new(blocks, options);
    HaywireStatus status = worker_prepare(worker);

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

    return haywire_model_ref(worker->models.shown);
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

/* Under the lock. */
static HaywireStatus worker_ask_kernel(HaywireWorker *worker,
                                       HaywireModel **ret_model, GString *why)
{
    if (!worker->options.kernel) {
        g_string_append(why, "The plugin was told not to read the guest's "
                             "kernel (kernel=off)");
        return HAYWIRE_NOT_FOUND;
    }
    worker->kernel_asked_us = g_get_monotonic_time();
    if (!worker->models.kernel ||
        (!worker->models.kernel->overview.has_guest && !worker->why[0])) {
        worker_hurry(worker);
        return HAYWIRE_LOOKING;
    }
    if (!worker->models.kernel->overview.has_guest) {
        g_string_append(why, worker->why);
        return HAYWIRE_NOT_FOUND;
    }
    *ret_model = haywire_model_ref(worker->models.kernel);
    return HAYWIRE_OK;
}

HaywireStatus haywire_worker_ask(HaywireWorker *worker, HaywireFrom from,
                                 HaywireModel **ret_model, GString *why)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    if (from == HAYWIRE_FROM_KERNEL) {
        return worker_ask_kernel(worker, ret_model, why);
    }
    *ret_model =
        haywire_model_ref(from == HAYWIRE_FROM_AUTO ? worker->models.shown
                                                    : worker->models.companion);
    return HAYWIRE_OK;
}

void haywire_worker_want(HaywireWorker *worker, uint32_t pid, bool told)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&worker->lock);

    if (haywire_wanted_ask(&worker->wanted, pid, told,
                           g_get_monotonic_time())) {
        worker_hurry(worker);
    }
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
    HaywireModels models;

    if (haywire_models_none(old->host, &models) != HAYWIRE_OK) {
        models = haywire_models_ref(&worker->none);
    }
    g_mutex_lock(&worker->lock);
    worker->suspended = TRUE;
    worker->era++;
    worker_swap(worker, &models);
    g_mutex_unlock(&worker->lock);
    haywire_models_clear(&models);
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
