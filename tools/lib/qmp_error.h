/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of qmp_client.h; private to qmp_client.c and qmp_channel.c.
 */
#ifndef HAYWIRE_QMP_ERROR_H
#define HAYWIRE_QMP_ERROR_H

#include <glib.h>

/*
 * QEMU answered a command with this error: QMP's class, and the description;
 * either may be NULL.
 */
void haywire_qmp_error_set_command(GError **error, const char *class_name,
                                   const char *description);

#endif
