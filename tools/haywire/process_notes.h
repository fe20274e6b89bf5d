/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The notes of a process's core: Linux's for x86-64 (fs/binfmt_elf.c).
 */
#ifndef HAYWIRE_TOOL_PROCESS_NOTES_H
#define HAYWIRE_TOOL_PROCESS_NOTES_H

#include "elf_file.h"
#include "haywire/kernel_memory.h"

/* NT_PRPSINFO: the process; NT_PRSTATUS: one of its threads. */
void haywire_notes_add_process(HaywireElf *elf, const HaywireProcess *process);
void haywire_notes_add_thread(HaywireElf *elf, const HaywireProcess *process,
                              const HaywireKernelThread *thread);

/* NT_FILE: which sections are of files. */
void haywire_notes_add_files(HaywireElf *elf, const HaywireSectionList *list);

#endif
