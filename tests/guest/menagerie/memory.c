/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Animals whose memory is odd. Where an animal names an address `at=HEX`, the
 * 32 bytes there are "haywire:" + the address as 16 hex digits + ":known!!":
 * a test can tell what it must find from the address alone.
 */
#include "menagerie.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE          MENAGERIE_PAGE
#define HUGE_PAGE     MENAGERIE_HUGE_PAGE
#define PLAIN_PAGES   64u
#define SWAPPED_PAGES 32u
#define MANY_SECTIONS 3000u
#define SPARSE_PAGES  4096u

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* Write the known content for @address at it; returns the address. */
static uintptr_t put_content(char *address)
{
    char text[MENAGERIE_CONTENT_SIZE + 1];

    snprintf(text, sizeof(text), "haywire:%016llx:known!!",
             (unsigned long long)(uintptr_t)address);
    memcpy(address, text, MENAGERIE_CONTENT_SIZE);
    return (uintptr_t)address;
}

static char *map_anonymous(size_t size, int flags)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (map == MAP_FAILED) {
        animal_die("mmap");
    }
    return map;
}

/* Known content at the start, inside and at the very end of a page. */
static void live_plain(void)
{
    char *map = map_anonymous(PLAIN_PAGES * PAGE, 0);
    uintptr_t first = put_content(map);
    uintptr_t inside = put_content(map + 5 * PAGE + 0x123);
    uintptr_t last =
        put_content(map + PLAIN_PAGES * PAGE - MENAGERIE_CONTENT_SIZE);

    animal_ready("at=%lx at=%lx at=%lx absent=%lx", first, inside, last,
                 (unsigned long)(uintptr_t)(map + 9 * PAGE));
    animal_sit();
}

/* A transparent huge page. */
static void live_huge_transparent(void)
{
    char *map = map_anonymous(2 * HUGE_PAGE, 0);
    uintptr_t start = ((uintptr_t)map + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1ul);
    char *huge = map + (start - (uintptr_t)map);

    if (madvise(huge, HUGE_PAGE, MADV_HUGEPAGE) != 0) {
        animal_die("madvise");
    }
    memset(huge, 1, HUGE_PAGE);
    animal_ready("at=%lx at=%lx", put_content(huge),
                 put_content(huge + 300 * PAGE + 64));
    animal_sit();
}

/* A huge page from the pool. */
static void live_huge_pool(void)
{
    char *huge = map_anonymous(HUGE_PAGE, MAP_HUGETLB);

    animal_ready("at=%lx at=%lx", put_content(huge),
                 put_content(huge + 77 * PAGE));
    animal_sit();
}

/* Touched, then forbidden: the page stays, no walk of page tables sees it. */
static void live_forbidden(void)
{
    char *map = map_anonymous(4 * PAGE, 0);
    uintptr_t at = put_content(map + PAGE);

    if (mprotect(map, 4 * PAGE, PROT_NONE) != 0) {
        animal_die("mprotect");
    }
    animal_ready("at=%lx", at);
    animal_sit();
}

/* Number of pages of @map that are in memory now. */
static unsigned int count_resident(char *map, unsigned int pages)
{
    unsigned char resident[SWAPPED_PAGES] = { 0 };
    unsigned int count = 0;

    mincore(map, (size_t)pages * PAGE, resident);
    for (unsigned int i = 0; i < pages; i++) {
        count += resident[i] & 1u;
    }
    return count;
}

/* Pages pushed out to swap. */
static void live_swapped(void)
{
    char *map = map_anonymous(SWAPPED_PAGES * PAGE, 0);

    for (unsigned int i = 0; i < SWAPPED_PAGES; i++) {
        put_content(map + i * PAGE);
    }
    if (madvise(map, SWAPPED_PAGES * PAGE, MADV_PAGEOUT) != 0) {
        animal_die("madvise");
    }
    animal_ready("swapped=%lx pages=%u resident=%u",
                 (unsigned long)(uintptr_t)map, SWAPPED_PAGES,
                 count_resident(map, SWAPPED_PAGES));
    animal_sit();
}

/* Map a new file of @pages pages at @path, shared. */
static char *map_file(const char *path, size_t pages)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    void *map;

    if (fd < 0 || ftruncate(fd, (off_t)(pages * PAGE)) != 0) {
        animal_die("open");
    }
    map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        animal_die("mmap");
    }
    return map;
}

static void live_file_odd_path(void)
{
    char *map = map_file("/tmp/odd name\n\\012 (deleted) \033[1m\377", 8);

    animal_ready("at=%lx", put_content(map + 2 * PAGE));
    animal_sit();
}

static void live_file_deleted(void)
{
    char *map = map_file("/tmp/soon gone", 4);
    uintptr_t at = put_content(map);

    unlink("/tmp/soon gone");
    animal_ready("at=%lx", at);
    animal_sit();
}

/* Neighbours differ in permissions, so that each page is a section. */
static void live_many_sections(void)
{
    char *map = map_anonymous((size_t)MANY_SECTIONS * PAGE, 0);

    for (unsigned int i = 0; i < MANY_SECTIONS; i += 2) {
        if (mprotect(map + (size_t)i * PAGE, PAGE, PROT_READ) != 0) {
            animal_die("mprotect");
        }
    }
    animal_ready("start=%lx sections=%u", (unsigned long)(uintptr_t)map,
                 MANY_SECTIONS);
    animal_sit();
}

/* Every other page present: the worst case for run lengths. */
static void live_sparse(void)
{
    char *map = map_anonymous((size_t)SPARSE_PAGES * PAGE, 0);

    madvise(map, (size_t)SPARSE_PAGES * PAGE, MADV_NOHUGEPAGE);
    for (unsigned int i = 0; i < SPARSE_PAGES; i += 2) {
        map[(size_t)i * PAGE] = 1;
    }
    animal_ready("start=%lx pages=%u", (unsigned long)(uintptr_t)map,
                 SPARSE_PAGES);
    animal_sit();
}

/* One page written after the soft-dirty bits were cleared, one not. */
static void live_soft_dirty(void)
{
    char *map = map_anonymous(4 * PAGE, 0);
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    madvise(map, 4 * PAGE, MADV_NOHUGEPAGE);
    memset(map, 1, 4 * PAGE);
    if (fd < 0 || write(fd, "4", 1) != 1) {
        animal_die("clear_refs");
    }
    close(fd);
    map[PAGE] = 2;
    animal_ready("dirty=%lx clean=%lx", (unsigned long)(uintptr_t)(map + PAGE),
                 (unsigned long)(uintptr_t)(map + 2 * PAGE));
    animal_sit();
}

/* Pages that must not be touched, in the middle of others: Linux 6.13. */
static void live_guard(void)
{
    char *map = map_anonymous(PLAIN_PAGES * PAGE, 0);

    put_content(map);
    if (madvise(map + 8 * PAGE, 8 * PAGE, MADV_GUARD_INSTALL) != 0) {
        animal_die("madvise");
    }
    animal_ready("at=%lx guard=%lx pages=8", (unsigned long)(uintptr_t)map,
                 (unsigned long)(uintptr_t)(map + 8 * PAGE));
    animal_sit();
}

/* Memory that a userfaultfd watches; one of its pages is there: Linux 5.19. */
static void live_watched(void)
{
    struct uffdio_api api = { .api = UFFD_API,
                              .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM };
    char *map = map_file("/tmp/watched", PLAIN_PAGES);
    const struct uffdio_range range = { (uintptr_t)map, PLAIN_PAGES * PAGE };
    struct uffdio_register registration = { .range = range,
                                            .mode = UFFDIO_REGISTER_MODE_WP };
    struct uffdio_writeprotect protection = { .range = range,
                                              .mode =
                                                  UFFDIO_WRITEPROTECT_MODE_WP };
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

    put_content(map + 2 * PAGE);
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 ||
        ioctl(fd, UFFDIO_REGISTER, &registration) != 0 ||
        ioctl(fd, UFFDIO_WRITEPROTECT, &protection) != 0) {
        animal_die("userfaultfd");
    }
    animal_ready("watched=%lx at=%lx", (unsigned long)(uintptr_t)map,
                 (unsigned long)(uintptr_t)(map + 2 * PAGE));
    animal_sit();
}

/* A transparent huge page that is mapped page by page. */
static void live_huge_split(void)
{
    char *map = map_anonymous(2 * HUGE_PAGE, 0);
    char *huge = map + (-(uintptr_t)map & (HUGE_PAGE - 1));

    if (madvise(huge, HUGE_PAGE, MADV_HUGEPAGE) != 0) {
        animal_die("madvise");
    }
    memset(huge, 1, HUGE_PAGE);
    if (mprotect(huge, PAGE, PROT_READ) != 0 ||
        mprotect(huge, PAGE, PROT_READ | PROT_WRITE) != 0) {
        animal_die("mprotect");
    }
    animal_ready("at=%lx", put_content(huge));
    animal_sit();
}

/* Sections whose names the kernel, or the process, made up. */
static void live_named(void)
{
    char *map = map_anonymous(4 * PAGE, 0);
    int fd = memfd_create("odd \n\\ (deleted)", MFD_CLOEXEC);

    /* Linux 5.17, and only where it is configured. */
    (void)prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, (unsigned long)map, 4 * PAGE,
                "a name: with (deleted)");
    if (fd < 0 || ftruncate(fd, PAGE) != 0 ||
        mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ||
        mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED) {
        animal_die("mmap");
    }
    animal_ready("at=%lx", put_content(map));
    animal_sit();
}

const Animal menagerie_memory[] = {
    { "plain", live_plain, NULL },
    { "huge-thp", live_huge_transparent, NULL },
    { "huge-pool", live_huge_pool, NULL },
    { "forbidden", live_forbidden, NULL },
    { "swapped", live_swapped, NULL },
    { "file-odd-path", live_file_odd_path, NULL },
    { "file-deleted", live_file_deleted, NULL },
    { "many-sections", live_many_sections, NULL },
    { "sparse", live_sparse, NULL },
    { "soft-dirty", live_soft_dirty, NULL },
    { "guard", live_guard, NULL },
    { "watched", live_watched, NULL },
    { "huge-split", live_huge_split, NULL },
    { "named", live_named, NULL },
    { NULL, NULL, NULL },
};
