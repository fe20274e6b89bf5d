/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as text, by unit. Private to render/.
 */

#ifndef HAYWIRE_RENDER_TEXT_FORMAT_H
#define HAYWIRE_RENDER_TEXT_FORMAT_H

#include <glib.h>

#include "fields.h"

/* "0 B", "4 KiB", "1.5 GiB" */
void haywire_format_bytes(GString *out, uint64_t bytes);

/* "250 ns", "1.50 ms", "12.3 s", "3 h 4 min" */
void haywire_format_duration(GString *out, uint64_t ns);

/* Processor time as ps shows it: "00:01:02", "3-04:05:06" */
void haywire_format_cpu_time(GString *out, uint64_t ns);

/* A number in @unit */
void haywire_format_number(GString *out, HaywireUnit unit, uint64_t value);

/* The member as it is for people; "-" when it is absent */
void haywire_format_field(GString *out, const HaywireField *field,
                          const void *object);

#endif
