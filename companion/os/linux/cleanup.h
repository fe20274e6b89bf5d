/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cleanup at the end of a scope. Variables must be initialised. */

#ifndef HAYWIRE_CLEANUP_H
#define HAYWIRE_CLEANUP_H

#include <stdlib.h>

#include "os/linux/proc_file.h"

static inline void haywire_cleanup_fd(int *fd)
{
    haywire_proc_close(*fd);
}

static inline void haywire_cleanup_memory(void *pointer)
{
    free(*(void **)pointer);
}

#define HAYWIRE_AUTOCLOSE __attribute__((cleanup(haywire_cleanup_fd)))
#define HAYWIRE_AUTOFREE  __attribute__((cleanup(haywire_cleanup_memory)))

#endif
