/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory source over a mapping of this process, as the plugin's is over
 * QEMU's: its page table says what is resident.
 */
#ifndef HAYWIRE_BENCH_MAPPED_SOURCE_H
#define HAYWIRE_BENCH_MAPPED_SOURCE_H

#include "haywire/memory.h"

/* @host, @fd: borrowed; guest physical addresses are positions. */
HaywireMemory *mapped_source_new(uint8_t *host, uint64_t length, int fd);

#endif
