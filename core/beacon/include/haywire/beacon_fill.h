/*
 * From the copies of a session's pages to a model.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_BEACON_FILL_H
#define HAYWIRE_BEACON_FILL_H

#include "haywire/model.h"

/* HaywireCopy and this are in model.h for now. */
typedef HaywireModelInput HaywireBeaconInput;

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY. What a limit cut is counted, not an error. */
static inline HAYWIRE_MUST_CHECK HaywireStatus
haywire_beacon_build(const HaywireBeaconInput *input, HaywireModel **ret_model)
{
    return haywire_model_build(input, ret_model);
}

/*
 * What haywire_beacon_build() would make of the same copies as @last, which is
 * of the same session: nothing is decoded again, both share what is decoded.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
static inline HAYWIRE_MUST_CHECK HaywireStatus
haywire_beacon_renew(HaywireModel *last, const HaywireBeaconInput *input,
                     HaywireModel **ret_model)
{
    return haywire_model_renew(last, input, ret_model);
}

#endif
