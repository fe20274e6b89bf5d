/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that looks at guest memory, so that nobody else has to wait.
 */
#ifndef HAYWIRE_WORKER_H
#define HAYWIRE_WORKER_H

#include "haywire/watch.h"

#include "ram_blocks.h"

typedef struct HaywireWorker HaywireWorker;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

/* How a worker looks. */
typedef struct HaywireWorkerOptions {
    guint interval_ms; /* from one look to the next */
    gsize memory;      /* bytes; see haywire_watch_set_memory() */
    gboolean kernel;   /* the guest's, too, where no companion is live */
} HaywireWorkerOptions;

/*
 * Start a worker on @blocks (borrowed); it does not look while a migration is
 * bringing the guest here.
 *
 * Thread: main.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY (no thread either), HAYWIRE_IO_ERROR (no way
 * to ask the kernel which pages are resident).
 */
HaywireStatus
haywire_worker_start(HaywireRamBlocks *blocks,
                     const HaywireWorkerOptions *options,
                     HaywireWorker **ret_worker) HAYWIRE_MUST_CHECK;

/*
 * End the thread, a running scan included, wait for it and free everything.
 * It never waits for the big lock, so the caller may hold that.
 *
 * Thread: any but the worker's.
 */
void haywire_worker_stop(HaywireWorker *worker);

/* The guest's RAM lies elsewhere now.  @blocks is borrowed.  Thread: main. */
void haywire_worker_set_blocks(HaywireWorker *worker, HaywireRamBlocks *blocks);

/*
 * Guest RAM, to write to and to read meanwhile.  Thread: main, with the big
 * lock held.
 */
HaywireMemory *haywire_worker_door(HaywireWorker *worker);

/* What the worker looks at: a new reference.  Thread: any. */
HaywireRamBlocks *haywire_worker_blocks(HaywireWorker *worker);

/*
 * The newest finished model, of a companion that is live or of the kernel: a new
 * reference, never NULL; a searching one until the first look is done.  Does
 * not wait.  Thread: any.
 */
HaywireModel *haywire_worker_model(HaywireWorker *worker);

/*
 * The same of who is asked for alone.  While a companion is live, the kernel is
 * looked at for some time after each question only.  Does not wait.
 *
 * @why: appended to, with HAYWIRE_NOT_FOUND: a sentence
 *
 * Thread: any.  HAYWIRE_OK; of the kernel also HAYWIRE_LOOKING (the next look
 * will tell), HAYWIRE_NOT_FOUND (there is none, or it is not to be looked
 * at: @why).
 */
HaywireStatus haywire_worker_ask(HaywireWorker *worker, HaywireFrom from,
                                 HaywireModel **ret_model,
                                 GString *why) HAYWIRE_MUST_CHECK;

/*
 * Somebody asks for sections or page runs of the process @pid, which exists, and
 * has them from a model of the kernel's (@told), or else wants them.  Soon they
 * are there; or it is to be asked again, where several are asked for at once.
 *
 * Thread: any.
 */
void haywire_worker_want(HaywireWorker *worker, uint32_t pid, bool told);

/*
 * Have @listener called by the main loop when a new model is there.  It must
 * return G_SOURCE_REMOVE; models that follow quickly may share a call.
 * Thread: main.
 */
void haywire_worker_listen(HaywireWorker *worker, GSourceFunc listener);

/*
 * Look again now, not at the end of the interval.  Does not wait.
 *
 * Thread: any.
 */
void haywire_worker_look(HaywireWorker *worker);

/*
 * The guest has rung: @pfn is the frame of a discovery page, or 0.  Look at it
 * soon; however often it rings, that takes the worker a twentieth of a core at
 * most.  Does not wait.
 *
 * Thread: any.
 */
void haywire_worker_ring(HaywireWorker *worker, uint32_t pfn);

/* For the statistics: the port where it rings, 0: none.  Thread: any. */
void haywire_worker_set_doorbell(HaywireWorker *worker, uint32_t port);

/*
 * Guest RAM is about to become that of another moment, by the hand of the
 * caller's thread: forget all that was seen, show a searching model, and do not
 * look before haywire_worker_resume().  A look that is under way is in vain.
 *
 * Thread: any.
 */
void haywire_worker_suspend(HaywireWorker *worker);
void haywire_worker_resume(HaywireWorker *worker);

/* Scan all of memory, now.  Does not wait.  Thread: any. */
void haywire_worker_rescan(HaywireWorker *worker);

/*
 * Tell the statistics how a focus went, and look again soon.  Thread: any.
 */
void haywire_worker_count_focus(HaywireWorker *worker, HaywireStatus status);

#endif /* HAYWIRE_WORKER_H */
