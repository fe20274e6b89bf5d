/*
 * The companion's version: as the discovery page and --version tell it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_VERSION_H
#define HAYWIRE_VERSION_H

/* HAYWIRE_VERSION_* come from the build, which has them from the project. */
#define HAYWIRE_COMPANION_VERSION_NUMBERS                                   \
    {                                                                       \
        HAYWIRE_VERSION_MAJOR, HAYWIRE_VERSION_MINOR, HAYWIRE_VERSION_PATCH \
    }

#endif
