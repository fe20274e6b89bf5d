/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model: one finished picture of a guest. Plain data, immutable, reference
 * counted; any thread may read it. All strings are escaped (text.h), printable
 * UTF-8, terminated, never NULL unless said so, and owned by the model.
 *
 * Members are named as the members of the QMP replies are, with underscores
 * for dashes. Sizes in bytes, times in ns.
 */

#ifndef HAYWIRE_MODEL_H
#define HAYWIRE_MODEL_H

#include <stdbool.h>

#include "haywire/layout.h"
#include "haywire/limits.h"
#include "haywire/names.h"

/* As many as a model has at most, however roomy. */
#define HAYWIRE_PROCESSES_MAX 32768

typedef enum HaywireState {
    HAYWIRE_STATE_SEARCHING, /* no session, or none seen beating yet */
    HAYWIRE_STATE_LIVE,
    HAYWIRE_STATE_STALE,
    HAYWIRE_STATE_PAUSED, /* live, in a guest that is stopped for now */
} HaywireState;

/* "searching", "live", "stale", "paused" */
const char *haywire_state_name(HaywireState state);
/* Live, or paused: what is shown is the guest as it is. */
bool haywire_state_is_current(HaywireState state);

/* Who has told it. */
typedef enum HaywireProvider {
    HAYWIRE_PROVIDER_COMPANION,
    HAYWIRE_PROVIDER_KERNEL,
} HaywireProvider;

/* "companion", "kernel" */
const char *haywire_provider_name(HaywireProvider provider);

/*
 * What looking costs, both sides; a part of query-haywire. Since the reader
 * began to look.
 */
typedef struct HaywireCost {
    uint64_t time;     /* for so long, ns of the host's clock */
    uint64_t cpu_time; /* of the thread that looks, ns */
    uint64_t refreshes;
    uint64_t scans;
    uint64_t scan_time; /* ns, all scans */
    uint64_t pages_scanned;
    uint64_t pages_read;
    uint64_t bytes_decoded;
    bool companion_known;        /* it has published the two below */
    uint64_t companion_time;     /* ns of the guest's clock that it has run */
    uint64_t companion_cpu_time; /* ns that it says it has used */
} HaywireCost;

/* query-haywire */
typedef struct HaywireOverview {
    HaywireState state;
    bool has_guest; /* a session, or the guest's kernel is read without one */
    HaywireProvider source; /* of all that is shown; needs has_guest */
    bool has_session;       /* all below up to categories need it */
    uint64_t session;       /* shown as 16 hex digits */
    bool closed;            /* the companion exited cleanly */
    uint32_t os;
    uint32_t arch;
    const char *companion_version; /* "0.1.0" */
    uint32_t companion_pid;
    const char *boot_id;        /* as a UUID */
    const char *kernel_release; /* "" when not published */
    const char *host_name;
    uint64_t heartbeat;
    uint64_t heartbeat_age;  /* since we saw it grow, in the reader's clock */
    uint64_t heartbeat_time; /* guest wall clock of the beat, ns since 1970 */
    uint64_t started;        /* guest wall clock, ns since 1970 */
    uint32_t page_size;
    bool privileged; /* feature bits */
    bool pfns_known;
    struct {
        uint32_t pages;
        uint32_t mapped;
    } category[HAYWIRE_CATEGORY_COUNT];
    uint64_t ram_missing;         /* guest RAM that is not in this memory */
    uint32_t sessions;            /* seen in memory, this one included */
    bool has_table;               /* any process was told of */
    uint64_t processes;           /* in the newest snapshot, stored or not */
    uint64_t processes_missing;   /* of these, not in the table */
    uint64_t snapshot_generation; /* of the PID category */
    uint64_t snapshot_time;       /* guest monotonic, when it was taken */
    bool has_scan;
    uint64_t scan_age; /* since the last full scan ended */
    uint64_t scan_duration;
    uint64_t scan_pages;       /* resident pages looked at */
    uint64_t scan_rejected;    /* that looked like beacons and were not good */
    const char *residency;     /* how the kernel tells what is present, or "" */
    const char *residency_why; /* not better, where it could be, or "" */
    HaywireCost cost;
} HaywireOverview;

/* query-haywire-processes. Large tables are common: the members lie close. */
typedef struct HaywireProcess {
    uint64_t start_time; /* since guest boot */
    uint32_t pid;
    uint32_t ppid;
    uint32_t uid;
    uint32_t threads;
    const char *name;
    char state; /* printable ASCII, '?' for anything else */
    bool name_truncated;
    bool kernel_thread;
    bool has_details; /* all below: from a ROUNDROBIN record */
    bool ids_known;   /* gid (and uid) could be read */
    bool exe_readable;
    bool exe_deleted;
    bool exe_truncated;
    bool cmdline_truncated;
    bool blocked; /* whoever asks for more waits: some of it is missing */
    HaywireProvider source; /* of all of it */
    uint32_t gid;
    int32_t nice;
    uint64_t vsize;
    uint64_t rss;
    uint64_t user_time;
    uint64_t system_time;
    const char *exe;             /* "" when none or not readable */
    const char *cmdline;         /* arguments joined by spaces */
    uint64_t details_generation; /* cycle of the record */
    /* More of the same cycle, by HaywireProcessField: bit N of known says that
       the companion could read field N. Signed ones as two's complement. */
    uint64_t known;
    const uint64_t *number; /* HAYWIRE_FIELD_COUNT of them, 0 when not known */
    const char *cgroup;     /* "" when not known */
} HaywireProcess;

/* An element of query-haywire-sections */
typedef struct HaywireSection {
    uint64_t start;
    uint64_t end;
    const char *permissions; /* "rwxp" form, static */
    uint64_t offset;
    uint32_t device_major;
    uint32_t device_minor;
    uint64_t inode;
    const char *path;
    bool path_truncated;
} HaywireSection;

typedef enum HaywireOrigin {
    HAYWIRE_ORIGIN_ROUNDROBIN,
    HAYWIRE_ORIGIN_CAMERA1,
    HAYWIRE_ORIGIN_CAMERA2,
    HAYWIRE_ORIGIN_KERNEL,
} HaywireOrigin;

/* "roundrobin", "camera1", "camera2", "kernel" */
const char *haywire_origin_name(HaywireOrigin origin);

/* query-haywire-sections */
typedef struct HaywireSectionList {
    uint32_t pid;
    uint64_t start_time;
    uint64_t generation;
    HaywireProvider provider;
    HaywireOrigin source;
    bool readable;  /* false: the companion was refused, or */
    bool blocked;   /* gave up, as the process is stuck */
    bool complete;  /* all of them are here */
    uint32_t total; /* that the process has */
    size_t count;
    const HaywireSection *section; /* sorted by start */
} HaywireSectionList;

/* query-haywire-ptes */
typedef struct HaywirePageRunList {
    uint32_t pid;
    uint64_t start_time;
    uint64_t generation;
    HaywireProvider provider;
    HaywireOrigin source;
    bool complete;
    uint32_t total;
    size_t count;
    const HaywirePageRun *run; /* sorted by gva, not overlapping */
} HaywirePageRunList;

/* What a camera's newest complete pass holds. */
typedef struct HaywireCameraPass {
    bool valid;
    bool page_table_readable;
    HaywireSectionList sections;
    HaywirePageRunList runs;
} HaywireCameraPass;

/* An element of query-haywire-cameras */
typedef struct HaywireCamera {
    uint32_t camera;          /* 1 or 2 */
    bool mapped;              /* its control page was found; needed below */
    HaywirePosition position; /* of the control page: for focus.h; none while it
                                 is looked for */
    HaywireCameraStatus status;
    uint32_t target_pid;  /* that the companion has taken from the
                                   control word, and status is of; 0 none */
    uint32_t current_pid; /* of the data; 0 none */
    uint64_t current_start_time;
    uint64_t pass;
    uint64_t pass_finished; /* guest's monotonic clock */
    uint64_t age; /* of the pass: newest heartbeat's guest time minus its end */
    uint64_t pass_duration;
    uint32_t sections;
    uint32_t sections_missing;
    uint32_t page_runs;
    uint32_t page_runs_missing;
    bool figures_valid; /* the three below, from smaps_rollup */
    uint64_t rss;
    uint64_t pss;
    uint64_t swap;
    bool sections_readable;
    bool page_table_readable;
    bool page_table_complete; /* the pass read all of it */
    bool pfns_known;
} HaywireCamera;

/* Of the reader; for query-haywire-stats. Grow only. */
typedef struct HaywireHostCounters {
    uint64_t refreshes;
    uint64_t scans;
    uint64_t scan_time;     /* ns, all scans */
    uint64_t pages_scanned; /* resident pages looked at */
    uint64_t candidates;
    uint64_t index_attaches; /* maps made from the master index alone */
    uint64_t remaps;         /* a page was no longer what the map said, or
                                not there any more */
    uint64_t slot_clashes;
    uint64_t sessions_seen;
    uint64_t sessions_dropped;
    uint64_t pages_read; /* copied and verified */
    uint64_t bytes_decoded;
    uint64_t limits_reached; /* something was left out by a reader's limit */
    uint64_t focus_writes;
    uint64_t focus_failures;
    uint64_t cpu_time; /* ns of the thread that looks, since it began */
    /* Now, not ever: pages of the shown session that have no copy, because
       copies may take no more memory. */
    uint64_t pages_left_out;
    uint64_t doorbell_port; /* where rings come in; 0: nowhere */
    uint64_t rings;
    uint64_t rejected[HAYWIRE_STATUS_COUNT]; /* pages, records: by reason */
} HaywireHostCounters;

typedef struct HaywireGuestStats {
    bool valid;
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
} HaywireGuestStats;

typedef struct HaywireManifest {
    size_t ram_count;
    const HaywireRamRange *ram;
    const char *kernel_version;
    const char *kernel_cmdline;
    bool has_vmcoreinfo;
    HaywireVmcoreinfo vmcoreinfo;
    const char *vmcoreinfo_text; /* newlines kept as \x0a escapes */
} HaywireManifest;

typedef struct HaywireModel {
    HaywireOverview overview;
    size_t process_count;
    const HaywireProcess *process; /* sorted by pid */
    HaywireCamera camera[2];
    HaywireHostCounters host;
    HaywireGuestStats guest;
    HaywireManifest manifest;
    HaywireLayout layout; /* count 0: not known */
} HaywireModel;

/* References are atomic. */
HaywireModel *haywire_model_ref(HaywireModel *model);
void haywire_model_unref(HaywireModel *model); /* NULL is fine */

/*
 * By pid, or NULL. Two processes of one pid never stand in one model: the
 * newest snapshot has one.
 */
const HaywireProcess *haywire_model_process(const HaywireModel *model,
                                            uint32_t pid);

/*
 * What a process is that haywire_model_process() does not find:
 * HAYWIRE_NO_PROCESS, or, when not all had room, HAYWIRE_NOT_SHOWN.
 */
HaywireStatus haywire_overview_absent(const HaywireOverview *overview);

/*
 * The sections of a process: from a camera whose newest complete pass is of
 * it (pid and start time), else from ROUNDROBIN; a complete list goes before
 * an incomplete one. Borrowed from the model. A session that publishes only
 * cameras has no table, and another may lack processes: then the cameras' pids
 * are taken as they are.
 * HAYWIRE_OK, _NO_SESSION, _NO_PROCESS, _NOT_SHOWN, _NO_SECTIONS (not published
 * yet).
 */
HaywireStatus
haywire_model_sections(const HaywireModel *model, uint32_t pid,
                       HaywireSectionList *ret_list) HAYWIRE_MUST_CHECK;

/*
 * The page runs of a process that a camera holds. HAYWIRE_OK, _NO_SESSION,
 * _NO_PROCESS, _NOT_SHOWN, _NO_CAMERA.
 */
HaywireStatus
haywire_model_page_runs(const HaywireModel *model, uint32_t pid,
                        HaywirePageRunList *ret_list) HAYWIRE_MUST_CHECK;

/*
 * The part of @run within [start, start + length); false when none is.
 * @length 0 means to the end of the address space.
 */
bool haywire_page_run_clip(const HaywirePageRun *run, HaywireGva start,
                           uint64_t length, HaywirePageRun *ret_part);

/* haywire-translate, without what only the source's owner knows. */
typedef struct HaywireTranslation {
    uint32_t pid;
    HaywireGva address;
    HaywireGpa gpa;
    uint64_t page_size; /* 4096, 2 MiB, 1 GiB; 0 not known */
    HaywireOrigin source;
    uint64_t generation;
} HaywireTranslation;

/*
 * HAYWIRE_OK, _NO_SESSION, _NO_PROCESS, _NOT_SHOWN, _NO_CAMERA, _NOT_PRESENT (also for
 * swapped pages), _NO_PFN (also when the companion could not read the page
 * table), _NOT_HELD (the camera has only a part of the page runs, and none
 * of these holds the address).
 */
HaywireStatus
haywire_model_translate(const HaywireModel *model, uint32_t pid,
                        HaywireGva address,
                        HaywireTranslation *ret_translation) HAYWIRE_MUST_CHECK;

/*
 * What is true of a model at a moment, whatever its content: told anew each
 * time, while the content may be shared.
 */
typedef struct HaywireMoment {
    /* Filled but for what the content yields: processes, snapshots, names; of
       the cost, the time only. */
    const HaywireOverview *overview;
    const HaywireLayout *layout; /* NULL: not known */
    const HaywireHostCounters *host;
    uint64_t beat_ns;    /* guest's monotonic clock at its newest heartbeat */
    uint64_t started_ns; /* and at the start of its session */
} HaywireMoment;

/*
 * The content of @last at another moment of the same session; both share it.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_model_renew(HaywireModel *last,
                                  const HaywireMoment *moment,
                                  HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

#endif
