/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that a test makes up, for the companion's publishing side. */

#ifndef HAYWIRE_FAKE_COLLECTOR_H
#define HAYWIRE_FAKE_COLLECTOR_H

#include "os/os.h"

#define FAKE_SECTION_BASE UINT64_C(0x10000000)
#define FAKE_SECTION_STEP UINT64_C(0x1000000)
#define FAKE_PFN_BASE     UINT64_C(0x5000)

typedef struct FakeProcess {
    uint32_t pid;
    uint64_t start_time_ns;
    uint32_t ppid;    /* 0: 1 */
    uint32_t threads; /* 0: more than a snapshot has room for */
    uint64_t run;     /* its mark, once the collector has marks */
    bool zombie;
    bool running;
    bool kernel;
    size_t cmdline_length;
    size_t path_length; /* of each section; 0: "/bin/fake" */
    unsigned sections;
    unsigned runs;              /* of one page each, in each section */
    uint64_t fields;            /* which are known: N has the value 1000 + N */
    HaywireCollect listed_only; /* what brief and open answer */
    HaywireCollect sections_result;
    HaywireCollect pages_result;
} FakeProcess;

typedef struct FakeCollector {
    HaywireCollector base;
    FakeProcess *process; /* ascending by pid; the test's */
    size_t count;
    bool reads_all;
    bool marks;                /* it can tell who has run */
    bool hears;                /* it tells of changes: */
    HaywireHeard heard;        /* what it tells next */
    unsigned reads;            /* of processes for the table, so far */
    unsigned opens;            /* of processes, so far */
    unsigned burn_us;          /* processor time of each */
    unsigned pause_ms;         /* in each read of a page table */
    int open;                  /* processes held open */
    const FakeProcess *loaded; /* whose sections are next */
    unsigned next_section;
    uint8_t path[HAYWIRE_PATH_MAX];
} FakeCollector;

void fake_collector_init(FakeCollector *fake, FakeProcess *process,
                         size_t count);

/* @count processes with pids 1, 2, ..., started at 1000 * pid. */
FakeProcess *fake_processes_new(size_t count, unsigned sections);

#endif
