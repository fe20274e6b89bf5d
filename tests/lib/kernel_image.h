/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small guest memory in which a Linux kernel of a made-up version lies: its
 * note, page tables, types and processes, so that tests can damage each.
 */
#ifndef HAYWIRE_TESTS_KERNEL_IMAGE_H
#define HAYWIRE_TESTS_KERNEL_IMAGE_H

#include "haywire/memory.h"
#include "members.h"

#define KERNEL_IMAGE_SIZE      (UINT64_C(4) << 20)
#define KERNEL_IMAGE_PROCESSES 5

/* Where things lie, by guest physical address. */
#define KERNEL_IMAGE_NOTE  UINT64_C(0x10000)
#define KERNEL_IMAGE_ROOT  UINT64_C(0x20000)
#define KERNEL_IMAGE_TEXT  UINT64_C(0x100000)
#define KERNEL_IMAGE_UTS   UINT64_C(0x110000)
#define KERNEL_IMAGE_TYPES UINT64_C(0x120000)
#define KERNEL_IMAGE_INIT  UINT64_C(0x160000)
#define KERNEL_IMAGE_PIDS  UINT64_C(0x170000) /* struct pid, 256 bytes each */
#define KERNEL_IMAGE_SPACE UINT64_C(0x171000) /* of pids: a pid_namespace */
#define KERNEL_IMAGE_NODE  UINT64_C(0x172000) /* the one of its table */
#define KERNEL_IMAGE_QUEUE UINT64_C(0x173000) /* the processor's struct rq */
#define KERNEL_IMAGE_TASKS UINT64_C(0x200000) /* a page for each process */

#define KERNEL_IMAGE_RELEASE "6.1.0-made-up"

typedef struct KernelImage {
    uint8_t *bytes; /* KERNEL_IMAGE_SIZE */
    uint32_t types; /* bytes of type information */
    HaywireMembers members;
} KernelImage;

/* Aborts when there is no memory. Processes are 1, 2, 3, ...: "process-1". */
KernelImage *kernel_image_new(void);
void kernel_image_free(KernelImage *image);

/* It, as a memory; borrowed. */
HaywireMemory *kernel_image_memory(const KernelImage *image);

/* A member of the object at @gpa, of up to 8 bytes. */
void kernel_image_set(KernelImage *image, uint64_t gpa, HaywireMemberId id,
                      uint64_t value);

/* The kernel's own address of what lies at @gpa. */
uint64_t kernel_image_address(uint64_t gpa);

/* Parts of the page of a process (from 0). */
uint64_t kernel_image_task(unsigned process);
uint64_t kernel_image_signal(unsigned process);
/* Its struct pid; that of the first task is number -1. */
uint64_t kernel_image_pid(int process);
/* Its place in the table of pids. */
uint64_t kernel_image_place(const KernelImage *image, unsigned process);
/* Its mm_struct, its one vm_area_struct, and room for a node of a tree. */
uint64_t kernel_image_mm(unsigned process);
uint64_t kernel_image_area(unsigned process);
uint64_t kernel_image_node(unsigned process);

/* Where its one page lies: for itself, and in the guest. */
#define KERNEL_IMAGE_USER UINT64_C(0x400000)
uint64_t kernel_image_page(unsigned process);

/* Take a process off the list of tasks, or off its parent's children. */
void kernel_image_unlink(KernelImage *image, unsigned process,
                         HaywireMemberId list);

/* Its scheduler has put each process on a processor once more. */
void kernel_image_run(KernelImage *image);

#endif
