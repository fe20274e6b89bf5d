/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host tool says of the menagerie with --from kernel, and the plugin
 * over QMP, against the guest's own words. A difference fails the test.
 */
#ifndef HAYWIRE_TESTS_FROM_KERNEL_H
#define HAYWIRE_TESTS_FROM_KERNEL_H

#include "compare.h"

/* Processes, against the guest at two moments around the answer. */
void from_kernel_check_processes(Vm *vm, guint32 keeper);

/* All sections of some animals; [vsyscall] is none of a process's own. */
void from_kernel_check_sections(Vm *vm, GPtrArray *animals);

/* Known content lies where addresses translate to; no page, and no answer. */
void from_kernel_check_places(Vm *vm, GPtrArray *animals);

#endif
