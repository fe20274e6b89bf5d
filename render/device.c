/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of terminals: see device.h. The numbers are those of Linux's
 * Documentation/admin-guide/devices.txt.
 */

#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *prefix;
    uint32_t major;
    uint32_t minor; /* of the first; its number is 0 */
    uint32_t count; /* 0: one, which has no number */
} terminals[] = {
    { "tty", 4, 0, 64 },          { "ttyS", 4, 64, 192 },
    { "tty", 5, 0, 0 },           { "console", 5, 1, 0 },
    { "pts/", 136, 0, 1u << 20 }, { "ttyACM", 166, 0, 256 },
    { "ttyUSB", 188, 0, 256 },    { "ttyAMA", 204, 64, 16 },
    { "hvc", 229, 0, 256 },
};

#define TERMINALS (sizeof(terminals) / sizeof(terminals[0]))

void haywire_device_name(uint64_t device, char *buffer, size_t size)
{
    const uint32_t major = (uint32_t)(device >> 32);
    const uint32_t minor = (uint32_t)device;

    for (size_t i = 0; device != 0 && i < TERMINALS; i++) {
        const uint32_t number = minor - terminals[i].minor;

        if (major != terminals[i].major || minor < terminals[i].minor) {
            continue;
        }
        if (number < terminals[i].count) {
            snprintf(buffer, size, "%s%" PRIu32, terminals[i].prefix, number);
            return;
        }
        if (number == 0) {
            snprintf(buffer, size, "%s", terminals[i].prefix);
            return;
        }
    }
    if (device == 0) {
        snprintf(buffer, size, "?");
    } else {
        snprintf(buffer, size, "%" PRIu32 ":%" PRIu32, major, minor);
    }
}

/* Only what haywire_device_name() writes: no signs, blanks, leading zeros. */
static bool is_name_of(const char *name, uint64_t device)
{
    char buffer[32];

    haywire_device_name(device, buffer, sizeof(buffer));
    return strcmp(buffer, name) == 0;
}

bool haywire_device_parse(const char *name, uint64_t *ret_device)
{
    uint32_t major = 0;
    uint32_t minor = 0;

    for (size_t i = 0; i < TERMINALS; i++) {
        const size_t prefix = strlen(terminals[i].prefix);
        uint64_t device = (uint64_t)terminals[i].major << 32;

        if (strncmp(name, terminals[i].prefix, prefix) == 0) {
            device += terminals[i].minor + strtoul(name + prefix, NULL, 10);
            if (is_name_of(name, device)) {
                *ret_device = device;
                return true;
            }
        }
    }
    (void)sscanf(name, "%" SCNu32 ":%" SCNu32, &major, &minor);
    if (!is_name_of(name, (uint64_t)major << 32 | minor)) {
        return false;
    }
    *ret_device = (uint64_t)major << 32 | minor;
    return true;
}
