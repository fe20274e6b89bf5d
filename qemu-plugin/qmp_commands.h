/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_QMP_COMMANDS_H
#define HAYWIRE_QMP_COMMANDS_H

#include "worker.h"

/*
 * Add our commands to QMP.  docs/qmp.md describes them.
 *
 * @worker: must live until QEMU takes no more commands
 * Thread: main.
 */
void haywire_qmp_commands_register(HaywireWorker *worker);

#endif /* HAYWIRE_QMP_COMMANDS_H */
