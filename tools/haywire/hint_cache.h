/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of RAM files from one run to the next: where the discovery
 * page of a live session lay, so that it is looked at before all else. Never
 * evidence; whatever is wrong with it costs a page and then a scan.
 *
 * One small file of this user's, HINTS in the user's cache folder. Where it
 * cannot be used or written there are no hints, silently.
 */
#ifndef HAYWIRE_TOOL_HINT_CACHE_H
#define HAYWIRE_TOOL_HINT_CACHE_H

#include <glib.h>

#include "haywire/watch.h"

/*
 * The hint for the file @fd, if there is one of a scan in the last ten seconds.
 * @host_ns: wall clock; a page that was stamped as long ago as then is of a
 * session that has been beating until now.
 */
gboolean haywire_hint_find(int fd, guint64 host_ns, HaywireFileHint *ret_hint);

/* Note @hint, of a session that a scan has found and was seen at @host_ns. */
void haywire_hint_note(int fd, guint64 host_ns, const HaywireFileHint *hint);

#endif
