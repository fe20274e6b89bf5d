/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the copies of a session's pages to a model: docs/protocol.md, section 5.
 */

#ifndef HAYWIRE_BEACON_FILL_H
#define HAYWIRE_BEACON_FILL_H

#include "haywire/decode.h"
#include "haywire/model.h"

/* A verified copy of a page. It stays as it is while a model is made of it. */
typedef struct HaywireCopy {
    HaywirePageInfo info;
    HaywirePosition position; /* none until a page that has moved is found */
    const HaywirePage *page;
    bool counted; /* what is wrong with it is in the statistics already */
} HaywireCopy;

typedef struct HaywireBeaconInput {
    /* Filled but for what decoding yields: processes, snapshots, names; of the
       cost, the time only. */
    const HaywireOverview *overview;
    const HaywireDiscovery *discovery; /* NULL without a session */
    uint64_t beat_monotonic_ns;        /* guest time of the newest beat */
    /* Of one session; a slot without a good copy is absent. Any order; that of
       the slots is the fastest. */
    const HaywireCopy *const *copy;
    size_t copy_count;
    const HaywireLayout *layout; /* NULL: not known */
    const HaywireShares *shares; /* NULL: of HAYWIRE_MEMORY_DEFAULT */
    /* The model of the session's copies before these: limits that it met are
       not counted again. NULL: none. */
    const HaywireModel *last;
    /* Rejections are counted here first, then copied to the model. */
    HaywireHostCounters *host;
} HaywireBeaconInput;

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY. What a limit cut is counted, not an error. */
HaywireStatus haywire_beacon_build(const HaywireBeaconInput *input,
                                   HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/*
 * What haywire_beacon_build() would make of the same copies as @last, which is
 * of the same session: nothing is decoded again, both share what is decoded.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_beacon_renew(HaywireModel *last,
                                   const HaywireBeaconInput *input,
                                   HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

#endif
