/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether pages of this process are present, and copying them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "own_pages.h"

/* Bits of an entry of /proc/PID/pagemap. */
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)

/* So many pages of a walk cost less than asking for one by itself. */
#define WALK_PAGES 96

#define CACHE_LINE 64

static bool copy_by_writev(pid_t pid, const struct iovec *from, size_t count,
                           const struct iovec *to, size_t to_count,
                           size_t *ret_copied)
{
    ssize_t copied = process_vm_writev(pid, from, count, to, to_count, 0);

    *ret_copied = copied < 0 ? 0 : (size_t)copied;
    return copied >= 0 || errno == EFAULT;
}

static bool writev_works(pid_t pid)
{
    uint64_t from = 1, to = 0;
    const struct iovec source = { &from, sizeof(from) };
    const struct iovec target = { &to, sizeof(to) };
    size_t copied;

    return copy_by_writev(pid, &source, 1, &target, 1, &copied) && to == from;
}

/* Tried out on a page that is there and one that is not. */
static bool mincore_works(void)
{
    const size_t length = 2 * HAYWIRE_PAGE_SIZE;
    unsigned char resident[2] = { 0, 1 };
    uint8_t *pages = mmap(NULL, length, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool works;

    if (pages == MAP_FAILED) {
        return false;
    }
    madvise(pages, length, MADV_NOHUGEPAGE);
    *pages = 1;
    works = mincore(pages, length, resident) == 0 && (resident[0] & 1) &&
            !(resident[1] & 1);
    munmap(pages, length);
    return works;
}

/* A question about no page is answered wherever the call is allowed. */
static bool move_pages_works(void)
{
    return syscall(SYS_move_pages, 0, 0L, NULL, NULL, NULL, 0) == 0;
}

static void open_pagemap(HaywireOwnPages *own, unsigned without)
{
    own->pagemap = -1;
    own->pagemap_errno = EACCES;
    if (!(without & HAYWIRE_WITHOUT_PAGEMAP)) {
        own->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        own->pagemap_errno = own->pagemap < 0 ? errno : 0;
    }
}

HaywireStatus haywire_own_pages_open(unsigned without,
                                     HaywireOwnPages **ret_own)
{
    HaywireOwnPages *own = calloc(1, sizeof(*own));
    bool needs_mem;
    int saved;

    if (!own) {
        return HAYWIRE_NO_MEMORY;
    }
    own->ahead = HAYWIRE_WINDOW_MAX;
    own->mem = -1;
    own->pid = getpid();
    open_pagemap(own, without);
    needs_mem = without & HAYWIRE_WITHOUT_VM_WRITEV || !writev_works(own->pid);
    if (needs_mem) {
        own->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    }
    own->has_scan = !(without & HAYWIRE_WITHOUT_PAGEMAP_SCAN) &&
                    own->pagemap >= 0 &&
                    haywire_pagemap_scan_works(own->pagemap);
    own->has_move_pages =
        !(without & HAYWIRE_WITHOUT_MOVE_PAGES) && move_pages_works();
    if ((own->pagemap < 0 && !mincore_works()) || (needs_mem && own->mem < 0)) {
        saved = own->pagemap < 0 ? own->pagemap_errno : errno;
        haywire_own_pages_close(own);
        errno = saved;
        return HAYWIRE_IO_ERROR;
    }
    *ret_own = own;
    return HAYWIRE_OK;
}

void haywire_own_pages_close(HaywireOwnPages *own)
{
    if (!own) {
        return;
    }
    if (own->pagemap >= 0) {
        close(own->pagemap);
    }
    if (own->mem >= 0) {
        close(own->mem);
    }
    free(own);
}

void haywire_own_pages_name(const HaywireOwnPages *own, HaywireMemory *memory)
{
    if (own->pagemap >= 0) {
        memory->residency = own->has_scan ? "pagemap-scan" : "pagemap";
        return;
    }
    memory->residency = own->has_move_pages ? "move-pages" : "mincore";
    memory->residency_why = strerrordesc_np(own->pagemap_errno);
}

bool haywire_own_pages_may_ask(const HaywireOwnPages *own,
                               const HaywireRegion *region)
{
    return own->pagemap >= 0 || own->has_move_pages || !region->has_file ||
           region->owns_file;
}

bool haywire_swap_is_used(void)
{
    struct sysinfo info;

    return sysinfo(&info) != 0 || info.totalswap != info.freeswap;
}

static const uint8_t *host_of(const HaywireSpot *spot)
{
    return spot->region->host + spot->offset;
}

static void *page_of(const HaywireSpot *spot)
{
    return (void *)((uintptr_t)host_of(spot) &
                    ~(uintptr_t)(HAYWIRE_PAGE_SIZE - 1));
}

static HaywireStatus ask_mincore(void *page)
{
    unsigned char resident;

    if (mincore(page, HAYWIRE_PAGE_SIZE, &resident) != 0) {
        return HAYWIRE_IO_ERROR;
    }
    return resident & 1 ? HAYWIRE_OK : HAYWIRE_NOT_RESIDENT;
}

static HaywireStatus ask_entry(int pagemap, const void *page)
{
    uint64_t entry;
    off_t at = (off_t)((uintptr_t)page / HAYWIRE_PAGE_SIZE * sizeof(entry));
    ssize_t got;

    do {
        got = pread(pagemap, &entry, sizeof(entry), at);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof(entry)) {
        errno = got < 0 ? errno : EIO;
        return HAYWIRE_IO_ERROR;
    }
    if (entry & ENTRY_PRESENT) {
        return HAYWIRE_OK;
    }
    return entry & ENTRY_SWAPPED ? HAYWIRE_SWAPPED : HAYWIRE_HOLE;
}

/*
 * A walk over the page table takes 1 to 2 ns for each page between the first and
 * the last one.
 */
static bool ask_by_walk(HaywireOwnPages *own, void *const *page, size_t count,
                        bool *ret_present)
{
    uint64_t first = UINT64_MAX, last = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t at = (uintptr_t)page[i];

        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    return own->has_scan &&
           (last - first) / HAYWIRE_PAGE_SIZE < count * WALK_PAGES &&
           haywire_own_pages_walk(own, first, last + HAYWIRE_PAGE_SIZE, page,
                                  count, ret_present);
}

/* Of a page that is not known to be present. */
static HaywireStatus ask_why(const HaywireOwnPages *own,
                             const HaywireRegion *region, void *page,
                             bool known)
{
    if (own->pagemap >= 0) {
        return ask_entry(own->pagemap, page);
    }
    return known || !haywire_own_pages_may_ask(own, region)
               ? HAYWIRE_NOT_RESIDENT
               : ask_mincore(page);
}

/* @why: say it of a page that is not present. */
static void ask_some(HaywireOwnPages *own, HaywireSpot *spot, size_t count,
                     bool why)
{
    void *page[HAYWIRE_PEEKS_MAX];
    bool present[HAYWIRE_PEEKS_MAX];
    bool known;
    size_t i;

    for (i = 0; i < count; i++) {
        page[i] = page_of(&spot[i]);
    }
    known = ask_by_walk(own, page, count, present) ||
            haywire_own_pages_confirm(own, page, count, present);
    for (i = 0; i < count; i++) {
        if (known && present[i]) {
            spot[i].status = HAYWIRE_OK;
        } else if (known && !why) {
            spot[i].status = HAYWIRE_NOT_RESIDENT;
        } else {
            spot[i].status = ask_why(own, spot[i].region, page[i], known);
        }
    }
}

static void ask_all(HaywireOwnPages *own, HaywireSpot *spot, size_t count,
                    bool why)
{
    while (count > 0) {
        size_t some = count < HAYWIRE_PEEKS_MAX ? count : HAYWIRE_PEEKS_MAX;

        ask_some(own, spot, some, why);
        spot += some;
        count -= some;
    }
}

void haywire_own_pages_ask(HaywireOwnPages *own, HaywireSpot *spot,
                           size_t count)
{
    ask_all(own, spot, count, true);
}

void haywire_own_pages_see(HaywireOwnPages *own, HaywireSpot *spot,
                           size_t count)
{
    ask_all(own, spot, count, false);
}

static void copy_by_mem(int mem, HaywireSpot *spot, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_OK &&
            pread(mem, spot[i].to, spot[i].length,
                  (off_t)(uintptr_t)host_of(&spot[i])) !=
                (ssize_t)spot[i].length) {
            spot[i].status = HAYWIRE_BROKEN_PAGE;
        }
    }
}

/* A call copies one piece after the other, and would wait for each. */
static void prefetch(const HaywireSpot *spot)
{
    size_t at;

    for (at = 0; at < spot->length; at += CACHE_LINE) {
        __builtin_prefetch(host_of(spot) + at);
    }
}

/* Room that goes on where the last one ends is one vector with it. */
static void add_room(struct iovec *to, size_t *count, HaywireSpot *spot)
{
    struct iovec *last = *count > 0 ? &to[*count - 1] : NULL;

    if (last && (uint8_t *)last->iov_base + last->iov_len == spot->to) {
        last->iov_len += spot->length;
    } else {
        to[(*count)++] = (struct iovec){ spot->to, spot->length };
    }
}

/*
 * "Write" our pages into our room: reading the one is what may fail, and the
 * other, which the kernel looks up and holds, lies together.
 *
 * Returns how many spots are dealt with: those copied, and one that failed.
 */
static size_t copy_some(pid_t pid, HaywireSpot *spot, size_t count)
{
    struct iovec from[HAYWIRE_SPOTS_MAX], to[HAYWIRE_SPOTS_MAX];
    size_t i, pieces = 0, rooms = 0, copied;

    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_OK) {
            prefetch(&spot[i]);
            from[pieces++] =
                (struct iovec){ (void *)(uintptr_t)host_of(&spot[i]),
                                spot[i].length };
            add_room(to, &rooms, &spot[i]);
        }
    }
    if (pieces == 0) {
        return count;
    }
    copy_by_writev(pid, from, pieces, to, rooms, &copied);
    for (i = 0; i < count; i++) {
        if (spot[i].status != HAYWIRE_OK) {
            continue;
        }
        if (copied < spot[i].length) {
            spot[i].status = HAYWIRE_BROKEN_PAGE;
            return i + 1;
        }
        copied -= spot[i].length;
    }
    return count;
}

void haywire_own_pages_copy(HaywireOwnPages *own, HaywireSpot *spot,
                            size_t count)
{
    if (own->mem >= 0) {
        copy_by_mem(own->mem, spot, count);
        return;
    }
    while (count > 0) {
        size_t some = count < HAYWIRE_SPOTS_MAX ? count : HAYWIRE_SPOTS_MAX;
        size_t done = copy_some(own->pid, spot, some);

        spot += done;
        count -= done;
    }
}
