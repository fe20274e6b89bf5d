/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's structures say of one process. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_PROCESS_H
#define HAYWIRE_KERNEL_PROCESS_H

#include "haywire/builder.h"
#include "path.h"
#include "tasks.h"

/* As long as the companion's: docs/protocol.md, section 5.5. */
#define HAYWIRE_KERNEL_ARGUMENTS_MAX 2048

/* Texts and numbers of one process: void when the next one is read. */
typedef struct HaywireProcessTexts {
    HaywirePath exe;
    bool has_exe;
    uint8_t arguments[HAYWIRE_KERNEL_ARGUMENTS_MAX];
    size_t arguments_length;
    uint64_t known;
    uint64_t number[HAYWIRE_FIELD_COUNT];
} HaywireProcessTexts;

/*
 * The numbers that a list has, and the name, which has @room bytes. False: it
 * could not be read.
 */
bool haywire_process_basics(HaywireKernelView *view, const HaywireTask *task,
                            HaywireProcess *ret_process, char *name,
                            size_t room, HaywireString *ret_name);

/* When a process started, as /proc tells it: in ticks. */
uint64_t haywire_process_start(uint64_t start_ns);

/* The rest, into what the table already has. */
void haywire_process_details(HaywireKernelView *view, const HaywireTask *task,
                             HaywireProcess *process,
                             HaywireProcessTexts *ret_texts);

/* How often its threads have been put on a processor; for evidence of life. */
uint64_t haywire_process_switches(HaywireKernelView *view,
                                  const HaywireTask *task);

/* The page table of a process; false: it has none, or it cannot be read. */
bool haywire_process_pages(HaywireKernelView *view, uint64_t task,
                           HaywireTable *ret_table, uint64_t *ret_mm);

#endif
