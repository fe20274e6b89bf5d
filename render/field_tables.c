/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The field tables: see fields.h.
 */

#include "field_macros.h"

_Static_assert(sizeof(HaywireState) == 4 && sizeof(HaywireCategory) == 4 &&
                   sizeof(HaywireCameraStatus) == 4 &&
                   sizeof(HaywireOrigin) == 4,
               "HAYWIRE_TYPE_ENUM is 4 bytes");

static const char *state_name(uint32_t value)
{
    return haywire_state_name(value);
}

static const char *category_name(uint32_t value)
{
    return haywire_category_name(value);
}

static const char *origin_name(uint32_t value)
{
    return haywire_origin_name(value);
}

static const char *provider_name(uint32_t value)
{
    return haywire_provider_name(value);
}

static const char *camera_status_name(uint32_t value)
{
    return haywire_camera_status_name(value);
}

#define SESSION IF(HaywireOverview, has_session)
#define KNOWN   IF(HaywireOverview, has_table)
#define GUEST   IF(HaywireOverview, has_guest)
#define SCAN    IF(HaywireOverview, has_scan)

static const HaywireField overview_fields[] = {
    ENUM(HaywireOverview, state, "state", state_name,
         "searching (no session seen beating yet), live, stale, or paused "
         "(live in a stopped guest)"),
    { BASE(HaywireOverview, source, "source",
           "who tells it: companion, the program in the guest, or kernel, the "
           "guest's own structures; absent when nobody does"),
      .type = HAYWIRE_TYPE_ENUM, .name_of = provider_name,
      .schema = "HaywireProvider", .recent = true, GUEST },
    SPECIAL(HaywireOverview, session, "session", HAYWIRE_TYPE_HEX64,
            "random number of this run of the companion, 16 hex digits",
            SESSION),
    FIELD(HaywireOverview, closed, "closed",
          "whether the companion exited cleanly", SESSION),
    ENUM(HaywireOverview, os, "os", haywire_os_name,
         "operating system of the guest", GUEST),
    ENUM(HaywireOverview, arch, "arch", haywire_arch_name,
         "processor architecture of the guest", GUEST),
    FIELD(HaywireOverview, kernel_release, "kernel-release",
          "as the guest names it; absent when not published", IF_SET),
    FIELD(HaywireOverview, host_name, "host-name",
          "of the guest; absent when not published", IF_SET),
    FIELD(HaywireOverview, boot_id, "boot-id", "of the guest, a UUID", SESSION),
    FIELD(HaywireOverview, page_size, "page-size",
          "page size of the guest, bytes", GUEST, UNIT(BYTES)),
    FIELD(HaywireOverview, companion_version, "companion-version",
          "major.minor.patch", SESSION),
    FIELD(HaywireOverview, companion_pid, "companion-pid",
          "pid of the companion in the guest", SESSION),
    FIELD(HaywireOverview, privileged, "privileged",
          "whether the companion may read every process", SESSION),
    FIELD(HaywireOverview, pfns_known, "pfns-known",
          "whether the companion may see frame numbers", SESSION),
    FIELD(HaywireOverview, started, "started",
          "guest wall clock at the start of the companion, ns since 1970",
          SESSION, UNIT(WALL_TIME)),
    FIELD(HaywireOverview, heartbeat, "heartbeat", "beats since the start",
          SESSION),
    FIELD(HaywireOverview, heartbeat_age, "heartbeat-age",
          "ns since the heartbeat was seen to grow", SESSION, UNIT(DURATION)),
    FIELD(HaywireOverview, heartbeat_time, "heartbeat-time",
          "guest wall clock of the newest beat, ns since 1970", SESSION,
          UNIT(WALL_TIME)),
    FIELD(HaywireOverview, ram_missing, "ram-missing",
          "bytes of the guest's RAM that are not in this memory, such as a "
          "RAM file that was cut off; absent when none are, or nobody knows",
          IF_SET, UNIT(BYTES)),
    FIELD(HaywireOverview, sessions, "sessions",
          "sessions seen in memory, this one included"),
    FIELD(HaywireOverview, processes, "processes",
          "processes in the newest snapshot; absent when none was found",
          KNOWN),
    FIELD(HaywireOverview, processes_missing, "processes-missing",
          "of these, how many the process list lacks", KNOWN),
    FIELD(HaywireOverview, snapshot_generation, "snapshot-generation",
          "number of the newest snapshot", IF_SET),
    FIELD(HaywireOverview, snapshot_time, "snapshot-time",
          "when it was taken, ns since the guest's boot", IF_SET,
          UNIT(BOOT_TIME)),
    FIELD(HaywireOverview, scan_age, "scan-age",
          "ns since the newest full scan ended", SCAN, UNIT(DURATION)),
    FIELD(HaywireOverview, scan_duration, "scan-duration", "ns that it took",
          SCAN, UNIT(DURATION)),
    FIELD(HaywireOverview, scan_pages, "scan-pages",
          "resident pages that it looked at", SCAN),
    FIELD(HaywireOverview, scan_rejected, "scan-rejected",
          "of these, how many looked like beacon pages and were not good",
          SCAN),
    FIELD(HaywireOverview, residency, "residency",
          "how the host's kernel tells what of guest RAM is in memory: "
          "pagemap-scan, pagemap, or, where that is not allowed, move-pages "
          "or mincore",
          IF_SET),
    FIELD(HaywireOverview, residency_why, "residency-reason",
          "why /proc/self/pagemap cannot be used; absent when it is", IF_SET),
};

const HaywireTable haywire_overview_table =
    TABLE(HaywireOverview, "session", overview_fields);

static const HaywireField category_fields[] = {
    ENUM(HaywireCategoryRow, category, "category", category_name,
         "master, roundrobin, pid, camera1 or camera2"),
    FIELD(HaywireCategoryRow, pages, "pages", "pages that the session has"),
    FIELD(HaywireCategoryRow, mapped, "mapped", "of these, how many are found"),
};

void haywire_category_rows(const HaywireOverview *overview,
                           HaywireCategoryRow ret_row[HAYWIRE_CATEGORY_COUNT])
{
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        ret_row[i] = (HaywireCategoryRow){ i, overview->category[i].pages,
                                           overview->category[i].mapped };
    }
}

const HaywireTable haywire_category_table =
    TABLE(HaywireCategoryRow, "category", category_fields);

#define COMPANION IF(HaywireCost, companion_known)

static const HaywireField cost_fields[] = {
    FIELD(HaywireCost, time, "time", "ns since the first look", UNIT(DURATION)),
    FIELD(HaywireCost, cpu_time, "cpu-time",
          "processor time of the thread that looks, ns", UNIT(DURATION)),
    FIELD(HaywireCost, refreshes, "refreshes", "looks at memory"),
    FIELD(HaywireCost, scans, "scans", "full scans"),
    FIELD(HaywireCost, scan_time, "scan-time", "ns in all full scans",
          UNIT(DURATION)),
    FIELD(HaywireCost, pages_scanned, "pages-scanned",
          "resident pages looked at by scans"),
    FIELD(HaywireCost, pages_read, "pages-read", "pages copied and verified"),
    FIELD(HaywireCost, bytes_decoded, "bytes-decoded",
          "bytes of payload decoded", UNIT(BYTES)),
    FIELD(HaywireCost, companion_time, "companion-time",
          "ns of guest time that the companion has run; absent, like the "
          "next, when not published",
          COMPANION, UNIT(DURATION)),
    FIELD(HaywireCost, companion_cpu_time, "companion-cpu-time",
          "processor time that the companion says it has used, ns", COMPANION,
          UNIT(DURATION)),
};

const HaywireTable haywire_cost_table = TABLE(HaywireCost, "cost", cost_fields);

static const HaywireField section_list_fields[] = {
    FIELD(HaywireSectionList, pid, "pid", "process id in the guest"),
    FIELD(HaywireSectionList, start_time, "start-time",
          "of the process, ns since the guest's boot", UNIT(BOOT_TIME)),
    FIELD(HaywireSectionList, generation, "generation",
          "grows each time that the sections are read"),
    ENUM(HaywireSectionList, source, "source", origin_name,
         "roundrobin, camera1, camera2 or kernel"),
    FIELD(HaywireSectionList, readable, "readable",
          "whether the companion could read them"),
    FIELD(
        HaywireSectionList, blocked, "blocked",
        "whether reading them was given up, since the process is stuck in the "
        "guest's kernel"),
    FIELD(HaywireSectionList, complete, "complete",
          "whether all sections are here"),
    FIELD(HaywireSectionList, total, "total", "sections that the process has"),
};

const HaywireTable haywire_section_list_table =
    TABLE(HaywireSectionList, "sections", section_list_fields);

static const HaywireField section_fields[] = {
    FIELD(HaywireSection, start, "start", "first virtual address",
          UNIT(ADDRESS)),
    FIELD(HaywireSection, end, "end", "virtual address behind the last",
          UNIT(ADDRESS)),
    FIELD(HaywireSection, permissions, "permissions",
          "read, write, execute, private or shared: rwxp"),
    FIELD(HaywireSection, offset, "offset", "in the file, bytes",
          UNIT(ADDRESS)),
    FIELD(HaywireSection, device_major, "device-major", "of the file"),
    FIELD(HaywireSection, device_minor, "device-minor", "of the file"),
    FIELD(HaywireSection, inode, "inode", "of the file, 0 for none"),
    FIELD(HaywireSection, path, "path",
          "file, or what the guest calls the section, escaped; may be empty"),
    FIELD(HaywireSection, path_truncated, "path-truncated",
          "whether the path was cut"),
};

const HaywireTable haywire_section_table =
    TABLE(HaywireSection, "section", section_fields);

static const HaywireField page_run_list_fields[] = {
    FIELD(HaywirePageRunList, pid, "pid", "process id in the guest"),
    FIELD(HaywirePageRunList, start_time, "start-time",
          "of the process, ns since the guest's boot", UNIT(BOOT_TIME)),
    FIELD(HaywirePageRunList, generation, "generation",
          "pass of the camera, from 1"),
    ENUM(HaywirePageRunList, source, "source", origin_name,
         "camera1 or camera2"),
    FIELD(HaywirePageRunList, complete, "complete",
          "whether all runs of the process were read"),
    FIELD(HaywirePageRunList, total, "total",
          "runs that the pass found in the whole process"),
};

const HaywireTable haywire_page_run_list_table =
    TABLE(HaywirePageRunList, "ptes", page_run_list_fields);

#define IF_RUN(bits) IF_FLAGS(HaywirePageRun, flags, bits)

static const HaywireField page_run_fields[] = {
    FIELD(HaywirePageRun, gva.value, "address", "first virtual address",
          UNIT(ADDRESS)),
    FIELD(HaywirePageRun, pages, "pages", "pages of 4096 bytes in a row"),
    FLAGS(HaywirePageRun, flags, "present", HAYWIRE_RUN_PRESENT,
          "whether they are in memory"),
    FLAGS(HaywirePageRun, flags, "swapped", HAYWIRE_RUN_SWAPPED,
          "whether they are in swap"),
    FIELD(HaywirePageRun, value, "pfn",
          "guest frame number of the first page; absent when not known",
          IF_RUN(HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN)),
    FIELD(HaywirePageRun, swap_type, "swap-type",
          "number of the swap area; only of swapped pages, and when known",
          IF_RUN(HAYWIRE_RUN_SWAPPED | HAYWIRE_RUN_PFN_KNOWN)),
    FIELD(HaywirePageRun, value, "swap-offset",
          "of the first page in the swap area, in pages; as swap-type",
          IF_RUN(HAYWIRE_RUN_SWAPPED | HAYWIRE_RUN_PFN_KNOWN)),
    FLAGS(HaywirePageRun, flags, "file", HAYWIRE_RUN_FILE,
          "whether they are pages of a file or of shared memory"),
    FLAGS(HaywirePageRun, flags, "soft-dirty", HAYWIRE_RUN_SOFT_DIRTY,
          "whether they were written since soft-dirty bits were cleared"),
    FLAGS(HaywirePageRun, flags, "exclusive", HAYWIRE_RUN_EXCLUSIVE,
          "whether they are mapped only once"),
    FLAGS(HaywirePageRun, flags, "guard", HAYWIRE_RUN_GUARD,
          "true of guard pages: there is no memory, and to touch one is a "
          "fault; else absent",
          IF_RUN(HAYWIRE_RUN_GUARD)),
    FLAGS(HaywirePageRun, flags, "uffd-wp", HAYWIRE_RUN_UFFD_WP,
          "true where a userfaultfd is told of the first write; else absent",
          IF_RUN(HAYWIRE_RUN_UFFD_WP)),
    FLAGS(HaywirePageRun, flags, "special", HAYWIRE_RUN_SPECIAL,
          "true while the kernel moves them, where a device has them, or their "
          "memory is broken; else absent",
          IF_RUN(HAYWIRE_RUN_SPECIAL)),
    SPECIAL(HaywirePageRun, page_shift, "page-size", HAYWIRE_TYPE_SHIFT,
            "page size of the mapping, bytes; absent when not known", IF_SET,
            UNIT(BYTES)),
};

const HaywireTable haywire_page_run_table =
    TABLE(HaywirePageRun, "run", page_run_fields);

#define MAPPED  IF(HaywireCamera, mapped)
#define CURRENT IF_U32(HaywireCamera, current_pid)
#define FIGURES IF(HaywireCamera, figures_valid)

static const HaywireField camera_fields[] = {
    FIELD(HaywireCamera, camera, "camera", "1 or 2"),
    FIELD(HaywireCamera, mapped, "mapped",
          "whether its control page was found; if not, the rest is absent"),
    ENUM(HaywireCamera, status, "status", camera_status_name,
         "idle, active, no-process or denied", MAPPED),
    FIELD(HaywireCamera, target_pid, "target-pid",
          "pid that the camera was pointed at; absent for none", IF_SET),
    FIELD(HaywireCamera, current_pid, "current-pid",
          "pid that the newest complete pass is of; absent without one, and "
          "with it what describes the pass",
          IF_SET),
    FIELD(HaywireCamera, current_start_time, "current-start-time",
          "start time of that process, ns since the guest's boot", CURRENT,
          UNIT(BOOT_TIME)),
    FIELD(HaywireCamera, pass, "pass", "number of the pass, from 1", CURRENT),
    FIELD(HaywireCamera, age, "age",
          "ns of guest time from the end of the pass to the newest beat",
          CURRENT, UNIT(DURATION)),
    FIELD(HaywireCamera, pass_duration, "pass-duration", "ns that it took",
          CURRENT, UNIT(DURATION)),
    FIELD(HaywireCamera, sections, "sections", "sections of the process",
          CURRENT),
    FIELD(HaywireCamera, sections_missing, "sections-missing",
          "of these, how many did not fit", CURRENT),
    FIELD(HaywireCamera, page_runs, "page-runs", "page runs of the process",
          CURRENT),
    FIELD(HaywireCamera, page_runs_missing, "page-runs-missing",
          "of these, how many did not fit or were not read", CURRENT),
    FIELD(HaywireCamera, rss, "rss",
          "resident size from smaps_rollup, bytes; absent when not readable",
          FIGURES, UNIT(BYTES)),
    FIELD(HaywireCamera, pss, "pss", "proportional size, bytes", FIGURES,
          UNIT(BYTES)),
    FIELD(HaywireCamera, swap, "swap", "swapped size, bytes", FIGURES,
          UNIT(BYTES)),
    FIELD(HaywireCamera, sections_readable, "sections-readable",
          "whether the companion may read the sections", CURRENT),
    FIELD(HaywireCamera, page_table_readable, "page-table-readable",
          "whether the companion may read the page table", CURRENT),
    FIELD(HaywireCamera, page_table_complete, "page-table-complete",
          "whether the pass read all of the page table; if it ran out of time, "
          "each part that it left out counts as one page run that is missing",
          CURRENT),
    FIELD(HaywireCamera, pfns_known, "pfns-known",
          "whether the companion may see frame numbers", CURRENT),
};

const HaywireTable haywire_camera_table =
    TABLE(HaywireCamera, "camera", camera_fields);

static const HaywireField host_fields[] = {
    FIELD(HaywireHostCounters, refreshes, "refreshes", "looks at memory"),
    FIELD(HaywireHostCounters, scans, "scans", "full scans"),
    FIELD(HaywireHostCounters, scan_time, "scan-time", "ns in all full scans",
          UNIT(DURATION)),
    FIELD(HaywireHostCounters, pages_scanned, "pages-scanned",
          "resident pages looked at by scans"),
    FIELD(HaywireHostCounters, candidates, "candidates",
          "pages that look like beacons"),
    FIELD(HaywireHostCounters, index_attaches, "index-attaches",
          "maps made from the master index alone"),
    FIELD(HaywireHostCounters, remaps, "remaps",
          "times that a page was no longer what the map said, or had moved "
          "elsewhere"),
    FIELD(HaywireHostCounters, slot_clashes, "slot-clashes",
          "pages that claimed the place of another; old copies of pages that "
          "moved do so, too"),
    FIELD(HaywireHostCounters, sessions_seen, "sessions-seen",
          "sessions met so far"),
    FIELD(HaywireHostCounters, sessions_dropped, "sessions-dropped",
          "sessions that were too many to keep"),
    FIELD(HaywireHostCounters, pages_read, "pages-read",
          "pages copied and verified"),
    FIELD(HaywireHostCounters, bytes_decoded, "bytes-decoded",
          "bytes of payload decoded", UNIT(BYTES)),
    FIELD(HaywireHostCounters, limits_reached, "limits-reached",
          "times that a limit of the reader left something out"),
    FIELD(HaywireHostCounters, focus_writes, "focus-writes",
          "control words written"),
    FIELD(HaywireHostCounters, focus_failures, "focus-failures",
          "control words that were not written"),
    FIELD(HaywireHostCounters, cpu_time, "cpu-time",
          "processor time of the thread that looks, ns", UNIT(DURATION)),
    FIELD(HaywireHostCounters, pages_left_out, "pages-left-out",
          "pages of the session that are not shown now, for want of memory"),
    FIELD(HaywireHostCounters, doorbell_port, "doorbell-port",
          "I/O port at which the companion can ring; absent when there is none",
          IF_SET, UNIT(ADDRESS)),
    FIELD(HaywireHostCounters, rings, "rings",
          "rings at that port, each a reason to look at once"),
};

const HaywireTable haywire_host_table =
    TABLE(HaywireHostCounters, "host", host_fields);

/* The names of the counters, as core has them, in the protocol's order. */
#define COUNTER(number, name, help, ...)                                  \
    [HAYWIRE_COUNTER_##number] =                                          \
        FIELD(HaywireGuestStats, counter[HAYWIRE_COUNTER_##number], name, \
              help, __VA_ARGS__)

static const HaywireField guest_fields[] = {
    COUNTER(PID_ROUNDS, "pid-rounds", "snapshots published"),
    COUNTER(ROUNDROBIN_ROUNDS, "roundrobin-rounds",
            "cycles over all processes finished"),
    COUNTER(CAMERA1_PASSES, "camera1-passes", "passes of the first camera"),
    COUNTER(CAMERA2_PASSES, "camera2-passes", "passes of the second camera"),
    COUNTER(PID_ROUND_TIME, "pid-round-time",
            "ns that the newest snapshot took", UNIT(DURATION)),
    COUNTER(ROUNDROBIN_ROUND_TIME, "roundrobin-round-time",
            "ns that the newest cycle took", UNIT(DURATION)),
    COUNTER(CAMERA1_PASS_TIME, "camera1-pass-time",
            "ns that the first camera's newest pass took", UNIT(DURATION)),
    COUNTER(CAMERA2_PASS_TIME, "camera2-pass-time",
            "ns that the second camera's newest pass took", UNIT(DURATION)),
    COUNTER(PROCESSES, "processes", "processes in the newest snapshot"),
    COUNTER(PROCESSES_DROPPED, "processes-dropped",
            "processes that did not fit the newest snapshot"),
    COUNTER(DETAILS_DROPPED, "details-dropped",
            "processes whose details did not fit the newest cycle"),
    COUNTER(SECTIONS_DROPPED, "sections-dropped",
            "sections that did not fit the newest cycle"),
    COUNTER(PAGE_RUNS_DROPPED, "page-runs-dropped",
            "page runs that did not fit both cameras' newest passes"),
    COUNTER(VANISHED, "vanished",
            "processes that ended while they were being read"),
    COUNTER(DENIED, "denied", "reads refused for want of privilege"),
    COUNTER(READ_ERRORS, "read-errors", "other reads that failed"),
    COUNTER(PAGES_PUBLISHED, "pages-published", "pages written"),
    COUNTER(PAGES_MOVED, "pages-moved",
            "frame numbers of the companion's pages that changed"),
    COUNTER(PAGES_UNLOCKED, "pages-unlocked",
            "pages that could not be locked in memory"),
    COUNTER(CPU_TIME, "cpu-time", "processor time used by the companion, ns",
            UNIT(DURATION)),
    COUNTER(STRINGS_TRUNCATED, "strings-truncated",
            "names, paths and command lines cut"),
    COUNTER(CAPABILITIES, "capabilities",
            "bits for what the companion may do: 0 frame numbers, 1 memory map "
            "of the machine, 2 memory locked, 3 processes of other users, "
            "4 vmcoreinfo, 5 the host's doorbell",
            .cell = HAYWIRE_CELL_CAPABILITIES),
    COUNTER(BLOCKED, "processes-blocked",
            "processes that are stuck so that not all could be read of them, "
            "in the newest cycle"),
    COUNTER(READS_GIVEN_UP, "reads-given-up",
            "reads of such processes that did not return in time"),
};

_Static_assert(FIELD_COUNT(guest_fields) == HAYWIRE_COUNTER_COUNT,
               "a row for each counter");

const HaywireTable haywire_guest_table =
    TABLE(HaywireGuestStats, "guest", guest_fields);

static const HaywireField rejected_fields[] = {
    FIELD(HaywireRejectedRow, reason, "reason", "name of the status"),
    FIELD(HaywireRejectedRow, count, "count",
          "pages and records that were refused for it"),
};

const HaywireTable haywire_rejected_table =
    TABLE(HaywireRejectedRow, "rejected", rejected_fields);

static const HaywireField place_fields[] = {
    FIELD(HaywirePlace, translation.pid, "pid", "process id in the guest"),
    FIELD(HaywirePlace, translation.address.value, "address", "virtual address",
          UNIT(ADDRESS)),
    FIELD(HaywirePlace, translation.gpa.value, "gpa", "guest physical address",
          UNIT(ADDRESS)),
    FIELD(HaywirePlace, ram_block, "ram-block",
          "QEMU's name of the RAM block; absent when not known", IF_SET),
    FIELD(HaywirePlace, offset, "offset",
          "in the RAM file, bytes; absent when not known",
          IF(HaywirePlace, has_offset), UNIT(ADDRESS)),
    FIELD(HaywirePlace, translation.page_size, "page-size",
          "of the mapping, bytes; absent when not known", IF_SET, UNIT(BYTES)),
    ENUM(HaywirePlace, translation.source, "source", origin_name,
         "camera1 or camera2"),
    FIELD(HaywirePlace, translation.generation, "generation",
          "pass of the camera that knows it"),
};

const HaywireTable haywire_place_table =
    TABLE(HaywirePlace, "translation", place_fields);
