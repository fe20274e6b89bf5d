/* SPDX-License-Identifier: GPL-2.0-or-later */
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
 */

#ifndef HAYWIRE_MEMORY_H
#define HAYWIRE_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "haywire/address.h"
#include "haywire/layout.h"
#include "haywire/status.h"

typedef struct HaywireMemory HaywireMemory;

/* NULL is fine. */
void haywire_memory_destroy(HaywireMemory *memory);

/*
 * From now on nothing can be had of it: no window is left, and every read says
 * HAYWIRE_OUT_OF_RANGE. So whatever walks through it ends soon, however long it
 * would have taken. Any thread.
 */
void haywire_memory_stop(HaywireMemory *memory);

/*
 * How the kernel tells what is present: "pagemap-scan", "pagemap", "move-pages"
 * (with mincore), "mincore"; NULL where nobody asks. *ret_why: why it is not
 * one of the first two, or NULL.
 */
const char *haywire_memory_residency(const HaywireMemory *memory,
                                     const char **ret_why);

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

/*
 * Where guest addresses lie; NULL: not known. Valid until it is next changed.
 */
const HaywireLayout *haywire_memory_layout(const HaywireMemory *memory);

/*
 * Whoever works out the layout of a memory that does not know it says so here.
 * @layout: copied; NULL: not known any more.
 */
void haywire_memory_set_layout(HaywireMemory *memory,
                               const HaywireLayout *layout);

/*
 * HAYWIRE_OK, or HAYWIRE_SOURCE_TRUNCATED when a file has become shorter. Reads
 * and windows say so as well.
 */
HaywireStatus haywire_memory_check(HaywireMemory *memory) HAYWIRE_MUST_CHECK;

/* ---- Reading by guest virtual address ---------------------------------- */

/* What is known of an address, and of what follows it. */
typedef struct HaywireStretch {
    HaywireGpa gpa;  /* where it lies */
    uint64_t length; /* bytes for which this goes on; at least 1 */
    uint8_t level;   /* of the page table that ends here: 1 has pages; or 0 */
    bool swapped;    /* that names a place in the guest's swap */
} HaywireStretch;

/* The page tables of one process, wherever they are known from. */
typedef struct HaywireAddressSpace HaywireAddressSpace;
struct HaywireAddressSpace {
    /*
     * Where @gva lies. *ret_stretch is zeroed by the caller; its length is set
     * in any case, the rest of it where it is known.
     *
     * HAYWIRE_OK, or why not: HAYWIRE_NOT_PRESENT, HAYWIRE_NO_PFN,
     * HAYWIRE_NOT_HELD and what else the implementation says.
     */
    HaywireStatus (*translate)(const HaywireAddressSpace *space, HaywireGva gva,
                               HaywireStretch *ret_stretch);
    /* Where guest physical addresses lie; NULL: as the memory itself says. */
    const HaywireLayout *layout;
};

/* Guest physical addresses themselves. @layout: as above, borrowed. */
HaywireAddressSpace haywire_physical_space(const HaywireLayout *layout);

/* A part of what was asked for that is missing. */
typedef struct HaywireMissing {
    HaywireGva start;
    uint64_t length; /* bytes */
    HaywireStatus why;
    uint8_t level; /* as in HaywireStretch, as the next one */
    bool swapped;
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

/* A word of a page, for "has it changed since". */
typedef struct HaywirePeek {
    HaywirePosition page; /* page-aligned */
    uint32_t word;        /* out: a little-endian word, in host order */
    HaywireStatus status; /* out: HAYWIRE_OK, or why the word is void */
} HaywirePeek;

/* Pages that the kernel is asked about with one question. */
#define HAYWIRE_PEEKS_MAX 1024

/*
 * The 32-bit word at @offset (a multiple of 4) of each of @count pages. Costs a
 * cache miss for each word, and one question to the kernel for as many pages as
 * above: the closer they lie, the cheaper.
 */
void haywire_memory_peek(HaywireMemory *memory, size_t offset,
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
 * are worth a read; the window is void at the next call of this function. It
 * may be empty: nothing is there up to its start, and looking on would take so
 * long that the caller may want to stop before.
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

/*
 * Of memory in files: in which of them @where lies, and at which offset. False:
 * in none.
 */
bool haywire_memory_place(const HaywireMemory *memory, HaywirePosition where,
                          size_t *ret_file, uint64_t *ret_offset);

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

/* ---- Kinds ------------------------------------------------------------- */

/* Contiguous both in positions and in host memory. Page-aligned. */
typedef struct HaywireRegion {
    HaywirePosition start;
    uint64_t length; /* bytes */
    const uint8_t *host;
    bool read_only; /* the door is shut */
    bool has_file;  /* what is not mapped may be in a file all the same */
    bool owns_file; /* that is ours: mincore(2) tells us the truth of it */
} HaywireRegion;

/* A RAM file. */
typedef struct HaywireMemoryFile {
    int fd; /* open for reading; borrowed during the call and duplicated */
    const char *writable_path; /* to be opened by the door; NULL: it is shut */
} HaywireMemoryFile;

#define HAYWIRE_MEMORY_FILES_MAX 64

/*
 * Files that make one memory, one behind the other in this order. They may be
 * in hugetlbfs. Pages that the host has swapped out are told from those that
 * are in memory only to who owns the file, or is root.
 *
 * While a window is looked at, or a word swapped, a file that is cut off by
 * somebody raises SIGBUS; reads do not.
 *
 * HAYWIRE_OK, or why *ret_failed (NULL is fine), the number of a file, cannot
 * be used: HAYWIRE_SOURCE_EMPTY, HAYWIRE_SOURCE_UNALIGNED, HAYWIRE_IO_ERROR
 * (errno; also for what is no regular file), HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT
 * (none, too many, or too much in all).
 */
HaywireStatus
haywire_memory_files_open(const HaywireMemoryFile *file, size_t count,
                          size_t *ret_failed,
                          HaywireMemory **ret_memory) HAYWIRE_MUST_CHECK;

/* The same for one file. */
HaywireStatus
haywire_memory_file_open(int fd, const char *writable_path,
                         HaywireMemory **ret_memory) HAYWIRE_MUST_CHECK;

/* Files that say themselves which addresses they hold. */
typedef enum HaywireImageKind {
    HAYWIRE_IMAGE_ELF, /* a core of QEMU's dump-guest-memory, and its kind */
    HAYWIRE_IMAGE_LIME,
} HaywireImageKind;

typedef struct HaywireImage {
    HaywireImageKind kind;
    uint64_t missing; /* bytes that its headers promise behind its end */
} HaywireImage;

/*
 * Such a file as a memory that knows its layout: a position is a guest physical
 * address. Its headers are not trusted. The door is shut.
 *
 * @fd: a regular file, open for reading; duplicated
 * @diagnosis: where in the file, on failure; NULL is fine
 *
 * HAYWIRE_OK; HAYWIRE_NOT_FOUND: neither of these; HAYWIRE_BAD_KIND: an ELF
 * file, but no memory of a guest; HAYWIRE_SOURCE_EMPTY: not a page in it;
 * HAYWIRE_SHORT_PAYLOAD: it ends within a header; another HAYWIRE_BAD_*;
 * HAYWIRE_LIMIT, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR (errno).
 */
HaywireStatus
haywire_memory_image_open(int fd, HaywireImage *ret_image,
                          HaywireDiagnosis *diagnosis,
                          HaywireMemory **ret_memory) HAYWIRE_MUST_CHECK;

/* @length bytes at @offset of @region have been written through the door. */
typedef void (*HaywireMarkDirty)(void *opaque, const HaywireRegion *region,
                                 uint64_t offset, uint64_t length);

/*
 * What this process has mapped and in use itself, as QEMU has guest RAM: its
 * own page table says what is present. All that this ever opens is opened here.
 *
 * @dirty: called by the thread that uses the door; NULL: nobody cares
 *
 * It is told by /proc/self/pagemap. Whoever may not open that, as a program with
 * rights of a file that another user has started, asks mincore(2), and of each
 * page that is resident move_pages(2), whether it is in this process's page
 * table. haywire_memory_residency() says which.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR (errno: the kernel does not
 * tell what is present).
 */
HaywireStatus
haywire_memory_mapped_new(HaywireMarkDirty dirty, void *opaque,
                          HaywireMemory **ret_memory) HAYWIRE_MUST_CHECK;

/*
 * What it consists of from now on: @region[], sorted by position and not
 * overlapping, and @layout, borrowed until the next call or the end.
 */
void haywire_memory_mapped_set(HaywireMemory *memory,
                               const HaywireRegion *region, size_t count,
                               const HaywireLayout *layout);

/*
 * Test arrays: @region[] is copied, the memory under it borrowed (writable
 * behind the const). Pages that are all zero are holes when @zero_is_hole.
 * @layout is copied when not NULL. HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus
haywire_memory_array_new(const HaywireRegion *region, size_t count,
                         bool zero_is_hole, const HaywireLayout *layout,
                         HaywireMemory **ret_memory) HAYWIRE_MUST_CHECK;

/* ---- For those who make a kind, and for tests that bend one ------------ */

/* Spots that are dealt with at a time. */
#define HAYWIRE_SPOTS_MAX 128

/* Bytes that lie within one page of one region. */
typedef struct HaywireSpot {
    const HaywireRegion *region;
    uint64_t offset; /* in the region */
    uint8_t *to;     /* where they are to be copied */
    size_t length;
    HaywireStatus status; /* out */
} HaywireSpot;

typedef struct HaywireMemoryOps {
    /*
     * haywire_memory_next_window() within one region, of which all from byte
     * @from on is left. HAYWIRE_NOT_FOUND: nothing there.
     */
    HaywireStatus (*next_window)(HaywireMemory *memory,
                                 const HaywireRegion *region, uint64_t from,
                                 HaywireWindow *ret_window);

    /*
     * Which spots may be touched where they lie, now: HAYWIRE_OK. Any other
     * status need not be the last word.
     */
    void (*ask)(HaywireMemory *memory, HaywireSpot *spot, size_t count);

    /* Copy what can be had; status: HAYWIRE_OK, or why not. */
    void (*read)(HaywireMemory *memory, HaywireSpot *spot, size_t count);

    /* The door. @offset: 8-aligned; @region is not read-only. */
    HaywireStatus (*swap_word)(HaywireMemory *memory,
                               const HaywireRegion *region, uint64_t offset,
                               uint64_t expected, uint64_t desired);

    /* haywire_memory_check(). NULL: nothing can go wrong. */
    HaywireStatus (*check)(HaywireMemory *memory);

    /* Which file @region lies in, and where it starts. NULL: in none. */
    void (*place)(const HaywireMemory *memory, const HaywireRegion *region,
                  size_t *ret_file, uint64_t *ret_start);

    void (*destroy)(HaywireMemory *memory);
} HaywireMemoryOps;

/* First member of every kind. */
struct HaywireMemory {
    const HaywireMemoryOps *ops;
    const HaywireRegion *region; /* sorted, not overlapping */
    size_t region_count;
    const HaywireLayout *layout; /* NULL: not known */
    HaywireLayout told;          /* by haywire_memory_set_layout() */
    const char *residency;       /* how the kernel tells what is present */
    const char *residency_why;   /* not better, where it could be; static */
    atomic_bool stopped;
};

/* Swap a word that may be touched: HAYWIRE_OK or HAYWIRE_FOCUS_LOST_RACE. */
HaywireStatus haywire_memory_swap_at(uint8_t *host, uint64_t expected,
                                     uint64_t desired) HAYWIRE_MUST_CHECK;

#endif
