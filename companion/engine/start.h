/*
 * Starting a companion on this system, with messages for its user.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_START_H
#define HAYWIRE_START_H

#include "engine/companion.h"

/* NULL after a message on stderr. Signals are caught from here on. */
HaywireCompanion *haywire_start(const HaywireOptions *options);

#endif
