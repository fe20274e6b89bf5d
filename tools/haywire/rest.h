/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a RAM file is at rest: kept, and used by no QEMU.
 */
#ifndef HAYWIRE_TOOL_REST_H
#define HAYWIRE_TOOL_REST_H

#include <glib.h>

/*
 * TRUE when it is certain that no program has the file behind @fd open or
 * mapped for writing just now, so that nothing in it can change. FALSE when
 * one has, or when that cannot be known: the file belongs to somebody else,
 * has no name (a memfd), or is not on a file system of this machine alone.
 *
 * @fd: open for reading only. Thread: any, but SIGIO is ignored from then on.
 */
gboolean haywire_file_at_rest(int fd);

/*
 * TRUE: some program may be writing to it, or it has no name, as the memory of
 * a running guest: then it holds that memory, whatever it begins with.
 */
gboolean haywire_file_in_use(int fd);

#endif
