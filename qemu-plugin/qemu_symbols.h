/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_QEMU_SYMBOLS_H
#define HAYWIRE_QEMU_SYMBOLS_H

#include <glib.h>

#include "qemu_internals.h"

/*
 * Why this QEMU cannot be used.
 */
#define HAYWIRE_QEMU_ERROR haywire_qemu_error_quark()

typedef enum HaywireQemuError {
    HAYWIRE_QEMU_ERROR_SYMBOL,  /* internal symbols are not exported */
    HAYWIRE_QEMU_ERROR_VERSION, /* a version that was never checked */
    HAYWIRE_QEMU_ERROR_LAYOUT,  /* a structure differs from what we know */
} HaywireQemuError;

GQuark haywire_qemu_error_quark(void);

/* A line of HAYWIRE_QEMU_VERSIONS. */
typedef struct HaywireQemuVersion {
    int64_t major;
    int64_t minor;
    int interface;
    HaywireHmpLayout hmp;
} HaywireQemuVersion;

/*
 * Check that the running QEMU exports every symbol in qemu_internals.h and is
 * of a version they were checked with.  Nothing else of qemu_internals.h may
 * be called before this has returned true.
 *
 * @admit_newer: take a QEMU that is newer than all that are known for the
 *               newest of them.
 *
 * Thread: any; at start-up the main thread.
 * Returns: true, or false with @error naming what is missing.
 */
gboolean haywire_qemu_check(gboolean admit_newer, GError **error);

/*
 * What holds for the running QEMU: its own line, or the last one before it.
 * Thread: any, once QEMU was found to export its symbols.
 */
const HaywireQemuVersion *haywire_qemu_version(void);

/* Is the running QEMU newer than all that are known?  As above. */
gboolean haywire_qemu_is_newer(void);

/* The plugin interface that the running QEMU is told.  Thread: any. */
int haywire_qemu_interface(void);

#endif /* HAYWIRE_QEMU_SYMBOLS_H */
