/*
 * Guest memory, as everything on the host sees it: a file, several files that
 * make one memory, QEMU's RAM blocks, a test's array.
 *
 * It is read by copying out: by position, by guest physical address, or by
 * guest virtual address through an address space. A read never makes the host
 * allocate or swap in, and raises no signal: it says how much it got, and why
 * not more. Nobody who parses gets a pointer into live memory. Writing goes
 * through one door, haywire_memory_swap_word().
 *
 * A memory is used by one thread at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_MEMORY_H
#define HAYWIRE_MEMORY_H

#include <stdbool.h>

#include "haywire/address.h"
#include "haywire/layout.h"
#include "haywire/status.h"

typedef struct HaywireMemory HaywireMemory;

/* NULL is fine. */
void haywire_memory_destroy(HaywireMemory *memory);

/* ---- Reading ----------------------------------------------------------- */

/*
 * Why a byte cannot be had, for all reads and peeks:
 *
 * HAYWIRE_HOLE          nothing was ever written there
 * HAYWIRE_NOT_RESIDENT  not in this process's memory; reading would bring it in
 * HAYWIRE_SWAPPED       the host has swapped it out
 * HAYWIRE_BROKEN_PAGE   the host's memory is broken there, or has gone
 * HAYWIRE_OUT_OF_RANGE  no such position
 * HAYWIRE_IO_ERROR      the kernel does not tell (errno)
 */

/* One of many pieces to be read. */
typedef struct HaywirePiece {
    HaywirePosition where;
    void *to;             /* room for @length bytes */
    size_t length;        /* bytes */
    size_t got;           /* out: so many from the start on */
    HaywireStatus status; /* out: HAYWIRE_OK: all; else why not more */
} HaywirePiece;

/*
 * Read many pieces with few questions to the kernel. Any order and length is
 * right; it is fastest when they are sorted by position and their room lies
 * end to end: a batch of pages into one buffer costs little more than memcpy().
 */
void haywire_memory_read_pieces(HaywireMemory *memory, HaywirePiece *piece,
                                size_t count);

/*
 * Read @length bytes at @where into @to. *ret_got is always set: bytes from
 * the start on. HAYWIRE_OK: all of them; else why not more.
 */
HaywireStatus haywire_memory_read(HaywireMemory *memory, HaywirePosition where,
                                  void *to, size_t length,
                                  size_t *ret_got) HAYWIRE_MUST_CHECK;

/*
 * The same by guest physical address. Also HAYWIRE_NO_LAYOUT: no RAM is known
 * to be at the first address that is missing.
 */
HaywireStatus haywire_memory_read_gpa(HaywireMemory *memory, HaywireGpa gpa,
                                      void *to, size_t length,
                                      size_t *ret_got) HAYWIRE_MUST_CHECK;

/* Where guest addresses lie; NULL: not known. Valid until the next change. */
const HaywireLayout *haywire_memory_layout(const HaywireMemory *memory);

/*
 * Whoever works out the layout of a memory that does not know it says so here.
 * @layout: copied; NULL: not known any more.
 */
void haywire_memory_set_layout(HaywireMemory *memory,
                               const HaywireLayout *layout);

/* ---- Reading by guest virtual address ---------------------------------- */

/* The page tables of one process, wherever they are known from. */
typedef struct HaywireAddressSpace HaywireAddressSpace;
struct HaywireAddressSpace {
    /*
     * Where @gva lies. *ret_length, set in any case and at least 1: for so
     * many bytes from @gva on the answer goes on like this.
     *
     * HAYWIRE_OK, or why not: HAYWIRE_NOT_PRESENT, HAYWIRE_NO_PFN,
     * HAYWIRE_NOT_HELD and what else the implementation says.
     */
    HaywireStatus (*translate)(const HaywireAddressSpace *space, HaywireGva gva,
                               HaywireGpa *ret_gpa, uint64_t *ret_length);
};

/* A part of what was asked for that is missing. */
typedef struct HaywireMissing {
    HaywireGva start;
    uint64_t length; /* bytes */
    HaywireStatus why;
} HaywireMissing;

/*
 * Read @length bytes at @gva into @to. What is missing reads as zeroes and is
 * named in @ret_missing, which has room for @room parts.
 *
 * HAYWIRE_OK; HAYWIRE_OUT_OF_RANGE: wraps around; HAYWIRE_LIMIT: more parts
 * are missing than there is room for, and what is behind the last one named
 * was not read.
 */
HaywireStatus haywire_memory_read_gva(HaywireMemory *memory,
                                      const HaywireAddressSpace *space,
                                      HaywireGva gva, void *to, size_t length,
                                      HaywireMissing *ret_missing, size_t room,
                                      size_t *ret_count) HAYWIRE_MUST_CHECK;

/* ---- Looking, without copying ------------------------------------------ */

/* Two words of one page, for "has it changed since". */
typedef struct HaywirePeek {
    HaywirePosition page; /* page-aligned */
    uint32_t word[2];     /* out: little-endian words, in host order */
    HaywireStatus status; /* out: HAYWIRE_OK, or why there are no words */
} HaywirePeek;

/*
 * The 32-bit words at @offset[0] and then at @offset[1] (multiples of 4) of
 * each of @count pages; one is loaded behind the other. Costs one question to
 * the kernel for pages that lie close to each other, if they come sorted, and
 * a cache miss for each word.
 */
void haywire_memory_peek(HaywireMemory *memory, const size_t offset[2],
                         HaywirePeek *peek, size_t count);

/* A stretch that may be looked at where it lies. */
typedef struct HaywireWindow {
    HaywirePosition start;
    uint64_t length; /* bytes; whole pages, at most HAYWIRE_WINDOW_MAX */
    const uint8_t *host;
} HaywireWindow;

#define HAYWIRE_WINDOW_MAX (UINT64_C(16) << 20)

/*
 * For the scan alone: the first pages at or behind @from that the kernel has
 * just called present. They are to be touched at once, and only to see which
 * are worth a read; the window is void at the next call of any function here.
 *
 * HAYWIRE_OK, HAYWIRE_NOT_FOUND: there are no more; HAYWIRE_IO_ERROR (errno),
 * HAYWIRE_SOURCE_TRUNCATED: the file has become shorter.
 */
HaywireStatus
haywire_memory_next_window(HaywireMemory *memory, HaywirePosition from,
                           HaywireWindow *ret_window) HAYWIRE_MUST_CHECK;

/* Bytes of the memory that lie before @end; for how far a scan is. */
uint64_t haywire_memory_size_before(const HaywireMemory *memory,
                                    HaywirePosition end);
uint64_t haywire_memory_size(const HaywireMemory *memory);

/* ---- The door: all writing --------------------------------------------- */

/*
 * Atomically replace the little-endian 64-bit word at @where (8-aligned) by
 * @desired if it is @expected, and mark it dirty where that has a meaning.
 * Nothing else of Haywire writes into a guest.
 *
 * HAYWIRE_OK. Nothing was written: HAYWIRE_FOCUS_LOST_RACE,
 * HAYWIRE_READ_ONLY (such as ROM: not even touched), HAYWIRE_OUT_OF_RANGE,
 * HAYWIRE_IO_ERROR, and why a page cannot be had.
 */
HaywireStatus haywire_memory_swap_word(HaywireMemory *memory,
                                       HaywirePosition where, uint64_t expected,
                                       uint64_t desired) HAYWIRE_MUST_CHECK;

/* ======== What is below goes, or moves, while memory/ is rebuilt ======== */

/* Contiguous both in positions and in host memory. Page-aligned. */
typedef struct HaywireRegion {
    HaywirePosition start;
    uint64_t length; /* bytes */
    const uint8_t *host;
} HaywireRegion;

typedef struct HaywireMemory HaywireMemory;

typedef struct HaywireMemoryOps {
    /*
     * The regions, sorted by position, not overlapping. Valid until the
     * source is next changed by its owner.
     */
    const HaywireRegion *(*regions)(HaywireMemory *source, size_t *ret_count);

    /*
     * The first run of resident pages that ends behind @from, within one
     * region. *ret_start is >= @from. Never touches the memory itself.
     * HAYWIRE_OK, HAYWIRE_NOT_FOUND (nothing behind), HAYWIRE_IO_ERROR.
     */
    HaywireStatus (*next_resident)(HaywireMemory *source, HaywirePosition from,
                                   HaywirePosition *ret_start,
                                   uint64_t *ret_length);

    /*
     * Atomically replace the little-endian 64-bit word at @where (8-aligned)
     * by @desired if it is @expected. Marks it dirty where that has a meaning.
     * HAYWIRE_OK, HAYWIRE_FOCUS_LOST_RACE (nothing written),
     * HAYWIRE_READ_ONLY, HAYWIRE_OUT_OF_RANGE, HAYWIRE_IO_ERROR.
     */
    HaywireStatus (*compare_and_swap)(HaywireMemory *source,
                                      HaywirePosition where, uint64_t expected,
                                      uint64_t desired);

    /*
     * HAYWIRE_OK, or HAYWIRE_SOURCE_TRUNCATED when the source lost memory
     * that was read since it was opened: what was read is then void.
     */
    HaywireStatus (*check)(HaywireMemory *source);

    /* Where gpas lie, when the source knows it itself; else NULL. */
    const HaywireLayout *(*layout)(HaywireMemory *source);

    /* Free the source. */
    void (*destroy)(HaywireMemory *source);

    /*
     * Which pages can be read without allocating: a cheaper next_resident() for
     * single ones. @where: @count page-aligned positions within @region, which
     * is one of regions(); mostly sorted, and asked together where they lie
     * close. ret_status[]: HAYWIRE_OK, HAYWIRE_NOT_RESIDENT, HAYWIRE_IO_ERROR
     * for each. NULL: asked through next_resident().
     */
    void (*are_resident)(HaywireMemory *source, const HaywireRegion *region,
                         const HaywirePosition *where, size_t count,
                         HaywireStatus *ret_status);

    /*
     * The scan is about to read all of [start, start + length), which lies in
     * one run of next_resident(): the source may map it in one go. NULL: it
     * need not.
     */
    void (*will_scan)(HaywireMemory *source, HaywirePosition start,
                      uint64_t length);

    /*
     * The scan has read all of [start, start + length), and goes on behind
     * it: the source may give back what that has mapped. NULL: it keeps it.
     */
    void (*scanned)(HaywireMemory *source, HaywirePosition start,
                    uint64_t length);
} HaywireMemoryOps;

/* First member of every implementation; zeroed, but for @ops. */
struct HaywireMemory {
    const HaywireMemoryOps *ops;
    bool layout_told; /* by haywire_memory_set_layout() */
    HaywireLayout layout;
};

/*
 * Host address of @length bytes at @where.
 * HAYWIRE_OK or HAYWIRE_OUT_OF_RANGE (not wholly within one region).
 */
HaywireStatus
haywire_memory_pointer(HaywireMemory *source, HaywirePosition where,
                       uint64_t length,
                       const uint8_t **ret_host) HAYWIRE_MUST_CHECK;

/*
 * As above for the page at @where, but HAYWIRE_NOT_RESIDENT when reading it
 * would allocate memory on the host.
 */
HaywireStatus
haywire_memory_resident_page(HaywireMemory *source, HaywirePosition where,
                             const uint8_t **ret_host) HAYWIRE_MUST_CHECK;

/*
 * The same for @count pages at once, which costs less when @where is sorted.
 * ret_status[]: what haywire_memory_resident_page() says of each.
 */
void haywire_memory_resident_pages(HaywireMemory *source,
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
haywire_memory_file_open(int fd, const char *writable_path,
                         HaywireMemory **ret_source) HAYWIRE_MUST_CHECK;

/*
 * Install the process's SIGBUS handler, once, from the main thread: a fault
 * within an open file source puts a zero page there and makes its check() say
 * HAYWIRE_SOURCE_TRUNCATED; any other SIGBUS goes where it went before.
 */
HaywireStatus haywire_memory_install_guard(void) HAYWIRE_MUST_CHECK;

/*
 * Test arrays: @regions is copied, the memory under it borrowed (writable
 * behind the const). Pages that are all zero count as not resident when
 * @zero_is_hole. @layout is copied when not NULL.
 */
HaywireStatus
haywire_memory_array_new(const HaywireRegion *regions, size_t count,
                         bool zero_is_hole, const HaywireLayout *layout,
                         HaywireMemory **ret_source) HAYWIRE_MUST_CHECK;

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
