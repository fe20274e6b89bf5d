/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do the structures of the running QEMU lie in memory as qemu_internals.h says?
 * A distribution may have changed what its version number does not tell.
 */
#ifndef HAYWIRE_QEMU_SELFTEST_H
#define HAYWIRE_QEMU_SELFTEST_H

#include "qemu_symbols.h"

/*
 * Check what can be checked: the monitor's tables of commands, sections of
 * memory, QMP's objects, the numbers of run states.  What functions expect and
 * which locks they need cannot be.  A wrong guess raises no signal: memory of
 * unknown layout is read by the kernel.
 *
 * Thread: main, when the machine stands.
 * Returns: TRUE, or FALSE with @error (HAYWIRE_QEMU_ERROR_LAYOUT) naming the
 *          structure that differs.
 */
gboolean haywire_qemu_selftest(GError **error);

/*
 * Parts of the above.  Is @table, of @version's layout, a table of the
 * monitor's top-level commands?
 */
gboolean haywire_qemu_selftest_hmp(const HMPCommand *table,
                                   const HaywireQemuVersion *version);

/* Does the guest's memory look as we declare a section of memory? */
gboolean haywire_qemu_selftest_sections(void);

#endif /* HAYWIRE_QEMU_SELFTEST_H */
