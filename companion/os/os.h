/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam between the companion and the guest's operating system.
 *
 * Each system is a folder beside this file (linux/) which fills in all that
 * is declared here; the build picks one. Above this line there is no file
 * descriptor, no errno and no word of one system.
 *
 * A system provides
 *   - the functions haywire_os_*(): clocks, waiting, pages for beacons and
 *     their frame numbers, identity. All are needed; two may say "not on this
 *     system": haywire_os_boot_id() gives zeros, haywire_os_frame_numbers()
 *     returns false.
 *   - a collector: a table of operations on processes, sections, page runs
 *     and facts. mark, hear, wait, figures, pages and fields may be NULL where a
 *     system has nothing of the kind; the others are needed. Tests bring
 *     collectors of their own.
 *
 * Everything runs on the companion's one thread. A collector that works or
 * waits for long calls haywire_collector_tick() in between, so that the
 * heartbeat goes on; and it waits for nothing without a bound.
 */

#ifndef HAYWIRE_OS_H
#define HAYWIRE_OS_H

#include <stdbool.h>

#include "haywire/beacon_protocol.h"
#include "haywire/vector.h"

#define HAYWIRE_NS_PER_MS     UINT64_C(1000000)
#define HAYWIRE_NS_PER_SECOND UINT64_C(1000000000)

/* Since boot, suspend included. */
uint64_t haywire_os_monotonic_ns(void);
/* Since 1970-01-01 UTC. */
uint64_t haywire_os_realtime_ns(void);
/* Processor time that this program has used. */
uint64_t haywire_os_cpu_ns(void);

/* A random number that is not 0. */
uint64_t haywire_os_random(void);

/* HaywireOs, HaywireArch (0: one that the protocol has no number for). */
uint32_t haywire_os_kind(void);
uint32_t haywire_os_arch(void);
uint32_t haywire_os_page_size(void);
uint32_t haywire_os_pid(void);
/* All zero when the system has none. */
void haywire_os_boot_id(uint8_t ret_id[HAYWIRE_BOOT_ID_SIZE]);

/*
 * From now on requests to end (signals and the like) are only noticed by
 * haywire_os_wait().
 */
void haywire_os_catch_end(void);

/*
 * Sleep up to @ns; 0 only looks. Returns true as soon as the program was
 * asked to end, and from then on always.
 */
bool haywire_os_wait(uint64_t ns);

/*
 * The host's doorbell: section 8 of docs/protocol.md. Returns whether there is
 * one now that this program can ring. May be false on any system.
 *
 * @port: where it is; 0: at one of the usual ports
 */
bool haywire_os_doorbell_find(uint32_t port);
/*
 * @pfn: of the discovery page, 0 where it is not known. Nothing happens when
 * none was found.
 */
void haywire_os_doorbell_ring(uint32_t pfn);

/*
 * @count zeroed pages for beacons: populated, kept out of child processes,
 * dumps, huge pages and page merging, and locked as far as allowed.
 *
 * @ret_unlocked: how many could not be locked
 *
 * Returns NULL without memory. Freed by haywire_os_pages_free(), which takes
 * NULL.
 */
HaywirePage *haywire_os_pages_new(size_t count, size_t *ret_unlocked);
void haywire_os_pages_free(HaywirePage *pages, size_t count);

/*
 * The frame numbers of @count pages as they lie now; 0 where it is not known.
 * Returns false, and all zero, when the system hides them.
 */
bool haywire_os_frame_numbers(const HaywirePage *pages, size_t count,
                              uint64_t *ret_pfn);

typedef enum HaywireCollect {
    HAYWIRE_COLLECT_OK = 0,
    HAYWIRE_COLLECT_GONE,    /* the process ended meanwhile: no error */
    HAYWIRE_COLLECT_DENIED,  /* no privilege */
    HAYWIRE_COLLECT_FAILED,  /* anything else */
    HAYWIRE_COLLECT_BLOCKED, /* the process is stuck, and so would we be */
} HaywireCollect;

/* More at a time are no small change: all processes are then looked at. */
#define HAYWIRE_CHANGES_MAX 64

/* A small set of pids. Zeroed: nothing changed. */
typedef struct HaywireChanges {
    bool all; /* more than there is room for, or something was missed */
    size_t count;
    uint32_t pid[HAYWIRE_CHANGES_MAX]; /* each once */
} HaywireChanges;

/* Is @pid in it by name? @all does not count. */
static inline bool haywire_changes_has(const HaywireChanges *changes,
                                       uint32_t pid)
{
    size_t i = 0;

    while (i < changes->count && changes->pid[i] != pid) {
        i++;
    }
    return i < changes->count;
}

static inline void haywire_changes_add(HaywireChanges *changes, uint32_t pid)
{
    if (haywire_changes_has(changes, pid)) {
        return;
    }
    if (changes->count == HAYWIRE_CHANGES_MAX) {
        changes->all = true;
    } else {
        changes->pid[changes->count++] = pid;
    }
}

static inline bool haywire_changes_any(const HaywireChanges *changes)
{
    return changes->all || changes->count > 0;
}

/* What a system tells of its processes, unasked. */
typedef struct HaywireHeard {
    HaywireChanges begun; /* started, or another program, name or owner */
    HaywireChanges ended;
} HaywireHeard;

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
    bool blocked; /* by which something is missing */
    size_t exe_length;
    size_t cmdline_length;
    uint8_t exe[HAYWIRE_EXE_MAX];
    uint8_t cmdline[HAYWIRE_CMDLINE_MAX];
} HaywireDetails;

/*
 * What a record of process fields tells. A field that cannot be read is not
 * known; its value then means nothing.
 */
typedef struct HaywireFields {
    uint64_t known;                      /* bits, by HaywireProcessField */
    uint64_t value[HAYWIRE_FIELD_COUNT]; /* of texts: their length */
    bool cgroup_truncated;
    uint8_t cgroup[HAYWIRE_CGROUP_MAX];
} HaywireFields;

static inline void haywire_fields_set(HaywireFields *fields,
                                      HaywireProcessField field, uint64_t value)
{
    fields->known |= UINT64_C(1) << field;
    fields->value[field] = value;
}

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

/*
 * A process held open: later reads are of it, even if its pid is reused. The
 * system's structure begins with this one.
 */
typedef struct HaywireOpenProcess {
    uint32_t pid;
    uint64_t start_time_ns;
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

    /*
     * The pids (uint32_t) of all processes that can be seen, ascending, in
     * place of what @pids held. FAILED without memory.
     */
    HaywireCollect (*list)(HaywireCollector *collector, HaywireVector *pids);
    /* The cheapest way to what a snapshot needs. */
    HaywireCollect (*brief)(HaywireCollector *collector, uint32_t pid,
                            HaywireBrief *ret_brief);

    /*
     * Cheaper by far than reading the process. Only of use for a process that
     * had one thread when it was read afterwards: it is the first thread's.
     * May be NULL.
     */
    void (*mark)(HaywireCollector *collector, uint32_t pid,
                 HaywireMark *ret_mark);
    /*
     * What the system told of since the last call. False: it tells nothing
     * here, or not now. May be NULL.
     */
    bool (*hear)(HaywireCollector *collector, HaywireHeard *ret_heard);
    /*
     * Sleep as haywire_os_wait() does, but only until there is something to
     * hear; a request to end may be noticed at the end. May be NULL.
     */
    bool (*wait)(HaywireCollector *collector, uint64_t ns);

    /* On success the caller owes a close. */
    HaywireCollect (*open)(HaywireCollector *collector, uint32_t pid,
                           HaywireOpenProcess **ret_process,
                           HaywireBrief *ret_brief);
    void (*close)(HaywireCollector *collector, HaywireOpenProcess *process);

    /*
     * OK also when parts cannot be read: they are then empty, and exe_unreadable
     * or blocked is set.
     */
    HaywireCollect (*details)(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireDetails *ret_details);
    /* As many as can be read. May be NULL. */
    void (*fields)(HaywireCollector *collector, HaywireOpenProcess *process,
                   HaywireFields *ret_fields);
    /*
     * Read all sections of a process into the collector, which holds those of
     * one process at a time; then sections_next() gives one after the other,
     * false behind the last.
     */
    HaywireCollect (*sections)(HaywireCollector *collector,
                               HaywireOpenProcess *process, size_t *ret_count);
    bool (*sections_next)(HaywireCollector *collector,
                          HaywireGuestSection *ret_section);

    /* May be NULL. */
    HaywireCollect (*figures)(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireFigures *ret_figures);
    /*
     * Read a piece of the page table from @start on, not past @end: as much
     * as the collector likes to read at a time. May be NULL.
     *
     * @ret_next: where it ended, above @start
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
    uint64_t given_up;          /* reads that did not return in time */
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

/*
 * The collector of this system, to be destroyed by its operation. NULL: it
 * cannot work here, and *ret_why says why: one line.
 */
HaywireCollector *haywire_collector_new(const char **ret_why);

#endif
