/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_HMP_H
#define HAYWIRE_HMP_H

#include "worker.h"

/*
 * Add our commands to the human monitor: `info haywire` everywhere, and on a
 * QEMU that declares them haywire_focus, haywire_unfocus, haywire_rescan.
 *
 * @worker: must live until QEMU takes no more commands
 * Thread: main.  Returns false if `info haywire` could not be added.
 */
bool haywire_hmp_register(HaywireWorker *worker);

#endif /* HAYWIRE_HMP_H */
