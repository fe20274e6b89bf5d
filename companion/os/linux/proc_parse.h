/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing the texts of /proc. Pure functions: bytes in, values out. They take
 * any bytes, and refuse what is not as the kernel writes it.
 */

#ifndef HAYWIRE_PROC_PARSE_H
#define HAYWIRE_PROC_PARSE_H

#include "os/os.h"

/* What Linux puts behind the path of a file that has lost its name. */
#define HAYWIRE_PATH_DELETED " (deleted)"

/* proc(5), /proc/PID/stat; times in clock ticks. */
typedef struct HaywireProcStat {
    uint32_t pid;
    uint32_t ppid;
    uint32_t flags; /* PF_* */
    bool blocked;   /* it could not be read now: some of it is old */
    uint32_t threads;
    uint64_t user_ticks;
    uint64_t system_ticks;
    uint64_t start_ticks;
    uint64_t vsize; /* bytes */
    uint64_t minor_faults;
    uint64_t major_faults;
    int32_t process_group; /* below 0: it has ended */
    int32_t session;       /* the same */
    int32_t terminal;      /* as the kernel packs a device's numbers */
    int32_t priority;
    int32_t nice;
    uint8_t state;
    const char *name; /* in the text */
    size_t name_length;
} HaywireProcStat;

#define HAYWIRE_PF_KTHREAD 0x00200000

/*
 * The name lies between the first '(' and the last ')': it may hold
 * parentheses, spaces and newlines itself.
 */
bool haywire_parse_stat(const char *text, size_t length,
                        HaywireProcStat *ret_stat);

/* Second number of /proc/PID/statm, in pages. */
bool haywire_parse_statm_rss(const char *text, size_t length,
                             uint64_t *ret_pages);

/* First number of /proc/PID/schedstat, ns. */
bool haywire_parse_run_time(const char *text, size_t length, uint64_t *ret_ns);

/*
 * One line of /proc/PID/maps, without its newline. The path is unescaped into
 * ret_path, to which the section then points, and cut to its size (flag
 * HAYWIRE_SECTION_PATH_TRUNCATED).
 */
bool haywire_parse_maps_line(const char *line, size_t length,
                             uint8_t ret_path[HAYWIRE_PATH_MAX],
                             HaywireGuestSection *ret_section);

/* Only where it begins and ends. */
bool haywire_parse_maps_range(const char *line, size_t length,
                              uint64_t *ret_start, uint64_t *ret_end);

/*
 * The number behind @name (with its colon) and blanks, in the line of a text
 * that begins so.
 */
bool haywire_parse_named(const char *text, size_t length, const char *name,
                         uint64_t *ret_value);

/* "Rss:", "Pss:" and "Swap:" of /proc/PID/smaps_rollup; all must be there. */
bool haywire_parse_rollup(const char *text, size_t length,
                          HaywireFigures *ret_figures);

/*
 * Of /proc/PID/cgroup: where the path begins in the text, in the line of the
 * v2 hierarchy ("0::"), else in the first line.
 */
bool haywire_parse_cgroup(const char *text, size_t length, size_t *ret_start,
                          size_t *ret_length);

/*
 * The "System RAM" ranges of /proc/iomem, at most @max. Without privilege the
 * kernel shows zeros: such ranges are left out. Returns how many.
 */
size_t haywire_parse_iomem(const char *text, size_t length, HaywireRam *ret_ram,
                           size_t max);

/* /sys/kernel/vmcoreinfo: address and size, both in hex. */
bool haywire_parse_vmcoreinfo(const char *text, size_t length,
                              uint64_t *ret_gpa, uint64_t *ret_size);

/*
 * Cut Linux's mark of an unlinked file off a link text. Returns whether it
 * was there; a file can also be named so.
 */
bool haywire_parse_deleted(const char *text, size_t *length);

/* The next line of a text, without its newline; false behind the last. */
bool haywire_parse_line(const char *text, size_t length, size_t *position,
                        size_t *ret_start, size_t *ret_length);

#endif
