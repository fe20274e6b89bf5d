/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory a view may take, whatever the guest writes, and how it is
 * divided.
 */

#ifndef HAYWIRE_LIMITS_H
#define HAYWIRE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define HAYWIRE_MIB ((size_t)1 << 20)

/* A view in another program, such as QEMU. */
#define HAYWIRE_MEMORY_DEFAULT (16 * HAYWIRE_MIB)
/* Below this the largest geometry would leave no room for copies. */
#define HAYWIRE_MEMORY_MIN (12 * HAYWIRE_MIB)
/* A program of its own: enough for thousands of processes, with sections. */
#define HAYWIRE_MEMORY_ROOMY (512 * HAYWIRE_MIB)

/*
 * Contents of models that are alive at a time: the newest, the one being made,
 * the one whose processes an event listener knows, and one that a reply is made
 * from meanwhile.
 */
#define HAYWIRE_MODELS_ALIVE 4

/* Bytes each. Together they stay below the whole. */
typedef struct HaywireShares {
    size_t copies; /* copies of pages, and the bookkeeping of their slots */
    size_t notes;  /* pages met in a scan */
    size_t model;  /* one model */
    size_t work;   /* what making a model needs meanwhile */
} HaywireShares;

/* Divide @bytes, at least HAYWIRE_MEMORY_MIN. */
HaywireShares haywire_shares_divide(size_t bytes);

#endif
