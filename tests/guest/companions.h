/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Companions in a guest, and where their beacon pages lie.
 */
#ifndef HAYWIRE_TESTS_COMPANIONS_H
#define HAYWIRE_TESTS_COMPANIONS_H

#include "vm.h"

/* A command that starts one in the background and leaves its pid in $!. */
#define COMPANION_START                                           \
    "setsid /bin/haywire-companion run --max-cpu 100 </dev/null " \
    ">/run/out 2>&1 &"

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
