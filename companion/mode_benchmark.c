/*
 * The mode that measures.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "modes.h"

int haywire_mode_benchmark(const HaywireOptions *options)
{
    (void)options;
    return HAYWIRE_EXIT_FAILED;
}
