/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal on QEMU's human monitor, which listens on a unix socket.
 */
#ifndef HAYWIRE_MONITOR_RELAY_H
#define HAYWIRE_MONITOR_RELAY_H

#include <glib.h>

/*
 * Connect this process's stdin and stdout to the monitor at @path, after
 * typing @lines (NULL-terminated) there. A terminal on stdin is put into raw
 * mode meanwhile: the monitor does its own editing and completion.
 *
 * Returns TRUE when the monitor ended the connection (QEMU quit) or stdin
 * ended; FALSE with @error set (G_IO_ERROR) when the socket cannot be reached.
 */
gboolean haywire_monitor_relay(const char *path, const char *const *lines,
                               GError **error);

#endif
