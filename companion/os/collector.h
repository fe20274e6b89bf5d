/*
 * What the companion publishes, as the guest's operating system tells it.
 *
 * One implementation for each system (linux/), picked by the build; tests
 * bring their own. Everything runs on the companion's one thread. A collector
 * that works for long calls haywire_collector_tick() in between, so that the
 * heartbeat goes on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_COLLECTOR_H
#define HAYWIRE_COLLECTOR_H

#include <stdbool.h>

#include "table/changes.h"
#include "haywire/beacon_protocol.h"

typedef enum HaywireCollect {
    HAYWIRE_COLLECT_OK = 0,
    HAYWIRE_COLLECT_GONE,   /* the process ended meanwhile: no error */
    HAYWIRE_COLLECT_DENIED, /* no privilege */
    HAYWIRE_COLLECT_FAILED, /* anything else */
} HaywireCollect;

/* Pids in ascending order. Owned by whoever made it; free(pid). */
typedef struct HaywirePidList {
    uint32_t *pid;
    size_t count;
    size_t allocated;
} HaywirePidList;

/* What a pid snapshot tells of a process. */
typedef struct HaywireBrief {
    uint32_t pid;
    uint32_t ppid;
    uint32_t uid; /* effective */
    uint32_t gid;
    uint64_t start_time_ns; /* since boot */
    uint32_t threads;
    uint8_t state;
    bool kernel; /* a kernel thread */
    bool ids_known;
    bool name_truncated;
    size_t name_length;
    uint8_t name[HAYWIRE_NAME_MAX];
} HaywireBrief;

/* What a process record tells besides. */
typedef struct HaywireDetails {
    uint64_t vsize;
    uint64_t rss;
    uint64_t user_time_ns;
    uint64_t system_time_ns;
    int32_t nice;
    bool exe_unreadable;
    bool exe_deleted;
    bool exe_truncated;
    bool cmdline_truncated;
    size_t exe_length;
    size_t cmdline_length;
    uint8_t exe[HAYWIRE_EXE_MAX];
    uint8_t cmdline[HAYWIRE_CMDLINE_MAX];
} HaywireDetails;

/*
 * How far a process had run: two equal marks of a pid say that it is the same
 * process, and that it has not run in between; then nothing has changed that
 * only it can change. @process is 0 where that cannot be told.
 */
typedef struct HaywireMark {
    uint64_t process;
    uint64_t run;
} HaywireMark;

typedef struct HaywireGuestSection {
    uint64_t start; /* gva */
    uint64_t end;   /* gva, exclusive */
    uint64_t offset;
    uint64_t inode;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t flags;      /* HAYWIRE_SECTION_* */
    size_t path_length;  /* at most HAYWIRE_PATH_MAX */
    const uint8_t *path; /* the collector's, until its next call */
} HaywireGuestSection;

/* Figures of a camera's process, in bytes. */
typedef struct HaywireFigures {
    uint64_t rss;
    uint64_t pss;
    uint64_t swap;
} HaywireFigures;

/* Pages in a row that are alike: a run of section 5.6. */
typedef struct HaywireGuestRun {
    uint64_t gva;
    uint64_t value; /* pfn of the first, or swap offset */
    uint64_t pages;
    uint16_t flags; /* HAYWIRE_RUN_* */
    uint8_t swap_type;
    uint8_t page_shift;
} HaywireGuestRun;

/* Takes the runs of a piece of address space, in ascending order. */
typedef void HaywireRunSink(void *opaque, const HaywireGuestRun *run);

/* A process held open: later reads are of it, even if its pid is reused. */
typedef struct HaywireOpenProcess {
    uint32_t pid;
    uint64_t start_time_ns;
    /* The rest is the collector's own. */
    int folder;
    int pagemap;
    bool kernel;
    int32_t nice;
    uint64_t vsize;
    uint64_t user_time_ns;
    uint64_t system_time_ns;
} HaywireOpenProcess;

typedef struct HaywireRam {
    uint64_t start; /* gpa */
    uint64_t end;
} HaywireRam;

#define HAYWIRE_RAM_MAX       128
#define HAYWIRE_FACT_TEXT_MAX 8192
#define HAYWIRE_FACT_TEXTS    (HAYWIRE_TEXT_KERNEL_CMDLINE + 1)

/* What the manifest says. */
typedef struct HaywireFacts {
    HaywireRam ram[HAYWIRE_RAM_MAX];
    size_t ram_count;
    uint64_t vmcoreinfo_gpa; /* 0 with size 0: not known */
    uint64_t vmcoreinfo_size;
    struct {
        size_t length;
        char data[HAYWIRE_FACT_TEXT_MAX];
    } text[HAYWIRE_FACT_TEXTS]; /* by HaywireTextId; length 0: not known */
} HaywireFacts;

typedef struct HaywireCollector HaywireCollector;

typedef struct HaywireCollectorOps {
    void (*destroy)(HaywireCollector *collector);

    /* All processes that can be seen. FAILED without memory. */
    HaywireCollect (*list)(HaywireCollector *collector, HaywirePidList *list);
    /* The cheapest way to what a snapshot needs. */
    HaywireCollect (*brief)(HaywireCollector *collector, uint32_t pid,
                            HaywireBrief *ret_brief);

    /*
     * Cheaper by far than reading the process. Only of use for a process that
     * had one thread when it was read afterwards: it is the first thread's.
     * NULL: this system has no marks.
     */
    void (*mark)(HaywireCollector *collector, uint32_t pid,
                 HaywireMark *ret_mark);
    /*
     * What the system told of since the last call. False: it tells nothing
     * here, or not now. NULL: never.
     */
    bool (*hear)(HaywireCollector *collector, HaywireHeard *ret_heard);

    /* On success the caller owes a close. */
    HaywireCollect (*open)(HaywireCollector *collector, uint32_t pid,
                           HaywireOpenProcess *ret_process,
                           HaywireBrief *ret_brief);
    void (*close)(HaywireCollector *collector, HaywireOpenProcess *process);

    /* OK with exe_unreadable set where only the executable is denied. */
    HaywireCollect (*details)(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireDetails *ret_details);
    /*
     * Read all sections of a process into the collector, which holds those of
     * one process at a time; then sections_next() gives one after the other,
     * false behind the last.
     */
    HaywireCollect (*sections)(HaywireCollector *collector,
                               HaywireOpenProcess *process, size_t *ret_count);
    bool (*sections_next)(HaywireCollector *collector,
                          HaywireGuestSection *ret_section);

    HaywireCollect (*figures)(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireFigures *ret_figures);
    /*
     * Read a piece of the page table from @start on, not past @end: as much
     * as the collector likes to read at a time. @ret_next: where it ended,
     * above @start.
     */
    HaywireCollect (*pages)(HaywireCollector *collector,
                            HaywireOpenProcess *process, uint64_t start,
                            uint64_t end, HaywireRunSink *sink, void *opaque,
                            uint64_t *ret_next);

    void (*facts)(HaywireCollector *collector, HaywireFacts *ret_facts);
    /* Is there the privilege to look into processes of other users? */
    bool (*reads_all)(HaywireCollector *collector);
} HaywireCollectorOps;

struct HaywireCollector {
    const HaywireCollectorOps *ops;
    void (*tick)(void *opaque); /* may be NULL */
    void *tick_opaque;
};

/* In loops over many small things: tick once in so many. */
#define HAYWIRE_TICK_EVERY 256

static inline void haywire_collector_tick(HaywireCollector *collector)
{
    if (collector->tick) {
        collector->tick(collector->tick_opaque);
    }
}

/* The collector of this system. NULL: it cannot work here; errno says why. */
HaywireCollector *haywire_collector_new(void);
void haywire_collector_destroy(HaywireCollector *collector);

#endif
