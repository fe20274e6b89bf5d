/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dumps and readers of memory need of the kernel provider, beyond the
 * model. All of it speaks of the kernel of the newest haywire_kernel_look(),
 * and reads anew. One thread; bounded as all of the provider is.
 */

#ifndef HAYWIRE_KERNEL_MEMORY_H
#define HAYWIRE_KERNEL_MEMORY_H

#include "haywire/kernel.h"

/*
 * The address space of process @pid, by its own page table; of @pid 0: the
 * kernel's own. Its page tables are copied as they are met, and stay as they
 * were then: open it anew where that has become long ago.
 *
 * Translating: HAYWIRE_OK; HAYWIRE_NOT_PRESENT, with the level at which the
 * page table ends; HAYWIRE_OUT_OF_RANGE: no such address; or why the page table
 * cannot be read (memory.h).
 *
 * HAYWIRE_OK: *ret_space is for haywire_kernel_space_free(), valid until the
 * next look or haywire_kernel_reset(); HAYWIRE_NOT_FOUND: no kernel;
 * HAYWIRE_NO_PROCESS: not on the list, or gone since; HAYWIRE_NO_SECTIONS: it
 * has no memory of its own, as kernel threads have none; HAYWIRE_NO_MEMORY.
 */
HaywireStatus
haywire_kernel_space_new(HaywireKernel *kernel, uint32_t pid,
                         HaywireAddressSpace **ret_space) HAYWIRE_MUST_CHECK;
void haywire_kernel_space_free(HaywireAddressSpace *space); /* NULL is fine */

/* Registers of a thread of x86-64, as struct user_regs_struct has them. */
#define HAYWIRE_KERNEL_REGISTERS 27

typedef struct HaywireKernelThread {
    uint32_t tid;
    bool has_registers; /* those with which it last entered the kernel */
    bool running;       /* on a processor: it may have others by now */
    uint64_t reg[HAYWIRE_KERNEL_REGISTERS];
} HaywireKernelThread;

/* More are not told. */
#define HAYWIRE_KERNEL_THREADS_MAX 8192

/*
 * The threads of process @pid, its leader first, unless that has ended.
 * *ret_thread: to be freed.
 * HAYWIRE_OK, HAYWIRE_NOT_FOUND, HAYWIRE_NO_PROCESS, HAYWIRE_NO_MEMORY;
 * HAYWIRE_PAGE_BUSY: the list was being changed each time; HAYWIRE_LIMIT.
 */
HaywireStatus haywire_kernel_threads(HaywireKernel *kernel, uint32_t pid,
                                     HaywireKernelThread **ret_thread,
                                     size_t *ret_count) HAYWIRE_MUST_CHECK;

/* Bytes of an auxiliary vector; Linux has less than half. */
#define HAYWIRE_KERNEL_AUXV_MAX 1024

/*
 * The auxiliary vector of process @pid, its AT_NULL included. *ret_length:
 * bytes. HAYWIRE_OK, HAYWIRE_NOT_FOUND: it cannot be had.
 */
HaywireStatus haywire_kernel_auxv(HaywireKernel *kernel, uint32_t pid,
                                  uint8_t ret_auxv[HAYWIRE_KERNEL_AUXV_MAX],
                                  size_t *ret_length) HAYWIRE_MUST_CHECK;

/* A page, less where an ELF note begins with a header. */
#define HAYWIRE_KERNEL_NOTE_MAX 4096

/*
 * The text of the kernel's note, vmcoreinfo, which is searched for. Not
 * terminated. *ret_position: of its first byte. HAYWIRE_OK; HAYWIRE_NOT_FOUND:
 * no kernel, or it has none; and as haywire_memory_next_window().
 */
HaywireStatus haywire_kernel_note(
    HaywireKernel *kernel, uint8_t ret_text[HAYWIRE_KERNEL_NOTE_MAX],
    size_t *ret_length, HaywirePosition *ret_position) HAYWIRE_MUST_CHECK;

/*
 * Where the kernel maps all RAM: the gva of guest physical address 0.
 * HAYWIRE_OK, HAYWIRE_NOT_FOUND.
 */
HaywireStatus
haywire_kernel_direct_map(HaywireKernel *kernel,
                          HaywireGva *ret_base) HAYWIRE_MUST_CHECK;

/* Addresses that lie one behind the other in guest physical memory as well. */
typedef struct HaywireKernelImage {
    HaywireGva start;
    HaywireGpa gpa;
    uint64_t length; /* bytes */
} HaywireKernelImage;

/*
 * Where the kernel maps its own image, from its first page to its last; what
 * it has given back in between is in it. HAYWIRE_OK, HAYWIRE_NOT_FOUND.
 */
HaywireStatus
haywire_kernel_image(HaywireKernel *kernel,
                     HaywireKernelImage *ret_image) HAYWIRE_MUST_CHECK;

#endif
