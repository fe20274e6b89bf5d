/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that Haywire answers about a guest, whatever that guest says, is
 * harmless to show. What is not ends the test.
 */
#ifndef HAYWIRE_TESTS_ANSWERS_H
#define HAYWIRE_TESTS_ANSWERS_H

#include "vm.h"

void answers_check_text(const char *text);

/* The plugin's, by all QMP commands: also a refusal is an answer. */
void answers_check_qmp(Vm *vm);

/* The plugin's, in the monitor. */
void answers_check_monitor(Vm *vm);

/* The host tool's on the RAM file, which must not crash either. */
void answers_check_tool(Vm *vm);

#endif
