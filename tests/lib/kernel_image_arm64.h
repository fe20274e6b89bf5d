/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small kernel of kernel_image.h, for arm64: mapped elsewhere, by other page
 * tables, in RAM that begins at 1 GiB. What kernel_image.h says of where things
 * lie is what is so in its bytes; addresses are others.
 */
#ifndef HAYWIRE_TESTS_KERNEL_IMAGE_ARM64_H
#define HAYWIRE_TESTS_KERNEL_IMAGE_ARM64_H

#include "kernel_image.h"

#define KERNEL_IMAGE_ARM64_RAM (UINT64_C(1) << 30)

typedef struct KernelImageArm64 {
    unsigned page_shift;
    unsigned va_bits; /* of its page tables */
    unsigned built;   /* the bits that it was built for, as its note says */
    unsigned unused;  /* TCR_EL1.T1SZ: the bits that are not translated */
} KernelImageArm64;

/* As kernel_image_new(). */
KernelImage *kernel_image_new_arm64(const KernelImageArm64 *as);

/*
 * The last entry for the one page of a process: where it lies in the bytes, as a
 * number of its file.
 */
uint64_t kernel_image_arm64_entry(const KernelImage *image,
                                  const KernelImageArm64 *as, unsigned process);

#endif
