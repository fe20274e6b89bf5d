/*
 * The SIGBUS guard: a RAM file that shrinks while it is mapped.
 *
 * The handler runs on any thread at any point, so the table is a fixed array of
 * atomics and the handler only loads, stores and calls mmap(), which on Linux
 * is the bare system call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"
#include "source_guard.h"

struct HaywireGuard {
    int used;
    int hit;
    int protection;
    uintptr_t start; /* written last; 0: not in force */
    size_t length;
};

static HaywireGuard guards[HAYWIRE_GUARDS_MAX];
static struct sigaction previous;
static int installed;

HaywireGuard *haywire_guard_add(const void *start, size_t length,
                                int protection)
{
    size_t i;

    for (i = 0; i < HAYWIRE_GUARDS_MAX; i++) {
        HaywireGuard *guard = &guards[i];

        if (__atomic_exchange_n(&guard->used, 1, __ATOMIC_ACQ_REL)) {
            continue;
        }
        __atomic_store_n(&guard->hit, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&guard->protection, protection, __ATOMIC_RELAXED);
        __atomic_store_n(&guard->length, length, __ATOMIC_RELAXED);
        __atomic_store_n(&guard->start, (uintptr_t)start, __ATOMIC_RELEASE);
        return guard;
    }
    return NULL;
}

void haywire_guard_remove(HaywireGuard *guard)
{
    if (guard) {
        __atomic_store_n(&guard->start, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&guard->used, 0, __ATOMIC_RELEASE);
    }
}

int haywire_guard_was_hit(const HaywireGuard *guard)
{
    return __atomic_load_n(&guard->hit, __ATOMIC_ACQUIRE);
}

/*
 * Zeroes from the faulting page to the mapping's end: what lies behind it in
 * the file is gone as well, and one fault for each page would split the
 * mapping into thousands. Reading them allocates nothing.
 */
static bool put_zeroes(HaywireGuard *guard, uintptr_t start, uintptr_t address)
{
    uintptr_t page = address & ~(uintptr_t)(HAYWIRE_PAGE_SIZE - 1);
    size_t length = __atomic_load_n(&guard->length, __ATOMIC_RELAXED);
    void *zeroes;

    zeroes =
        mmap((void *)page, length - (page - start),
             __atomic_load_n(&guard->protection, __ATOMIC_RELAXED),
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (zeroes == MAP_FAILED) {
        return false;
    }
    __atomic_store_n(&guard->hit, 1, __ATOMIC_RELEASE);
    return true;
}

static bool handle(uintptr_t address)
{
    size_t i;

    for (i = 0; i < HAYWIRE_GUARDS_MAX; i++) {
        HaywireGuard *guard = &guards[i];
        uintptr_t start = __atomic_load_n(&guard->start, __ATOMIC_ACQUIRE);
        size_t length = __atomic_load_n(&guard->length, __ATOMIC_RELAXED);

        if (start != 0 && address >= start && address - start < length) {
            return put_zeroes(guard, start, address);
        }
    }
    return false;
}

/* Not ours: as if we were not there. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL &&
               previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
    } else {
        /* The instruction faults again on return; then the default acts. */
        struct sigaction action = { .sa_handler = SIG_DFL };

        sigaction(number, &action, NULL);
        if (info->si_code <= 0) {
            raise(number); /* sent by somebody: will not happen again */
        }
    }
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
    int saved = errno;

    /* Only the kernel's own signals (code > 0) carry an address. */
    if (info->si_code <= 0 || !handle((uintptr_t)info->si_addr)) {
        pass_on(number, info, context);
    }
    errno = saved;
}

HaywireStatus haywire_memory_install_guard(void)
{
    struct sigaction action = { .sa_sigaction = on_sigbus,
                                .sa_flags = SA_SIGINFO | SA_NODEFER };

    if (installed) {
        return HAYWIRE_OK;
    }
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, NULL, &previous) != 0 ||
        sigaction(SIGBUS, &action, NULL) != 0) {
        return HAYWIRE_IO_ERROR;
    }
    installed = 1;
    return HAYWIRE_OK;
}
