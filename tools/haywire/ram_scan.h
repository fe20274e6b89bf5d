/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `haywire scan` on a RAM file: every session in it, live or not.
 */
#ifndef HAYWIRE_TOOL_RAM_SCAN_H
#define HAYWIRE_TOOL_RAM_SCAN_H

#include "backend.h"
#include "haywire/sessions.h"
#include "progress.h"

/*
 * Scan all of @source, then watch the sessions until each is judged (a few
 * seconds at most; @still, nobody can write to it: not at all). On success
 * *ret_report->row is a new array.
 *
 * HAYWIRE_OK, and all of haywire_scan().
 */
HaywireStatus
haywire_ram_scan(HaywireMemory *source, bool still, HaywireProgress *progress,
                 HaywireScanReport *ret_report) HAYWIRE_MUST_CHECK;

#endif
