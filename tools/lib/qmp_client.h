/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small synchronous client of QEMU's machine protocol (QMP) over a unix
 * socket. Source: QEMU, docs/interop/qmp-spec.
 *
 * A client belongs to the thread that made it; it takes no locks. Nothing
 * here waits longer than the client's timeout, whatever the other side does.
 */
#ifndef HAYWIRE_QMP_CLIENT_H
#define HAYWIRE_QMP_CLIENT_H

#include <json-glib/json-glib.h>

/* Longest reply or event that is read from a server, in bytes. */
#define HAYWIRE_QMP_MESSAGE_MAX (64u * 1024 * 1024)

/*
 * Events kept while nobody asks for them, and their bytes of text in all; the
 * oldest are dropped first.
 */
#define HAYWIRE_QMP_EVENTS_MAX      4096u
#define HAYWIRE_QMP_EVENT_BYTES_MAX (4u * 1024 * 1024)

#define HAYWIRE_QMP_ERROR (haywire_qmp_error_quark())

/*
 * HAYWIRE_QMP_ERROR_NOT_QMP: the socket does not greet as QMP does, does not
 *     greet within the timeout, or later speaks something that is not QMP.
 * HAYWIRE_QMP_ERROR_IO: the socket cannot be reached, broke, was closed, or a
 *     reply did not come within the timeout.
 * HAYWIRE_QMP_ERROR_COMMAND: QEMU refused the command. The message is QEMU's
 *     description; haywire_qmp_error_get_class() gives its class.
 */
typedef enum {
    HAYWIRE_QMP_ERROR_NOT_QMP,
    HAYWIRE_QMP_ERROR_IO,
    HAYWIRE_QMP_ERROR_COMMAND,
} HaywireQmpError;

GQuark haywire_qmp_error_quark(void);

/*
 * The QMP error class ("GenericError", "CommandNotFound", ...) of an error of
 * code HAYWIRE_QMP_ERROR_COMMAND; NULL for every other error. The string
 * belongs to the error.
 */
const char *haywire_qmp_error_get_class(const GError *error);

typedef struct HaywireQmpClient HaywireQmpClient;

/*
 * Connect to the unix socket at @path, read the greeting and leave
 * negotiation mode. @timeout_ms bounds this whole call, and later each
 * command.
 *
 * Returns a client to be freed with haywire_qmp_client_free(), or NULL with
 * @error set (NOT_QMP, IO or COMMAND).
 */
HaywireQmpClient *haywire_qmp_client_new(const char *path,
                                         unsigned int timeout_ms,
                                         GError **error);

/* A QEMU that somebody else talks to. */
typedef struct HaywireQmpPass {
    /*
     * Hand over one command, a line of JSON without an id. Returns QEMU's whole
     * reply, to be freed with g_free(), or NULL with @error set.
     */
    char *(*ask)(gpointer opaque, const char *command, GError **error);
    GDestroyNotify end; /* called with @opaque when the client is freed */
    gpointer opaque;
} HaywireQmpPass;

/* A client that has no socket of its own, and gets no events. */
HaywireQmpClient *haywire_qmp_client_new_passing(const HaywireQmpPass *pass);

/* Close the connection and free everything. NULL is allowed. */
void haywire_qmp_client_free(HaywireQmpClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireQmpClient, haywire_qmp_client_free)

/*
 * Execute @command and wait for its reply. @arguments may be NULL; the caller
 * keeps its reference. Events that arrive meanwhile are kept for
 * haywire_qmp_client_wait_event().
 *
 * Returns the reply's "return" member, to be freed with json_node_unref(), or
 * NULL with @error set. After NOT_QMP or IO the client is of no further use:
 * each later call fails with IO.
 */
JsonNode *haywire_qmp_client_execute(HaywireQmpClient *client,
                                     const char *command, JsonObject *arguments,
                                     GError **error);

/*
 * Execute a line of the human monitor through human-monitor-command.
 *
 * Returns what the monitor printed, to be freed with g_free(), or NULL with
 * @error set as haywire_qmp_client_execute() does. The human monitor has no
 * error statuses: an error of the line itself is in the text.
 */
char *haywire_qmp_client_hmp(HaywireQmpClient *client, const char *line,
                             GError **error);

/*
 * Take the oldest event named @name (any event when NULL), waiting up to
 * @timeout_ms for one to arrive. Other events stay queued, in order.
 *
 * Returns the whole event object (members "event", "timestamp" and maybe
 * "data"), to be freed with json_object_unref(), or NULL with @error set; when
 * none came in time the error is HAYWIRE_QMP_ERROR_IO and the client stays
 * usable.
 */
JsonObject *haywire_qmp_client_wait_event(HaywireQmpClient *client,
                                          const char *name,
                                          unsigned int timeout_ms,
                                          GError **error);

#endif
