/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that arrive in another machine: see arrival.h.
 */
#include "arrival.h"

#define MEMORY           "256M"
#define CAMERA_TIMEOUT_S 300
#define LIVE_TIMEOUT_MS  10000

VmOptions arrival_options(const char *qemu, gboolean incoming)
{
    return (VmOptions){ .qemu = qemu,
                        .memory = MEMORY,
                        .plugin = ",kernel=off",
                        .incoming = incoming };
}

Scene *arrival_scene(const char *qemu)
{
    VmOptions options = arrival_options(qemu, FALSE);

    return scene_get(&options);
}

Vm *arrival_destination(const char *qemu)
{
    VmOptions options = arrival_options(qemu, TRUE);

    return vm_start(&options);
}

char *arrival_member(Vm *vm, const char *command, const char *member)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, command, NULL);

    return g_strdup(json_object_get_string_member_with_default(
        json_node_get_object(reply), member, ""));
}

void arrival_check_member(Vm *vm, const char *command, const char *member,
                          const char *wanted)
{
    g_autofree char *found = arrival_member(vm, command, member);

    g_assert_cmpstr(found, ==, wanted);
}

void arrival_check_nothing(Vm *vm)
{
    g_autoptr(JsonNode) stats = vm_qmp(vm, "query-haywire-stats", NULL);
    g_autoptr(JsonNode) processes =
        vm_qmp_try(vm, "query-haywire-processes", NULL, NULL);
    g_autoptr(JsonNode) camera =
        vm_qmp_try(vm, "haywire-focus", "{\"pid\": 1}", NULL);

    arrival_check_member(vm, "query-haywire", "state", "searching");
    arrival_check_member(vm, "query-haywire", "session", "");
    g_assert_null(processes);
    g_assert_null(camera);
}

/* FALSE when the guest has arrived; as long as it has not, nothing is shown. */
static gboolean is_on_its_way(Vm *to)
{
    g_autofree char *before = arrival_member(to, "query-haywire", "state");
    g_autofree char *status = arrival_member(to, "query-status", "status");

    if (!g_str_equal(status, "inmigrate")) {
        return FALSE;
    }
    g_assert_cmpstr(before, ==, "searching");
    return TRUE;
}

void arrival_check_on_its_way(Vm *to)
{
    g_assert_true(is_on_its_way(to));
}

void arrival_watch(Vm *to)
{
    gint64 deadline =
        g_get_monotonic_time() + VM_MIGRATION_TIMEOUT_S * G_USEC_PER_SEC;
    guint asked = 0;

    while (is_on_its_way(to)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        asked++;
    }
    g_test_message("asked %u times on the way", asked);
}

void arrival_wait_live(Vm *vm)
{
    gint64 start = g_get_monotonic_time();
    int took;

    vm_wait_state(vm, "live");
    took = (int)((g_get_monotonic_time() - start) / 1000);
    g_test_message("live after %d ms", took);
    g_assert_cmpint(took, <, LIVE_TIMEOUT_MS);
}

typedef struct {
    guint32 target[2]; /* of the cameras */
} Targets;

static gboolean cameras_show(Vm *vm, gpointer opaque)
{
    const Targets *targets = opaque;
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonArray *cameras = json_node_get_array(reply);

    for (guint i = 0; i < 2; i++) {
        JsonObject *camera = json_array_get_object_element(cameras, i);

        if (!json_object_has_member(camera, "current-pid") ||
            compare_int(camera, "target-pid") != targets->target[i] ||
            compare_int(camera, "current-pid") != targets->target[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

void arrival_wait_cameras(Vm *vm, guint32 first, guint32 second)
{
    Targets targets = { { first, second } };

    vm_wait_until(vm, "the cameras", CAMERA_TIMEOUT_S, cameras_show, &targets);
}
