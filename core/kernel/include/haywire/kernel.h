/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel: the provider that reads a Linux guest's own structures in its memory.
 * It needs nothing in the guest, no symbols and no pause: docs/kernel.md.
 *
 * One thread. Nothing that the guest writes makes it crash, take more than a
 * bounded time, or more than a bounded amount of memory; it can only be lied
 * to.
 */

#ifndef HAYWIRE_KERNEL_H
#define HAYWIRE_KERNEL_H

#include "haywire/builder.h"
#include "haywire/check.h"
#include "haywire/memory.h"

typedef struct HaywireKernel HaywireKernel;

/* @done of @total bytes were looked at. False: that is enough. */
typedef bool (*HaywireKernelProgress)(void *opaque, uint64_t done,
                                      uint64_t total);

/* @memory: borrowed until destroy. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_kernel_new(HaywireMemory *memory,
                                 HaywireKernel **ret_kernel) HAYWIRE_MUST_CHECK;
void haywire_kernel_destroy(HaywireKernel *kernel); /* NULL is fine */
void haywire_kernel_set_progress(HaywireKernel *kernel,
                                 HaywireKernelProgress progress, void *opaque);

/* The memory is another one: forget what was found. */
void haywire_kernel_reset(HaywireKernel *kernel);

/*
 * Search for kernels by their notes only, which costs a fiftieth: at first not.
 */
void haywire_kernel_set_notes_only(HaywireKernel *kernel, bool notes_only);

/* What a search has met, for a sentence on why there is no kernel. */
typedef struct HaywireKernelFinding {
    uint32_t notes;      /* of kernels: vmcoreinfo */
    uint32_t tables;     /* of these, whose page tables and release agree */
    uint32_t types;      /* of these, with type information: BTF */
    uint32_t lists;      /* of these, with a list of processes that closes */
    bool other_machine;  /* a note of a machine that is not known */
    const char *missing; /* a member that a kernel lacks; NULL: none */
    char release[65];    /* of the newest note; "" for none */
} HaywireKernelFinding;
const HaywireKernelFinding *haywire_kernel_finding(const HaywireKernel *kernel);

/*
 * One sentence, not escaped, on why there is no kernel to be read; "" while it
 * was not searched for by all means.
 */
void haywire_kernel_explain(const HaywireKernel *kernel, char *to, size_t room);

/*
 * Look again: find kernels where none is known yet, or the known one is gone;
 * walk the list of its processes. @now_ns: a clock that runs while the guest
 * does; by it is judged what is live. @host_ns: one that always runs; searches
 * are paced by it.
 *
 * HAYWIRE_OK; HAYWIRE_NOT_FOUND: no kernel; HAYWIRE_PAGE_BUSY: its list could
 * not be had whole; and as haywire_memory_next_window().
 */
HaywireStatus haywire_kernel_look(HaywireKernel *kernel, uint64_t now_ns,
                                  uint64_t host_ns) HAYWIRE_MUST_CHECK;

/* Processor time, ns, that all searches so far have taken. */
uint64_t haywire_kernel_search_time(const HaywireKernel *kernel);

/*
 * Whether the kernel of the newest look runs. Only what has been seen to go on
 * between two looks is live; what stood still for long enough is stale.
 * @still: nobody can write to the memory.
 */
HaywireState haywire_kernel_state(const HaywireKernel *kernel, uint64_t now_ns,
                                  bool still);

/* For how long, ns, to look again before it is called stale; 0: it is known. */
uint64_t haywire_kernel_wait(const HaywireKernel *kernel, uint64_t now_ns);

/* Kernels in memory, leftovers of earlier boots included. */
size_t haywire_kernel_count(const HaywireKernel *kernel);

/* Where guest addresses lie, by the kernel that is shown; NULL: not known. */
const HaywireLayout *haywire_kernel_layout(const HaywireKernel *kernel);

/* What it runs on: a HaywireArch, and bytes of a page. 0: not known. */
void haywire_kernel_machine(const HaywireKernel *kernel, uint32_t *ret_arch,
                            uint32_t *ret_page_size);

/* Processes of which one look tells all. */
#define HAYWIRE_KERNEL_WANTED 2

/*
 * Of the process @pid sections and page runs are told as well, from the next
 * look on; 0: of none. @place, below HAYWIRE_KERNEL_WANTED: instead of which one
 * that was wanted before.
 */
void haywire_kernel_want(HaywireKernel *kernel, size_t place, uint32_t pid);

/*
 * Ask all that the kernel of the newest look knows its processes by, and tell
 * @check: haywire_check_add(), haywire_check_heard(). After
 * haywire_kernel_tell(). @still: nobody can write to the memory.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_kernel_check(HaywireKernel *kernel, uint64_t now_ns,
                                   bool still,
                                   HaywireCheck *check) HAYWIRE_MUST_CHECK;

/* Tell @builder what the newest look has found. It is finished before the next look. */
void haywire_kernel_tell(HaywireKernel *kernel, HaywireBuilder *builder);

#endif
