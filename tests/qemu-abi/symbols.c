/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every symbol that the plugin looks for, as QEMU's own headers declare it.
 * abi.c alone would compile without one that QEMU has dropped, since the
 * plugin's declaration is there too.  Nothing of this is ever run.
 *
 * symbols.h has a line ADDRESS(name) for each, and EITHER(a, b) for each pair
 * of which this QEMU has one; made by test-abi.
 */
#include "qemu_headers.h"

#define ADDRESS(name) &name,

/* The first is there up to 10.2, the second since. */
#if QEMU_VERSION_MAJOR < 11
#define EITHER(a, b) &a,
#else
#define EITHER(a, b) &b,
#endif

const void *const haywire_symbols[] = {
#include "symbols.h"
};
