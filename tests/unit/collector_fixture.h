/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of the Linux collector share. */

#ifndef COLLECTOR_FIXTURE_H
#define COLLECTOR_FIXTURE_H

#include <glib.h>

#include "os/os.h"

/* The one under test; whoever makes it destroys it. */
extern HaywireCollector *tested;

void open_process(pid_t pid, HaywireOpenProcess **ret_process,
                  HaywireBrief *ret_brief);
/* To be freed by g_free(). */
HaywireDetails *details_of(pid_t pid);
HaywireFields *fields_of(pid_t pid);
bool is_known(const HaywireFields *fields, HaywireProcessField field);
bool has_section(HaywireOpenProcess *process, uint64_t address);
/* A HaywireRunSink: @opaque is a GArray of HaywireGuestRun. */
void take_run(void *opaque, const HaywireGuestRun *run);

#endif
