/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a guest's memory for people: by the address that a process, the
 * kernel or the machine has for it, with reasons for what is missing.
 */

#ifndef HAYWIRE_WATCH_READ_H
#define HAYWIRE_WATCH_READ_H

#include "haywire/watch.h"

/* Bytes of one read. */
#define HAYWIRE_READ_MAX (UINT64_C(1) << 20)

/* No read has more parts that are missing: one for each page, and one more. */
#define HAYWIRE_READ_MISSING_MAX 258

/* Whose addresses. */
typedef enum HaywireWhose {
    HAYWIRE_WHOSE_PROCESS,
    HAYWIRE_WHOSE_KERNEL,
    HAYWIRE_WHOSE_PHYSICAL,
} HaywireWhose;

/* "process", "kernel", "physical" */
const char *haywire_whose_name(uint32_t whose);

typedef struct HaywireReadWish {
    HaywireWhose whose;
    uint32_t pid; /* of a process; else 0 */
    uint64_t address;
    size_t length; /* bytes, at most HAYWIRE_READ_MAX */
} HaywireReadWish;

typedef struct HaywireReadResult {
    HaywireProvider source; /* who said where it lies */
    uint64_t present;       /* bytes that were read */
    size_t count;           /* parts that are missing, in ascending order */
    HaywireMissing missing[HAYWIRE_READ_MISSING_MAX];
} HaywireReadResult;

/*
 * Read into @to, which has room for all; what is missing reads as zeroes. A
 * process is read by a camera's page runs, where one in @model holds it, else
 * by its page table in the kernel; physical addresses lie as @model says, else
 * as the kernel says. @model: of the newest look of @watch.
 *
 * HAYWIRE_OK, however much is missing. HAYWIRE_LIMIT: too long, or nothing;
 * HAYWIRE_OUT_OF_RANGE: wraps around; HAYWIRE_NO_PROCESS, HAYWIRE_NO_MEMORY;
 * HAYWIRE_NO_SECTIONS: a process without memory; HAYWIRE_NO_CAMERA,
 * HAYWIRE_NOT_FOUND (kernel) and HAYWIRE_NO_LAYOUT (physical): nobody knows
 * where it lies. Thread: the one of @watch.
 */
HaywireStatus
haywire_watch_read(HaywireWatch *watch, HaywireNow now,
                   const HaywireModel *model, const HaywireReadWish *wish,
                   void *to, HaywireReadResult *ret_result) HAYWIRE_MUST_CHECK;

#endif
