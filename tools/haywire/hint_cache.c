/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints from one run to the next: see hint_cache.h.
 */
#include "hint_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines of the file, and what each may be long: older ones make room. */
#define LINES_MAX  16
#define LINE_BYTES 512
#define FILE_BYTES (LINES_MAX * LINE_BYTES)

#define RANGES_MAX 4

#define MS_NS G_GUINT64_CONSTANT(1000000)

/* How late a beat may be, by the host's clock. */
#define LATE_NS (1000 * MS_NS)

/*
 * A companion that was started since, beside the one that is noted, is to be
 * found: no later than by a watch, which scans as often (core/watch/pace.h).
 */
#define LIFE_NS (10 * 1000 * MS_NS)

/* A line: of which file, when, what. */
typedef struct Line {
    guint64 device;
    guint64 inode;
    guint64 size;
    guint64 host_ns;
    HaywireFileHint hint;
} Line;

/* NULL: none that is ours alone to write to. */
static char *own_folder(void)
{
    g_autofree char *folder =
        g_build_filename(g_get_user_cache_dir(), "haywire", NULL);
    struct stat found;

    g_mkdir_with_parents(folder, 0700);
    if (lstat(folder, &found) != 0 || !S_ISDIR(found.st_mode) ||
        found.st_uid != geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH))) {
        return NULL;
    }
    return g_steal_pointer(&folder);
}

/* The whole file, at most FILE_BYTES bytes; "" for none. */
static char *read_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *text = g_malloc0(FILE_BYTES + 1);
    struct stat found;

    if (fd < 0) {
        return text;
    }
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) ||
        found.st_uid != geteuid() || found.st_size > FILE_BYTES ||
        read(fd, text, FILE_BYTES) != found.st_size) {
        text[0] = '\0';
    }
    close(fd);
    return text;
}

static gboolean next_number(const char **at, guint64 *ret_value)
{
    char *end;

    errno = 0;
    *ret_value = g_ascii_strtoull(*at, &end, 16);
    if (errno || end == *at || (*end != ' ' && *end != '\0')) {
        return FALSE;
    }
    *at = end;
    return TRUE;
}

static gboolean parse_line(const char *text, Line *ret_line)
{
    HaywireLayout *layout = &ret_line->hint.layout;
    guint64 *const number[] = { &ret_line->device,
                                &ret_line->inode,
                                &ret_line->size,
                                &ret_line->host_ns,
                                &ret_line->hint.session,
                                &ret_line->hint.position.value,
                                &ret_line->hint.realtime_ns };

    *ret_line = (Line){ 0 };
    for (gsize i = 0; i < G_N_ELEMENTS(number); i++) {
        if (!next_number(&text, number[i])) {
            return FALSE;
        }
    }
    while (*text && layout->count < RANGES_MAX) {
        HaywireLayoutRange *range = &layout->range[layout->count++];

        if (!next_number(&text, &range->gpa.value) ||
            !next_number(&text, &range->position.value) ||
            !next_number(&text, &range->length) ||
            range->length > ret_line->size ||
            range->position.value > ret_line->size - range->length ||
            range->gpa.value > G_MAXINT64) {
            return FALSE;
        }
    }
    return layout->count > 0 && *text == '\0';
}

static char *format_line(const Line *line)
{
    const HaywireFileHint *hint = &line->hint;
    const guint64 number[] = { line->device,     line->inode,
                               line->size,       line->host_ns,
                               hint->session,    hint->position.value,
                               hint->realtime_ns };
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(number); i++) {
        g_string_append_printf(text, "%s%" G_GINT64_MODIFIER "x", i ? " " : "",
                               number[i]);
    }
    for (gsize i = 0; i < hint->layout.count; i++) {
        const HaywireLayoutRange *range = &hint->layout.range[i];

        g_string_append_printf(text,
                               " %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                               "x %" G_GINT64_MODIFIER "x",
                               range->gpa.value, range->position.value,
                               range->length);
    }
    return g_string_free(text, FALSE);
}

static gboolean identify(int fd, Line *line)
{
    struct stat found;

    if (fstat(fd, &found) != 0) {
        return FALSE;
    }
    line->device = found.st_dev;
    line->inode = found.st_ino;
    line->size = (guint64)found.st_size;
    return TRUE;
}

static gboolean is_of(const Line *line, const Line *file)
{
    return line->device == file->device && line->inode == file->inode &&
           line->size == file->size;
}

gboolean haywire_hint_find(int fd, guint64 host_ns, HaywireFileHint *ret_hint)
{
    g_autofree char *folder = own_folder();
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    Line file = { 0 }, line;

    if (!folder || !identify(fd, &file)) {
        return FALSE;
    }
    path = g_build_filename(folder, "hints", NULL);
    text = read_file(path);
    lines = g_strsplit(text, "\n", LINES_MAX + 1);
    for (char **at = lines; *at; at++) {
        if (parse_line(*at, &line) && is_of(&line, &file) &&
            host_ns > line.host_ns && host_ns - line.host_ns < LIFE_NS) {
            /* The guest's clock may be another, but not run otherwise. */
            line.hint.realtime_ns += host_ns - line.host_ns;
            line.hint.late_ns = MIN(LATE_NS, host_ns - line.host_ns);
            *ret_hint = line.hint;
            return TRUE;
        }
    }
    return FALSE;
}

/* No link is followed: the new file takes the place of whatever is there. */
static void replace_file(const char *folder, const char *path, GString *text)
{
    g_autofree char *new_path =
        g_strdup_printf("%s/hints.%d", folder, (int)getpid());
    const int fd = open(
        new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return;
    }
    if (write(fd, text->str, text->len) != (gssize)text->len ||
        rename(new_path, path) != 0) {
        g_unlink(new_path);
    }
    close(fd);
}

void haywire_hint_note(int fd, guint64 host_ns, const HaywireFileHint *hint)
{
    g_autofree char *folder = own_folder();
    g_autofree char *path = NULL;
    g_autofree char *old = NULL;
    g_autofree char *first = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    Line file = { .host_ns = host_ns, .hint = *hint }, line;
    int count = 1;

    if (!folder || hint->layout.count == 0 || hint->layout.count > RANGES_MAX ||
        !identify(fd, &file)) {
        return;
    }
    path = g_build_filename(folder, "hints", NULL);
    old = read_file(path);
    lines = g_strsplit(old, "\n", LINES_MAX + 1);
    first = format_line(&file);
    g_string_printf(text, "%s\n", first);
    for (char **at = lines; *at && count < LINES_MAX; at++) {
        if (parse_line(*at, &line) && !is_of(&line, &file)) {
            g_string_append_printf(text, "%s\n", *at);
            count++;
        }
    }
    replace_file(folder, path, text);
}
