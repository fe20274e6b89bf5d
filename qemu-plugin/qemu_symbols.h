/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_QEMU_SYMBOLS_H
#define HAYWIRE_QEMU_SYMBOLS_H

#include <glib.h>

/*
 * Why this QEMU cannot be used.
 */
#define HAYWIRE_QEMU_ERROR haywire_qemu_error_quark()

typedef enum HaywireQemuError {
    HAYWIRE_QEMU_ERROR_SYMBOL,  /* internal symbols are not exported */
    HAYWIRE_QEMU_ERROR_VERSION, /* a version that was never checked */
} HaywireQemuError;

GQuark haywire_qemu_error_quark(void);

/*
 * Check that the running QEMU exports every symbol in qemu_internals.h and is
 * of a version they were checked with.  Nothing else of qemu_internals.h may
 * be called before this has returned true.
 *
 * Thread: any; at start-up the main thread.
 * Returns: true, or false with @error naming what is missing.
 */
gboolean haywire_qemu_check(GError **error);

#endif /* HAYWIRE_QEMU_SYMBOLS_H */
