/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading by way of a descriptor what cannot be looked at where it lies.
 * Private to the core.
 */

#ifndef HAYWIRE_DESCRIPTOR_H
#define HAYWIRE_DESCRIPTOR_H

#include "haywire/memory.h"

/*
 * The next window of @region, which lies at @offset of the file, at or behind
 * @from. *room: for the copy; made at first, for the caller to free. The window
 * is empty where so much could not be read that somebody may want to stop.
 *
 * HAYWIRE_OK, HAYWIRE_NOT_FOUND, HAYWIRE_IO_ERROR (errno: no memory).
 */
HaywireStatus
haywire_descriptor_window(int fd, const HaywireRegion *region, uint64_t offset,
                          uint64_t from, uint8_t **room,
                          HaywireWindow *ret_window) HAYWIRE_MUST_CHECK;

/* Read @spot, at @offset of the file, and set its status. */
void haywire_descriptor_read(int fd, uint64_t offset, HaywireSpot *spot);

#endif
