/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing the texts of /proc. */

#include <string.h>

#include "os/linux/proc_parse.h"

#define ESCAPED_NEWLINE "\\012"

/* A place in a text; never past its end. */
typedef struct Scanner {
    const char *at;
    const char *end;
} Scanner;

static size_t scanner_left(const Scanner *scanner)
{
    return (size_t)(scanner->end - scanner->at);
}

static bool scan_char(Scanner *scanner, char c)
{
    if (scanner_left(scanner) == 0 || *scanner->at != c) {
        return false;
    }
    scanner->at++;
    return true;
}

static void scan_blanks(Scanner *scanner)
{
    while (scan_char(scanner, ' ') || scan_char(scanner, '\t')) {
    }
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return 16;
}

/* At least one digit, and no more than 64 bits hold. */
static bool scan_u64(Scanner *scanner, unsigned base, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *start = scanner->at;

    while (scanner_left(scanner) > 0 && digit_value(*scanner->at) < base) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_value(*scanner->at), &value)) {
            return false;
        }
        scanner->at++;
    }
    *ret_value = value;
    return scanner->at > start;
}

static bool scan_u32(Scanner *scanner, unsigned base, uint32_t *ret_value)
{
    uint64_t value;

    if (!scan_u64(scanner, base, &value) || value > UINT32_MAX) {
        return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

/* Negative numbers come out as their two's complement. */
static bool scan_number(Scanner *scanner, uint64_t *ret_value)
{
    bool negative = scan_char(scanner, '-');
    uint64_t value;

    if (!scan_u64(scanner, 10, &value)) {
        return false;
    }
    *ret_value = negative ? 0 - value : value;
    return true;
}

/* Fields of /proc/PID/stat behind the state, by their number in proc(5). */
enum {
    STAT_PPID = 4,
    STAT_PGRP = 5,
    STAT_SESSION = 6,
    STAT_TTY = 7,
    STAT_FLAGS = 9,
    STAT_MINFLT = 10,
    STAT_MAJFLT = 12,
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_PRIORITY = 18,
    STAT_NICE = 19,
    STAT_THREADS = 20,
    STAT_START = 22,
    STAT_VSIZE = 23,
    STAT_FIELDS = 24,
};

static bool stat_numbers(Scanner *scanner, HaywireProcStat *stat)
{
    uint64_t field[STAT_FIELDS] = { 0 };

    for (int i = STAT_PPID; i < STAT_FIELDS; i++) {
        if (!scan_char(scanner, ' ') || !scan_number(scanner, &field[i])) {
            return false;
        }
    }
    stat->ppid = (uint32_t)field[STAT_PPID];
    stat->process_group = (int32_t)field[STAT_PGRP];
    stat->session = (int32_t)field[STAT_SESSION];
    stat->terminal = (int32_t)field[STAT_TTY];
    stat->flags = (uint32_t)field[STAT_FLAGS];
    stat->minor_faults = field[STAT_MINFLT];
    stat->major_faults = field[STAT_MAJFLT];
    stat->priority = (int32_t)field[STAT_PRIORITY];
    stat->user_ticks = field[STAT_UTIME];
    stat->system_ticks = field[STAT_STIME];
    stat->nice = (int32_t)field[STAT_NICE];
    stat->threads = (uint32_t)field[STAT_THREADS];
    stat->start_ticks = field[STAT_START];
    stat->vsize = field[STAT_VSIZE];
    return true;
}

bool haywire_parse_stat(const char *text, size_t length,
                        HaywireProcStat *ret_stat)
{
    Scanner scanner = { text, text + length };
    const char *last = length > 0 ? memrchr(text, ')', length) : NULL;
    HaywireProcStat stat = { 0 };

    if (!last || !scan_u32(&scanner, 10, &stat.pid) ||
        !scan_char(&scanner, ' ') || !scan_char(&scanner, '(') ||
        scanner.at > last) {
        return false;
    }
    stat.name = scanner.at;
    stat.name_length = (size_t)(last - scanner.at);
    scanner.at = last + 1;
    if (!scan_char(&scanner, ' ') || scanner_left(&scanner) == 0) {
        return false;
    }
    stat.state = (uint8_t)*scanner.at++;
    if (!stat_numbers(&scanner, &stat)) {
        return false;
    }
    *ret_stat = stat;
    return true;
}

bool haywire_parse_statm_rss(const char *text, size_t length,
                             uint64_t *ret_pages)
{
    Scanner scanner = { text, text + length };
    uint64_t size;

    return scan_u64(&scanner, 10, &size) && scan_char(&scanner, ' ') &&
           scan_u64(&scanner, 10, ret_pages);
}

bool haywire_parse_run_time(const char *text, size_t length, uint64_t *ret_ns)
{
    Scanner scanner = { text, text + length };
    uint64_t ns;

    if (!scan_u64(&scanner, 10, &ns) || !scan_char(&scanner, ' ')) {
        return false;
    }
    *ret_ns = ns;
    return true;
}

static bool scan_permissions(Scanner *scanner, uint32_t *ret_flags)
{
    static const struct {
        char letter;
        char other;
        uint32_t flag;
    } column[] = {
        { 'r', '-', HAYWIRE_SECTION_READ },
        { 'w', '-', HAYWIRE_SECTION_WRITE },
        { 'x', '-', HAYWIRE_SECTION_EXEC },
        { 's', 'p', HAYWIRE_SECTION_SHARED },
    };
    uint32_t flags = 0;

    for (size_t i = 0; i < sizeof(column) / sizeof(column[0]); i++) {
        if (scan_char(scanner, column[i].letter)) {
            flags |= column[i].flag;
        } else if (!scan_char(scanner, column[i].other)) {
            return false;
        }
    }
    *ret_flags = flags;
    return true;
}

/* The kernel escapes newlines in paths (show_map_vma), and nothing else. */
static void scan_path(Scanner *scanner, uint8_t *path,
                      HaywireGuestSection *section)
{
    const size_t escape = strlen(ESCAPED_NEWLINE);
    size_t length = 0;

    while (scanner_left(scanner) > 0 && length < HAYWIRE_PATH_MAX) {
        bool escaped = scanner_left(scanner) >= escape &&
                       memcmp(scanner->at, ESCAPED_NEWLINE, escape) == 0;

        path[length++] = escaped ? '\n' : (uint8_t)*scanner->at;
        scanner->at += escaped ? escape : 1;
    }
    if (scanner_left(scanner) > 0) {
        section->flags |= HAYWIRE_SECTION_PATH_TRUNCATED;
    }
    section->path = path;
    section->path_length = length;
}

static bool scan_range(Scanner *scanner, uint64_t *ret_start, uint64_t *ret_end)
{
    return scan_u64(scanner, 16, ret_start) && scan_char(scanner, '-') &&
           scan_u64(scanner, 16, ret_end) && scan_char(scanner, ' ') &&
           *ret_start < *ret_end;
}

bool haywire_parse_maps_range(const char *line, size_t length,
                              uint64_t *ret_start, uint64_t *ret_end)
{
    Scanner scanner = { line, line + length };

    return scan_range(&scanner, ret_start, ret_end);
}

bool haywire_parse_maps_line(const char *line, size_t length,
                             uint8_t ret_path[HAYWIRE_PATH_MAX],
                             HaywireGuestSection *ret_section)
{
    Scanner scanner = { line, line + length };
    HaywireGuestSection section = { 0 };

    if (!scan_range(&scanner, &section.start, &section.end) ||
        !scan_permissions(&scanner, &section.flags) ||
        !scan_char(&scanner, ' ') || !scan_u64(&scanner, 16, &section.offset) ||
        !scan_char(&scanner, ' ') ||
        !scan_u32(&scanner, 16, &section.device_major) ||
        !scan_char(&scanner, ':') ||
        !scan_u32(&scanner, 16, &section.device_minor) ||
        !scan_char(&scanner, ' ') || !scan_u64(&scanner, 10, &section.inode)) {
        return false;
    }
    scan_blanks(&scanner);
    scan_path(&scanner, ret_path, &section);
    *ret_section = section;
    return true;
}

bool haywire_parse_line(const char *text, size_t length, size_t *position,
                        size_t *ret_start, size_t *ret_length)
{
    const char *start = text + *position;
    const char *newline;

    if (*position >= length) {
        return false;
    }
    newline = memchr(start, '\n', length - *position);
    *ret_start = *position;
    *ret_length = newline ? (size_t)(newline - start) : length - *position;
    *position += *ret_length + (newline ? 1 : 0);
    return true;
}

bool haywire_parse_named(const char *text, size_t length, const char *name,
                         uint64_t *ret_value)
{
    size_t name_length = strlen(name);
    size_t position = 0;
    size_t start;
    size_t line;

    while (haywire_parse_line(text, length, &position, &start, &line)) {
        const char *at = text + start;

        if (line >= name_length && memcmp(at, name, name_length) == 0) {
            Scanner scanner = { at + name_length, at + line };

            scan_blanks(&scanner);
            return scan_u64(&scanner, 10, ret_value);
        }
    }
    return false;
}

/* "Name:      123 kB" -> bytes */
static bool rollup_figure(const char *text, size_t length, const char *name,
                          uint64_t *ret_bytes)
{
    uint64_t kib;

    return haywire_parse_named(text, length, name, &kib) &&
           !__builtin_mul_overflow(kib, UINT64_C(1024), ret_bytes);
}

bool haywire_parse_rollup(const char *text, size_t length,
                          HaywireFigures *ret_figures)
{
    HaywireFigures figures = { 0 };

    if (!rollup_figure(text, length, "Rss:", &figures.rss) ||
        !rollup_figure(text, length, "Pss:", &figures.pss) ||
        !rollup_figure(text, length, "Swap:", &figures.swap)) {
        return false;
    }
    *ret_figures = figures;
    return true;
}

/* "5:cpu,cpuacct:/path": what is behind the second colon. */
static bool cgroup_path(const char *line, size_t length, size_t *ret_start)
{
    const char *colon = memchr(line, ':', length);

    if (colon) {
        colon = memchr(colon + 1, ':', length - (size_t)(colon + 1 - line));
    }
    if (colon) {
        *ret_start = (size_t)(colon + 1 - line);
    }
    return colon != NULL;
}

bool haywire_parse_cgroup(const char *text, size_t length, size_t *ret_start,
                          size_t *ret_length)
{
    bool found = false;
    size_t position = 0;
    size_t start;
    size_t line;
    size_t path;

    while (haywire_parse_line(text, length, &position, &start, &line)) {
        bool newest = line >= 3 && memcmp(text + start, "0::", 3) == 0;

        if ((!found || newest) && cgroup_path(text + start, line, &path)) {
            found = true;
            *ret_start = start + path;
            *ret_length = line - path;
        }
    }
    return found;
}

/* "00100000-bffdefff : System RAM", whose end is inclusive. */
static bool iomem_range(const char *line, size_t length, HaywireRam *ret_ram)
{
    static const char suffix[] = " : System RAM";
    Scanner scanner = { line, line + length };
    uint64_t start;
    uint64_t last;

    if (!scan_u64(&scanner, 16, &start) || !scan_char(&scanner, '-') ||
        !scan_u64(&scanner, 16, &last) || last <= start || last == UINT64_MAX ||
        scanner_left(&scanner) != strlen(suffix) ||
        memcmp(scanner.at, suffix, strlen(suffix)) != 0) {
        return false;
    }
    ret_ram->start = start;
    ret_ram->end = last + 1;
    return true;
}

size_t haywire_parse_iomem(const char *text, size_t length, HaywireRam *ret_ram,
                           size_t max)
{
    size_t position = 0;
    size_t count = 0;
    size_t start;
    size_t line;

    while (count < max &&
           haywire_parse_line(text, length, &position, &start, &line)) {
        if (iomem_range(text + start, line, &ret_ram[count])) {
            count++;
        }
    }
    return count;
}

bool haywire_parse_vmcoreinfo(const char *text, size_t length,
                              uint64_t *ret_gpa, uint64_t *ret_size)
{
    Scanner scanner = { text, text + length };

    /* Kernels print the address with "%lx", newer ones with "%pa". */
    if (length > 2 && memcmp(text, "0x", 2) == 0) {
        scanner.at += 2;
    }
    return scan_u64(&scanner, 16, ret_gpa) && scan_char(&scanner, ' ') &&
           scan_u64(&scanner, 16, ret_size);
}

bool haywire_parse_deleted(const char *text, size_t *length)
{
    size_t mark = strlen(HAYWIRE_PATH_DELETED);

    if (*length <= mark ||
        memcmp(text + *length - mark, HAYWIRE_PATH_DELETED, mark) != 0) {
        return false;
    }
    *length -= mark;
    return true;
}
