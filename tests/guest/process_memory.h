/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory a process of ours uses.
 */
#ifndef HAYWIRE_TESTS_PROCESS_MEMORY_H
#define HAYWIRE_TESTS_PROCESS_MEMORY_H

#include <glib.h>

/*
 * Anonymous memory of the process, bytes, as /proc/PID/smaps has it, but for
 * mappings that are both writable and executable: QEMU's translated code.
 */
guint64 process_memory_private(GPid pid);

#endif
