/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving a guest from one machine to another: see vm_migrate.h.
 */
#include "vm_migrate.h"

#include <string.h>

static void execute(Vm *vm, const char *command, const char *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = vm_qmp_try(vm, command, arguments, &error);

    g_assert_no_error(error);
}

void vm_migrate_switch(Vm *vm, const char *capability, gboolean on)
{
    g_autofree char *arguments =
        g_strdup_printf("{\"capabilities\": [{\"capability\": \"%s\", "
                        "\"state\": %s}]}",
                        capability, on ? "true" : "false");

    execute(vm, "migrate-set-capabilities", arguments);
}

void vm_migrate_limit(Vm *vm, guint64 bytes, guint downtime_ms)
{
    g_autofree char *arguments = g_strdup_printf(
        "{\"max-bandwidth\": %" G_GUINT64_FORMAT ", \"downtime-limit\": %u}",
        bytes, downtime_ms);

    execute(vm, "migrate-set-parameters", arguments);
}

/* @command: migrate or migrate-incoming. */
static void migrate(Vm *vm, const char *command, const char *uri)
{
    g_autofree char *arguments = g_strdup_printf("{\"uri\": \"%s\"}", uri);

    execute(vm, command, arguments);
}

void vm_migrate_begin(Vm *from, Vm *to)
{
    g_autofree char *path = vm_private_path(to, "migration");
    g_autofree char *uri = g_strconcat("unix:", path, NULL);

    migrate(to, "migrate-incoming", uri);
    migrate(from, "migrate", uri);
}

static gboolean has_status(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-migrate", NULL);
    JsonObject *object = json_node_get_object(reply);
    const char *status =
        json_object_get_string_member_with_default(object, "status", "none");

    if (!g_str_equal(status, opaque) && g_str_equal(status, "failed")) {
        g_error("the migration failed: %s",
                json_object_get_string_member_with_default(object, "error-desc",
                                                           "no reason given"));
    }
    return g_str_equal(status, opaque);
}

void vm_migrate_wait(Vm *vm, const char *status)
{
    vm_wait_until(vm, status, VM_MIGRATION_TIMEOUT_S, has_status,
                  (gpointer)status);
}

void vm_migrate(Vm *from, Vm *to)
{
    vm_migrate_begin(from, to);
    vm_migrate_wait(from, "completed");
    vm_migrate_wait(to, "completed");
}

/* QEMU 7.2 knows files by way of a shell only. */
void vm_migrate_to_file(Vm *from, const char *path)
{
    g_autofree char *uri = g_strdup_printf("exec:cat >%s", path);

    migrate(from, "migrate", uri);
    vm_migrate_wait(from, "completed");
}

void vm_migrate_from_file(Vm *to, const char *path)
{
    g_autofree char *uri = g_strdup_printf("exec:cat %s", path);

    migrate(to, "migrate-incoming", uri);
    vm_migrate_wait(to, "completed");
}
