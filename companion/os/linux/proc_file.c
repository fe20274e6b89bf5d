/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading files of /proc. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/proc_file.h"

#define FIRST_TEXT_SIZE 65536

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

static bool text_reserve(HaywireProcText *text, size_t limit)
{
    size_t room = text->allocated > 0 ? 2 * text->allocated : FIRST_TEXT_SIZE;
    char *data;

    if (text->length < text->allocated) {
        return true;
    }
    data = text->allocated < limit ? realloc(text->data, room) : NULL;
    if (data) {
        text->data = data;
        text->allocated = room;
    }
    return data != NULL;
}

HaywireCollect haywire_proc_read_all(HaywireCollector *collector, int folder,
                                     const char *name, size_t limit,
                                     HaywireProcText *text)
{
    HAYWIRE_AUTOCLOSE int fd = -1;
    HaywireCollect result = haywire_proc_open(folder, name, 0, &fd);
    ssize_t done = 1;

    text->length = 0;
    while (result == HAYWIRE_COLLECT_OK && done > 0) {
        if (!text_reserve(text, limit)) {
            return HAYWIRE_COLLECT_FAILED;
        }
        done = read_again(fd, text->data + text->length,
                          text->allocated - text->length);
        if (done < 0) {
            return haywire_proc_result(errno);
        }
        text->length += (size_t)done;
        haywire_collector_tick(collector);
    }
    return result;
}
