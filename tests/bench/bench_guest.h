/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurements with a real guest: the machine that they share.
 */
#ifndef HAYWIRE_BENCH_BENCH_GUEST_H
#define HAYWIRE_BENCH_BENCH_GUEST_H

#include "bench.h"
#include "vm.h"

/* The defaults of companion and plugin. */
#define COMPANION_INTERVAL_MS 500
#define PLUGIN_INTERVAL_MS    250

/* One guest for all: live, with some 300 processes, settled. */
Vm *bench_machine(void);

/* As many seconds or rounds, or 2 in a smoke run. */
guint bench_scaled(guint full);

void bench_first_list(void);
void bench_kernel_first(void);
void bench_kernel_next(void);
void bench_rescan_idle(void);
void bench_companion_cpu(void);
void bench_freshness(void);
void bench_focus_latency(void);
void bench_attach(void);
void bench_guest_slowdown(void);

#endif
