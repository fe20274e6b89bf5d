/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the protocol's enumeration values, as replies and statistics show
 * them. Static strings.
 */

#ifndef HAYWIRE_NAMES_H
#define HAYWIRE_NAMES_H

#include "haywire/beacon_protocol.h"

/* "linux", "windows", "macos", "unknown" */
const char *haywire_os_name(uint32_t os);
/* "x86-64", "arm64", "unknown" */
const char *haywire_arch_name(uint32_t arch);
/* "master", "roundrobin", "pid", "camera1", "camera2" */
const char *haywire_category_name(HaywireCategory category);
/* "idle", "active", "no-process", "denied" */
const char *haywire_camera_status_name(HaywireCameraStatus status);

/* Name of a guest counter as in section 5.3; NULL outside the range. */
const char *haywire_guest_counter_name(HaywireGuestCounter counter);

#endif
