/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From beacons straight to a model, without a memory source: for tests of the
 * model and of what shows it.
 */

#ifndef HAYWIRE_BEACON_MODEL_H
#define HAYWIRE_BEACON_MODEL_H

#include "beacon_builder.h"
#include "haywire/beacon_fill.h"

/*
 * The model of the text's session number @session, as a live one: pages that
 * do not verify are left out (and counted), all others are handed over in a
 * shuffled order. Unref it after use. Ends the program when out of memory.
 *
 * @host: counters, added to; NULL is fine
 */
HaywireModel *haywire_beacons_model(const HaywireBeacons *beacons,
                                    unsigned session,
                                    HaywireHostCounters *host);

/* The same, of copies that come after those of @last, which may be NULL. */
HaywireModel *haywire_beacons_model_after(const HaywireBeacons *beacons,
                                          unsigned session,
                                          HaywireHostCounters *host,
                                          const HaywireModel *last);

/* The same from a text; only its first session. */
HaywireModel *haywire_text_model(const char *text, HaywireHostCounters *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

#endif
