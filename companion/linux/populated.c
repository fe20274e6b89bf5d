/*
 * Which parts of an address space have pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <sys/ioctl.h>

#include "linux/populated.h"

/* Declared here under names of our own: older headers lack it. */
typedef struct ScanArgument {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t vec;
    uint64_t vec_len;
    uint64_t max_pages;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
} ScanArgument;

_Static_assert(sizeof(ScanArgument) == 96, "the kernel's struct pm_scan_arg");
_Static_assert(sizeof(HaywirePopulated) == 24, "its struct page_region");

#define IOCTL_SCAN      _IOWR('f', 16, ScanArgument)
#define SCAN_IS_PRESENT (UINT64_C(1) << 3)
#define SCAN_IS_SWAPPED (UINT64_C(1) << 4)

long haywire_populated_find(int pagemap, uint64_t start, uint64_t end,
                            uint64_t pages, HaywirePopulated *ret_part,
                            size_t room, uint64_t *ret_next)
{
    ScanArgument argument = {
        .size = sizeof(argument),
        .start = start,
        .end = end,
        .vec = (uintptr_t)ret_part,
        .vec_len = room,
        .max_pages = pages,
        .category_anyof_mask = SCAN_IS_PRESENT | SCAN_IS_SWAPPED,
        .return_mask = SCAN_IS_PRESENT | SCAN_IS_SWAPPED,
    };
    long count;

    do {
        count = ioctl(pagemap, IOCTL_SCAN, &argument);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        *ret_next = argument.walk_end;
    }
    return count;
}
