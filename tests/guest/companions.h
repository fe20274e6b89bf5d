/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Companions in a guest, and where their beacon pages lie.
 */
#ifndef HAYWIRE_TESTS_COMPANIONS_H
#define HAYWIRE_TESTS_COMPANIONS_H

#include "vm.h"

/*
 * Start a program in the guest's background (a shell command, which must not
 * keep the output); returns its pid. It is no child of the console's shell,
 * whose next command would get lost should its child end at that moment.
 */
guint32 guest_start(Vm *vm, const char *program);

/* The same for a companion that is not held back. */
guint32 companion_start(Vm *vm);

/* The pid and session of the one that is shown; g_free() the session. */
guint32 companion_pid(Vm *vm);
char *companion_session(Vm *vm);

/* Wait until the one with this pid is shown and live, with all its pages. */
void companion_wait_live(Vm *vm, guint32 pid);

/*
 * Start one, end the one that was shown, wait for it as above. Returns its
 * pid.
 */
guint32 companion_replace(Vm *vm);

/*
 * The frame numbers of all its beacon pages, as the guest's kernel tells them:
 * an array of guint64, in the order of slots. g_array_unref() it.
 */
GArray *companion_frames(Vm *vm, guint32 pid);

/* A figure of query-haywire-stats, of "guest" or "host". */
gint64 companion_counter(Vm *vm, const char *side, const char *name);

#endif
