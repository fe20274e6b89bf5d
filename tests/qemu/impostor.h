/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_TESTS_IMPOSTOR_H
#define HAYWIRE_TESTS_IMPOSTOR_H

/* The version that this program claims to be as a QEMU. */
typedef struct ImpostorVersion {
    int major;
    int minor;
} ImpostorVersion;

extern ImpostorVersion impostor_version;

/* How often the plugin asked to be called when the machine stands. */
extern int impostor_notifiers;

#endif /* HAYWIRE_TESTS_IMPOSTOR_H */
