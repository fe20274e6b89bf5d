/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one look has found, by whom.
 */
#ifndef HAYWIRE_MODELS_H
#define HAYWIRE_MODELS_H

#include "haywire/watch.h"

/* References.  All NULL: empty. */
typedef struct HaywireModels {
    HaywireModel *shown;
    HaywireModel *companion; /* the same, or what a companion told */
    HaywireModel *kernel;    /* likewise; NULL: it was not looked at */
} HaywireModels;

/*
 * An answer for as long as nothing was looked at: a searching model, with what
 * @host has counted so far.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_models_none(HaywireHostCounters host,
                                  HaywireModels *ret_models) HAYWIRE_MUST_CHECK;

/* The newest look of @watch, which shows @shown: given away. */
HaywireModels haywire_models_told(const HaywireWatch *watch,
                                  HaywireModel *shown);

HaywireModels haywire_models_ref(const HaywireModels *models);
void haywire_models_clear(HaywireModels *models);

#endif /* HAYWIRE_MODELS_H */
