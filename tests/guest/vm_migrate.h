/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving a guest from one machine to another. The destination is started with
 * `incoming` and else the same options.
 */
#ifndef HAYWIRE_TESTS_VM_MIGRATE_H
#define HAYWIRE_TESTS_VM_MIGRATE_H

#include "vm.h"

#define VM_MIGRATION_TIMEOUT_S 300

/* Switch a capability of migration on or off, in this machine. */
void vm_migrate_switch(Vm *vm, const char *capability, gboolean on);

/*
 * From here on, in this machine: at most so many bytes a second, and, once that
 * many milliseconds are enough for the rest, the guest is stopped and sent.
 */
void vm_migrate_limit(Vm *vm, guint64 bytes, guint downtime_ms);

/* Begin to move the guest over a socket in the destination's folder. */
void vm_migrate_begin(Vm *from, Vm *to);

/* Wait until query-migrate says @status. */
void vm_migrate_wait(Vm *vm, const char *status);

/* Begin, and wait until the guest has moved. */
void vm_migrate(Vm *from, Vm *to);

/* Store the guest in a file, or bring it from there; waits for the end. */
void vm_migrate_to_file(Vm *from, const char *path);
void vm_migrate_from_file(Vm *to, const char *path);

#endif
