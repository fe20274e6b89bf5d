/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_PLUGIN_H
#define HAYWIRE_PLUGIN_H

#include <glib.h>

#include "qemu_internals.h"

/* What QEMU calls for -plugin.  Thread: the main one.  Returns: 0, or -1. */
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                        char **argv) QEMU_PLUGIN_EXPORT;

/*
 * The same, before main(), in a QEMU that nobody has told of us.  Should
 * -plugin name this file all the same, its options count.
 *
 * Returns: TRUE, or FALSE when it was said why not.
 */
gboolean haywire_plugin_preload(int argc, char **argv);

#endif /* HAYWIRE_PLUGIN_H */
