/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory in RAM files of another process, live or kept.
 *
 * A file is mapped, and what is present in our page table is read like memory
 * of our own. The first time a page is not: then the page cache is asked
 * whether it has it, so that neither a hole is filled nor a page swapped in.
 * Hugetlbfs, which tells nothing of that, is read by way of the descriptor:
 * there it fills no hole.
 */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "descriptor.h"
#include "haywire/beacon_protocol.h"
#include "own_pages.h"

/* Pages that one question to the page cache is about, and how far apart two
   are at most: a call costs as much as a thousand more pages in it. */
#define CACHE_PAGES 4096
#define CACHE_GAP   256

/* Windows of which not a page is in memory, until the caller is asked again. */
#define TRIES_MAX 64

typedef struct File {
    int fd;
    char *writable_path; /* NULL: never written */
    size_t page;         /* bytes; of hugetlbfs a huge one */
    bool is_huge;        /* in hugetlbfs: read by the descriptor */
    bool is_shared;      /* in tmpfs: what is not in memory is in the swap */
    bool is_told;        /* the kernel tells us what is in the page cache */
} File;

typedef struct FileMemory {
    HaywireMemory memory;
    HaywireOwnPages *own;
    uint8_t *window; /* a copy of the window, of hugetlbfs; NULL: none yet */
    uint8_t *mapped; /* the window that is mapped; NULL: none */
    size_t mapped_length;
    File file[HAYWIRE_MEMORY_FILES_MAX];
    HaywireRegion region[HAYWIRE_MEMORY_FILES_MAX]; /* one for each file */
    uint8_t in_cache[CACHE_PAGES];
} FileMemory;

static File *file_of(FileMemory *memory, const HaywireRegion *region)
{
    return &memory->file[region - memory->region];
}

static bool is_truncated(const File *file, const HaywireRegion *region)
{
    struct stat now;

    return fstat(file->fd, &now) != 0 || (uint64_t)now.st_size < region->length;
}

static HaywireStatus file_check(HaywireMemory *base)
{
    FileMemory *memory = (FileMemory *)base;
    size_t i;

    for (i = 0; i < base->region_count; i++) {
        if (is_truncated(&memory->file[i], &memory->region[i])) {
            return HAYWIRE_SOURCE_TRUNCATED;
        }
    }
    return HAYWIRE_OK;
}

/* ---- Windows ----------------------------------------------------------- */

/* The next data at or behind *at, in whole pages. */
static HaywireStatus seek_data(int fd, uint64_t end, uint64_t *at,
                               uint64_t *ret_length)
{
    off_t data = lseek(fd, (off_t)*at, SEEK_DATA);
    off_t hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);
    uint64_t start, behind;

    if (hole < 0) {
        /* ENXIO: no data up to the end of the file, or the file got shorter. */
        return errno == ENXIO ? HAYWIRE_NOT_FOUND : HAYWIRE_IO_ERROR;
    }
    start = (uint64_t)data & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    behind = ((uint64_t)hole + HAYWIRE_PAGE_SIZE - 1) &
             ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    behind = behind < end ? behind : end;
    if (start >= behind) {
        return HAYWIRE_NOT_FOUND;
    }
    *at = start;
    *ret_length = behind - start < HAYWIRE_WINDOW_MAX ? behind - start
                                                      : HAYWIRE_WINDOW_MAX;
    return HAYWIRE_OK;
}

/* Only as far as pages are in memory, in a window that is not swapped out. */
static bool cut_to_cache(FileMemory *memory, const uint8_t *host,
                         uint64_t *start, uint64_t *length)
{
    size_t i = 0, first, pages = *length / HAYWIRE_PAGE_SIZE;

    if (mincore((void *)(uintptr_t)(host + *start), *length,
                memory->in_cache) != 0) {
        return false;
    }
    while (i < pages && !(memory->in_cache[i] & 1)) {
        i++;
    }
    for (first = i; i < pages && memory->in_cache[i] & 1;) {
        i++;
    }
    *start += first * HAYWIRE_PAGE_SIZE;
    *length = (i - first) * HAYWIRE_PAGE_SIZE;
    return i > first;
}

/* Drops our page-table entries, so that we do not grow by all that is scanned. */
static void unmap_window(FileMemory *memory)
{
    if (memory->mapped) {
        madvise(memory->mapped, memory->mapped_length, MADV_DONTNEED);
        memory->mapped = NULL;
    }
}

/*
 * One call maps what else takes a fault for every sixteen pages, and fails
 * where touching would raise SIGBUS: then less is tried. Before Linux 5.14
 * there is no such call, and the faults come when pages are touched.
 */
static bool map_window(FileMemory *memory, uint8_t *host, uint64_t *length)
{
    unmap_window(memory);
    while (madvise(host, *length, MADV_POPULATE_READ) != 0 && errno != EINVAL) {
        if (errno == EINTR || errno == EAGAIN) {
            continue;
        }
        if (*length == HAYWIRE_PAGE_SIZE) {
            return false;
        }
        *length = *length / 2 & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    }
    memory->mapped = host;
    memory->mapped_length = *length;
    return true;
}

static HaywireStatus file_next_window(HaywireMemory *base,
                                      const HaywireRegion *region,
                                      uint64_t from, HaywireWindow *ret_window)
{
    FileMemory *memory = (FileMemory *)base;
    const File *file = file_of(memory, region);
    uint64_t length, at;
    int tries = 0;

    if (is_truncated(file, region)) {
        return HAYWIRE_SOURCE_TRUNCATED;
    }
    if (file->is_huge) {
        return haywire_descriptor_window(file->fd, region, 0, from,
                                         &memory->window, ret_window);
    }
    for (at = from; at < region->length; at += length, tries++) {
        uint64_t end, start;
        HaywireStatus status =
            seek_data(file->fd, region->length, &at, &length);
        uint8_t *host;

        if (status != HAYWIRE_OK) {
            unmap_window(memory);
            return status;
        }
        if (tries == TRIES_MAX) {
            unmap_window(memory);
            *ret_window = (HaywireWindow){ { region->start.value + at },
                                           0,
                                           region->host + at };
            return HAYWIRE_OK;
        }
        start = at;
        end = length;
        if (file->is_shared && file->is_told && haywire_swap_is_used() &&
            !cut_to_cache(memory, region->host, &start, &end)) {
            continue;
        }
        host = (uint8_t *)(uintptr_t)region->host + start;
        if (map_window(memory, host, &end)) {
            *ret_window =
                (HaywireWindow){ { region->start.value + start }, end, host };
            return HAYWIRE_OK;
        }
        length = start + HAYWIRE_PAGE_SIZE - at; /* a broken page */
    }
    unmap_window(memory);
    return HAYWIRE_NOT_FOUND;
}

/* ---- Reading ----------------------------------------------------------- */

/* A page that is in nobody's memory, as far as we are told. */
static HaywireStatus ask_file(const File *file, const HaywireSpot *spot)
{
    uint64_t page = spot->offset & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    /* Not by way of a run: finding its end costs as much as the run is long. */
    off_t data = lseek(file->fd, (off_t)page, SEEK_DATA);

    if (data < 0 && errno != ENXIO) {
        return HAYWIRE_IO_ERROR;
    }
    if (data < 0 || (uint64_t)data - page >= HAYWIRE_PAGE_SIZE) {
        return HAYWIRE_HOLE;
    }
    return file->is_shared && file->is_told ? HAYWIRE_SWAPPED : HAYWIRE_OK;
}

static uint64_t page_number(const HaywireSpot *spot)
{
    return spot->offset / HAYWIRE_PAGE_SIZE;
}

/* How many from the first on lie so close that one question is cheaper. */
static size_t close_spots(const HaywireSpot *spot, size_t count)
{
    uint64_t first = page_number(spot);
    size_t i = 1;

    while (i < count && page_number(&spot[i]) >= page_number(&spot[i - 1]) &&
           page_number(&spot[i]) - page_number(&spot[i - 1]) <= CACHE_GAP &&
           page_number(&spot[i]) - first < CACHE_PAGES) {
        i++;
    }
    return i;
}

/* Spots that lie close: those in the page cache may be copied, and so mapped. */
static void ask_cache(FileMemory *memory, HaywireSpot *spot, size_t count)
{
    uint64_t first = page_number(spot);
    uint64_t pages = page_number(&spot[count - 1]) - first + 1;
    const uint8_t *host = spot->region->host + first * HAYWIRE_PAGE_SIZE;
    size_t i;

    if (mincore((void *)(uintptr_t)host, pages * HAYWIRE_PAGE_SIZE,
                memory->in_cache) != 0) {
        return;
    }
    for (i = 0; i < count; i++) {
        if (memory->in_cache[page_number(&spot[i]) - first] & 1) {
            spot[i].status = HAYWIRE_OK;
        }
    }
}

/* Set the status of spots of one file by where the pages are. */
static void find_spots(FileMemory *memory, const File *file, HaywireSpot *spot,
                       size_t count)
{
    size_t i, some;

    haywire_own_pages_see(memory->own, spot, count);
    for (i = 0; i < count && file->is_told; i += some) {
        some = 1;
        if (spot[i].status != HAYWIRE_OK) {
            some = close_spots(spot + i, count - i);
            ask_cache(memory, spot + i, some);
        }
    }
    for (i = 0; i < count; i++) {
        if (spot[i].status != HAYWIRE_OK) {
            spot[i].status = ask_file(file, &spot[i]);
        }
    }
}

/* Spots of one file. */
static void read_run(FileMemory *memory, HaywireSpot *spot, size_t count)
{
    const HaywireRegion *region = spot->region;
    const File *file = file_of(memory, region);
    bool failed = false;
    size_t i;

    if (file->is_huge) {
        for (i = 0; i < count; i++) {
            haywire_descriptor_read(file->fd, spot[i].offset, &spot[i]);
        }
    } else {
        find_spots(memory, file, spot, count);
        haywire_own_pages_copy(memory->own, spot, count);
    }
    for (i = 0; i < count; i++) {
        failed |= spot[i].status != HAYWIRE_OK;
    }
    if (failed && is_truncated(file, region)) {
        for (i = 0; i < count; i++) {
            spot[i].status = HAYWIRE_SOURCE_TRUNCATED;
        }
    }
}

static void file_read(HaywireMemory *base, HaywireSpot *spot, size_t count)
{
    FileMemory *memory = (FileMemory *)base;

    while (count > 0) {
        size_t some = 1;

        while (some < count && spot[some].region == spot->region) {
            some++;
        }
        read_run(memory, spot, some);
        spot += some;
        count -= some;
    }
}

static void file_ask(HaywireMemory *base, HaywireSpot *spot, size_t count)
{
    FileMemory *memory = (FileMemory *)base;
    size_t i;

    haywire_own_pages_see(memory->own, spot, count);
    for (i = 0; i < count; i++) {
        if (file_of(memory, spot[i].region)->is_huge) {
            spot[i].status = HAYWIRE_NOT_RESIDENT; /* read it */
        }
    }
}

/* ---- The door ---------------------------------------------------------- */

/* Open the path for writing; it must still be the very file that we map. */
static HaywireStatus open_writable(const File *file, int *ret_fd)
{
    struct stat ours, theirs;
    int fd =
        open(file->writable_path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return errno == EACCES || errno == EROFS || errno == EPERM
                   ? HAYWIRE_READ_ONLY
                   : HAYWIRE_IO_ERROR;
    }
    if (fstat(file->fd, &ours) != 0 || fstat(fd, &theirs) != 0 ||
        ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino) {
        close(fd);
        errno = ESTALE;
        return HAYWIRE_IO_ERROR;
    }
    *ret_fd = fd;
    return HAYWIRE_OK;
}

static HaywireStatus file_swap_word(HaywireMemory *base,
                                    const HaywireRegion *region,
                                    uint64_t offset, uint64_t expected,
                                    uint64_t desired)
{
    const File *file = file_of((FileMemory *)base, region);
    uint64_t found, within = offset % file->page;
    HaywireSpot spot = { region, offset, (uint8_t *)&found, sizeof(found),
                         HAYWIRE_OK };
    HaywireStatus status;
    uint8_t *page;
    int fd;

    /* Writing may be what makes a page: not where the word is another. */
    file_read(base, &spot, 1);
    if (spot.status != HAYWIRE_OK) {
        return spot.status;
    }
    if (le64toh(found) != expected) {
        return HAYWIRE_FOCUS_LOST_RACE;
    }
    status = open_writable(file, &fd);
    if (status != HAYWIRE_OK) {
        return status;
    }
    page = mmap(NULL, file->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                (off_t)(offset - within));
    close(fd);
    if (page == MAP_FAILED) {
        return HAYWIRE_IO_ERROR;
    }
    status = haywire_memory_swap_at(page + within, expected, desired);
    munmap(page, file->page);
    return status;
}

/* ---- Opening ----------------------------------------------------------- */

static void file_destroy(HaywireMemory *base)
{
    FileMemory *memory = (FileMemory *)base;
    size_t i;

    for (i = 0; i < base->region_count; i++) {
        if (memory->region[i].host) {
            munmap((uint8_t *)(uintptr_t)memory->region[i].host,
                   memory->region[i].length);
        }
        if (memory->file[i].fd >= 0) {
            close(memory->file[i].fd);
        }
        free(memory->file[i].writable_path);
    }
    haywire_own_pages_close(memory->own);
    free(memory->window);
    free(memory);
}

static void file_place(const HaywireMemory *base, const HaywireRegion *region,
                       size_t *ret_file, uint64_t *ret_start)
{
    *ret_file = (size_t)(region - base->region);
    *ret_start = 0;
}

static const HaywireMemoryOps file_ops = {
    .next_window = file_next_window,
    .ask = file_ask,
    .read = file_read,
    .swap_word = file_swap_word,
    .check = file_check,
    .place = file_place,
    .destroy = file_destroy,
};

/* What kind of file it is, and how long. */
static HaywireStatus inspect(File *file, uint64_t *ret_size)
{
    struct statfs system;
    struct stat found;

    if (fstat(file->fd, &found) != 0 || fstatfs(file->fd, &system) != 0) {
        return HAYWIRE_IO_ERROR;
    }
    if (!S_ISREG(found.st_mode)) {
        errno = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
        return HAYWIRE_IO_ERROR;
    }
    if (found.st_size == 0) {
        return HAYWIRE_SOURCE_EMPTY;
    }
    if (found.st_size % HAYWIRE_PAGE_SIZE != 0) {
        return HAYWIRE_SOURCE_UNALIGNED;
    }
    file->is_huge = system.f_type == HUGETLBFS_MAGIC;
    file->page = file->is_huge ? (size_t)system.f_bsize : HAYWIRE_PAGE_SIZE;
    file->is_shared = system.f_type == TMPFS_MAGIC;
    /* Anybody else is told that all is there: mincore(2). */
    file->is_told = geteuid() == 0 || geteuid() == found.st_uid;
    *ret_size = (uint64_t)found.st_size;
    return HAYWIRE_OK;
}

static HaywireStatus map_file(const File *file, HaywireRegion *region)
{
    void *host;

    if (file->is_huge) {
        return HAYWIRE_OK;
    }
    host = mmap(NULL, region->length, PROT_READ, MAP_SHARED | MAP_NORESERVE,
                file->fd, 0);
    if (host == MAP_FAILED) {
        return HAYWIRE_IO_ERROR;
    }
    madvise(host, region->length, MADV_DONTDUMP);
    region->host = host;
    return HAYWIRE_OK;
}

/* The next file, behind the others. What is done of it is undone with all. */
static HaywireStatus add_file(FileMemory *memory,
                              const HaywireMemoryFile *wanted)
{
    uint64_t start = haywire_memory_size(&memory->memory);
    size_t number = memory->memory.region_count++;
    HaywireRegion *region = &memory->region[number];
    File *file = &memory->file[number];
    HaywireStatus status;

    region->start.value = start;
    region->has_file = true;
    region->read_only = !wanted->writable_path;
    file->fd = fcntl(wanted->fd, F_DUPFD_CLOEXEC, 0);
    if (file->fd < 0) {
        return HAYWIRE_IO_ERROR;
    }
    if (wanted->writable_path) {
        file->writable_path = strdup(wanted->writable_path);
        if (!file->writable_path) {
            return HAYWIRE_NO_MEMORY;
        }
    }
    status = inspect(file, &region->length);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (region->length > INT64_MAX - start) {
        return HAYWIRE_LIMIT;
    }
    region->owns_file = file->is_told;
    return map_file(file, region);
}

static HaywireStatus set_up(FileMemory *memory, const HaywireMemoryFile *file,
                            size_t count, size_t *ret_failed)
{
    HaywireStatus status = haywire_own_pages_open(0, &memory->own);
    size_t i;

    if (status == HAYWIRE_OK) {
        haywire_own_pages_name(memory->own, &memory->memory);
    }
    for (i = 0; i < count && status == HAYWIRE_OK; i++) {
        status = add_file(memory, &file[i]);
        if (status != HAYWIRE_OK && ret_failed) {
            *ret_failed = i;
        }
    }
    return status;
}

HaywireStatus haywire_memory_files_open(const HaywireMemoryFile *file,
                                        size_t count, size_t *ret_failed,
                                        HaywireMemory **ret_memory)
{
    FileMemory *memory;
    HaywireStatus status;
    int saved;

    if (count == 0 || count > HAYWIRE_MEMORY_FILES_MAX) {
        return HAYWIRE_LIMIT;
    }
    memory = calloc(1, sizeof(*memory));
    if (!memory) {
        return HAYWIRE_NO_MEMORY;
    }
    memory->memory.ops = &file_ops;
    memory->memory.region = memory->region;
    status = set_up(memory, file, count, ret_failed);
    if (status != HAYWIRE_OK) {
        saved = errno;
        file_destroy(&memory->memory);
        errno = saved;
        return status;
    }
    *ret_memory = &memory->memory;
    return HAYWIRE_OK;
}

HaywireStatus haywire_memory_file_open(int fd, const char *writable_path,
                                       HaywireMemory **ret_memory)
{
    const HaywireMemoryFile file = { fd, writable_path };

    return haywire_memory_files_open(&file, 1, NULL, ret_memory);
}
