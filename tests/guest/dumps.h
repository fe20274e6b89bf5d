/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for people, of a guest in which the menagerie lives: read, core and
 * vmcore of the host tool, against the guest's own words, and by gdb and drgn.
 * A difference fails the test.
 */
#ifndef HAYWIRE_TESTS_DUMPS_H
#define HAYWIRE_TESTS_DUMPS_H

#include "compare.h"

/* Known content at addresses of processes, of the machine, of the kernel. */
void dumps_check_reads(Vm *vm, GPtrArray *animals);

/* gdb opens cores: registers, threads, what is mapped where, content. */
void dumps_check_core(Vm *vm, GPtrArray *animals);

/* drgn opens a vmcore; read again, it has the guest's processes. */
void dumps_check_vmcore(Vm *vm, guint32 keeper);

#endif
