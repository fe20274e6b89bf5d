/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beacon protocol, version 1: what lies in guest RAM.
 *
 * Shared by guest and host. docs/protocol.md is the text; section numbers
 * below are that text's. Nothing here is cast onto guest bytes: structures
 * give sizes and offsets, the cursor (cursor.h) reads, the writer
 * (publish.h) writes.
 */

#ifndef HAYWIRE_BEACON_PROTOCOL_H
#define HAYWIRE_BEACON_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

/* Little-endian integers as bytes: unconverted use does not compile. */
typedef struct HaywireLe16 {
    uint8_t byte[2];
} HaywireLe16;

typedef struct HaywireLe32 {
    uint8_t byte[4];
} HaywireLe32;

typedef struct HaywireLe64 {
    uint8_t byte[8];
} HaywireLe64;

#define HAYWIRE_PAGE_SIZE        4096
#define HAYWIRE_PAGE_SHIFT       12
#define HAYWIRE_MAGIC            UINT32_C(0x3142FACE)
#define HAYWIRE_MAGIC_COUNT      16
#define HAYWIRE_PROTOCOL_VERSION 1
#define HAYWIRE_PAYLOAD_MAX      3936

/* Kinds (section 4): four ASCII bytes, read as a little-endian word. */
#define HAYWIRE_KIND(a, b, c, d)                                \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | \
     (uint32_t)(d) << 24)
#define HAYWIRE_KIND_DISCOVERY  HAYWIRE_KIND('H', 'a', 'y', 'D')
#define HAYWIRE_KIND_INDEX      HAYWIRE_KIND('H', 'a', 'y', 'I')
#define HAYWIRE_KIND_STATS      HAYWIRE_KIND('H', 'a', 'y', 'S')
#define HAYWIRE_KIND_REQUEST    HAYWIRE_KIND('H', 'a', 'y', 'Q')
#define HAYWIRE_KIND_RESPONSE   HAYWIRE_KIND('H', 'a', 'y', 'A')
#define HAYWIRE_KIND_MANIFEST   HAYWIRE_KIND('H', 'a', 'y', 'M')
#define HAYWIRE_KIND_PID        HAYWIRE_KIND('H', 'a', 'y', 'P')
#define HAYWIRE_KIND_ROUNDROBIN HAYWIRE_KIND('H', 'a', 'y', 'R')
#define HAYWIRE_KIND_CONTROL    HAYWIRE_KIND('H', 'a', 'y', 'C')
#define HAYWIRE_KIND_CAMERA     HAYWIRE_KIND('H', 'a', 'y', 'X')
#define HAYWIRE_KIND_EMPTY      HAYWIRE_KIND('H', 'a', 'y', 'E')

/* Section 3. */
typedef enum HaywireCategory {
    HAYWIRE_CATEGORY_MASTER,
    HAYWIRE_CATEGORY_ROUNDROBIN,
    HAYWIRE_CATEGORY_PID,
    HAYWIRE_CATEGORY_CAMERA1,
    HAYWIRE_CATEGORY_CAMERA2,
    HAYWIRE_CATEGORY_COUNT
} HaywireCategory;

#define HAYWIRE_MASTER_PAGES       10
#define HAYWIRE_ROUNDROBIN_PAGES   500
#define HAYWIRE_PID_PAGES          100
#define HAYWIRE_CAMERA1_PAGES      200
#define HAYWIRE_CAMERA2_PAGES      200
#define HAYWIRE_CATEGORY_PAGES_MAX 32768
#define HAYWIRE_PID_GENERATIONS    10

/* Section 2: the page. */
typedef struct HaywirePageHeader {
    HaywireLe32 magic[HAYWIRE_MAGIC_COUNT];
    HaywireLe32 kind;
    HaywireLe16 version;
    HaywireLe16 category;
    HaywireLe32 index;
    HaywireLe32 payload_length;
    HaywireLe64 session;
    HaywireLe64 generation;
    HaywireLe64 sequence;
    HaywireLe64 monotonic_ns;
    HaywireLe64 realtime_ns;
    HaywireLe64 pfn;
    HaywireLe64 checksum;
    HaywireLe32 lock_top;
    HaywireLe32 zero;
} HaywirePageHeader;

typedef struct HaywirePage {
    HaywirePageHeader header;
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];
    HaywireLe64 control_word;
    HaywireLe32 zero;
    HaywireLe32 lock_bottom;
} HaywirePage;

/* The header bytes that the checksum covers: from kind up to checksum. */
#define HAYWIRE_CHECKED_START offsetof(HaywirePageHeader, kind)
#define HAYWIRE_CHECKED_END   offsetof(HaywirePageHeader, checksum)

_Static_assert(HAYWIRE_CHECKED_START == 64, "section 2");
_Static_assert(HAYWIRE_CHECKED_END == 128, "section 2");
_Static_assert(offsetof(HaywirePageHeader, session) == 80, "section 2");
_Static_assert(offsetof(HaywirePageHeader, pfn) == 120, "section 2");
_Static_assert(offsetof(HaywirePageHeader, lock_top) == 136, "section 2");
_Static_assert(offsetof(HaywirePage, payload) == 144, "section 2");
_Static_assert(offsetof(HaywirePage, control_word) == 4080, "section 2");
_Static_assert(offsetof(HaywirePage, lock_bottom) == 4092, "section 2");
_Static_assert(sizeof(HaywirePage) == HAYWIRE_PAGE_SIZE, "section 2");

/* Section 5.1: discovery. */
typedef enum HaywireOs {
    HAYWIRE_OS_LINUX = 1,
    HAYWIRE_OS_WINDOWS = 2,
    HAYWIRE_OS_MACOS = 3,
} HaywireOs;

typedef enum HaywireArch {
    HAYWIRE_ARCH_X86_64 = 1,
    HAYWIRE_ARCH_AARCH64 = 2,
} HaywireArch;

typedef enum HaywireSessionState {
    HAYWIRE_SESSION_RUNNING = 1,
    HAYWIRE_SESSION_CLOSED = 2,
} HaywireSessionState;

#define HAYWIRE_FEATURE_PFNS       (UINT64_C(1) << 0)
#define HAYWIRE_FEATURE_MANIFEST   (UINT64_C(1) << 1)
#define HAYWIRE_FEATURE_PRIVILEGED (UINT64_C(1) << 2)

#define HAYWIRE_BOOT_ID_SIZE 16

/* (first index, pages) within MASTER of each thing that lies there. */
typedef enum HaywireMasterPart {
    HAYWIRE_PART_INDEX,
    HAYWIRE_PART_STATS,
    HAYWIRE_PART_REQUEST,
    HAYWIRE_PART_RESPONSE,
    HAYWIRE_PART_MANIFEST,
    HAYWIRE_PART_COUNT
} HaywireMasterPart;

typedef struct HaywireWirePart {
    HaywireLe32 first;
    HaywireLe32 pages;
} HaywireWirePart;

/* Frame numbers of the index's first pages that discovery names. */
#define HAYWIRE_INDEX_FRAMES_MAX 4

typedef struct HaywireWireDiscovery {
    HaywireLe32 os;
    HaywireLe32 arch;
    HaywireLe32 page_size;
    HaywireLe32 state;
    HaywireLe64 features;
    HaywireLe64 heartbeat;
    HaywireLe64 heartbeat_interval_ns;
    HaywireLe64 started_monotonic_ns;
    HaywireLe64 started_realtime_ns;
    uint8_t boot_id[HAYWIRE_BOOT_ID_SIZE];
    HaywireLe32 companion_pid;
    HaywireLe32 zero;
    HaywireLe16 version[4];
    HaywireLe32 geometry[HAYWIRE_CATEGORY_COUNT];
    HaywireWirePart part[HAYWIRE_PART_COUNT];
    HaywireLe32 zero2;
    HaywireLe64 pid_interval_ns;
    HaywireLe64 roundrobin_interval_ns;
    HaywireLe64 camera_interval_ns;
    HaywireLe32 index_frames;
    HaywireLe32 zero3;
    HaywireLe64 index_pfn[HAYWIRE_INDEX_FRAMES_MAX];
} HaywireWireDiscovery;

_Static_assert(offsetof(HaywireWireDiscovery, boot_id) == 56, "section 5.1");
_Static_assert(offsetof(HaywireWireDiscovery, geometry) == 88, "section 5.1");
_Static_assert(offsetof(HaywireWireDiscovery, part) == 108, "section 5.1");
_Static_assert(offsetof(HaywireWireDiscovery, index_frames) == 176,
               "section 5.1");
_Static_assert(sizeof(HaywireWireDiscovery) == 216, "section 5.1");

/* A session is stale after this many intervals, within these limits. */
#define HAYWIRE_STALE_BEATS  10
#define HAYWIRE_STALE_MIN_NS UINT64_C(1000000000)
#define HAYWIRE_STALE_MAX_NS UINT64_C(60000000000)

/* Section 5.2: master index. */
typedef struct HaywireWireIndex {
    HaywireLe32 first_slot;
    HaywireLe32 count;
    HaywireLe32 total;
    HaywireLe32 zero;
} HaywireWireIndex;

#define HAYWIRE_INDEX_PER_PAGE \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWireIndex)) / sizeof(HaywireLe64))

_Static_assert(sizeof(HaywireWireIndex) == 16, "section 5.2");
_Static_assert(HAYWIRE_INDEX_PER_PAGE == 490, "section 5.2");

/* Section 5.3: statistics. */
typedef enum HaywireGuestCounter {
    HAYWIRE_COUNTER_PID_ROUNDS,
    HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS,
    HAYWIRE_COUNTER_CAMERA1_PASSES,
    HAYWIRE_COUNTER_CAMERA2_PASSES,
    HAYWIRE_COUNTER_PID_ROUND_TIME,
    HAYWIRE_COUNTER_ROUNDROBIN_ROUND_TIME,
    HAYWIRE_COUNTER_CAMERA1_PASS_TIME,
    HAYWIRE_COUNTER_CAMERA2_PASS_TIME,
    HAYWIRE_COUNTER_PROCESSES,
    HAYWIRE_COUNTER_PROCESSES_DROPPED,
    HAYWIRE_COUNTER_DETAILS_DROPPED,
    HAYWIRE_COUNTER_SECTIONS_DROPPED,
    HAYWIRE_COUNTER_PAGE_RUNS_DROPPED,
    HAYWIRE_COUNTER_VANISHED,
    HAYWIRE_COUNTER_DENIED,
    HAYWIRE_COUNTER_READ_ERRORS,
    HAYWIRE_COUNTER_PAGES_PUBLISHED,
    HAYWIRE_COUNTER_PAGES_MOVED,
    HAYWIRE_COUNTER_PAGES_UNLOCKED,
    HAYWIRE_COUNTER_CPU_TIME,
    HAYWIRE_COUNTER_STRINGS_TRUNCATED,
    HAYWIRE_COUNTER_CAPABILITIES,
    HAYWIRE_COUNTER_BLOCKED,
    HAYWIRE_COUNTER_READS_GIVEN_UP,
    HAYWIRE_COUNTER_COUNT
} HaywireGuestCounter;

#define HAYWIRE_CAPABILITY_PFNS          (1u << 0)
#define HAYWIRE_CAPABILITY_IOMEM         (1u << 1)
#define HAYWIRE_CAPABILITY_LOCKED        (1u << 2)
#define HAYWIRE_CAPABILITY_ALL_PROCESSES (1u << 3)
#define HAYWIRE_CAPABILITY_VMCOREINFO    (1u << 4)
#define HAYWIRE_CAPABILITY_DOORBELL      (1u << 5)

typedef struct HaywireWireStats {
    HaywireLe32 count;
    HaywireLe32 zero;
} HaywireWireStats;

/* Section 5.4: PID snapshots. */
#define HAYWIRE_SHORT_NAME_SIZE 16

typedef struct HaywireWirePidPage {
    HaywireLe32 ordinal;
    HaywireLe32 pages;
    HaywireLe32 count;
    HaywireLe32 total;
    HaywireLe32 dropped;
    HaywireLe32 first_index;
    HaywireLe64 taken_ns;
} HaywireWirePidPage;

typedef struct HaywireWirePidEntry {
    HaywireLe32 pid;
    HaywireLe32 ppid;
    HaywireLe64 start_time_ns;
    HaywireLe32 uid;
    uint8_t state;
    uint8_t flags;
    HaywireLe16 threads;
    uint8_t name[HAYWIRE_SHORT_NAME_SIZE];
} HaywireWirePidEntry;

#define HAYWIRE_PID_FLAG_KERNEL         1
#define HAYWIRE_PID_FLAG_NAME_TRUNCATED 2

#define HAYWIRE_PIDS_PER_PAGE                             \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWirePidPage)) / \
     sizeof(HaywireWirePidEntry))

_Static_assert(sizeof(HaywireWirePidPage) == 32, "section 5.4");
_Static_assert(sizeof(HaywireWirePidEntry) == 40, "section 5.4");
_Static_assert(HAYWIRE_PIDS_PER_PAGE == 97, "section 5.4");

/* Section 5.5: records. */
#define HAYWIRE_RECORD_ALIGN 8

typedef enum HaywireRecordType {
    HAYWIRE_RECORD_PROCESS = 1,
    HAYWIRE_RECORD_SECTION_SET = 2,
    HAYWIRE_RECORD_SECTION = 3,
    HAYWIRE_RECORD_PAGE_RUN_SET = 4,
    HAYWIRE_RECORD_RAM_RANGE = 5,
    HAYWIRE_RECORD_TEXT = 6,
    HAYWIRE_RECORD_VMCOREINFO = 7,
    HAYWIRE_RECORD_CYCLE = 8,
    HAYWIRE_RECORD_PROCESS_FIELDS = 9,
} HaywireRecordType;

typedef struct HaywireWireRecord {
    HaywireLe16 type;
    HaywireLe16 length;
    HaywireLe32 flags;
} HaywireWireRecord;

#define HAYWIRE_NAME_MAX    64
#define HAYWIRE_EXE_MAX     1024
#define HAYWIRE_CMDLINE_MAX 2048
#define HAYWIRE_PATH_MAX    1024

#define HAYWIRE_PROCESS_KERNEL            (1u << 0)
#define HAYWIRE_PROCESS_NAME_TRUNCATED    (1u << 1)
#define HAYWIRE_PROCESS_EXE_TRUNCATED     (1u << 2)
#define HAYWIRE_PROCESS_CMDLINE_TRUNCATED (1u << 3)
#define HAYWIRE_PROCESS_EXE_UNREADABLE    (1u << 4)
#define HAYWIRE_PROCESS_EXE_DELETED       (1u << 5)
#define HAYWIRE_PROCESS_IDS_UNREADABLE    (1u << 6)
#define HAYWIRE_PROCESS_BLOCKED           (1u << 7)

typedef struct HaywireWireProcess {
    HaywireWireRecord record;
    HaywireLe32 pid;
    HaywireLe32 ppid;
    HaywireLe32 uid;
    HaywireLe32 gid;
    HaywireLe64 start_time_ns;
    HaywireLe64 vsize;
    HaywireLe64 rss;
    HaywireLe64 user_time_ns;
    HaywireLe64 system_time_ns;
    HaywireLe32 threads;
    HaywireLe32 nice;
    uint8_t state;
    uint8_t zero[3];
    HaywireLe16 name_length;
    HaywireLe16 exe_length;
    HaywireLe16 cmdline_length;
    uint8_t zero2[6];
} HaywireWireProcess;

typedef struct HaywireWireCycle {
    HaywireWireRecord record;
    HaywireLe64 cycle;
    HaywireLe32 processes;
    HaywireLe32 written;
    HaywireLe32 ordinal;
    HaywireLe32 pages;
} HaywireWireCycle;

/* Numbers of the fields of a process-fields record; they only grow. */
typedef enum HaywireProcessField {
    HAYWIRE_FIELD_MINOR_FAULTS,
    HAYWIRE_FIELD_MAJOR_FAULTS,
    HAYWIRE_FIELD_READ_BYTES,
    HAYWIRE_FIELD_WRITTEN_BYTES,
    HAYWIRE_FIELD_VOLUNTARY_SWITCHES,
    HAYWIRE_FIELD_INVOLUNTARY_SWITCHES,
    HAYWIRE_FIELD_OPEN_FILES,
    HAYWIRE_FIELD_PROCESS_GROUP,
    HAYWIRE_FIELD_SESSION,
    HAYWIRE_FIELD_TERMINAL,
    HAYWIRE_FIELD_PRIORITY,
    HAYWIRE_FIELD_CGROUP,
    HAYWIRE_FIELD_COUNT
} HaywireProcessField;

/* Those that are texts: their 8 bytes are a length. */
#define HAYWIRE_FIELD_TEXTS (UINT64_C(1) << HAYWIRE_FIELD_CGROUP)
#define HAYWIRE_CGROUP_MAX  1024

/* Then a HaywireLe64 for each bit of known, then the texts. */
typedef struct HaywireWireProcessFields {
    HaywireWireRecord record;
    HaywireLe32 pid;
    HaywireLe32 zero;
    HaywireLe64 start_time_ns;
    HaywireLe64 known; /* bit N: field N follows */
} HaywireWireProcessFields;

#define HAYWIRE_SECTION_SET_UNREADABLE (1u << 0)
#define HAYWIRE_SECTION_SET_BLOCKED    (1u << 1) /* unreadable, too */

typedef struct HaywireWireSectionSet {
    HaywireWireRecord record;
    HaywireLe32 pid;
    HaywireLe32 count;
    HaywireLe64 start_time_ns;
    HaywireLe64 generation;
    HaywireLe32 first;
    HaywireLe32 total;
} HaywireWireSectionSet;

#define HAYWIRE_SECTION_READ           (1u << 0)
#define HAYWIRE_SECTION_WRITE          (1u << 1)
#define HAYWIRE_SECTION_EXEC           (1u << 2)
#define HAYWIRE_SECTION_SHARED         (1u << 3)
#define HAYWIRE_SECTION_PATH_TRUNCATED (1u << 8)

typedef struct HaywireWireSection {
    HaywireWireRecord record;
    HaywireLe64 start;
    HaywireLe64 end;
    HaywireLe64 offset;
    HaywireLe64 inode;
    HaywireLe32 device_major;
    HaywireLe32 device_minor;
    HaywireLe16 path_length;
    uint8_t zero[6];
} HaywireWireSection;

/* Section 5.6: cameras. */
typedef enum HaywireCameraStatus {
    HAYWIRE_CAMERA_IDLE = 0,
    HAYWIRE_CAMERA_ACTIVE = 1,
    HAYWIRE_CAMERA_NO_PROCESS = 2,
    HAYWIRE_CAMERA_DENIED = 3,
} HaywireCameraStatus;

#define HAYWIRE_CAMERA_FIGURES_VALID (1u << 0)
#define HAYWIRE_CAMERA_NO_SECTIONS   (1u << 1)
#define HAYWIRE_CAMERA_NO_PAGE_TABLE (1u << 2)
#define HAYWIRE_CAMERA_NO_PFNS       (1u << 3)
#define HAYWIRE_CAMERA_PARTLY_READ   (1u << 4)

typedef struct HaywireWireControl {
    HaywireLe32 nonce;
    HaywireLe32 status;
    HaywireLe32 target_pid;
    HaywireLe32 current_pid;
    HaywireLe64 current_start_time_ns;
    HaywireLe64 pass;
    HaywireLe32 first_page;
    HaywireLe32 pages;
    HaywireLe32 sections_total;
    HaywireLe32 sections_stored;
    HaywireLe32 runs_total;
    HaywireLe32 runs_stored;
    HaywireLe64 pass_started_ns;
    HaywireLe64 pass_finished_ns;
    HaywireLe64 target_taken_ns;
    HaywireLe64 rss;
    HaywireLe64 pss;
    HaywireLe64 swap;
    HaywireLe32 flags;
    HaywireLe32 zero;
} HaywireWireControl;

/* The control word as a number: nonce above, pid below. */
#define HAYWIRE_CONTROL_WORD(nonce, pid) \
    ((uint64_t)(nonce) << 32 | (uint32_t)(pid))

typedef struct HaywireWirePageRunSet {
    HaywireWireRecord record;
    HaywireLe32 pid;
    HaywireLe32 count;
    HaywireLe64 start_time_ns;
    HaywireLe64 generation;
    HaywireLe32 first;
    HaywireLe32 total;
} HaywireWirePageRunSet;

#define HAYWIRE_RUN_PRESENT    (1u << 0)
#define HAYWIRE_RUN_SWAPPED    (1u << 1)
#define HAYWIRE_RUN_FILE       (1u << 2)
#define HAYWIRE_RUN_SOFT_DIRTY (1u << 3)
#define HAYWIRE_RUN_EXCLUSIVE  (1u << 4)
#define HAYWIRE_RUN_PFN_KNOWN  (1u << 5)
#define HAYWIRE_RUN_GUARD      (1u << 6)
#define HAYWIRE_RUN_UFFD_WP    (1u << 7)
#define HAYWIRE_RUN_SPECIAL    (1u << 8)

typedef struct HaywireWirePageRun {
    HaywireLe64 gva;
    HaywireLe64 value;
    HaywireLe32 pages;
    HaywireLe16 flags;
    uint8_t swap_type;
    uint8_t page_shift;
} HaywireWirePageRun;

_Static_assert(sizeof(HaywireWireRecord) == 8, "section 5.5");
_Static_assert(sizeof(HaywireWireProcess) == 88, "section 5.5");
_Static_assert(offsetof(HaywireWireProcess, state) == 72, "section 5.5");
_Static_assert(sizeof(HaywireWireCycle) == 32, "section 5.5");
_Static_assert(sizeof(HaywireWireProcessFields) == 32, "section 5.5");
_Static_assert(sizeof(HaywireWireSectionSet) == 40, "section 5.5");
_Static_assert(sizeof(HaywireWireSection) == 56, "section 5.5");
_Static_assert(sizeof(HaywireWireControl) == 112, "section 5.6");
_Static_assert(offsetof(HaywireWireControl, target_taken_ns) == 72, "5.6");
_Static_assert(sizeof(HaywireWirePageRunSet) == 40, "section 5.6");
_Static_assert(sizeof(HaywireWirePageRun) == 24, "section 5.6");

/* Section 5.7: manifest. */
typedef enum HaywireTextId {
    HAYWIRE_TEXT_KERNEL_RELEASE = 1,
    HAYWIRE_TEXT_KERNEL_VERSION = 2,
    HAYWIRE_TEXT_HOST_NAME = 3,
    HAYWIRE_TEXT_VMCOREINFO = 4,
    HAYWIRE_TEXT_KERNEL_CMDLINE = 5,
} HaywireTextId;

typedef struct HaywireWireRamRange {
    HaywireWireRecord record;
    HaywireLe64 start;
    HaywireLe64 end;
} HaywireWireRamRange;

typedef struct HaywireWireVmcoreinfo {
    HaywireWireRecord record;
    HaywireLe64 gpa;
    HaywireLe64 size;
} HaywireWireVmcoreinfo;

typedef struct HaywireWireText {
    HaywireWireRecord record;
    HaywireLe32 id;
    HaywireLe32 offset;
    HaywireLe32 total;
    HaywireLe32 length;
} HaywireWireText;

_Static_assert(sizeof(HaywireWireRamRange) == 24, "section 5.7");
_Static_assert(sizeof(HaywireWireVmcoreinfo) == 24, "section 5.7");
_Static_assert(sizeof(HaywireWireText) == 24, "section 5.7");

/* Section 8: the doorbell. The ports where a reader puts it, the first first. */
#define HAYWIRE_DOORBELL_PORTS     \
    {                              \
        0xf40, 0xf80, 0xe40, 0xe80 \
    }
#define HAYWIRE_DOORBELL_SIZE     8
#define HAYWIRE_DOORBELL_PORT_MIN 0x100
#define HAYWIRE_DOORBELL_PORT_MAX 0xfff8

#endif
