/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of terminals, as ps writes them: "pts/0", "tty1", "?" for none. Of
 * Linux guests; a device that is not in the list is "MAJOR:MINOR".
 *
 * Private to render/. Any thread.
 */

#ifndef HAYWIRE_RENDER_DEVICE_H
#define HAYWIRE_RENDER_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @device: major number << 32, minor number; 0 for none */
void haywire_device_name(uint64_t device, char *buffer, size_t size);

/* The reverse; false, and nothing is written, when it is no such name. */
bool haywire_device_parse(const char *name, uint64_t *ret_device);

#endif
