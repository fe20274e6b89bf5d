/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What QEMU spends while its guest does something.
 */
#ifndef HAYWIRE_BENCH_GUEST_WORK_H
#define HAYWIRE_BENCH_GUEST_WORK_H

#include "vm.h"

/* What the guest is made to do. */
typedef void GuestWork(Vm *vm);

/* Starts processes, a thousand, and computes; less in a smoke run. */
void guest_work_fork(Vm *vm);

/* The same with two hundred, to be done often. */
void guest_work_fork_few(Vm *vm);

/* Reboots; the machine must have may_reset. */
void guest_work_boot(Vm *vm);

/* ms of processor time that all of QEMU takes for it. */
double guest_work_ms(Vm *vm, GuestWork *work);

/*
 * Instructions that all of QEMU executes for it in user mode, in millions:
 * other work on the host does not add to them. Where the processor counts none
 * it is guest_work_ms().
 */
double guest_work_instructions(Vm *vm, GuestWork *work);

/* The unit of the above. */
const char *guest_work_unit(void);

#endif
