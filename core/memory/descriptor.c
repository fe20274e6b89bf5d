/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading by way of a descriptor.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "descriptor.h"
#include "haywire/beacon_protocol.h"

#define COPIED_MAX (UINT64_C(2) << 20)

/* Pages in a row that cannot be read, until the caller is asked again. */
#define FAILED_MAX 4096

HaywireStatus haywire_descriptor_window(int fd, const HaywireRegion *region,
                                        uint64_t offset, uint64_t from,
                                        uint8_t **room,
                                        HaywireWindow *ret_window)
{
    unsigned failed;
    uint64_t length = 0;

    if (!*room) {
        *room = aligned_alloc(HAYWIRE_PAGE_SIZE, COPIED_MAX);
    }
    if (!*room) {
        errno = ENOMEM;
        return HAYWIRE_IO_ERROR;
    }
    for (failed = 0; failed < FAILED_MAX && from < region->length; failed++) {
        uint64_t left = region->length - from;
        ssize_t got = pread(fd, *room, left < COPIED_MAX ? left : COPIED_MAX,
                            (off_t)(offset + from));

        if (got >= HAYWIRE_PAGE_SIZE) {
            length = (uint64_t)got & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
            break;
        }
        from += HAYWIRE_PAGE_SIZE;
    }
    if (length == 0 && from >= region->length) {
        return HAYWIRE_NOT_FOUND;
    }
    *ret_window =
        (HaywireWindow){ { region->start.value + from }, length, *room };
    return HAYWIRE_OK;
}

void haywire_descriptor_read(int fd, uint64_t offset, HaywireSpot *spot)
{
    ssize_t got = pread(fd, spot->to, spot->length, (off_t)offset);

    if (got == (ssize_t)spot->length) {
        spot->status = HAYWIRE_OK;
    } else {
        spot->status =
            got < 0 && errno != EIO ? HAYWIRE_IO_ERROR : HAYWIRE_BROKEN_PAGE;
    }
}
