/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single figures of what the plugin shows of a guest.
 */
#ifndef HAYWIRE_TESTS_SHOWN_H
#define HAYWIRE_TESTS_SHOWN_H

#include "vm.h"

/* A counter of the plugin's own: of "host" in query-haywire-stats. */
gint64 shown_counter(Vm *vm, const char *name);

/* Whether the process list has the process. */
gboolean shown_lists(Vm *vm, guint32 pid);

/* Whose picture the first camera has, if it is active; else 0. */
guint32 shown_camera_pid(Vm *vm);

#endif
