/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doorbell: code in the guest that says "look at this page" (protocol,
 * section 8).  Under TCG it is recognised once, when it is translated, and then
 * calls us each time that it runs.  Other accelerators never tell, and the
 * worker's polling finds the same a little later.
 */
#ifndef HAYWIRE_DOORBELL_H
#define HAYWIRE_DOORBELL_H

#include "qemu_internals.h"
#include "worker.h"

/*
 * Have QEMU tell about the doorbell in code for @target (qemu_info_t).  Does
 * nothing for an architecture that has none.
 *
 * Thread: main, from qemu_plugin_install().
 */
void haywire_doorbell_hang(qemu_plugin_id_t id, const char *target);

/*
 * Who is to hear it: @worker (borrowed), or NULL for nobody.  When this
 * returns, no thread is calling the worker before any more.
 *
 * Thread: any.
 */
void haywire_doorbell_connect(HaywireWorker *worker);

#endif /* HAYWIRE_DOORBELL_H */
