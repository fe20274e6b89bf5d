/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform interface on Linux. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "haywire/clock.h"
#include "os/linux/helper.h"
#include "os/linux/proc_file.h"
#include "os/os.h"

/* Documentation/admin-guide/mm/pagemap.rst. */
#define PAGEMAP_PRESENT  (UINT64_C(1) << 63)
#define PAGEMAP_PFN_MASK ((UINT64_C(1) << 55) - 1)
#define PAGEMAP_CHUNK    512

uint64_t haywire_os_monotonic_ns(void)
{
    return haywire_clock_ns(CLOCK_BOOTTIME);
}

uint64_t haywire_os_realtime_ns(void)
{
    return haywire_clock_ns(CLOCK_REALTIME);
}

uint64_t haywire_os_cpu_ns(void)
{
    return haywire_clock_ns(CLOCK_PROCESS_CPUTIME_ID) + haywire_helper_cpu_ns();
}

uint64_t haywire_os_random(void)
{
    uint64_t value = 0;

    /* Early in boot there may be no entropy: then the clocks must do. */
    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value)) {
        value = haywire_os_realtime_ns() * UINT64_C(0x9e3779b97f4a7c15);
        value ^= haywire_os_monotonic_ns() << 20;
        value ^= (uint64_t)getpid() << 48;
    }
    return value ? value : 1;
}

uint32_t haywire_os_kind(void)
{
    return HAYWIRE_OS_LINUX;
}

uint32_t haywire_os_arch(void)
{
#if defined(__x86_64__)
    return HAYWIRE_ARCH_X86_64;
#elif defined(__aarch64__)
    return HAYWIRE_ARCH_AARCH64;
#else
    return 0;
#endif
}

uint32_t haywire_os_page_size(void)
{
    return (uint32_t)sysconf(_SC_PAGESIZE);
}

/*
 * As /proc has it, and with it all other pids that are published: /proc may be
 * that of another pid namespace than ours.
 */
uint32_t haywire_os_pid(void)
{
    char text[16] = "";
    unsigned long pid = 0;

    if (readlink("/proc/self", text, sizeof(text) - 1) > 0) {
        pid = strtoul(text, NULL, 10);
    }
    return pid > 0 ? (uint32_t)pid : (uint32_t)getpid();
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

void haywire_os_boot_id(uint8_t ret_id[HAYWIRE_BOOT_ID_SIZE])
{
    char text[64];
    size_t length = 0;
    size_t digits = 0;

    memset(ret_id, 0, HAYWIRE_BOOT_ID_SIZE);
    if (haywire_proc_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text,
                          sizeof(text), &length) != HAYWIRE_COLLECT_OK) {
        return;
    }
    for (size_t i = 0; i < length && digits < 2 * HAYWIRE_BOOT_ID_SIZE; i++) {
        int digit = hex_digit(text[i]);

        if (digit >= 0) {
            ret_id[digits / 2] = (uint8_t)(ret_id[digits / 2] << 4 | digit);
            digits++;
        }
    }
}

static void end_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGHUP);
}

void haywire_os_catch_end(void)
{
    sigset_t set;

    end_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* A pipe that nobody reads must not end the session. */
    signal(SIGPIPE, SIG_IGN);
}

bool haywire_os_wait(uint64_t ns)
{
    static bool ended;
    struct timespec timeout = {
        .tv_sec = (time_t)(ns / HAYWIRE_NS_PER_SECOND),
        .tv_nsec = (long)(ns % HAYWIRE_NS_PER_SECOND),
    };
    sigset_t set;

    end_signals(&set);
    if (!ended && sigtimedwait(&set, NULL, &timeout) > 0) {
        ended = true;
    }
    return ended;
}

static size_t lock_pages(HaywirePage *pages, size_t count)
{
    struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
    size_t locked = 0;

    /* Only works with privilege, and then the lock needs none of it. */
    (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
    if (mlock(pages, count * sizeof(*pages)) == 0) {
        return count;
    }
    while (locked < count && mlock(&pages[locked], sizeof(*pages)) == 0) {
        locked++;
    }
    return locked;
}

HaywirePage *haywire_os_pages_new(size_t count, size_t *ret_unlocked)
{
    static const int advice[] = { MADV_NOHUGEPAGE, MADV_DONTFORK, MADV_DONTDUMP,
                                  MADV_UNMERGEABLE };
    size_t length = count * sizeof(HaywirePage);
    HaywirePage *pages = mmap(NULL, length, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        return NULL;
    }
    /* A kernel built without one of these needs none of it either. */
    for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
        (void)madvise(pages, length, advice[i]);
    }
    /* Locking populates them by one call, where a write each takes a fault. */
    *ret_unlocked = count - lock_pages(pages, count);
    if (*ret_unlocked > 0) {
        memset(pages, 0, length);
    }
    return pages;
}

void haywire_os_pages_free(HaywirePage *pages, size_t count)
{
    if (pages) {
        munmap(pages, count * sizeof(*pages));
    }
}

static uint64_t entry_pfn(uint64_t entry)
{
    return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_PFN_MASK : 0;
}

/*
 * Entries are of the kernel's page size, which may be more than 4096 bytes:
 * then several beacon pages share an entry.
 */
static bool read_frame_numbers(int pagemap, const HaywirePage *pages,
                               size_t count, uint64_t *ret_pfn)
{
    uint64_t system_page = haywire_os_page_size();
    uint64_t per_entry = system_page / HAYWIRE_PAGE_SIZE;
    uint64_t entry[PAGEMAP_CHUNK];
    uint64_t at = (uintptr_t)pages / system_page;
    bool any = false;
    ssize_t done;

    for (size_t i = 0; i < count; at += PAGEMAP_CHUNK) {
        done = pread(pagemap, entry, sizeof(entry),
                     (off_t)(at * sizeof(entry[0])));
        if (done <= 0) {
            break;
        }
        for (size_t e = 0; e < (size_t)done / sizeof(entry[0]); e++) {
            uint64_t pfn = entry_pfn(entry[e]) * per_entry;

            any = any || pfn;
            for (size_t w = 0; w < per_entry && i < count; w++) {
                ret_pfn[i++] = pfn ? pfn + w : 0;
            }
        }
    }
    return any;
}

bool haywire_os_frame_numbers(const HaywirePage *pages, size_t count,
                              uint64_t *ret_pfn)
{
    /* Kept, for /proc may be moved: an initramfs does when it is left. */
    static int pagemap = -1;
    static pid_t opened_by;

    if (pagemap < 0 || opened_by != getpid()) {
        haywire_cleanup_fd(&pagemap);
        pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        opened_by = getpid();
    }
    memset(ret_pfn, 0, count * sizeof(*ret_pfn));
    return pagemap >= 0 && read_frame_numbers(pagemap, pages, count, ret_pfn);
}
