/*
 * A memory source over a RAM file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
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

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"
#include "source_guard.h"

typedef struct FileSource {
    HaywireMemory source;
    HaywireRegion region; /* the whole file */
    int fd;
    char *writable_path; /* NULL: never written */
    HaywireResidency *residency;
    HaywireGuard *guard;
} FileSource;

static const HaywireRegion *file_regions(HaywireMemory *source,
                                         size_t *ret_count)
{
    FileSource *file = (FileSource *)source;

    *ret_count = 1;
    return &file->region;
}

static HaywireStatus file_next_resident(HaywireMemory *source,
                                        HaywirePosition from,
                                        HaywirePosition *ret_start,
                                        uint64_t *ret_length)
{
    FileSource *file = (FileSource *)source;

    return haywire_residency_next(file->residency, file->region.host,
                                  file->region.length, file->fd, 0, false,
                                  from.value, &ret_start->value, ret_length);
}

static void file_are_resident(HaywireMemory *source,
                              const HaywireRegion *region,
                              const HaywirePosition *where, size_t count,
                              HaywireStatus *ret_status)
{
    FileSource *file = (FileSource *)source;

    haywire_residency_pages(file->residency, region, file->fd, 0, false, where,
                            count, ret_status);
}

/*
 * One call maps what else takes a fault for every sixteen pages. Where it
 * fails (before Linux 5.14, or when the file has become shorter) the faults
 * come when the pages are read.
 */
static void file_will_scan(HaywireMemory *source, HaywirePosition start,
                           uint64_t length)
{
    FileSource *file = (FileSource *)source;

    madvise((uint8_t *)(uintptr_t)file->region.host + start.value, length,
            MADV_POPULATE_READ);
}

/*
 * Drops our page-table entries only; the file and its pages stay. Without it
 * the process grows by all that it scans.
 */
static void file_scanned(HaywireMemory *source, HaywirePosition start,
                         uint64_t length)
{
    FileSource *file = (FileSource *)source;

    madvise((uint8_t *)(uintptr_t)file->region.host + start.value, length,
            MADV_DONTNEED);
}

/* Open the path for writing; it must still be the very file that we map. */
static HaywireStatus open_writable(const FileSource *file, int *ret_fd)
{
    struct stat ours, theirs;
    int fd;

    if (!file->writable_path) {
        return HAYWIRE_READ_ONLY;
    }
    fd = open(file->writable_path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
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

static HaywireStatus swap_in_page(uint8_t *page, size_t offset,
                                  uint64_t expected, uint64_t desired)
{
    uint64_t *word = (uint64_t *)(page + offset);
    HaywireGuard *guard =
        haywire_guard_add(page, HAYWIRE_PAGE_SIZE, PROT_READ | PROT_WRITE);
    bool swapped, lost;

    if (!guard) {
        errno = EMFILE;
        return HAYWIRE_IO_ERROR;
    }
    expected = htole64(expected);
    swapped =
        __atomic_compare_exchange_n(word, &expected, htole64(desired), false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    lost = haywire_guard_was_hit(guard);
    haywire_guard_remove(guard);
    if (lost) {
        errno = EIO;
        return HAYWIRE_IO_ERROR;
    }
    return swapped ? HAYWIRE_OK : HAYWIRE_FOCUS_LOST_RACE;
}

static HaywireStatus file_compare_and_swap(HaywireMemory *source,
                                           HaywirePosition where,
                                           uint64_t expected, uint64_t desired)
{
    FileSource *file = (FileSource *)source;
    uint64_t offset = where.value % HAYWIRE_PAGE_SIZE;
    const uint8_t *ignored;
    HaywireStatus status;
    uint8_t *page;
    int fd;

    if (where.value % sizeof(expected) != 0 ||
        haywire_memory_pointer(source, where, sizeof(expected), &ignored) !=
            HAYWIRE_OK) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    status = open_writable(file, &fd);
    if (status != HAYWIRE_OK) {
        return status;
    }
    page = mmap(NULL, HAYWIRE_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                (off_t)(where.value - offset));
    close(fd);
    if (page == MAP_FAILED) {
        return HAYWIRE_IO_ERROR;
    }
    status = swap_in_page(page, offset, expected, desired);
    munmap(page, HAYWIRE_PAGE_SIZE);
    return status;
}

static HaywireStatus file_check(HaywireMemory *source)
{
    FileSource *file = (FileSource *)source;
    struct stat now;

    if (haywire_guard_was_hit(file->guard) || fstat(file->fd, &now) != 0 ||
        (uint64_t)now.st_size < file->region.length) {
        return HAYWIRE_SOURCE_TRUNCATED;
    }
    return HAYWIRE_OK;
}

static const HaywireLayout *file_layout(HaywireMemory *source)
{
    (void)source;
    return NULL;
}

static void file_destroy(HaywireMemory *source)
{
    FileSource *file = (FileSource *)source;

    haywire_guard_remove(file->guard);
    if (file->region.host) {
        munmap((uint8_t *)(uintptr_t)file->region.host, file->region.length);
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    haywire_residency_destroy(file->residency);
    free(file->writable_path);
    free(file);
}

static const HaywireMemoryOps file_ops = {
    .regions = file_regions,
    .next_resident = file_next_resident,
    .compare_and_swap = file_compare_and_swap,
    .check = file_check,
    .layout = file_layout,
    .destroy = file_destroy,
    .are_resident = file_are_resident,
    .will_scan = file_will_scan,
    .scanned = file_scanned,
};

static HaywireStatus usable_size(int fd, uint64_t *ret_size)
{
    struct statfs system;
    struct stat found;

    if (fstat(fd, &found) != 0 || fstatfs(fd, &system) != 0) {
        return HAYWIRE_IO_ERROR;
    }
    /* It takes holes for data, and a look into one takes a huge page. */
    if (system.f_type == HUGETLBFS_MAGIC) {
        errno = EOPNOTSUPP;
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
    *ret_size = (uint64_t)found.st_size;
    return HAYWIRE_OK;
}

static HaywireStatus map_file(FileSource *file, uint64_t size)
{
    void *host =
        mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, file->fd, 0);

    if (host == MAP_FAILED) {
        return HAYWIRE_IO_ERROR;
    }
    madvise(host, size, MADV_DONTDUMP);
    file->region.host = host;
    file->region.length = size;
    file->guard = haywire_guard_add(host, size, PROT_READ);
    return file->guard ? HAYWIRE_OK : HAYWIRE_NO_MEMORY;
}

static HaywireStatus set_up(FileSource *file, int fd, const char *writable_path)
{
    uint64_t size;
    HaywireStatus status = usable_size(fd, &size);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (writable_path) {
        file->writable_path = strdup(writable_path);
        if (!file->writable_path) {
            return HAYWIRE_NO_MEMORY;
        }
    }
    file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (file->fd < 0) {
        return HAYWIRE_IO_ERROR;
    }
    status = haywire_residency_new(HAYWIRE_RESIDENCY_AUTO, &file->residency);
    return status == HAYWIRE_OK ? map_file(file, size) : status;
}

HaywireStatus haywire_memory_file_open(int fd, const char *writable_path,
                                       HaywireMemory **ret_source)
{
    FileSource *file = calloc(1, sizeof(*file));
    HaywireStatus status;
    int saved;

    if (!file) {
        return HAYWIRE_NO_MEMORY;
    }
    file->source.ops = &file_ops;
    file->fd = -1;
    status = set_up(file, fd, writable_path);
    if (status != HAYWIRE_OK) {
        saved = errno;
        file_destroy(&file->source);
        errno = saved;
        return status;
    }
    *ret_source = &file->source;
    return HAYWIRE_OK;
}
