/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rootkit does to a kernel, done from outside: in the RAM file.
 */
#ifndef HAYWIRE_TESTS_KERNEL_EDIT_H
#define HAYWIRE_TESTS_KERNEL_EDIT_H

#include <glib.h>

/*
 * Take a process off the kernel's list of tasks, in the RAM file at @path of a
 * guest that is stopped. Its neighbours no longer know it; it knows them still.
 * FALSE: the guest was stopped while it changed that list itself. Fails the test
 * when there is no kernel, or no such process.
 */
gboolean kernel_edit_unlink_task(const char *path, guint32 pid);

#endif
