/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A builder's session: made, with its defaults, and freed.
 */

#include "beacon_session.h"

#include <string.h>

static void snapshot_free(void *opaque)
{
    BeaconSnapshot *snapshot = opaque;

    g_array_free(snapshot->entry, TRUE);
    g_free(snapshot);
}

static void cycle_free(void *opaque)
{
    BeaconCycle *cycle = opaque;

    g_ptr_array_free(cycle->record, TRUE);
    g_free(cycle);
}

static void set_free(void *opaque)
{
    BeaconSet *set = opaque;

    g_ptr_array_free(set->section, TRUE);
    g_free(set);
}

static void init_discovery(HaywireDiscovery *discovery)
{
    static const uint32_t pages[] = {
        HAYWIRE_MASTER_PAGES,  HAYWIRE_ROUNDROBIN_PAGES, HAYWIRE_PID_PAGES,
        HAYWIRE_CAMERA1_PAGES, HAYWIRE_CAMERA2_PAGES,
    };
    static const HaywirePart parts[] = {
        { 1, 3 }, { 4, 1 }, { 5, 1 }, { 6, 1 }, { 7, 3 },
    };

    memcpy(discovery->geometry, pages, sizeof(pages));
    memcpy(discovery->part, parts, sizeof(parts));
    discovery->pid_interval_ns = 500000000;
    discovery->roundrobin_interval_ns = 1000000000;
    discovery->camera_interval_ns = 500000000;
}

static void init_camera(BeaconCamera *camera, uint32_t nonce)
{
    camera->control.nonce = nonce;
    camera->control.first_page = 1;
    camera->sections_total = BEACON_UNSET;
    camera->runs_total = BEACON_UNSET;
    camera->set = g_ptr_array_new_with_free_func(set_free);
    camera->run = g_array_new(FALSE, FALSE, sizeof(HaywireWirePageRun));
}

BeaconSession *beacon_session_new(unsigned number)
{
    BeaconSession *session = g_new0(BeaconSession, 1);

    session->number = number;
    init_discovery(&session->discovery);
    session->manifest =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    session->snapshot = g_ptr_array_new_with_free_func(snapshot_free);
    session->cycle = g_ptr_array_new_with_free_func(cycle_free);
    session->set = g_ptr_array_new_with_free_func(set_free);
    session->damage =
        g_ptr_array_new_with_free_func((GDestroyNotify)beacon_line_free);
    session->start_time = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    init_camera(&session->camera[0], 0x1111);
    init_camera(&session->camera[1], 0x2222);
    return session;
}

void beacon_session_free(BeaconSession *session)
{
    if (!session) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        g_ptr_array_free(session->camera[i].set, TRUE);
        g_array_free(session->camera[i].run, TRUE);
    }
    g_ptr_array_free(session->manifest, TRUE);
    g_ptr_array_free(session->snapshot, TRUE);
    g_ptr_array_free(session->cycle, TRUE);
    g_ptr_array_free(session->set, TRUE);
    g_ptr_array_free(session->damage, TRUE);
    g_hash_table_destroy(session->start_time);
    g_free(session);
}
