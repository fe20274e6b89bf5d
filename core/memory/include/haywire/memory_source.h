/*
 * Memory source: the one interface under everything on the host.
 *
 * A source is a set of regions of guest RAM that this process has mapped.
 * Nothing above it knows whether that is a file, QEMU's RAM blocks or a test's
 * array. A source is used by one thread at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_MEMORY_SOURCE_H
#define HAYWIRE_MEMORY_SOURCE_H

#include <stdbool.h>

#include "haywire/address.h"
#include "haywire/layout.h"
#include "haywire/status.h"

/* Contiguous both in positions and in host memory. Page-aligned. */
typedef struct HaywireRegion {
    HaywirePosition start;
    uint64_t length; /* bytes */
    const uint8_t *host;
} HaywireRegion;

typedef struct HaywireSource HaywireSource;

typedef struct HaywireSourceOps {
    /*
     * The regions, sorted by position, not overlapping. Valid until the
     * source is next changed by its owner.
     */
    const HaywireRegion *(*regions)(HaywireSource *source, size_t *ret_count);

    /*
     * The first run of resident pages that ends behind @from, within one
     * region. *ret_start is >= @from. Never touches the memory itself.
     * HAYWIRE_OK, HAYWIRE_NOT_FOUND (nothing behind), HAYWIRE_IO_ERROR.
     */
    HaywireStatus (*next_resident)(HaywireSource *source, HaywirePosition from,
                                   HaywirePosition *ret_start,
                                   uint64_t *ret_length);

    /*
     * Atomically replace the little-endian 64-bit word at @where (8-aligned)
     * by @desired if it is @expected. Marks it dirty where that has a meaning.
     * HAYWIRE_OK, HAYWIRE_FOCUS_LOST_RACE (nothing written),
     * HAYWIRE_READ_ONLY, HAYWIRE_OUT_OF_RANGE, HAYWIRE_IO_ERROR.
     */
    HaywireStatus (*compare_and_swap)(HaywireSource *source,
                                      HaywirePosition where, uint64_t expected,
                                      uint64_t desired);

    /*
     * HAYWIRE_OK, or HAYWIRE_SOURCE_TRUNCATED when the source lost memory
     * that was read since it was opened: what was read is then void.
     */
    HaywireStatus (*check)(HaywireSource *source);

    /* Where gpas lie, when the source knows it itself; else NULL. */
    const HaywireLayout *(*layout)(HaywireSource *source);

    /* Free the source. */
    void (*destroy)(HaywireSource *source);

    /*
     * Which pages can be read without allocating: a cheaper next_resident() for
     * single ones. @where: @count page-aligned positions within @region, which
     * is one of regions(); mostly sorted, and asked together where they lie
     * close. ret_status[]: HAYWIRE_OK, HAYWIRE_NOT_RESIDENT, HAYWIRE_IO_ERROR
     * for each. NULL: asked through next_resident().
     */
    void (*are_resident)(HaywireSource *source, const HaywireRegion *region,
                         const HaywirePosition *where, size_t count,
                         HaywireStatus *ret_status);

    /*
     * The scan is about to read all of [start, start + length), which lies in
     * one run of next_resident(): the source may map it in one go. NULL: it
     * need not.
     */
    void (*will_scan)(HaywireSource *source, HaywirePosition start,
                      uint64_t length);

    /*
     * The scan has read all of [start, start + length), and goes on behind
     * it: the source may give back what that has mapped. NULL: it keeps it.
     */
    void (*scanned)(HaywireSource *source, HaywirePosition start,
                    uint64_t length);
} HaywireSourceOps;

/* First member of every implementation. */
struct HaywireSource {
    const HaywireSourceOps *ops;
};

/* NULL is fine. */
void haywire_source_destroy(HaywireSource *source);

/*
 * Host address of @length bytes at @where.
 * HAYWIRE_OK or HAYWIRE_OUT_OF_RANGE (not wholly within one region).
 */
HaywireStatus
haywire_source_pointer(HaywireSource *source, HaywirePosition where,
                       uint64_t length,
                       const uint8_t **ret_host) HAYWIRE_MUST_CHECK;

/*
 * As above for the page at @where, but HAYWIRE_NOT_RESIDENT when reading it
 * would allocate memory on the host.
 */
HaywireStatus
haywire_source_resident_page(HaywireSource *source, HaywirePosition where,
                             const uint8_t **ret_host) HAYWIRE_MUST_CHECK;

/*
 * The same for @count pages at once, which costs less when @where is sorted.
 * ret_status[]: what haywire_source_resident_page() says of each.
 */
void haywire_source_resident_pages(HaywireSource *source,
                                   const HaywirePosition *where, size_t count,
                                   HaywireStatus *ret_status);

/*
 * A RAM file, mapped read-only and shared. Opened without following a
 * symbolic link as the last component is up to the caller: @fd is borrowed
 * during the call and duplicated.
 *
 * @writable_path: path to open for writing when focus asks; NULL for never.
 * HAYWIRE_OK, HAYWIRE_SOURCE_EMPTY, HAYWIRE_SOURCE_UNALIGNED,
 * HAYWIRE_IO_ERROR (errno set; also for what is no regular file, and for one in
 * hugetlbfs, which cannot be read without allocating), HAYWIRE_NO_MEMORY (also
 * when 64 mappings are open).
 */
HaywireStatus
haywire_file_source_open(int fd, const char *writable_path,
                         HaywireSource **ret_source) HAYWIRE_MUST_CHECK;

/*
 * Install the process's SIGBUS handler, once, from the main thread: a fault
 * within an open file source puts a zero page there and makes its check() say
 * HAYWIRE_SOURCE_TRUNCATED; any other SIGBUS goes where it went before.
 */
HaywireStatus haywire_file_source_install_guard(void) HAYWIRE_MUST_CHECK;

/*
 * Test arrays: @regions is copied, the memory under it borrowed (writable
 * behind the const). Pages that are all zero count as not resident when
 * @zero_is_hole. @layout is copied when not NULL.
 */
HaywireStatus
haywire_array_source_new(const HaywireRegion *regions, size_t count,
                         bool zero_is_hole, const HaywireLayout *layout,
                         HaywireSource **ret_source) HAYWIRE_MUST_CHECK;

/*
 * Resident pages of one mapping of this process; for implementations of
 * next_resident() and are_resident(). One thread.
 *
 * What AUTO takes: for an own mapping PAGEMAP_SCAN (Linux 6.7) where the
 * kernel has it, else /proc/self/pagemap; both also see pages of a private
 * mapping, which are not in the file. Shared pages that the host has swapped
 * out are seen again once the guest touches them. For a fresh mapping of a file
 * SEEK_DATA, always: its page table is empty, and both other methods see
 * nothing there, whatever the file holds (seen on tmpfs and ext4). A fresh
 * mapping without a file is taken for an own one.
 */
typedef struct HaywireResidency HaywireResidency;

typedef enum HaywireResidencyMethod {
    HAYWIRE_RESIDENCY_AUTO,
    HAYWIRE_RESIDENCY_PAGEMAP_SCAN,
    HAYWIRE_RESIDENCY_SEEK_DATA,
    HAYWIRE_RESIDENCY_PAGEMAP,
} HaywireResidencyMethod;

/* @method: AUTO, or one to test. HAYWIRE_IO_ERROR when it is not there. */
HaywireStatus
haywire_residency_new(HaywireResidencyMethod method,
                      HaywireResidency **ret_residency) HAYWIRE_MUST_CHECK;
void haywire_residency_destroy(HaywireResidency *residency);

/*
 * The first run of resident pages that ends behind @from; runs may adjoin.
 *
 * @host, @length: the mapping (bytes, page-aligned); @fd, @fd_offset: the file
 * under it, or -1. @own_mapping: true when whatever is in memory was touched
 * through this very mapping (QEMU's own), so that its page table is
 * authoritative; false for a fresh mapping of somebody else's file.
 * @from: bytes into the mapping. Results are in bytes into the mapping;
 * *ret_start >= @from. The file offset of @fd is moved.
 *
 * Calls that each go on from where the last run ended are answered from a
 * batch read before. HAYWIRE_OK, HAYWIRE_NOT_FOUND, HAYWIRE_IO_ERROR (errno).
 */
HaywireStatus haywire_residency_next(HaywireResidency *residency,
                                     const uint8_t *host, uint64_t length,
                                     int fd, uint64_t fd_offset,
                                     bool own_mapping, uint64_t from,
                                     uint64_t *ret_start,
                                     uint64_t *ret_length) HAYWIRE_MUST_CHECK;

/*
 * Whether each of @count pages of @region is resident; never from a batch. One
 * question is asked for pages that are sorted and lie close to each other: it
 * costs 0.2 us, and 2 ns for each page between them.
 *
 * @region: the mapping; @where: positions in it, page-aligned. Other arguments
 * as above. ret_status[]: HAYWIRE_OK, HAYWIRE_NOT_RESIDENT (also outside),
 * HAYWIRE_IO_ERROR (errno), for each.
 */
void haywire_residency_pages(HaywireResidency *residency,
                             const HaywireRegion *region, int fd,
                             uint64_t fd_offset, bool own_mapping,
                             const HaywirePosition *where, size_t count,
                             HaywireStatus *ret_status);

/* Which method was chosen: "pagemap-scan", "seek-data", "pagemap". */
const char *haywire_residency_method_name(const HaywireResidency *residency);

#endif
