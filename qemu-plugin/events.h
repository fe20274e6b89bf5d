/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP events, where QEMU's schema declares them.
 */
#ifndef HAYWIRE_EVENTS_H
#define HAYWIRE_EVENTS_H

#include "worker.h"

/*
 * Tell of what changes in the worker's models from now on: each event at most
 * once a model (one for each camera).  Does nothing in a QEMU that does not
 * declare the events.  Borrows @worker until haywire_events_stop().
 *
 * Thread: main.
 */
void haywire_events_start(HaywireWorker *worker);

/* Thread: main.  Fine without a start. */
void haywire_events_stop(void);

#endif /* HAYWIRE_EVENTS_H */
