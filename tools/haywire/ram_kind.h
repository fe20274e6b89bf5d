/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is that a person takes for a RAM file.
 */
#ifndef HAYWIRE_TOOL_RAM_KIND_H
#define HAYWIRE_TOOL_RAM_KIND_H

#include <glib.h>

/*
 * FALSE, with @error set to what it is and what to do: @fd begins like a file
 * of another kind, that no memory can be read from. Not for a RAM file that is
 * in use: what that begins with, the guest decides.
 */
gboolean haywire_ram_kind_check(int fd, const char *path, GError **error);

#endif
