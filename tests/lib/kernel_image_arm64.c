/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a small kernel for arm64: see kernel_image_arm64.h.
 */
#include "kernel_image_arm64.h"

#include <endian.h>
#include <glib.h>
#include <string.h>

#define RAM     KERNEL_IMAGE_ARM64_RAM
#define TABLE   UINT64_C(3) /* or a page */
#define BLOCK   UINT64_C(1)
#define ADDRESS UINT64_C(0x0000fffffffff000)

/* Where page tables of processes lie; those of the kernel begin at its root. */
#define USER_TABLES UINT64_C(0x280000)

static uint64_t get(const KernelImage *image, uint64_t at)
{
    uint64_t value;

    memcpy(&value, image->bytes + at, sizeof(value));
    return le64toh(value);
}

static void put(KernelImage *image, uint64_t at, uint64_t value)
{
    value = htole64(value);
    memcpy(image->bytes + at, &value, sizeof(value));
}

/* The image is mapped in the upper half of what is translated, RAM from below. */
static uint64_t moved(const KernelImageArm64 *as, uint64_t address)
{
    uint64_t image = kernel_image_address(0);
    uint64_t direct =
        kernel_image_address(KERNEL_IMAGE_TASKS) - KERNEL_IMAGE_TASKS;

    if (address - image < KERNEL_IMAGE_SIZE) {
        return -(UINT64_C(1) << (as->va_bits - 1)) + (address - image);
    }
    if (address - direct < KERNEL_IMAGE_SIZE) {
        return -(UINT64_C(1) << as->va_bits) + (address - direct);
    }
    return address;
}

static void move_pointers(KernelImage *image, const KernelImageArm64 *as)
{
    for (uint64_t at = 0; at < KERNEL_IMAGE_SIZE; at += 8) {
        put(image, at, moved(as, get(image, at)));
    }
}

static int root_shift(const KernelImageArm64 *as)
{
    int bits = (int)as->page_shift - 3;
    int above = (int)as->va_bits - (int)as->page_shift - 1;

    return (int)as->page_shift + above / bits * bits;
}

/* Where the entry of @shift bits for @address lies; tables are made at *next. */
static uint64_t entry_for(KernelImage *image, const KernelImageArm64 *as,
                          uint64_t table, uint64_t address, int shift,
                          uint64_t *next)
{
    int step = (int)as->page_shift - 3;

    address &= (UINT64_C(1) << as->va_bits) - 1;
    for (int at = root_shift(as);; at -= step) {
        uint64_t entry =
            table + (address >> at & ((UINT64_C(1) << step) - 1)) * 8;

        if (at == shift) {
            return entry;
        }
        if (get(image, entry) == 0) {
            g_assert_nonnull(next);
            put(image, entry, (RAM + *next) | TABLE);
            *next += UINT64_C(1) << as->page_shift;
        }
        table = (get(image, entry) & ADDRESS) - RAM;
    }
}

static void map(KernelImage *image, const KernelImageArm64 *as, uint64_t root,
                uint64_t address, uint64_t to, int shift, uint64_t *next)
{
    uint64_t entry = entry_for(image, as, root, address, shift, next);

    put(image, entry,
        (RAM + to) | (shift == (int)as->page_shift ? TABLE : BLOCK));
}

/* In blocks, as large as a table maps. */
static void map_kernel(KernelImage *image, const KernelImageArm64 *as)
{
    int shift = 2 * (int)as->page_shift - 3;
    uint64_t next = KERNEL_IMAGE_ROOT + (UINT64_C(1) << as->page_shift);
    uint64_t start[] = { kernel_image_address(0),
                         kernel_image_address(KERNEL_IMAGE_TASKS) -
                             KERNEL_IMAGE_TASKS };

    memset(image->bytes + KERNEL_IMAGE_ROOT, 0,
           KERNEL_IMAGE_TEXT - KERNEL_IMAGE_ROOT);
    for (gsize i = 0; i < G_N_ELEMENTS(start); i++) {
        for (uint64_t at = 0; at < KERNEL_IMAGE_SIZE;
             at += UINT64_C(1) << shift) {
            map(image, as, KERNEL_IMAGE_ROOT, moved(as, start[i]) + at, at,
                shift, &next);
        }
    }
    g_assert_cmphex(next, <=, KERNEL_IMAGE_TEXT);
}

/* Each has a root, its page, and tables between them. */
static void map_processes(KernelImage *image, const KernelImageArm64 *as)
{
    const uint64_t page = UINT64_C(1) << as->page_shift;
    uint64_t next = USER_TABLES;

    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        uint64_t root = next, to = next + page;

        next += 2 * page;
        g_assert_cmphex(next, <=, KERNEL_IMAGE_SIZE - page);
        memcpy(image->bytes + to, image->bytes + kernel_image_page(i), 4096);
        map(image, as, root, KERNEL_IMAGE_USER, to, (int)as->page_shift, &next);
        kernel_image_set(image, kernel_image_mm(i), M_MM_PGD,
                         moved(as, kernel_image_address(KERNEL_IMAGE_TASKS) -
                                       KERNEL_IMAGE_TASKS + root));
        kernel_image_set(image, kernel_image_area(i), M_AREA_END,
                         KERNEL_IMAGE_USER + page);
    }
}

static void write_note(KernelImage *image, const KernelImageArm64 *as)
{
    uint64_t base = moved(as, kernel_image_address(0));
    g_autofree char *text = g_strdup_printf(
        "OSRELEASE=%s\nPAGESIZE=%u\n"
        "SYMBOL(init_uts_ns)=%" G_GINT64_MODIFIER "x\n"
        "SYMBOL(swapper_pg_dir)=%" G_GINT64_MODIFIER "x\n"
        "SYMBOL(_stext)=%" G_GINT64_MODIFIER "x\nNUMBER(VA_BITS)=%u\n"
        "NUMBER(kimage_voffset)=0x%" G_GINT64_MODIFIER "x\n"
        "NUMBER(TCR_EL1_T1SZ)=0x%x\n",
        KERNEL_IMAGE_RELEASE, 1u << as->page_shift, base + KERNEL_IMAGE_UTS,
        base + KERNEL_IMAGE_ROOT, base + KERNEL_IMAGE_TEXT, as->built,
        base - RAM, as->unused);

    memset(image->bytes + KERNEL_IMAGE_NOTE, 0, 4096);
    memcpy(image->bytes + KERNEL_IMAGE_NOTE, text, strlen(text));
}

KernelImage *kernel_image_new_arm64(const KernelImageArm64 *as)
{
    KernelImage *image = kernel_image_new();

    move_pointers(image, as);
    map_kernel(image, as);
    map_processes(image, as);
    write_note(image, as);
    return image;
}

uint64_t kernel_image_arm64_entry(const KernelImage *image,
                                  const KernelImageArm64 *as, unsigned process)
{
    uint64_t mm = kernel_image_mm(process);
    uint64_t root = get(image, mm + image->members.member[M_MM_PGD].offset);

    root += UINT64_C(1) << as->va_bits;
    return entry_for((KernelImage *)image, as, root, KERNEL_IMAGE_USER,
                     (int)as->page_shift, NULL);
}
