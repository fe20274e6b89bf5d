/*
 * The doorbell: tell a host that listens that there is news, at once. See the
 * protocol, section 8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_COMPANION_DOORBELL_H
#define HAYWIRE_COMPANION_DOORBELL_H

#include "haywire/beacon_protocol.h"

/*
 * Ring for the session whose discovery page is @page, which the program has
 * just used and so has in memory. It takes a few instructions without effect,
 * whether somebody listens or not; nothing where the protocol has no doorbell.
 */
void haywire_doorbell_ring(const HaywirePage *page);

#endif
