/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every other symbol that the plugin looks for: there, but never to be used.
 * They are weak, so that those of impostor.c come first.
 */
#include "qemu_internals.h"

void impostor_abort(void);

void impostor_abort(void)
{
    g_assert_not_reached();
}

#define SYMBOL(sym)   __asm__(".weak " #sym "\n.set " #sym ", impostor_abort\n");
#define SYMBOLS(a, b) SYMBOL(a) SYMBOL(b)

/* clang-format off */
HAYWIRE_QEMU_FUNCTIONS(SYMBOL)
HAYWIRE_QEMU_DATA(SYMBOL)
HAYWIRE_QEMU_EITHER(SYMBOLS)
/* clang-format on */
