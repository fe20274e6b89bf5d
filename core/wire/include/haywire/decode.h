/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From verified copies to values: docs/protocol.md, section 5.
 *
 * All functions read only the copy they are given, allocate nothing, and
 * write their results only on success. Strings point into the copy.
 */

#ifndef HAYWIRE_DECODE_H
#define HAYWIRE_DECODE_H

#include <stdbool.h>

#include "haywire/address.h"
#include "haywire/cursor.h"
#include "haywire/names.h"
#include "haywire/page.h"
#include "haywire/text.h"

typedef struct HaywirePart {
    uint32_t first;
    uint32_t pages;
} HaywirePart;

typedef struct HaywireDiscovery {
    uint32_t os; /* HaywireOs; others are kept as they are */
    uint32_t arch;
    uint32_t page_size;
    HaywireSessionState state;
    uint64_t features;
    uint64_t heartbeat;
    uint64_t heartbeat_interval_ns;
    uint64_t started_monotonic_ns;
    uint64_t started_realtime_ns;
    uint8_t boot_id[HAYWIRE_BOOT_ID_SIZE];
    uint32_t companion_pid;
    uint16_t version[3];
    uint32_t geometry[HAYWIRE_CATEGORY_COUNT]; /* pages, checked */
    HaywirePart part[HAYWIRE_PART_COUNT];      /* within MASTER, checked */
    uint64_t pid_interval_ns;
    uint64_t roundrobin_interval_ns;
    uint64_t camera_interval_ns;
    uint32_t index_frames; /* of the index's first pages; 0: not known */
    uint64_t index_pfn[HAYWIRE_INDEX_FRAMES_MAX];
} HaywireDiscovery;

/*
 * HAYWIRE_OK, _BAD_KIND, _BAD_INDEX (not MASTER 0), _SHORT_PAYLOAD,
 * _BAD_VALUE (state), _BAD_GEOMETRY (a category of no or more than
 * HAYWIRE_CATEGORY_PAGES_MAX pages; a part outside of MASTER or over page 0),
 * _BAD_COUNT (index frames).
 */
HaywireStatus
haywire_decode_discovery(const HaywirePage *copy, const HaywirePageInfo *info,
                         HaywireDiscovery *ret_discovery,
                         HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/* A page of the master index: entries are read through @entries. */
typedef struct HaywireIndexPage {
    uint32_t first_slot;
    uint32_t count;
    uint32_t total;
    HaywireCursor entries; /* count times u64 */
} HaywireIndexPage;

/*
 * HAYWIRE_OK, _BAD_KIND, _SHORT_PAYLOAD, _BAD_COUNT, _BAD_ORDINAL (slots past
 * total).
 */
HaywireStatus
haywire_decode_index(const HaywirePage *copy, const HaywirePageInfo *info,
                     HaywireIndexPage *ret_index,
                     HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/*
 * Counters that the page does not have are 0; those it has and we do not know
 * are dropped. HAYWIRE_OK, _BAD_KIND, _SHORT_PAYLOAD, _BAD_COUNT.
 */
HaywireStatus
haywire_decode_stats(const HaywirePage *copy, const HaywirePageInfo *info,
                     uint64_t ret_counter[HAYWIRE_COUNTER_COUNT],
                     HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

typedef struct HaywirePidPage {
    uint32_t ordinal;
    uint32_t pages;
    uint32_t count;
    uint32_t total;
    uint32_t dropped;
    uint32_t first_index;
    uint64_t taken_ns;
    HaywireCursor entries;
} HaywirePidPage;

/* HAYWIRE_OK, _BAD_KIND, _SHORT_PAYLOAD, _BAD_COUNT, _BAD_ORDINAL. */
HaywireStatus
haywire_decode_pid_page(const HaywirePage *copy, const HaywirePageInfo *info,
                        HaywirePidPage *ret_page,
                        HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

typedef struct HaywirePidEntry {
    uint32_t pid;
    uint32_t ppid;
    uint64_t start_time_ns;
    uint32_t uid;
    uint8_t state;
    uint8_t flags; /* HAYWIRE_PID_FLAG_* */
    uint16_t threads;
    uint8_t name[HAYWIRE_SHORT_NAME_SIZE];
    size_t name_length;
} HaywirePidEntry;

/* The next entry. HAYWIRE_OK, HAYWIRE_NOT_FOUND at the end. */
HaywireStatus
haywire_decode_pid_entry(HaywirePidPage *page,
                         HaywirePidEntry *ret_entry) HAYWIRE_MUST_CHECK;

typedef struct HaywireProcessRecord {
    uint32_t flags; /* HAYWIRE_PROCESS_* */
    uint32_t pid;
    uint32_t ppid;
    uint32_t uid;
    uint32_t gid;
    uint64_t start_time_ns;
    uint64_t vsize;
    uint64_t rss;
    uint64_t user_time_ns;
    uint64_t system_time_ns;
    uint32_t threads;
    int32_t nice;
    uint8_t state;
    HaywireString name;
    HaywireString exe;
    HaywireString cmdline;
} HaywireProcessRecord;

typedef struct HaywireCycleRecord {
    uint64_t cycle;
    uint32_t processes;
    uint32_t written;
    uint32_t ordinal;
    uint32_t pages;
} HaywireCycleRecord;

/* What the record of the same process, before it, has no room for. */
typedef struct HaywireFieldsRecord {
    uint32_t pid;
    uint64_t start_time_ns;
    uint64_t known; /* bit N: field N is here; none that we do not know */
    uint64_t
        number[HAYWIRE_FIELD_COUNT]; /* 0 when not known; a text's length */
    HaywireString cgroup;
} HaywireFieldsRecord;

/* Heads sections (count = sections that follow) or holds runs. */
typedef struct HaywireSetRecord {
    uint32_t flags;
    uint32_t pid;
    uint32_t count;
    uint64_t start_time_ns;
    uint64_t generation;
    uint32_t first;
    uint32_t total;
    HaywireCursor runs; /* page-run sets only */
} HaywireSetRecord;

typedef struct HaywireSectionRecord {
    uint32_t flags; /* HAYWIRE_SECTION_* */
    HaywireGva start;
    HaywireGva end; /* exclusive, above start */
    uint64_t offset;
    uint64_t inode;
    uint32_t device_major;
    uint32_t device_minor;
    HaywireString path;
} HaywireSectionRecord;

typedef struct HaywireTextRecord {
    uint32_t id;
    uint32_t offset;
    uint32_t total;
    HaywireString piece;
} HaywireTextRecord;

typedef struct HaywireRecord {
    uint16_t type; /* HaywireRecordType, or one we don't know */
    union {
        HaywireProcessRecord process;
        HaywireCycleRecord cycle;
        HaywireFieldsRecord fields;
        HaywireSetRecord section_set;
        HaywireSectionRecord section;
        HaywireSetRecord page_run_set;
        HaywireRamRange ram_range;
        HaywireTextRecord text;
        HaywireVmcoreinfo vmcoreinfo;
    };
} HaywireRecord;

/* Records of a payload of kind HayR, HayX or HayM. */
typedef struct HaywireRecordReader {
    HaywireCursor cursor;
} HaywireRecordReader;

/* HAYWIRE_OK, _BAD_KIND. */
HaywireStatus
haywire_record_reader_init(HaywireRecordReader *reader, const HaywirePage *copy,
                           const HaywirePageInfo *info) HAYWIRE_MUST_CHECK;

/*
 * The next record; of unknown types only @type is set. After a malformed
 * record whose own length is sound (all but _BAD_RECORD and _SHORT_PAYLOAD)
 * the reader stands behind it and may go on.
 *
 * HAYWIRE_OK, _NOT_FOUND (end), _BAD_RECORD, _SHORT_PAYLOAD, _BAD_STRING,
 * _BAD_COUNT, _BAD_RANGE, _BAD_ORDINAL (first + count > total).
 */
HaywireStatus
haywire_record_next(HaywireRecordReader *reader, HaywireRecord *ret_record,
                    HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/*
 * Pass over a record of this type, whose length alone is looked at. False, and
 * nothing is passed over: the next one is another, or its length is not sound.
 */
bool haywire_record_skip(HaywireRecordReader *reader, HaywireRecordType type);

/*
 * The next run of a page-run set; a bad one is passed over. A page shift that
 * section 5.6 does not name becomes 0. HAYWIRE_OK, _NOT_FOUND (end),
 * _BAD_COUNT (no pages), _BAD_RANGE (gva or pfn unaligned or wrapping).
 */
HaywireStatus
haywire_decode_page_run(HaywireSetRecord *set,
                        HaywirePageRun *ret_run) HAYWIRE_MUST_CHECK;

typedef struct HaywireControl {
    uint32_t nonce;
    HaywireCameraStatus status;
    uint32_t target_pid;
    uint32_t current_pid;
    uint64_t current_start_time_ns;
    uint64_t pass;
    uint32_t first_page;
    uint32_t pages;
    uint32_t sections_total;
    uint32_t sections_stored;
    uint32_t runs_total;
    uint32_t runs_stored;
    uint64_t pass_started_ns;
    uint64_t pass_finished_ns;
    uint64_t target_taken_ns;
    uint64_t rss;
    uint64_t pss;
    uint64_t swap;
    uint32_t flags; /* HAYWIRE_CAMERA_* bits */
} HaywireControl;

/*
 * HAYWIRE_OK, _BAD_KIND, _BAD_INDEX, _SHORT_PAYLOAD, _BAD_VALUE (status,
 * nonce 0).
 */
HaywireStatus
haywire_decode_control(const HaywirePage *copy, const HaywirePageInfo *info,
                       HaywireControl *ret_control,
                       HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

#endif
