/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events from a real guest on patched QEMU, as a client sees them that is
 * written with QEMU's own Python library.
 */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../guest/vm.h"
#include "../qemu/qemus.h"

/*
 * A process shows when the companion has taken its next snapshot (twice a
 * second) and the plugin has looked once more (four times a second). The rest
 * is for a slow machine.
 */
#define EVENT_TIMEOUT_MS 60000

#define PAUSE_S 3

typedef struct Client {
    GPid pid;
    GIOChannel *output;
} Client;

static void client_start(Client *client, const char *build, const char *socket)
{
    g_autofree char *library =
        g_build_filename(build, "..", "source", "python", NULL);
    const char *argv[] = { "python3", EVENTS_CLIENT, socket, NULL };
    g_auto(GStrv) environment =
        g_environ_setenv(g_get_environ(), "PYTHONPATH", library, TRUE);
    g_autoptr(GError) error = NULL;
    int output;

    g_spawn_async_with_pipes(NULL, (char **)argv, environment,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                             NULL, NULL, &client->pid, NULL, &output, NULL,
                             &error);
    g_assert_no_error(error);
    client->output = g_io_channel_unix_new(output);
}

static void client_stop(Client *client)
{
    kill(client->pid, SIGTERM);
    waitpid(client->pid, NULL, 0);
    g_spawn_close_pid(client->pid);
    g_io_channel_unref(client->output);
}

/* The next event of any name; the test's own time limit ends the wait. */
static JsonNode *client_read(Client *client)
{
    g_autofree char *line = NULL;
    g_autoptr(GError) error = NULL;
    JsonNode *node;

    g_assert_cmpint(
        g_io_channel_read_line(client->output, &line, NULL, NULL, &error), ==,
        G_IO_STATUS_NORMAL);
    g_assert_no_error(error);
    node = json_from_string(line, &error);
    g_assert_no_error(error);
    return node;
}

static JsonNode *client_await(Client *client, const char *name)
{
    for (;;) {
        JsonNode *node = client_read(client);

        if (g_str_equal(json_object_get_string_member(
                            json_node_get_object(node), "event"),
                        name)) {
            return node;
        }
        json_node_unref(node);
    }
}

static JsonObject *find_process(JsonNode *event, gint64 pid)
{
    JsonObject *data =
        json_object_get_object_member(json_node_get_object(event), "data");
    JsonArray *list = json_object_get_array_member(data, "processes");

    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *process = json_array_get_object_element(list, i);

        if (json_object_get_int_member(process, "pid") == pid) {
            return process;
        }
    }
    return NULL;
}

/* Wait for the event of this name that lists @pid: its start time. */
static gint64 client_await_process(Client *client, const char *name, gint64 pid)
{
    const char *const names[] = { "sleep", "init", NULL };
    gint64 begun = g_get_monotonic_time();

    for (;;) {
        g_autoptr(JsonNode) event = client_await(client, name);
        JsonObject *process = find_process(event, pid);
        gint64 waited = (g_get_monotonic_time() - begun) / 1000;

        if (process) {
            g_test_message("%s after %" G_GINT64_FORMAT " ms", name, waited);
            g_assert_cmpint(waited, <, EVENT_TIMEOUT_MS);
            /* Seen before it has become another program: its parent's. */
            g_assert_true(g_strv_contains(
                names, json_object_get_string_member(process, "name")));
            return json_object_get_int_member(process, "start-time");
        }
    }
}

static gint64 guest_sleep(Vm *vm)
{
    g_autofree char *pid = vm_guest_run(vm, "sleep 1000 & echo $!", NULL);

    return g_ascii_strtoll(pid, NULL, 10);
}

/* Waited for by its parent as well, so that no zombie is left. */
static void guest_kill(Vm *vm, gint64 pid)
{
    g_autofree char *command = g_strdup_printf(
        "kill %" G_GINT64_FORMAT "; wait %" G_GINT64_FORMAT "; true", pid, pid);

    g_free(vm_guest_run(vm, command, NULL));
}

/* Start time as the guest's own /proc has it, in ns. */
static gint64 guest_start_time(Vm *vm, gint64 pid)
{
    g_autofree char *command = g_strdup_printf(
        "cut -d ' ' -f 22 /proc/%" G_GINT64_FORMAT "/stat", pid);
    g_autofree char *ticks = vm_guest_run(vm, command, NULL);

    return g_ascii_strtoll(ticks, NULL, 10) * 10000000;
}

static void check_events(Vm *vm, Client *client)
{
    gint64 pid = guest_sleep(vm);
    gint64 started;

    started = client_await_process(client, "HAYWIRE_PROCESS_STARTED", pid);
    g_assert_cmpint(started, ==, guest_start_time(vm, pid));
    guest_kill(vm, pid);
    g_assert_cmpint(client_await_process(client, "HAYWIRE_PROCESS_EXITED", pid),
                    ==, started);
}

static void client_await_state(Client *client, const char *state)
{
    g_autoptr(JsonNode) event = client_await(client, "HAYWIRE_SESSION_CHANGED");
    JsonObject *data =
        json_object_get_object_member(json_node_get_object(event), "data");

    g_assert_cmpstr(json_object_get_string_member(data, "state"), ==, state);
    g_assert_false(json_object_has_member(data, "previous-session"));
}

/* Longer than a heartbeat may stand still. */
static void check_pause(Vm *vm, Client *client)
{
    json_node_unref(vm_qmp(vm, "stop", NULL));
    client_await_state(client, "paused");
    g_usleep(PAUSE_S * G_USEC_PER_SEC);
    json_node_unref(vm_qmp(vm, "cont", NULL));
    client_await_state(client, "live");
}

static void test_events(const char *qemu)
{
    g_autofree char *build = g_path_get_dirname(qemu);
    g_autoptr(Vm) vm = NULL;
    Client client;

    if (!vm_available()) {
        return;
    }
    vm = vm_start(&(VmOptions){ .qemu = qemu });
    vm_wait_state(vm, "live");
    client_start(&client, build, vm_second_qmp_path(vm));
    json_node_unref(client_await(&client, "CONNECTED"));
    for (int i = 0; i < 3; i++) {
        check_events(vm, &client);
    }
    check_pause(vm, &client);
    client_stop(&client);
    vm_quit(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_patched_test("events", test_events);
    return g_test_run();
}
