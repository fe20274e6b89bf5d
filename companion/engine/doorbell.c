/*
 * The doorbell, for each architecture that has one.
 *
 * The call and the load behind it begin a block that starts where the jump
 * leads, and lies within one cache line, hence one page.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "engine/doorbell.h"

#if defined(__x86_64__)

void haywire_doorbell_ring(const HaywirePage *page)
{
    uint32_t word;

    __asm__ volatile("jmp 1f\n\t"
                     ".balign 64\n"
                     "1:\n\t"
                     ".byte 0x0f, 0x1f, 0x80\n\t" /* nopl disp32(%%rax) */
                     ".long 0x3142face\n\t"
                     "movl (%1), %0"
                     : "=r"(word)
                     : "r"(page)
                     : "memory");
    (void)word;
}

#elif defined(__aarch64__)

void haywire_doorbell_ring(const HaywirePage *page)
{
    uint32_t word;

    __asm__ volatile("b 1f\n\t"
                     ".balign 64\n"
                     "1:\n\t"
                     "movz xzr, #0xface\n\t"
                     "movk xzr, #0x3142, lsl #16\n\t"
                     "ldr %w0, [%1]"
                     : "=r"(word)
                     : "r"(page)
                     : "memory");
    (void)word;
}

#else

void haywire_doorbell_ring(const HaywirePage *page)
{
    (void)page;
}

#endif
