/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP messages over a unix socket: see qmp_channel.h.
 */
#include "qmp_channel.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/un.h>

#include "qmp_client.h"

/* How much is asked of the socket at a time, in bytes. */
#define READ_CHUNK 65536u

/* More brackets within brackets than any reply has: parsers use the stack. */
#define DEPTH_MAX 64u

struct HaywireQmpChannel {
    GSocket *socket;
    GByteArray *input;  /* received, not yet consumed as messages */
    guint scanned;      /* input bytes that were looked at, and then: */
    unsigned depth;     /* of brackets that are open */
    gboolean in_string; /* within quotes */
    gboolean escaped;   /* behind a backslash there */
    gboolean broken;    /* lost its place in the stream */
};

static void set_ended(GError **error)
{
    g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO,
                        "QEMU has ended, or closed the connection");
}

/* Turn a gio error into ours; takes @cause. */
static void set_io_error(GError **error, const char *what, GError *cause)
{
    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)) {
        set_ended(error);
    } else {
        g_set_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO, "%s: %s",
                    what, cause->message);
    }
    g_error_free(cause);
}

static gboolean wait_ready(HaywireQmpChannel *channel, GIOCondition condition,
                           gint64 deadline, gboolean *ret_timed_out,
                           GError **error)
{
    gint64 left = deadline - g_get_monotonic_time();
    GError *cause = NULL;

    *ret_timed_out = FALSE;
    if (g_socket_condition_timed_wait(channel->socket, condition, MAX(left, 0),
                                      NULL, &cause)) {
        return TRUE;
    }
    *ret_timed_out = g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    set_io_error(error, "waiting for QMP", cause);
    return FALSE;
}

/* Append what the socket has; FALSE with @error set on an error or the end. */
static gboolean receive_some(HaywireQmpChannel *channel, GError **error)
{
    guint old_len = channel->input->len;
    GError *cause = NULL;
    gssize n;

    g_byte_array_set_size(channel->input, old_len + READ_CHUNK);
    n = g_socket_receive(channel->socket,
                         (char *)channel->input->data + old_len, READ_CHUNK,
                         NULL, &cause);
    g_byte_array_set_size(channel->input, old_len + (guint)MAX(n, 0));
    if (n > 0) {
        return TRUE;
    }
    if (n == 0) {
        set_ended(error);
        return FALSE;
    }
    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        g_error_free(cause);
        return TRUE;
    }
    set_io_error(error, "reading from QMP", cause);
    return FALSE;
}

static gboolean not_qmp(GError **error, const char *what)
{
    g_set_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_NOT_QMP,
                "not QMP: %s", what);
    return FALSE;
}

static void scan_string(HaywireQmpChannel *channel, char c)
{
    if (channel->escaped) {
        channel->escaped = FALSE;
    } else if (c == '\\') {
        channel->escaped = TRUE;
    } else if (c == '"') {
        channel->in_string = FALSE;
    }
}

/* *ret_end: whether the message ends with @c. */
static gboolean scan(HaywireQmpChannel *channel, char c, gboolean *ret_end,
                     GError **error)
{
    *ret_end = FALSE;
    if (channel->in_string) {
        scan_string(channel, c);
    } else if (c == '{' || c == '[') {
        if (++channel->depth > DEPTH_MAX) {
            return not_qmp(error, "a message that is nested too deeply");
        }
    } else if (channel->depth == 0) {
        return g_ascii_isspace(c) || not_qmp(error, "no JSON object");
    } else if (c == '}' || c == ']') {
        *ret_end = --channel->depth == 0;
    } else {
        channel->in_string = c == '"';
    }
    return TRUE;
}

/*
 * Cut the first whole message off the input; it may have many lines. NULL when
 * there is none yet, or with @error set.
 */
static char *take_message(HaywireQmpChannel *channel, GError **error)
{
    GByteArray *input = channel->input;
    gboolean end = FALSE;
    char *message;

    while (!end) {
        if (channel->scanned == input->len ||
            !scan(channel, (char)input->data[channel->scanned], &end, error)) {
            return NULL;
        }
        channel->scanned++;
    }
    message = g_strndup((const char *)input->data, channel->scanned);
    g_byte_array_remove_range(input, 0, channel->scanned);
    channel->scanned = 0;
    return message;
}

/*
 * Read one message of at most @max bytes. A timeout leaves the channel usable:
 * *ret_timed_out tells it from a broken connection.
 */
static char *read_message(HaywireQmpChannel *channel, gsize max,
                          gint64 deadline, gboolean *ret_timed_out,
                          GError **error)
{
    GError *reason = NULL;
    char *message;

    *ret_timed_out = FALSE;
    while (!(message = take_message(channel, &reason))) {
        if (!reason && channel->input->len > max) {
            not_qmp(&reason, "a message without an end");
        }
        if (reason) {
            g_propagate_error(error, reason);
            return NULL;
        }
        if (!wait_ready(channel, G_IO_IN, deadline, ret_timed_out, error) ||
            !receive_some(channel, error)) {
            return NULL;
        }
    }
    return message;
}

static JsonObject *parse_object(const char *text, GError **error)
{
    g_autoptr(JsonNode) node = json_from_string(text, NULL);

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        not_qmp(error, "no JSON object");
        return NULL;
    }
    return json_node_dup_object(node);
}

JsonObject *haywire_qmp_channel_read(HaywireQmpChannel *channel, gsize max,
                                     gint64 deadline, gboolean *ret_timed_out,
                                     gsize *ret_size, GError **error)
{
    g_autofree char *text =
        read_message(channel, max, deadline, ret_timed_out, error);
    JsonObject *message = text ? parse_object(text, error) : NULL;

    *ret_size = text ? strlen(text) : 0;
    if (!message && !*ret_timed_out) {
        channel->broken = TRUE;
    }
    return message;
}

static gboolean send_all(HaywireQmpChannel *channel, const char *text,
                         gint64 deadline, GError **error)
{
    gsize left = strlen(text);
    gboolean timed_out;

    while (left > 0) {
        GError *cause = NULL;
        gssize n;

        if (!wait_ready(channel, G_IO_OUT, deadline, &timed_out, error)) {
            return FALSE;
        }
        n = g_socket_send(channel->socket, text, left, NULL, &cause);
        if (n >= 0) {
            text += n;
            left -= (gsize)n;
        } else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
            g_error_free(cause);
        } else {
            set_io_error(error, "writing to QMP", cause);
            return FALSE;
        }
    }
    return TRUE;
}

static GSocket *connect_socket(const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(GSocket) sock = NULL;
    GError *cause = NULL;

    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        g_set_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO,
                    "%s: too long for the path of a unix socket", path);
        return NULL;
    }
    address = g_unix_socket_address_new(path);
    sock = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                        G_SOCKET_PROTOCOL_DEFAULT, &cause);
    if (sock) {
        g_socket_set_blocking(sock, FALSE);
    }
    if (!sock || !g_socket_connect(sock, address, NULL, &cause)) {
        set_io_error(error, path, cause);
        return NULL;
    }
    return g_steal_pointer(&sock);
}

HaywireQmpChannel *haywire_qmp_channel_open(const char *path, GError **error)
{
    GSocket *sock = connect_socket(path, error);
    HaywireQmpChannel *channel;

    if (!sock) {
        return NULL;
    }
    channel = g_new0(HaywireQmpChannel, 1);
    channel->socket = sock;
    channel->input = g_byte_array_new();
    return channel;
}

void haywire_qmp_channel_close(HaywireQmpChannel *channel)
{
    if (!channel) {
        return;
    }
    g_byte_array_unref(channel->input);
    g_object_unref(channel->socket);
    g_free(channel);
}

gboolean haywire_qmp_channel_usable(HaywireQmpChannel *channel, GError **error)
{
    if (channel->broken) {
        g_set_error_literal(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_IO,
                            "QMP connection is broken");
    }
    return !channel->broken;
}

gboolean haywire_qmp_channel_send(HaywireQmpChannel *channel, const char *text,
                                  gint64 deadline, GError **error)
{
    if (!send_all(channel, text, deadline, error)) {
        channel->broken = TRUE;
        return FALSE;
    }
    return TRUE;
}
