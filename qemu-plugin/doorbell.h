/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doorbell: eight bytes of I/O space, on x86, by which a guest can ask to
 * be looked at now instead of at the end of the interval.  Section 8 of
 * docs/protocol.md.  Whoever does not ring pays nothing for it.
 *
 * What is rung is a hint and no evidence, and how often the guest is looked at
 * is the worker's to decide: see haywire_worker_ring().
 */
#ifndef HAYWIRE_DOORBELL_H
#define HAYWIRE_DOORBELL_H

#include <stdint.h>

#include "worker.h"

#define HAYWIRE_DOORBELL_ERROR haywire_doorbell_error_quark()

typedef enum HaywireDoorbellError {
    HAYWIRE_DOORBELL_ERROR_TAKEN,  /* something else is there */
    HAYWIRE_DOORBELL_ERROR_ABSENT, /* no ports here, or none as we know them */
} HaywireDoorbellError;

GQuark haywire_doorbell_error_quark(void);

/*
 * Put up the doorbell, once, and have it ring @worker (borrowed until
 * haywire_doorbell_close()).
 *
 * @wanted: a port; 0: the first of HAYWIRE_DOORBELL_PORTS where nothing is
 *
 * Returns the port.  0: there is no doorbell, and @error says why; nothing is
 * said of a processor that has no ports, unless one was wanted.
 *
 * Thread: main, with the big lock held, when the machine is complete.
 */
uint32_t haywire_doorbell_open(uint32_t wanted, HaywireWorker *worker,
                               GError **error);

/* The worker is heard no more; the port stays.  Thread: any. */
void haywire_doorbell_close(void);

#endif
