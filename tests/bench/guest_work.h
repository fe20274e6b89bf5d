/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU spends while its guest starts a thousand processes and computes;
 * less of both in a smoke run.
 */
#ifndef HAYWIRE_BENCH_GUEST_WORK_H
#define HAYWIRE_BENCH_GUEST_WORK_H

#include "vm.h"

/* ms of processor time that all of QEMU takes. */
double guest_work_ms(Vm *vm);

/* Whether this processor counts instructions for us. */
gboolean guest_work_counts(void);

/*
 * Instructions that all of QEMU executes in user mode, in millions:
 * other work on the host does not add to them.
 */
double guest_work_instructions(Vm *vm);

#endif
