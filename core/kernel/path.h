/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of open files, as the kernel's d_path() makes them. Private to the
 * room.
 */

#ifndef HAYWIRE_KERNEL_PATH_H
#define HAYWIRE_KERNEL_PATH_H

#include "haywire/text.h"
#include "view.h"

#define HAYWIRE_KERNEL_PATH_MAX 4096

typedef struct HaywirePath {
    size_t start; /* in bytes[], up to the end */
    bool deleted; /* the mark of that is no part of it */
    bool cut;     /* its beginning is missing */
    uint8_t bytes[HAYWIRE_KERNEL_PATH_MAX];
} HaywirePath;

/* @file: gva of a struct file. False: it cannot be read. */
bool haywire_path_read(HaywireKernelView *view, uint64_t file,
                       HaywirePath *ret_path);

/* A file that is in no folder, as of memfd_create(). False: it is in one, or
   cannot be read. */
bool haywire_path_is_in_no_folder(HaywireKernelView *view, uint64_t file);

/* Its bytes, without the first ones if they are more than @most. */
HaywireString haywire_path_text(const HaywirePath *path);

#endif
