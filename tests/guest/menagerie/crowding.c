/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that crowd the guest's memory: see menagerie.h.
 */
#include "menagerie.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE       MENAGERIE_PAGE
#define MIB        (1024u * 1024)
#define HUGE_PAGE  MENAGERIE_HUGE_PAGE
#define HOLE_EVERY 64u
#define MIB_MAX    65536u

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Small pages, all of them there; NULL when it cannot be. */
static char *map_small_pages(size_t size)
{
    char *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED) {
        perror("mmap");
        return NULL;
    }
    madvise(map, size, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += PAGE) {
        map[i] = (char)(i / PAGE);
    }
    return map;
}

static size_t size_of(const char *mib_text)
{
    unsigned long mib = strtoul(mib_text, NULL, 10);

    return mib <= MIB_MAX ? (size_t)mib * MIB : 0;
}

int menagerie_scatter(const char *mib_text)
{
    size_t size = size_of(mib_text);
    char *map = map_small_pages(size);

    if (!map) {
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < size; i += (size_t)HOLE_EVERY * PAGE) {
        madvise(map + i, PAGE, MADV_DONTNEED);
    }
    puts("ready");
    fflush(stdout);
    animal_sit();
}

/* Whether all pages still have what was put there. */
static int is_intact(const char *map, size_t size)
{
    for (size_t i = 0; i < size; i += PAGE) {
        if (map[i] != (char)(i / PAGE)) {
            return 0;
        }
    }
    return 1;
}

int menagerie_collapse(const char *mib_text)
{
    size_t size = size_of(mib_text);
    char *map = map_small_pages(size);
    size_t skip, collapsed = 0;

    if (!map) {
        return EXIT_FAILURE;
    }
    madvise(map, size, MADV_HUGEPAGE);
    skip = -(uintptr_t)map % HUGE_PAGE;
    for (size_t i = skip; i + HUGE_PAGE <= size; i += HUGE_PAGE) {
        collapsed += madvise(map + i, HUGE_PAGE, MADV_COLLAPSE) == 0;
    }
    printf("%zu\n", collapsed);
    return is_intact(map, size) ? EXIT_SUCCESS : EXIT_FAILURE;
}
