/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the machine share: see vm.h.
 */
#ifndef HAYWIRE_TESTS_VM_INTERNAL_H
#define HAYWIRE_TESTS_VM_INTERNAL_H

#include "vm.h"

#include <gio/gio.h>

struct Vm {
    char *folder; /* private; everything below lies in it */
    char *ram_path;
    char *second_qmp_path;
    GSubprocess *process;
    HaywireQmpClient *qmp;
    GSocket *console;      /* NULL without a kernel */
    GString *console_text; /* came in, not yet taken */
    GSocket *qtest;        /* NULL without one */
    guint page;            /* bytes; 0: not asked yet */
    gboolean ended;        /* reaped already */
};

/* Connect to the unix socket @name in the machine's folder. */
GSocket *vm_connect(Vm *vm, const char *name);

/*
 * Read from @sock into @text until it has @mark; returns what is before the
 * mark and removes both. Fails the test after @timeout_s, naming @what.
 */
char *vm_read_until(Vm *vm, GSocket *sock, GString *text, const char *mark,
                    unsigned int timeout_s, const char *what);

/* Send all of @text. */
void vm_send(GSocket *sock, const char *text);

/* Run a program of the host's; it must end with status 0. */
void vm_run(const char *const *words);

/* Wait for the guest's first sign that it takes commands. */
void vm_guest_wait_ready(Vm *vm);

/*
 * Have a folder removed should this process abort or be told to end: it can
 * hold gigabytes of memory. Added and removed once each.
 */
void vm_cleanup_add(const char *folder);
void vm_cleanup_remove(const char *folder);

#endif
