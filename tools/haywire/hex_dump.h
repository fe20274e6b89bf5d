/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as people read it: bytes and letters, and what is missing in between.
 */
#ifndef HAYWIRE_TOOL_HEX_DUMP_H
#define HAYWIRE_TOOL_HEX_DUMP_H

#include <glib.h>

#include "haywire/watch_read.h"

/*
 * Append @length @bytes, the first of which lies at @address. Each part of
 * @result that is missing has one line that says why, and "--" where it shares
 * a line with what is there.
 */
void haywire_hex_dump(GString *out, uint64_t address, const uint8_t *bytes,
                      gsize length, const HaywireReadResult *result);

/* Why a part is missing: a phrase. */
const char *haywire_missing_reason(const HaywireMissing *missing);

#endif
