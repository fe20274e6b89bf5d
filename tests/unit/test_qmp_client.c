/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QMP client against a scripted server: each test plays the other side
 * of the socket, right or wrong.
 */
#include "qmp_client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define CAPABLE  "{\"return\": {}, \"id\": 1}\r\n"

#define PATIENT_MS 10000u
#define HASTY_MS   100u

/*
 * What the server does, one step a string: "<" reads one line from the client
 * (the client speaks first or waits), any other text is sent as it is.
 */
typedef struct {
    char *folder;
    char *path;
    GSocket *listener;
    GThread *thread;
    const char *const *script;
    gboolean linger; /* keep the connection until the client leaves */
    GString *heard;
} FakeServer;

static gboolean hear_line(FakeServer *server, GSocket *peer)
{
    char c;

    while (g_socket_receive(peer, &c, 1, NULL, NULL) == 1) {
        g_string_append_c(server->heard, c);
        if (c == '\n') {
            return TRUE;
        }
    }
    return FALSE;
}

static void send_all(GSocket *peer, const char *text)
{
    gssize sent;

    while (*text &&
           (sent = g_socket_send(peer, text, strlen(text), NULL, NULL)) > 0) {
        text += sent;
    }
}

static gpointer serve(gpointer opaque)
{
    FakeServer *server = opaque;
    g_autoptr(GSocket) peer = g_socket_accept(server->listener, NULL, NULL);

    for (const char *const *step = server->script; *step; step++) {
        if (g_str_equal(*step, "<")) {
            hear_line(server, peer);
        } else {
            send_all(peer, *step);
        }
    }
    while (server->linger && hear_line(server, peer)) {
    }
    return NULL;
}

static FakeServer *server_start(const char *const *script, gboolean linger)
{
    FakeServer *server = g_new0(FakeServer, 1);
    g_autoptr(GSocketAddress) address = NULL;

    server->folder = g_dir_make_tmp("haywire-qmp-XXXXXX", NULL);
    g_assert_nonnull(server->folder);
    server->path = g_build_filename(server->folder, "qmp", NULL);
    server->script = script;
    server->linger = linger;
    server->heard = g_string_new(NULL);
    server->listener = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                    G_SOCKET_PROTOCOL_DEFAULT, NULL);
    address = g_unix_socket_address_new(server->path);
    g_assert_true(g_socket_bind(server->listener, address, FALSE, NULL));
    g_assert_true(g_socket_listen(server->listener, NULL));
    server->thread = g_thread_new("server", serve, server);
    return server;
}

static void server_join(FakeServer *server)
{
    if (server->thread) {
        g_thread_join(g_steal_pointer(&server->thread));
    }
}

static void server_stop(FakeServer *server)
{
    server_join(server);
    g_object_unref(server->listener);
    g_unlink(server->path);
    g_rmdir(server->folder);
    g_string_free(server->heard, TRUE);
    g_free(server->path);
    g_free(server->folder);
    g_free(server);
}

/* A client that it welcomes. */
static HaywireQmpClient *server_connect(FakeServer *server,
                                        unsigned int timeout_ms)
{
    g_autoptr(GError) error = NULL;
    HaywireQmpClient *client =
        haywire_qmp_client_new(server->path, timeout_ms, &error);

    g_assert_no_error(error);
    return client;
}

static void assert_refused(const char *const *script, gboolean linger, int code,
                           const char *message_part)
{
    FakeServer *server = server_start(script, linger);
    g_autoptr(GError) error = NULL;
    HaywireQmpClient *client;

    client = haywire_qmp_client_new(server->path, HASTY_MS, &error);
    g_assert_null(client);
    g_assert_error(error, HAYWIRE_QMP_ERROR, code);
    g_assert_nonnull(strstr(error->message, message_part));
    server_stop(server);
}

static void test_no_socket(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(haywire_qmp_client_new("/nonexistent/qmp", HASTY_MS, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
}

static void test_path_too_long(void)
{
    g_autofree char *path = g_strnfill(200, 'x');
    g_autoptr(GError) error = NULL;

    g_assert_null(haywire_qmp_client_new(path, HASTY_MS, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "too long"));
}

static void test_silent(void)
{
    const char *const script[] = { NULL };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_NOT_QMP, "no QMP greeting");
}

static void test_closes(void)
{
    const char *const script[] = { NULL };

    assert_refused(script, FALSE, HAYWIRE_QMP_ERROR_NOT_QMP, "closed");
}

static void test_other_protocol(void)
{
    const char *const script[] = { "220 mail ready\r\n", NULL };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_NOT_QMP, "not QMP");
}

static void test_other_json(void)
{
    const char *const script[] = { "{\"hello\": 1}\n", NULL };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_NOT_QMP, "not QMP");
}

static void test_endless_greeting(void)
{
    g_autofree char *flood = g_strnfill(200000, 'x');
    const char *const script[] = { "{\"", flood, NULL };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_NOT_QMP, "without an end");
}

/* Parsers call themselves for each bracket. */
static void test_too_deep(void)
{
    g_autofree char *brackets = g_strnfill(100, '[');
    const char *const script[] = { "{\"a\":", brackets, NULL };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_NOT_QMP, "too deeply");
}

static void test_negotiation_refused(void)
{
    const char *const script[] = {
        GREETING,
        "<",
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, "
        "\"id\": 1}\n",
        NULL,
    };

    assert_refused(script, TRUE, HAYWIRE_QMP_ERROR_COMMAND, "no");
}

static void test_command(void)
{
    const char *const script[] = {
        GREETING, "<", CAPABLE, "<", "{\"return\": [1, 2], \"id\": 2}\n", NULL,
    };
    FakeServer *server = server_start(script, FALSE);
    g_autoptr(JsonObject) arguments = json_object_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    json_object_set_int_member(arguments, "pid", 7);
    reply = haywire_qmp_client_execute(client, "do-it", arguments, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_get_length(json_node_get_array(reply)), ==, 2);
    haywire_qmp_client_free(client);
    server_join(server);
    g_assert_nonnull(strstr(server->heard->str,
                            "\"execute\":\"do-it\",\"arguments\":{\"pid\":7}"));
    server_stop(server);
}

static void test_command_error(void)
{
    const char *const script[] = {
        GREETING,
        "<",
        CAPABLE,
        "<",
        "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"gone\"}, "
        "\"id\": 2}\n",
        "<",
        "{\"return\": {}, \"id\": 3}\n",
        NULL,
    };
    FakeServer *server = server_start(script, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    g_assert_null(haywire_qmp_client_execute(client, "nope", NULL, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_COMMAND);
    g_assert_cmpstr(error->message, ==, "gone");
    g_assert_cmpstr(haywire_qmp_error_get_class(error), ==, "CommandNotFound");
    g_clear_error(&error);
    reply = haywire_qmp_client_execute(client, "next", NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(reply);
    haywire_qmp_client_free(client);
    server_stop(server);
}

static void test_malformed_errors(void)
{
    const char *const script[] = {
        GREETING,
        "<",
        CAPABLE,
        "<",
        "{\"error\": 5, \"id\": 2}\n",
        "<",
        "{\"error\": {\"class\": 1, \"desc\": []}, \"id\": 3}\n",
        NULL,
    };
    FakeServer *server = server_start(script, FALSE);
    g_autoptr(GError) error = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    g_assert_null(haywire_qmp_client_execute(client, "a", NULL, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP);
    g_clear_error(&error);
    g_assert_null(haywire_qmp_client_execute(client, "b", NULL, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_COMMAND);
    haywire_qmp_client_free(client);
    server_stop(server);
}

static void test_events(void)
{
    const char *const script[] = {
        GREETING,
        "<",
        CAPABLE,
        "<",
        "{\"event\": \"STOP\"}\n",
        "{\"event\": \"RESUME\"}\n{\"return\": {}, \"id\": 2}\n",
        "{\"event\": \"SHUTDOWN\"}\n",
        NULL,
    };
    FakeServer *server = server_start(script, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(JsonObject) resume = NULL;
    g_autoptr(JsonObject) stop = NULL;
    g_autoptr(JsonObject) shutdown_event = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    reply = haywire_qmp_client_execute(client, "a", NULL, &error);
    g_assert_no_error(error);
    resume = haywire_qmp_client_wait_event(client, "RESUME", HASTY_MS, &error);
    g_assert_no_error(error);
    stop = haywire_qmp_client_wait_event(client, NULL, HASTY_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_object_get_string_member(stop, "event"), ==, "STOP");
    shutdown_event =
        haywire_qmp_client_wait_event(client, "SHUTDOWN", PATIENT_MS, &error);
    g_assert_no_error(error);
    g_assert_null(haywire_qmp_client_wait_event(client, NULL, 1, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
    haywire_qmp_client_free(client);
    server_stop(server);
}

/* As QEMU writes with pretty=on; brackets in strings are none. */
static void test_pretty(void)
{
    const char *const script[] = {
        "{\r\n    \"QMP\": {\r\n        \"capabilities\": [\r\n        ]\r\n",
        "    }\r\n}\r\n",
        "<",
        "{\n    \"return\": {\n    },\n    \"id\": 1\n}\n",
        "<",
        "{\n    \"return\": \"}{][ \\\" }\",\n    \"id\": 2\n}\n",
        NULL,
    };
    FakeServer *server = server_start(script, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    reply = haywire_qmp_client_execute(client, "a", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_node_get_string(reply), ==, "}{][ \" }");
    haywire_qmp_client_free(client);
    server_stop(server);
}

/* Of events that nobody asks for, only the newest few MiB are kept. */
static void test_large_events(void)
{
    g_autofree char *filling = g_strnfill(3u << 20, 'x');
    g_autofree char *old =
        g_strdup_printf("{\"event\": \"OLD\", \"x\": \"%s\"}", filling);
    g_autofree char *new =
        g_strdup_printf("{\"event\": \"NEW\", \"x\": \"%s\"}", filling);
    const char *const script[] = {
        GREETING, "<", CAPABLE, "<", old, new, "{\"return\": {}, \"id\": 2}\n",
        NULL,
    };
    FakeServer *server = server_start(script, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(JsonObject) event = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    reply = haywire_qmp_client_execute(client, "a", NULL, &error);
    g_assert_no_error(error);
    event = haywire_qmp_client_wait_event(client, NULL, HASTY_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_object_get_string_member(event, "event"), ==, "NEW");
    haywire_qmp_client_free(client);
    server_stop(server);
}

static void test_late_reply(void)
{
    const char *const script[] = {
        GREETING,
        "<",
        CAPABLE,
        "<",
        "<",
        "{\"return\": 1, \"id\": 2}\n",
        "{\"return\": 2, \"id\": 3}\n",
        NULL,
    };
    FakeServer *server = server_start(script, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    HaywireQmpClient *client = server_connect(server, 1000);

    g_assert_null(haywire_qmp_client_execute(client, "slow", NULL, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
    g_clear_error(&error);
    reply = haywire_qmp_client_execute(client, "next", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_node_get_int(reply), ==, 2);
    haywire_qmp_client_free(client);
    server_stop(server);
}

static void test_connection_lost(void)
{
    const char *const script[] = { GREETING, "<", CAPABLE, "<", NULL };
    FakeServer *server = server_start(script, FALSE);
    g_autoptr(GError) error = NULL;
    HaywireQmpClient *client = server_connect(server, PATIENT_MS);

    for (int i = 0; i < 2; i++) {
        g_assert_null(haywire_qmp_client_execute(client, "a", NULL, &error));
        g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
        g_clear_error(&error);
    }
    haywire_qmp_client_free(client);
    server_stop(server);
}

/* Through somebody else's connection, as libvirt's. */
typedef struct {
    const char *answer; /* NULL: an error */
    char *asked;
    gboolean is_freed;
} Passage;

static char *pass(gpointer opaque, const char *command, GError **error)
{
    Passage *passage = opaque;

    g_free(passage->asked);
    passage->asked = g_strdup(command);
    if (!passage->answer) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO,
                            "no way");
    }
    return g_strdup(passage->answer);
}

static void end_passage(gpointer opaque)
{
    ((Passage *)opaque)->is_freed = TRUE;
}

static void assert_passed(const char *answer, int code, const char *message)
{
    Passage passage = { .answer = answer };
    HaywireQmpClient *client = haywire_qmp_client_new_passing(
        &(HaywireQmpPass){ pass, end_passage, &passage });
    g_autoptr(GError) error = NULL;

    g_assert_null(haywire_qmp_client_execute(client, "stop", NULL, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, code);
    g_assert_cmpstr(error->message, ==, message);
    haywire_qmp_client_free(client);
    g_free(passage.asked);
}

static void test_passing(void)
{
    Passage passage = { .answer = "{\"return\": 7, \"id\": \"libvirt-1\"}" };
    HaywireQmpClient *client = haywire_qmp_client_new_passing(
        &(HaywireQmpPass){ pass, end_passage, &passage });
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) error = NULL;

    reply = haywire_qmp_client_execute(client, "query-x", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_node_get_int(reply), ==, 7);
    /* The id is libvirt's to give. */
    g_assert_cmpstr(passage.asked, ==, "{\"execute\":\"query-x\"}\n");
    g_assert_null(haywire_qmp_client_wait_event(client, NULL, 1, &error));
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO);
    haywire_qmp_client_free(client);
    g_assert_true(passage.is_freed);
    g_free(passage.asked);
}

static void test_passing_errors(void)
{
    assert_passed(NULL, HAYWIRE_QMP_ERROR_IO, "no way");
    assert_passed("{\"error\": {\"class\": \"GenericError\", "
                  "\"desc\": \"bad\"}}",
                  HAYWIRE_QMP_ERROR_COMMAND, "bad");
    assert_passed("[1", HAYWIRE_QMP_ERROR_NOT_QMP,
                  "not QMP: a reply that is no JSON object");
    assert_passed("[1]", HAYWIRE_QMP_ERROR_NOT_QMP,
                  "not QMP: a reply that is no JSON object");
    assert_passed("{}", HAYWIRE_QMP_ERROR_NOT_QMP,
                  "not QMP: a reply with neither result nor error");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-client/no-socket", test_no_socket);
    g_test_add_func("/qmp-client/path-too-long", test_path_too_long);
    g_test_add_func("/qmp-client/silent", test_silent);
    g_test_add_func("/qmp-client/closes", test_closes);
    g_test_add_func("/qmp-client/other-protocol", test_other_protocol);
    g_test_add_func("/qmp-client/other-json", test_other_json);
    g_test_add_func("/qmp-client/endless-greeting", test_endless_greeting);
    g_test_add_func("/qmp-client/too-deep", test_too_deep);
    g_test_add_func("/qmp-client/negotiation-refused",
                    test_negotiation_refused);
    g_test_add_func("/qmp-client/command", test_command);
    g_test_add_func("/qmp-client/command-error", test_command_error);
    g_test_add_func("/qmp-client/malformed-errors", test_malformed_errors);
    g_test_add_func("/qmp-client/events", test_events);
    g_test_add_func("/qmp-client/pretty", test_pretty);
    g_test_add_func("/qmp-client/large-events", test_large_events);
    g_test_add_func("/qmp-client/late-reply", test_late_reply);
    g_test_add_func("/qmp-client/connection-lost", test_connection_lost);
    g_test_add_func("/qmp-client/passing", test_passing);
    g_test_add_func("/qmp-client/passing-errors", test_passing_errors);
    return g_test_run();
}
