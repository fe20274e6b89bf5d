/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP server that is a thread: see server.h.
 */
#include "server.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "cli.h"

struct Server {
    char *path;
    char *greeting;
    GSocketListener *listener;
    GCancellable *stop;
    GThread *thread;
    GMutex lock;          /* of what follows */
    GHashTable *response; /* command -> "return": ... or "error": ... */
};

static void say(GOutputStream *out, const char *text)
{
    g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL);
    g_output_stream_write_all(out, "\r\n", 2, NULL, NULL, NULL);
}

static char *response_to(Server *server, const char *command)
{
    const char *known;
    char *response;

    g_mutex_lock(&server->lock);
    known = g_hash_table_lookup(server->response, command);
    response =
        g_strdup(known ? known
                       : "\"error\": {\"class\": \"CommandNotFound\", "
                         "\"desc\": \"The command has not been found\"}");
    g_mutex_unlock(&server->lock);
    return response;
}

/* FALSE: the connection is to end. */
static gboolean answer(Server *server, const char *line, GOutputStream *out)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    g_autofree char *response = NULL;
    g_autofree char *id = NULL;
    g_autofree char *text = NULL;
    JsonObject *request;

    g_assert_nonnull(node);
    request = json_node_get_object(node);
    response =
        response_to(server, json_object_get_string_member(request, "execute"));
    if (!*response) {
        return FALSE;
    }
    if (json_object_has_member(request, "id")) {
        g_autofree char *value =
            json_to_string(json_object_get_member(request, "id"), FALSE);

        id = g_strdup_printf(", \"id\": %s", value);
    }
    text = g_strdup_printf("{%s%s}", response, id ? id : "");
    say(out, text);
    return TRUE;
}

static void serve(Server *server, GIOStream *stream)
{
    g_autoptr(GDataInputStream) in =
        g_data_input_stream_new(g_io_stream_get_input_stream(stream));
    GOutputStream *out = g_io_stream_get_output_stream(stream);
    char *line;

    if (server->greeting) {
        say(out, server->greeting);
    }
    while (
        (line = g_data_input_stream_read_line(in, NULL, server->stop, NULL))) {
        const gboolean more = !server->greeting || server->greeting[0] != '{' ||
                              answer(server, line, out);

        g_free(line);
        if (!more) {
            g_io_stream_close(stream, NULL, NULL);
            return;
        }
    }
}

/* One client after the other. */
static gpointer run(gpointer data)
{
    Server *server = data;
    GSocketConnection *connection;

    while ((connection = g_socket_listener_accept(server->listener, NULL,
                                                  server->stop, NULL))) {
        serve(server, G_IO_STREAM(connection));
        g_object_unref(connection);
    }
    return NULL;
}

static void listen_on(Server *server)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(server->path);
    GError *error = NULL;

    server->listener = g_socket_listener_new();
    g_socket_listener_add_address(
        server->listener, address, G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
    g_assert_no_error(error);
}

Server *server_start(const char *name, const char *greeting)
{
    Server *server = g_new0(Server, 1);

    server->path = cli_path(name);
    server->greeting = g_strdup(greeting);
    server->response =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&server->lock);
    server_reply(server, "qmp_capabilities", "{}");
    server->stop = g_cancellable_new();
    listen_on(server);
    server->thread = g_thread_new("server", run, server);
    return server;
}

const char *server_path(const Server *server)
{
    return server->path;
}

static void set_response(Server *server, const char *command, char *response)
{
    g_mutex_lock(&server->lock);
    g_hash_table_replace(server->response, g_strdup(command), response);
    g_mutex_unlock(&server->lock);
}

void server_reply(Server *server, const char *command, const char *reply)
{
    set_response(server, command, g_strdup_printf("\"return\": %s", reply));
}

void server_refuse(Server *server, const char *command, const char *class,
                   const char *description)
{
    set_response(server, command,
                 g_strdup_printf("\"error\": {\"class\": \"%s\", "
                                 "\"desc\": \"%s\"}",
                                 class, description));
}

void server_hang_up(Server *server, const char *command)
{
    set_response(server, command, g_strdup(""));
}

void server_stop(Server *server)
{
    g_cancellable_cancel(server->stop);
    g_thread_join(server->thread);
    g_socket_listener_close(server->listener);
    g_object_unref(server->listener);
    g_object_unref(server->stop);
    g_hash_table_destroy(server->response);
    g_mutex_clear(&server->lock);
    g_free(server->greeting);
    g_free(server->path);
    g_free(server);
}
