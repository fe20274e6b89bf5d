/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU spends while its guest does something.
 */
#ifndef HAYWIRE_BENCH_GUEST_WORK_H
#define HAYWIRE_BENCH_GUEST_WORK_H

#include "vm.h"

/* What the guest is made to do. */
typedef void GuestWork(Vm *vm);

/* Starts processes, a thousand, and computes; less in a smoke run. */
void guest_work_fork(Vm *vm);

/* ms of processor time that all of QEMU takes for it. */
double guest_work_ms(Vm *vm, GuestWork *work);

/* Whether this processor counts instructions for us. */
gboolean guest_work_counts(void);

/*
 * Instructions that all of QEMU executes for it in user mode, in millions:
 * other work on the host does not add to them.
 */
double guest_work_instructions(Vm *vm, GuestWork *work);

#endif
