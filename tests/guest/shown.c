/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single figures of what the plugin shows: see shown.h.
 */
#include "compare.h"
#include "shown.h"

gint64 shown_counter(Vm *vm, const char *name)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-stats", NULL);

    return compare_int(
        json_object_get_object_member(json_node_get_object(reply), "host"),
        name);
}

gboolean shown_lists(Vm *vm, guint32 pid)
{
    g_autofree char *arguments = g_strdup_printf("{\"pid\": %u}", pid);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply =
        vm_qmp_try(vm, "query-haywire-processes", arguments, &error);

    return reply != NULL;
}

guint32 shown_camera_pid(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-cameras", NULL);
    JsonObject *camera =
        json_array_get_object_element(json_node_get_array(reply), 0);

    return g_str_equal(compare_string(camera, "status"), "active")
               ? (guint32)json_object_get_int_member_with_default(
                     camera, "current-pid", 0)
               : 0;
}
