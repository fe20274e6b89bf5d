/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From beacons straight to a model.
 */

#include "beacon_model.h"

static GArray *verified_copies(const HaywireBeacons *beacons, unsigned session,
                               HaywireHostCounters *host)
{
    GArray *copies = g_array_new(FALSE, FALSE, sizeof(HaywireCopy));

    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);
        HaywireCopy copy = { .position = beacon->position,
                             .page = beacon->page };
        HaywireStatus status = haywire_page_verify(copy.page, &copy.info, NULL);

        if (beacon->session != session) {
            continue;
        }
        if (status == HAYWIRE_OK) {
            g_array_append_val(copies, copy);
        } else {
            host->rejected[status]++;
        }
    }
    return copies;
}

/* Models promise to take copies in any order. */
static const HaywireCopy **shuffle(const GArray *copies)
{
    const HaywireCopy **list = g_new(const HaywireCopy *, copies->len + 1);
    GRand *random = g_rand_new_with_seed(copies->len);

    for (guint i = 0; i < copies->len; i++) {
        guint j = (guint)g_rand_int_range(random, 0, (gint32)i + 1);

        list[i] = list[j];
        list[j] = &g_array_index(copies, HaywireCopy, i);
    }
    g_rand_free(random);
    return list;
}

static gboolean find_discovery(const GArray *copies,
                               HaywireDiscovery *ret_discovery,
                               HaywirePageInfo *ret_info)
{
    for (guint i = 0; i < copies->len; i++) {
        const HaywireCopy *copy = &g_array_index(copies, HaywireCopy, i);

        if (copy->info.kind == HAYWIRE_KIND_DISCOVERY &&
            haywire_decode_discovery(copy->page, &copy->info, ret_discovery,
                                     NULL) == HAYWIRE_OK) {
            *ret_info = copy->info;
            return TRUE;
        }
    }
    return FALSE;
}

static void describe(const GArray *copies, const HaywireDiscovery *discovery,
                     const HaywirePageInfo *info, HaywireOverview *overview)
{
    overview->state = HAYWIRE_STATE_LIVE;
    overview->has_guest = true;
    overview->has_session = true;
    overview->session = info->session;
    overview->os = discovery->os;
    overview->arch = discovery->arch;
    overview->companion_pid = discovery->companion_pid;
    overview->heartbeat = discovery->heartbeat;
    overview->heartbeat_time = info->realtime_ns;
    overview->started = discovery->started_realtime_ns;
    overview->page_size = discovery->page_size;
    overview->privileged = discovery->features & HAYWIRE_FEATURE_PRIVILEGED;
    overview->pfns_known = discovery->features & HAYWIRE_FEATURE_PFNS;
    overview->sessions = 1;
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        overview->category[c].pages = discovery->geometry[c];
    }
    for (guint i = 0; i < copies->len; i++) {
        overview->category[g_array_index(copies, HaywireCopy, i).info.category]
            .mapped++;
    }
}

HaywireModel *haywire_beacons_model_after(const HaywireBeacons *beacons,
                                          unsigned session,
                                          HaywireHostCounters *host,
                                          const HaywireModel *last)
{
    HaywireHostCounters own = { 0 };
    HaywireHostCounters *counters = host ? host : &own;
    g_autoptr(GArray) copies = verified_copies(beacons, session, counters);
    g_autofree const HaywireCopy **list = shuffle(copies);
    HaywireOverview overview = { 0 };
    HaywireDiscovery discovery;
    HaywirePageInfo info = { 0 };
    HaywireBeaconInput input = {
        .overview = &overview,
        .last = last,
        .host = counters,
    };
    HaywireModel *model;

    if (find_discovery(copies, &discovery, &info)) {
        describe(copies, &discovery, &info, &overview);
        input.discovery = &discovery;
    }
    input.beat_monotonic_ns = info.monotonic_ns;
    input.copy = list;
    input.copy_count = copies->len;
    if (haywire_beacon_build(&input, &model) != HAYWIRE_OK) {
        g_error("out of memory");
    }
    return model;
}

HaywireModel *haywire_beacons_model(const HaywireBeacons *beacons,
                                    unsigned session, HaywireHostCounters *host)
{
    return haywire_beacons_model_after(beacons, session, host, NULL);
}

HaywireModel *haywire_text_model(const char *text, HaywireHostCounters *host)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    return haywire_beacons_model(beacons, 0, host);
}
