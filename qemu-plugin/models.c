/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "models.h"

#include "haywire/beacon_fill.h"

static HaywireModel *ref_or_null(HaywireModel *model)
{
    return model ? haywire_model_ref(model) : NULL;
}

HaywireStatus haywire_models_none(HaywireHostCounters host,
                                  HaywireModels *ret_models)
{
    HaywireOverview overview = {
        .state = HAYWIRE_STATE_SEARCHING,
        .companion_version = "",
        .boot_id = "",
        .kernel_release = "",
        .host_name = "",
    };
    HaywireBeaconInput input = {
        .overview = &overview,
        .host = &host,
    };
    HaywireModel *model;
    HaywireStatus status = haywire_beacon_build(&input, &model);

    if (status == HAYWIRE_OK) {
        *ret_models = (HaywireModels){ model, haywire_model_ref(model), NULL };
    }
    return status;
}

HaywireModels haywire_models_told(const HaywireWatch *watch,
                                  HaywireModel *shown)
{
    return (HaywireModels){
        .shown = shown,
        .companion =
            ref_or_null(haywire_watch_told(watch, HAYWIRE_PROVIDER_COMPANION)),
        .kernel =
            ref_or_null(haywire_watch_told(watch, HAYWIRE_PROVIDER_KERNEL)),
    };
}

HaywireModels haywire_models_ref(const HaywireModels *models)
{
    return (HaywireModels){
        ref_or_null(models->shown),
        ref_or_null(models->companion),
        ref_or_null(models->kernel),
    };
}

void haywire_models_clear(HaywireModels *models)
{
    haywire_model_unref(models->shown);
    haywire_model_unref(models->companion);
    haywire_model_unref(models->kernel);
    *models = (HaywireModels){ NULL };
}
