/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a process that its record has no room for: /proc/PID/stat, io,
 * status, fd and cgroup. What cannot be read is not known, and no error.
 */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/linux_collector.h"

/* More open files are not counted one by one: that takes 1 us each. */
#define COUNTED_FILES_MAX 1024

/* Numbers in lines that begin with a name, by file. */
static const struct {
    const char *file;
    const char *name;
    HaywireProcessField field;
} lines[] = {
    { "io", "read_bytes:", HAYWIRE_FIELD_READ_BYTES },
    { "io", "write_bytes:", HAYWIRE_FIELD_WRITTEN_BYTES },
    { "status", "voluntary_ctxt_switches:", HAYWIRE_FIELD_VOLUNTARY_SWITCHES },
    { "status",
      "nonvoluntary_ctxt_switches:", HAYWIRE_FIELD_INVOLUNTARY_SWITCHES },
};

/* The kernel's new_encode_dev(). */
static uint64_t terminal_device(uint32_t packed)
{
    uint32_t major = packed >> 8 & 0xfff;
    uint32_t minor = (packed & 0xff) | (packed >> 12 & 0xfff00);

    return (uint64_t)major << 32 | minor;
}

static void set_stat(HaywireFields *fields, const HaywireProcStat *stat)
{
    haywire_fields_set(fields, HAYWIRE_FIELD_MINOR_FAULTS, stat->minor_faults);
    haywire_fields_set(fields, HAYWIRE_FIELD_MAJOR_FAULTS, stat->major_faults);
    haywire_fields_set(fields, HAYWIRE_FIELD_PRIORITY,
                       (uint64_t)(int64_t)stat->priority);
    if (stat->process_group >= 0 && stat->session >= 0) {
        haywire_fields_set(fields, HAYWIRE_FIELD_PROCESS_GROUP,
                           (uint64_t)stat->process_group);
        haywire_fields_set(fields, HAYWIRE_FIELD_SESSION,
                           (uint64_t)stat->session);
        haywire_fields_set(fields, HAYWIRE_FIELD_TERMINAL,
                           terminal_device((uint32_t)stat->terminal));
    }
}

static void set_lines(HaywireLinuxCollector *self, int folder,
                      HaywireFields *fields)
{
    const char *file = "";
    size_t length = 0;
    uint64_t value;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strcmp(file, lines[i].file) != 0) {
            file = lines[i].file;
            if (haywire_proc_read(folder, file, self->buffer,
                                  sizeof(self->buffer),
                                  &length) != HAYWIRE_COLLECT_OK) {
                length = 0;
            }
        }
        if (haywire_parse_named(self->buffer, length, lines[i].name, &value)) {
            haywire_fields_set(fields, lines[i].field, value);
        }
    }
}

bool haywire_linux_counts_files(const HaywireLinuxCollector *self)
{
    struct stat folder;

    return fstatat(self->proc, "self/fd", &folder, 0) == 0 &&
           folder.st_size > 0;
}

/* One by one, where the kernel does not tell. False: not readable, or many. */
static bool count_files(HaywireLinuxCollector *self, int folder,
                        uint64_t *ret_count)
{
    HAYWIRE_AUTOCLOSE int fd = -1;
    uint64_t count = 0;
    ssize_t length;

    if (haywire_proc_open(folder, "fd", O_DIRECTORY, &fd) !=
        HAYWIRE_COLLECT_OK) {
        return false;
    }
    while (count <= COUNTED_FILES_MAX &&
           (length = getdents64(fd, self->buffer, sizeof(self->buffer))) > 0) {
        for (ssize_t at = 0; at < length; count++) {
            at += ((struct dirent64 *)(self->buffer + at))->d_reclen;
        }
    }
    *ret_count = count - 2; /* "." and ".." */
    return count >= 2 && count <= COUNTED_FILES_MAX && length == 0;
}

static void set_files(HaywireLinuxCollector *self, int folder,
                      HaywireFields *fields)
{
    struct stat files;
    uint64_t count;
    bool known;

    if (self->counts_files) {
        known = fstatat(folder, "fd", &files, 0) == 0;
        count = known ? (uint64_t)files.st_size : 0;
    } else {
        known = count_files(self, folder, &count);
    }
    if (known) {
        haywire_fields_set(fields, HAYWIRE_FIELD_OPEN_FILES, count);
    }
}

static void set_cgroup(HaywireLinuxCollector *self, int folder,
                       HaywireFields *fields)
{
    size_t length = 0;
    size_t start;
    size_t path;

    if (haywire_proc_read(folder, "cgroup", self->buffer, sizeof(self->buffer),
                          &length) != HAYWIRE_COLLECT_OK ||
        !haywire_parse_cgroup(self->buffer, length, &start, &path)) {
        return;
    }
    fields->cgroup_truncated = path > HAYWIRE_CGROUP_MAX;
    path = fields->cgroup_truncated ? HAYWIRE_CGROUP_MAX : path;
    memcpy(fields->cgroup, self->buffer + start, path);
    haywire_fields_set(fields, HAYWIRE_FIELD_CGROUP, path);
}

void haywire_linux_stat_fields(const HaywireLinuxProcess *process,
                               HaywireFields *ret_fields)
{
    ret_fields->known = 0;
    ret_fields->cgroup_truncated = false;
    set_stat(ret_fields, &process->stat);
}

void haywire_linux_read_fields(HaywireLinuxCollector *self,
                               const HaywireLinuxProcess *process,
                               HaywireFields *ret_fields)
{
    haywire_linux_stat_fields(process, ret_fields);
    set_lines(self, process->folder, ret_fields);
    set_files(self, haywire_linux_folder(process), ret_fields);
    set_cgroup(self, process->folder, ret_fields);
}
