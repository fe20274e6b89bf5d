/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP over a unix socket: see qmp_client.h.
 */
#include "qmp_client.h"

#include "qmp_channel.h"
#include "qmp_error.h"

/* The greeting of every known QEMU is far shorter than this, in bytes. */
#define GREETING_MAX 65536u

typedef struct Event {
    JsonObject *object;
    gsize size; /* as text */
} Event;

struct HaywireQmpClient {
    HaywireQmpChannel *channel; /* NULL: by @pass */
    HaywireQmpPass pass;
    GQueue events; /* of Event, oldest first */
    gsize event_bytes;
    unsigned int timeout_ms;
    guint64 last_id;
};

/* The string member @name; NULL when absent or of another type. */
static const char *member_string(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node)
                                               : NULL;
}

static gint64 deadline_after_ms(unsigned int timeout_ms)
{
    return g_get_monotonic_time() + (gint64)timeout_ms * 1000;
}

/* The oldest event of that name, or of any, out of the queue; or NULL. */
static JsonObject *take_event(HaywireQmpClient *client, const char *name)
{
    for (GList *link = client->events.head; link; link = link->next) {
        Event *event = link->data;
        JsonObject *object = event->object;

        if (!name || g_strcmp0(member_string(object, "event"), name) == 0) {
            g_queue_delete_link(&client->events, link);
            client->event_bytes -= event->size;
            g_free(event);
            return object;
        }
    }
    return NULL;
}

/* Takes over @object. */
static void keep_event(HaywireQmpClient *client, JsonObject *object, gsize size)
{
    Event *event = g_new(Event, 1);

    *event = (Event){ object, size };
    g_queue_push_tail(&client->events, event);
    client->event_bytes += size;
    while (client->events.length > HAYWIRE_QMP_EVENTS_MAX ||
           (client->events.length > 1 &&
            client->event_bytes > HAYWIRE_QMP_EVENT_BYTES_MAX)) {
        json_object_unref(take_event(client, NULL));
    }
}

/* Connecting and greeting */

static gboolean read_greeting(HaywireQmpClient *client, gint64 deadline,
                              GError **error)
{
    g_autoptr(JsonObject) greeting = NULL;
    GError *cause = NULL;
    gboolean timed_out;
    gsize size;

    greeting = haywire_qmp_channel_read(client->channel, GREETING_MAX, deadline,
                                        &timed_out, &size, &cause);
    if (timed_out) {
        g_error_free(cause);
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                            "no QMP greeting: not a QMP socket, or another "
                            "client holds it");
        return FALSE;
    }
    if (!greeting) {
        /* Whatever broke, this socket has not shown itself to be QMP. */
        cause->code = HAYWIRE_QMP_ERROR_NOT_QMP;
        g_prefix_error(&cause, "no QMP greeting: ");
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (!json_object_has_member(greeting, "QMP")) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                            "not QMP: the greeting is not QMP's");
        return FALSE;
    }
    return TRUE;
}

HaywireQmpClient *haywire_qmp_client_new(const char *path,
                                         unsigned int timeout_ms,
                                         GError **error)
{
    g_autoptr(HaywireQmpClient) client = NULL;
    g_autoptr(JsonNode) reply = NULL;
    gint64 deadline = deadline_after_ms(timeout_ms);
    HaywireQmpChannel *channel = haywire_qmp_channel_open(path, error);

    if (!channel) {
        return NULL;
    }
    client = g_new0(HaywireQmpClient, 1);
    client->channel = channel;
    client->timeout_ms = timeout_ms;
    g_queue_init(&client->events);
    if (!read_greeting(client, deadline, error)) {
        return NULL;
    }
    reply = haywire_qmp_client_execute(client, "qmp_capabilities", NULL, error);
    return reply ? g_steal_pointer(&client) : NULL;
}

HaywireQmpClient *haywire_qmp_client_new_passing(const HaywireQmpPass *pass)
{
    HaywireQmpClient *client = g_new0(HaywireQmpClient, 1);

    client->pass = *pass;
    g_queue_init(&client->events);
    return client;
}

void haywire_qmp_client_free(HaywireQmpClient *client)
{
    JsonObject *event;

    if (!client) {
        return;
    }
    while ((event = take_event(client, NULL))) {
        json_object_unref(event);
    }
    if (client->channel) {
        haywire_qmp_channel_close(client->channel);
    } else {
        client->pass.end(client->pass.opaque);
    }
    g_free(client);
}

/* Commands */

/* @id: 0 for none. */
static char *command_text(const char *command, JsonObject *arguments,
                          guint64 id)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) request = json_object_new();
    g_autofree char *text = NULL;

    json_object_set_string_member(request, "execute", command);
    if (arguments) {
        json_object_set_object_member(request, "arguments",
                                      json_object_ref(arguments));
    }
    if (id) {
        json_object_set_int_member(request, "id", (gint64)id);
    }
    json_node_set_object(node, request);
    text = json_to_string(node, FALSE);
    return g_strconcat(text, "\n", NULL);
}

static gboolean is_reply_to(JsonObject *message, guint64 id)
{
    JsonNode *node = json_object_get_member(message, "id");

    return node && JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_int(node) == (gint64)id;
}

/*
 * QMP answers in order, one reply to each command. A reply with another id
 * belongs to a command that timed out, and is dropped.
 */
static JsonObject *read_reply(HaywireQmpClient *client, guint64 id,
                              gint64 deadline, GError **error)
{
    for (;;) {
        g_autoptr(JsonObject) message = NULL;
        gboolean timed_out;
        gsize size;

        message =
            haywire_qmp_channel_read(client->channel, HAYWIRE_QMP_MESSAGE_MAX,
                                     deadline, &timed_out, &size, error);
        if (!message) {
            return NULL;
        }
        if (json_object_has_member(message, "event")) {
            keep_event(client, g_steal_pointer(&message), size);
        } else if (is_reply_to(message, id)) {
            return g_steal_pointer(&message);
        }
    }
}

static void set_reply_error(GError **error, JsonObject *reply)
{
    JsonNode *node = json_object_get_member(reply, "error");
    JsonObject *body;

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                            "not QMP: a reply with neither result nor error");
        return;
    }
    body = json_node_get_object(node);
    haywire_qmp_error_set_command(error, member_string(body, "class"),
                                  member_string(body, "desc"));
}

static JsonObject *ask_socket(HaywireQmpClient *client, const char *command,
                              JsonObject *arguments, GError **error)
{
    gint64 deadline = deadline_after_ms(client->timeout_ms);
    g_autofree char *text = NULL;

    if (!haywire_qmp_channel_usable(client->channel, error)) {
        return NULL;
    }
    text = command_text(command, arguments, ++client->last_id);
    if (!haywire_qmp_channel_send(client->channel, text, deadline, error)) {
        return NULL;
    }
    return read_reply(client, client->last_id, deadline, error);
}

static JsonObject *ask_pass(HaywireQmpClient *client, const char *command,
                            JsonObject *arguments, GError **error)
{
    g_autofree char *text = command_text(command, arguments, 0);
    g_autofree char *answer =
        client->pass.ask(client->pass.opaque, text, error);
    g_autoptr(JsonNode) node = NULL;

    if (!answer) {
        return NULL;
    }
    node = json_from_string(answer, NULL);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                            "not QMP: a reply that is no JSON object");
        return NULL;
    }
    return json_node_dup_object(node);
}

JsonNode *haywire_qmp_client_execute(HaywireQmpClient *client,
                                     const char *command, JsonObject *arguments,
                                     GError **error)
{
    g_autoptr(JsonObject) reply =
        client->channel ? ask_socket(client, command, arguments, error)
                        : ask_pass(client, command, arguments, error);

    if (!reply) {
        return NULL;
    }
    if (!json_object_has_member(reply, "return")) {
        set_reply_error(error, reply);
        return NULL;
    }
    return json_object_dup_member(reply, "return");
}

char *haywire_qmp_client_hmp(HaywireQmpClient *client, const char *line,
                             GError **error)
{
    g_autoptr(JsonObject) arguments = json_object_new();
    g_autoptr(JsonNode) reply = NULL;

    json_object_set_string_member(arguments, "command-line", line);
    reply = haywire_qmp_client_execute(client, "human-monitor-command",
                                       arguments, error);
    if (!reply) {
        return NULL;
    }
    if (!json_node_get_string(reply)) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                            "not QMP: monitor output that is no string");
        return NULL;
    }
    return json_node_dup_string(reply);
}

/* Events */

JsonObject *haywire_qmp_client_wait_event(HaywireQmpClient *client,
                                          const char *name,
                                          unsigned int timeout_ms,
                                          GError **error)
{
    gint64 deadline = deadline_after_ms(timeout_ms);
    JsonObject *event;

    if (!client->channel) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO,
                            "no events come this way");
        return NULL;
    }
    while (!(event = take_event(client, name))) {
        g_autoptr(JsonObject) message = NULL;
        gboolean timed_out;
        gsize size;

        if (!haywire_qmp_channel_usable(client->channel, error)) {
            return NULL;
        }
        message =
            haywire_qmp_channel_read(client->channel, HAYWIRE_QMP_MESSAGE_MAX,
                                     deadline, &timed_out, &size, error);
        if (!message) {
            return NULL;
        }
        if (json_object_has_member(message, "event")) {
            keep_event(client, g_steal_pointer(&message), size);
        }
    }
    return event;
}
