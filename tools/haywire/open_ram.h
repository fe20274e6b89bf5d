/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening the RAM file that a person names.
 */
#ifndef HAYWIRE_TOOL_OPEN_RAM_H
#define HAYWIRE_TOOL_OPEN_RAM_H

#include <glib.h>

/*
 * Open the regular file at @path for reading. Symbolic links are followed, but
 * none that somebody else may have laid there: one in a folder that is sticky
 * and open to all (such as /tmp) must belong to this user or to the folder's
 * owner. That is the rule of Linux' fs.protected_symlinks, which may be off.
 *
 * Returns a descriptor for the caller to close, or -1 with @error set.
 */
int haywire_open_ram(const char *path, GError **error);

#endif
