/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading files of /proc. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/proc_file.h"

#define FIRST_TEXT_SIZE 65536

static HaywireProcOpened *noted; /* NULL: nobody wants to know */

void haywire_proc_opened_init(HaywireProcOpened *opened)
{
    for (int i = 0; i < HAYWIRE_OPENED_MAX; i++) {
        opened->fd[i] = -1;
    }
}

void haywire_proc_close_opened(HaywireProcOpened *opened)
{
    for (int i = 0; i < HAYWIRE_OPENED_MAX; i++) {
        haywire_proc_close(opened->fd[i]);
    }
}

void haywire_proc_note_opened(HaywireProcOpened *opened)
{
    noted = opened;
}

static void note(int from, int to)
{
    for (int i = 0; noted && i < HAYWIRE_OPENED_MAX; i++) {
        if (noted->fd[i] == from) {
            noted->fd[i] = to;
            return;
        }
    }
}

void haywire_proc_close(int fd)
{
    if (fd >= 0) {
        /* First: its number may be another file's at once. */
        note(fd, -1);
        close(fd);
    }
}

HaywireCollect haywire_proc_result(int error)
{
    switch (error) {
    case 0:
        return HAYWIRE_COLLECT_OK;
    case ENOENT:
    case ESRCH:
        return HAYWIRE_COLLECT_GONE;
    case EACCES:
    case EPERM:
        return HAYWIRE_COLLECT_DENIED;
    default:
        return HAYWIRE_COLLECT_FAILED;
    }
}

HaywireCollect haywire_proc_open(int folder, const char *name, int flags,
                                 int *ret_fd)
{
    int fd = openat(folder, name, flags | O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return haywire_proc_result(errno);
    }
    note(-1, fd);
    *ret_fd = fd;
    return HAYWIRE_COLLECT_OK;
}

static ssize_t read_again(int fd, void *buffer, size_t size)
{
    ssize_t done;

    do {
        done = read(fd, buffer, size);
    } while (done < 0 && errno == EINTR);
    return done;
}

HaywireCollect haywire_proc_read(int folder, const char *name, void *buffer,
                                 size_t size, size_t *ret_length)
{
    HAYWIRE_AUTOCLOSE int fd = -1;
    HaywireCollect result = haywire_proc_open(folder, name, 0, &fd);
    ssize_t done;

    if (result != HAYWIRE_COLLECT_OK) {
        return result;
    }
    done = read_again(fd, buffer, size);
    if (done < 0) {
        return haywire_proc_result(errno);
    }
    *ret_length = (size_t)done;
    return HAYWIRE_COLLECT_OK;
}

HaywireCollect haywire_proc_read_kept(int fd, void *buffer, size_t size,
                                      size_t *ret_length)
{
    ssize_t done;

    do {
        done = pread(fd, buffer, size, 0);
    } while (done < 0 && errno == EINTR);
    if (done < 0) {
        return haywire_proc_result(errno);
    }
    *ret_length = (size_t)done;
    return HAYWIRE_COLLECT_OK;
}

bool haywire_proc_text_append(HaywireProcText *text, size_t limit,
                              const char *data, size_t length)
{
    size_t room = text->allocated > 0 ? text->allocated : FIRST_TEXT_SIZE;
    char *grown;

    if (length > limit - text->length) {
        return false;
    }
    while (room < text->length + length) {
        room *= 2;
    }
    if (room > text->allocated) {
        grown = realloc(text->data, room);
        if (!grown) {
            return false;
        }
        text->data = grown;
        text->allocated = room;
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    return true;
}
