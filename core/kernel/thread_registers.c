/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a core has of the threads of a process, and of the process as a whole:
 * see haywire/kernel_memory.h.
 *
 * Whoever enters the kernel of x86-64 leaves the registers that it had at the
 * top of its kernel stack, as struct pt_regs (arch/x86/include/asm/ptrace.h).
 * Its size is in no type; what lies there tells whether it is the right one.
 */

#include <elf.h>
#include <endian.h>
#include <string.h>

#include "haywire/kernel_memory.h"
#include "haywire/vector.h"
#include "provider.h"
#include "threads.h"

/* For each thread; honest ones take half. */
#define THREAD_READS 64
#define THREAD_PAGES 16

/* A list that was being changed is walked again at once. */
#define TRIES_MAX 8

/* In struct pt_regs, which is how struct user_regs_struct begins. */
#define PT_REGS 21
enum {
    REG_IP = 16,
    REG_CS,
    REG_FLAGS,
    REG_SP,
    REG_SS,
    REG_FS_BASE,
    REG_GS_BASE,
};

/* What they are in a process: its code, 64 and 32 bits, and its data. */
#define USER_CS    0x33
#define USER_CS_32 0x23
#define USER_SS    0x2b
#define SELECTOR   0xffff
#define FLAG_FIXED 2 /* always 1 */
#define USER_END   (UINT64_C(1) << 56)

/*
 * How far above the stack's beginning they end: it has 16 KiB, with KASAN twice
 * as much; with FRED (CONFIG_X86_FRED, since 6.9) 16 bytes are left free above.
 */
static const uint64_t ends[] = { 16384, 16384 - 16, 32768, 32768 - 16 };

static bool are_of_process(const uint64_t reg[PT_REGS])
{
    uint64_t code = reg[REG_CS] & SELECTOR;

    return (code == USER_CS || code == USER_CS_32) &&
           (reg[REG_SS] & SELECTOR) == USER_SS && reg[REG_FLAGS] & FLAG_FIXED &&
           reg[REG_IP] < USER_END && reg[REG_SP] < USER_END;
}

static void read_registers(HaywireKernelView *view, uint64_t task,
                           HaywireKernelThread *thread)
{
    uint64_t stack = haywire_view_ask(view, task, M_TASK_STACK);
    uint64_t reg[PT_REGS];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && stack != 0 &&
                       !thread->has_registers;
         i++) {
        if (!haywire_view_bytes(view, stack + ends[i] - sizeof(reg), reg,
                                sizeof(reg))) {
            break;
        }
        for (size_t j = 0; j < PT_REGS; j++) {
            reg[j] = le64toh(reg[j]);
        }
        thread->has_registers = are_of_process(reg);
    }
    if (thread->has_registers) {
        reg[REG_CS] &= SELECTOR;
        reg[REG_SS] &= SELECTOR;
        memcpy(thread->reg, reg, sizeof(reg));
        thread->reg[REG_FS_BASE] = haywire_view_ask(view, task, M_TASK_FS_BASE);
        thread->reg[REG_GS_BASE] = haywire_view_ask(view, task, M_TASK_GS_BASE);
    }
    view->lost = false; /* one without registers is a thread all the same */
}

/* HAYWIRE_PAGE_BUSY: it is none of @pid's any more. */
static HaywireStatus take(HaywireKernelView *view, uint64_t task, uint32_t pid,
                          HaywireVector *threads)
{
    HaywireKernelThread thread = { 0 };

    haywire_guest_allow(view->guest, THREAD_READS, THREAD_PAGES);
    thread.tid = (uint32_t)haywire_view_get(view, task, M_TASK_PID);
    if (haywire_view_get(view, task, M_TASK_TGID) != pid || view->lost) {
        return HAYWIRE_PAGE_BUSY;
    }
    if (haywire_view_get(view, task, M_TASK_MM) == 0) {
        return view->lost ? HAYWIRE_PAGE_BUSY : HAYWIRE_OK; /* has ended */
    }
    thread.running = haywire_view_ask(view, task, M_TASK_ON_CPU) != 0;
    read_registers(view, task, &thread);
    return haywire_vector_push(threads, &thread);
}

static HaywireStatus walk(HaywireKernelView *view, uint64_t leader,
                          uint32_t pid, HaywireVector *threads)
{
    HaywireStatus status = HAYWIRE_OK;
    uint64_t signal, head, node;

    haywire_guest_begin(view->guest);
    haywire_guest_allow(view->guest, THREAD_READS, THREAD_PAGES);
    view->lost = false;
    signal = haywire_view_get(view, leader, M_TASK_SIGNAL);
    head = signal + haywire_member(view, M_SIGNAL_THREAD_HEAD).offset;
    node = haywire_view_number(view, head, 8);
    for (uint32_t i = 0; node != head && status == HAYWIRE_OK; i++) {
        if (view->lost || i > HAYWIRE_KERNEL_THREADS_MAX) {
            return view->lost ? HAYWIRE_PAGE_BUSY : HAYWIRE_LIMIT;
        }
        status =
            take(view, node - haywire_member(view, M_TASK_THREAD_NODE).offset,
                 pid, threads);
        node = haywire_view_number(view, node, 8);
    }
    return view->lost ? HAYWIRE_PAGE_BUSY : status;
}

HaywireStatus haywire_kernel_threads(HaywireKernel *kernel, uint32_t pid,
                                     HaywireKernelThread **ret_thread,
                                     size_t *ret_count)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    uint64_t leader = haywire_kernel_task(kernel, pid);
    HaywireStatus status = HAYWIRE_PAGE_BUSY;
    HaywireVector threads;

    if (!view || leader == 0) {
        return view ? HAYWIRE_NO_PROCESS : HAYWIRE_NOT_FOUND;
    }
    haywire_vector_init(&threads, sizeof(HaywireKernelThread),
                        HAYWIRE_KERNEL_THREADS_MAX);
    for (int i = 0; i < TRIES_MAX && status == HAYWIRE_PAGE_BUSY; i++) {
        threads.count = 0;
        status = walk(view, leader, pid, &threads);
    }
    if (status != HAYWIRE_OK) {
        haywire_vector_clear(&threads);
        return status;
    }
    *ret_thread = threads.data;
    *ret_count = threads.count;
    return HAYWIRE_OK;
}

/* Up to and with AT_NULL; 0: there is none. */
static size_t end_of_vector(const uint8_t *auxv, size_t size)
{
    for (size_t at = 0; sizeof(Elf64_auxv_t) <= size - at;
         at += sizeof(Elf64_auxv_t)) {
        uint64_t type;

        memcpy(&type, auxv + at, sizeof(type));
        if (type == AT_NULL) {
            return at + sizeof(Elf64_auxv_t);
        }
    }
    return 0;
}

HaywireStatus haywire_kernel_auxv(HaywireKernel *kernel, uint32_t pid,
                                  uint8_t ret_auxv[HAYWIRE_KERNEL_AUXV_MAX],
                                  size_t *ret_length)
{
    HaywireKernelView *view = haywire_kernel_view(kernel);
    uint64_t task = haywire_kernel_task(kernel, pid), mm;
    HaywireMember vector;
    size_t length = 0;

    if (!view || task == 0) {
        return HAYWIRE_NOT_FOUND;
    }
    vector = haywire_member(view, M_MM_AUXV);
    haywire_guest_begin(view->guest);
    haywire_guest_allow(view->guest, THREAD_READS, THREAD_PAGES);
    view->lost = false;
    mm = haywire_view_get(view, haywire_threads_living(view, task), M_TASK_MM);
    if (!vector.known || mm == 0 || vector.size > HAYWIRE_KERNEL_AUXV_MAX ||
        !haywire_view_bytes(view, mm + vector.offset, ret_auxv, vector.size)) {
        return HAYWIRE_NOT_FOUND;
    }
    length = end_of_vector(ret_auxv, vector.size);
    *ret_length = length;
    return length > 0 ? HAYWIRE_OK : HAYWIRE_NOT_FOUND;
}
