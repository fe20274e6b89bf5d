/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor completes words and pids of `info haywire`.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "qemus.h"
#include "scene.h"

#define TIMEOUT_SECONDS 60

static const char world[] = "place first=0x4000000\n"
                            "session id=0xfeedface heartbeat=7 interval=10ms\n"
                            "geometry master=10 roundrobin=20 pid=20 "
                            "camera1=20 camera2=20\n"
                            "process pid=1 name=\"init\"\n"
                            "process pid=4211 name=\"one\"\n"
                            "process pid=4277 name=\"two\"\n";

typedef struct Terminal {
    char *folder;
    char *path;
    GSocketConnection *connection;
    GString *shown; /* all that came from the monitor */
} Terminal;

static void terminal_init(Terminal *terminal)
{
    g_autoptr(GError) error = NULL;

    terminal->folder = g_dir_make_tmp("haywire-monitor-XXXXXX", &error);
    g_assert_no_error(error);
    terminal->path = g_build_filename(terminal->folder, "monitor", NULL);
    terminal->shown = g_string_new(NULL);
}

static void terminal_connect(Terminal *terminal)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address =
        g_unix_socket_address_new(terminal->path);
    g_autoptr(GError) error = NULL;

    terminal->connection = g_socket_client_connect(
        client, G_SOCKET_CONNECTABLE(address), NULL, &error);
    g_assert_no_error(error);
    g_socket_set_timeout(g_socket_connection_get_socket(terminal->connection),
                         TIMEOUT_SECONDS);
}

static void terminal_clear(Terminal *terminal)
{
    g_object_unref(terminal->connection);
    g_unlink(terminal->path);
    g_rmdir(terminal->folder);
    g_free(terminal->path);
    g_free(terminal->folder);
    g_string_free(terminal->shown, TRUE);
}

/* Type @keys and read until the monitor shows @expected. */
static void terminal_type(Terminal *terminal, const char *keys,
                          const char *expected)
{
    GIOStream *stream = G_IO_STREAM(terminal->connection);
    g_autoptr(GError) error = NULL;
    char part[512];

    g_string_truncate(terminal->shown, 0);
    g_output_stream_write_all(g_io_stream_get_output_stream(stream), keys,
                              strlen(keys), NULL, NULL, &error);
    g_assert_no_error(error);
    while (!strstr(terminal->shown->str, expected)) {
        gssize count = g_input_stream_read(g_io_stream_get_input_stream(stream),
                                           part, sizeof(part), NULL, &error);

        if (count <= 0) {
            g_error("\"%s\" was not shown: %s", expected, terminal->shown->str);
        }
        g_string_append_len(terminal->shown, part, count);
    }
}

static void test_completion(const char *qemu)
{
    g_autofree char *arguments = NULL;
    Terminal terminal;
    Scene scene;

    terminal_init(&terminal);
    arguments = g_strdup_printf("-m 256 -monitor unix:%s,server=on,wait=off",
                                terminal.path);
    scene_start(&scene, qemu, arguments, world);
    terminal_connect(&terminal);
    terminal_type(&terminal, "info haywire sec\t", "info haywire sections ");
    terminal_type(&terminal, "42\t", "4211      4277");
    terminal_type(&terminal, "7\t", "info haywire sections 4277 ");
    terminal_type(&terminal, "\n", "(pid 4277)");
    terminal_type(&terminal, "info haywire focus 1 \t", "1         2");
    scene_end(&scene);
    terminal_clear(&terminal);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("monitor/completion", test_completion);
    return g_test_run();
}
