/*
 * The mode that verifies what it publishes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "modes.h"

int haywire_mode_selftest(const HaywireOptions *options)
{
    (void)options;
    return HAYWIRE_EXIT_FAILED;
}
