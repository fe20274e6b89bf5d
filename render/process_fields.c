/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a process, a row for each field. From here come the members
 * of query-haywire-processes and of the tool's JSON, the columns of ps, their
 * help, the lists in docs/qmp.md and docs/haywire.1, and the structure in
 * QEMU's schema (fields_doc.c). docs/architecture.md says what else a new field
 * needs.
 */

#include "field_macros.h"

_Static_assert(sizeof(HaywireProvider) == 4, "HAYWIRE_TYPE_ENUM is 4 bytes");

static const char *provider_name(uint32_t value)
{
    return haywire_provider_name(value);
}

/* clang-format off */

#define MEMBER(member, name, help, ...) \
    FIELD(HaywireProcess, member, name, help, __VA_ARGS__)
#define DETAILS IF(HaywireProcess, has_details)

/* A field by its number in the protocol, section 5.5. */
#define KNOWN(number_)                                                      \
    .number = (number_), .presence = HAYWIRE_PRESENT_KNOWN,                 \
    .present_offset = offsetof(HaywireProcess, known)
#define NUMBER(number_, name_, type_, help_, ...)                           \
    { BASE(HaywireProcess, number, name_, help_),                           \
      .type = HAYWIRE_TYPE_##type_, .indirect = true, KNOWN(number_),       \
      __VA_ARGS__ }

/* No member: it is shown in text only, and made of members. */
#define COLUMN(name_, cell_, parts_, help_, ...)                            \
    { .name = (name_), .type = HAYWIRE_TYPE_COLUMN,                         \
      .cell = HAYWIRE_CELL_##cell_, .parts = (parts_), .help = (help_),     \
      __VA_ARGS__ }

/* The column: its heading, further names, and how it is shown. */
#define AS(heading_, aliases_) .heading = (heading_), .aliases = (aliases_)
#define CELL(cell_) .cell = HAYWIRE_CELL_##cell_

static const HaywireField fields[] = {
    MEMBER(pid, "pid", "process id in the guest", AS("PID", "tgid")),
    MEMBER(ppid, "ppid", "pid of the parent, 0 for none", AS("PPID", "")),
    MEMBER(start_time, "start-time",
           "ns since the guest's boot; pid and start time name a process",
           UNIT(BOOT_TIME), AS("STARTED", "start lstart bsdstart stime")),
    MEMBER(uid, "uid", "effective user id",
           AS("UID", "euid user euser uname")),
    MEMBER(name, "name", "short name, escaped", AS("COMMAND", "comm ucmd ucomm"),
           .tree = true),
    MEMBER(name_truncated, "name-truncated", "whether the name was cut"),
    MEMBER(state, "state", "the guest's letter: R S D T t Z X I on Linux",
           AS("S", "s")),
    MEMBER(kernel_thread, "kernel-thread",
           "whether it is a thread of the kernel"),
    MEMBER(threads, "threads", "number of threads", AS("NLWP", "nlwp thcount")),
    { BASE(HaywireProcess, source, "source",
           "who says so: companion, the program in the guest, or kernel, the "
           "guest's own structures"),
      .type = HAYWIRE_TYPE_ENUM, .name_of = provider_name,
      .schema = "HaywireProvider", .recent = true },
    MEMBER(gid, "gid", "effective group id; absent when it could not be read",
           IF(HaywireProcess, ids_known), AS("GID", "egid group egroup")),
    MEMBER(nice, "nice", "nice value, -20 to 19", DETAILS, AS("NI", "ni")),
    MEMBER(vsize, "vsize", "virtual size, bytes", DETAILS, UNIT(BYTES),
           AS("VSZ", "vsz"), CELL(KIB)),
    MEMBER(rss, "rss", "resident size, bytes; may lag", DETAILS, UNIT(BYTES),
           AS("RSS", "rssize rsz"), CELL(KIB)),
    MEMBER(user_time, "user-time", "processor time in user mode, ns", DETAILS,
           UNIT(DURATION), CELL(CPU_TIME)),
    MEMBER(system_time, "system-time", "processor time in the kernel, ns",
           DETAILS, UNIT(DURATION), CELL(CPU_TIME)),
    MEMBER(exe, "exe",
           "path of the executable, escaped; absent when there is none",
           IF_SET),
    MEMBER(exe_readable, "exe-readable",
           "whether the companion was allowed to read the path", DETAILS),
    MEMBER(exe_deleted, "exe-deleted", "whether the executable was deleted",
           DETAILS),
    MEMBER(exe_truncated, "exe-truncated", "whether the path was cut", DETAILS),
    MEMBER(cmdline, "cmdline", "arguments joined by spaces, escaped", DETAILS),
    MEMBER(cmdline_truncated, "cmdline-truncated",
           "whether the arguments were cut", DETAILS),
    MEMBER(blocked, "blocked",
           "whether it is stuck in the guest's kernel so that what else is asked "
           "of it does not return: that is missing, or old", DETAILS,
           .recent = true),
    MEMBER(details_generation, "details-generation",
           "cycle that the details, from gid on, are from; absent without them",
           DETAILS),
    NUMBER(HAYWIRE_FIELD_MINOR_FAULTS, "minor-faults", U64,
           "page faults served without reading from storage",
           AS("MINFL", "min_flt minflt")),
    NUMBER(HAYWIRE_FIELD_MAJOR_FAULTS, "major-faults", U64,
           "page faults that had to read from storage",
           AS("MAJFL", "maj_flt majflt pagein")),
    NUMBER(HAYWIRE_FIELD_READ_BYTES, "read-bytes", U64,
           "fetched from storage, bytes", UNIT(BYTES),
           AS("RBYTES", "rbytes"), CELL(NUMBER)),
    NUMBER(HAYWIRE_FIELD_WRITTEN_BYTES, "written-bytes", U64,
           "sent to storage, bytes", UNIT(BYTES), AS("WBYTES", "wbytes"),
           CELL(NUMBER)),
    NUMBER(HAYWIRE_FIELD_VOLUNTARY_SWITCHES, "voluntary-switches", U64,
           "times that its threads gave up the processor by waiting",
           AS("NVCSW", "nvcsw")),
    NUMBER(HAYWIRE_FIELD_INVOLUNTARY_SWITCHES, "involuntary-switches", U64,
           "times that the processor was taken from its threads",
           AS("NIVCSW", "nivcsw")),
    NUMBER(HAYWIRE_FIELD_OPEN_FILES, "open-files", U64,
           "number of file descriptors", AS("FDS", "fds nfds")),
    NUMBER(HAYWIRE_FIELD_PROCESS_GROUP, "process-group", U64,
           "pid of the leader of its process group", AS("PGID", "pgid pgrp")),
    NUMBER(HAYWIRE_FIELD_SESSION, "session-id", U64,
           "pid of the leader of its session in the guest, setsid(2)",
           AS("SID", "sid sess session")),
    NUMBER(HAYWIRE_FIELD_TERMINAL, "terminal", DEVICE,
           "controlling terminal: pts/0, tty1, major:minor; ? for none",
           AS("TTY", "tty tt tname")),
    NUMBER(HAYWIRE_FIELD_PRIORITY, "priority", I64,
           "as the guest's scheduler has it; less is more urgent on Linux",
           AS("PRI", "pri")),
    MEMBER(cgroup, "cgroup",
           "path of its control group, escaped", KNOWN(HAYWIRE_FIELD_CGROUP),
           AS("CGROUP", "cgname")),
    { .name = "more", .type = HAYWIRE_TYPE_BOOL,
      .presence = HAYWIRE_PRESENT_REPLY,
      .help = "true in the last process of a list that is cut behind it" },
    COLUMN("stat", STAT, "state nice threads blocked",
           "state, then < or N for its nice value, l for several threads, ! when "
           "blocked",
           AS("STAT", "")),
    COLUMN("time", TIME, "user-time system-time",
           "processor time, [days-]hours:minutes:seconds", DETAILS,
           AS("TIME", "cputime cpu-time")),
    COLUMN("command", COMMAND, "cmdline cmdline-truncated name state",
           "arguments, or the name in brackets when there are none",
           AS("COMMAND", "args cmd"), .tree = true),
};

/* clang-format on */

#define COLUMNS_ONLY 3

_Static_assert(FIELD_COUNT(fields) <= 64, "HaywireMembers has a bit for each");

const HaywireTable haywire_process_table = {
    .name = "process",
    .size = sizeof(HaywireProcess),
    .count = FIELD_COUNT(fields) - COLUMNS_ONLY,
    .extra = COLUMNS_ONLY,
    .field = fields,
};
