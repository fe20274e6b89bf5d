/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RAM file, looked at directly: see ram_file.h. Page format:
 * docs/protocol.md, section 2.
 */
#include "ram_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE            4096u
#define CHUNK           (1u << 20)
#define MAGIC           0x3142faceu
#define OFF_KIND        64u
#define OFF_CATEGORY    70u
#define OFF_MONOTONIC   104u
#define OFF_LOCK_TOP    136u
#define OFF_LOCK_BOTTOM 4092u
#define CAMERA1         3u

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

/* Read all of @size at @offset, past the end as zeros. */
static void read_at(int fd, guint64 offset, void *buffer, gsize size)
{
    gsize done = 0;

    memset(buffer, 0, size);
    while (done < size) {
        gssize n = pread(fd, (char *)buffer + done, size - done,
                         (off_t)(offset + done));

        g_assert_cmpint(n, >=, 0);
        if (n == 0) {
            return;
        }
        done += (gsize)n;
    }
}

static void read_path(const char *path, guint64 offset, void *buffer,
                      gsize size)
{
    int fd = open_file(path);

    read_at(fd, offset, buffer, size);
    close(fd);
}

gboolean ram_file_holds(const char *path, guint64 offset, const void *wanted,
                        gsize size)
{
    g_autofree void *got = g_malloc(size);

    read_path(path, offset, got, size);
    return memcmp(got, wanted, size) == 0;
}

guint32 ram_file_word32(const char *path, guint64 offset)
{
    guint32 word;

    read_path(path, offset, &word, sizeof(word));
    return GUINT32_FROM_LE(word);
}

guint64 ram_file_word64(const char *path, guint64 offset)
{
    guint64 word;

    read_path(path, offset, &word, sizeof(word));
    return GUINT64_FROM_LE(word);
}

/*
 * Call @visit for each chunk of the file that has data. Chunks start at
 * multiples of their size, so that zeros around data are always the same.
 */
static void visit_data(const char *path,
                       void (*visit)(guint64 offset, const guint8 *data,
                                     void *opaque),
                       void *opaque)
{
    g_autofree guint8 *chunk = g_malloc(CHUNK);
    int fd = open_file(path);
    off_t position = 0;

    while ((position = lseek(fd, position, SEEK_DATA)) >= 0) {
        position -= position % CHUNK;
        read_at(fd, (guint64)position, chunk, CHUNK);
        visit((guint64)position, chunk, opaque);
        position += CHUNK;
    }
    close(fd);
}

static gboolean is_zero(const guint8 *data)
{
    return data[0] == 0 && memcmp(data, data + 1, CHUNK - 1) == 0;
}

static void add_to_digest(guint64 offset, const guint8 *data, void *opaque)
{
    /* A chunk of zeros may be a hole in one look and data in the next. */
    if (!is_zero(data)) {
        g_checksum_update(opaque, (const guchar *)&offset, sizeof(offset));
        g_checksum_update(opaque, data, CHUNK);
    }
}

char *ram_file_digest(const char *path)
{
    g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);

    visit_data(path, add_to_digest, digest);
    return g_strdup(g_checksum_get_string(digest));
}

typedef struct {
    guint16 category;
    gboolean found;
    guint64 newest;
    guint64 offset;
} ControlSearch;

static guint32 word_of(const guint8 *page, gsize offset)
{
    guint32 word;

    memcpy(&word, page + offset, sizeof(word));
    return GUINT32_FROM_LE(word);
}

static gboolean is_beacon(const guint8 *page)
{
    for (gsize i = 0; i < 16; i++) {
        if (word_of(page, i * sizeof(guint32)) != MAGIC) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean is_control(const guint8 *page, guint16 category)
{
    guint16 its_category;

    memcpy(&its_category, page + OFF_CATEGORY, sizeof(its_category));
    return is_beacon(page) && memcmp(page + OFF_KIND, "HayC", 4) == 0 &&
           GUINT16_FROM_LE(its_category) == category;
}

static void search_control(guint64 offset, const guint8 *data, void *opaque)
{
    ControlSearch *search = opaque;

    for (gsize i = 0; i < CHUNK; i += PAGE) {
        guint64 time;

        if (!is_control(data + i, search->category)) {
            continue;
        }
        memcpy(&time, data + i + OFF_MONOTONIC, sizeof(time));
        time = GUINT64_FROM_LE(time);
        if (!search->found || time > search->newest) {
            search->found = TRUE;
            search->newest = time;
            search->offset = offset + i;
        }
    }
}

gboolean ram_file_find_control(const char *path, unsigned int camera,
                               guint64 *ret_offset)
{
    ControlSearch search = { .category = (guint16)(CAMERA1 + camera - 1) };

    visit_data(path, search_control, &search);
    if (search.found) {
        *ret_offset = search.offset;
    }
    return search.found;
}

static void add_open_writes(guint64 offset, const guint8 *data, void *opaque)
{
    for (gsize i = 0; i < CHUNK; i += PAGE) {
        const guint8 *page = data + i;
        guint32 top = word_of(page, OFF_LOCK_TOP);

        if (top != word_of(page, OFF_LOCK_BOTTOM) && is_beacon(page)) {
            g_string_append_printf(opaque,
                                   "%.4s at %" G_GINT64_MODIFIER "x, write %u;",
                                   page + OFF_KIND, offset + i, top);
        }
    }
}

char *ram_file_open_writes(const char *path)
{
    GString *text = g_string_new(NULL);

    visit_data(path, add_open_writes, text);
    return g_string_free(text, FALSE);
}
