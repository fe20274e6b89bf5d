/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkbeacons: a builder's text on standard input, a RAM file out of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beacon_builder.h"
#include "beacon_line.h"

static gboolean fail_errno(GError **error, const char *what)
{
    g_set_error(error, HAYWIRE_BEACONS_ERROR, 0, "%s: %s", what,
                g_strerror(errno));
    return FALSE;
}

static char *read_input(GError **error)
{
    GString *text = g_string_new(NULL);
    char part[4096];
    ssize_t count;

    while ((count = read(STDIN_FILENO, part, sizeof(part))) > 0) {
        g_string_append_len(text, part, count);
    }
    if (count < 0) {
        fail_errno(error, "standard input");
        g_string_free(text, TRUE);
        return NULL;
    }
    return g_string_free(text, FALSE);
}

/* The file stays sparse: only beacons are written. */
static gboolean write_pages(const HaywireBeacons *beacons, int fd,
                            uint64_t size, GError **error)
{
    if (ftruncate(fd, (off_t)size) < 0) {
        return fail_errno(error, "size");
    }
    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);
        uint64_t at = beacon->position.value;

        if (size < HAYWIRE_PAGE_SIZE || at > size - HAYWIRE_PAGE_SIZE) {
            g_set_error(error, HAYWIRE_BEACONS_ERROR, 0,
                        "a page lies outside of the file");
            return FALSE;
        }
        if (pwrite(fd, beacon->page, HAYWIRE_PAGE_SIZE, (off_t)at) !=
            HAYWIRE_PAGE_SIZE) {
            return fail_errno(error, "write");
        }
    }
    return TRUE;
}

static gboolean make_file(const char *path, uint64_t size, GError **error)
{
    g_autofree char *text = read_input(error);
    g_autoptr(HaywireBeacons) beacons = NULL;
    gboolean fine;
    int fd;

    if (!text) {
        return FALSE;
    }
    beacons = haywire_beacons_new(text, error);
    if (!beacons) {
        return FALSE;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_errno(error, path);
    }
    fine = write_pages(beacons, fd, size, error);
    if (close(fd) < 0 && fine) {
        return fail_errno(error, path);
    }
    return fine;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    uint64_t size;

    if (argc != 3 || !beacon_number_parse(argv[2], &size)) {
        fprintf(stderr, "usage: mkbeacons FILE SIZE <TEXT\n"
                        "TEXT: see beacon_builder.h; SIZE may end in k, M "
                        "or G\n");
        return 2;
    }
    if (!make_file(argv[1], size, &error)) {
        fprintf(stderr, "mkbeacons: %s\n", error->message);
        return 1;
    }
    return 0;
}
