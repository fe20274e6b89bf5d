/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP messages over a unix socket, on one line or many. Private to qmp_client.c.
 *
 * Errors are those of qmp_client.h. Deadlines are times of
 * g_get_monotonic_time(). One thread.
 */
#ifndef HAYWIRE_QMP_CHANNEL_H
#define HAYWIRE_QMP_CHANNEL_H

#include <json-glib/json-glib.h>

typedef struct HaywireQmpChannel HaywireQmpChannel;

/* Connect to the unix socket at @path; NULL with @error set. */
HaywireQmpChannel *haywire_qmp_channel_open(const char *path, GError **error);

/* Close the connection and free everything. NULL is allowed. */
void haywire_qmp_channel_close(HaywireQmpChannel *channel);

/*
 * FALSE with @error set after anything but a timeout has failed: it is not
 * known any more where in the stream a message begins.
 */
gboolean haywire_qmp_channel_usable(HaywireQmpChannel *channel, GError **error);

/* Send @text, which ends its line itself. */
gboolean haywire_qmp_channel_send(HaywireQmpChannel *channel, const char *text,
                                  gint64 deadline, GError **error);

/*
 * Read one message of at most @max bytes, to be freed with
 * json_object_unref(); NULL with @error set, and *ret_timed_out TRUE when none
 * came in time and the channel is still usable. @ret_size: its length as text.
 */
JsonObject *haywire_qmp_channel_read(HaywireQmpChannel *channel, gsize max,
                                     gint64 deadline, gboolean *ret_timed_out,
                                     gsize *ret_size, GError **error);

#endif
