/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP server that is a thread and says what it was told to say.
 */
#ifndef HAYWIRE_TEST_CLI_SERVER_H
#define HAYWIRE_TEST_CLI_SERVER_H

#include <glib.h>

typedef struct Server Server;

#define SERVER_GREETING                                                \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, " \
    "\"major\": 10}, \"package\": \"\"}, \"capabilities\": []}}"

/* Listens on the socket @name; says @greeting, if any, to each that comes. */
Server *server_start(const char *name, const char *greeting);
const char *server_path(const Server *server);

/* From now on answer @command with @reply, the JSON of "return". */
void server_reply(Server *server, const char *command, const char *reply);

/* From now on refuse @command. */
void server_refuse(Server *server, const char *command, const char *class,
                   const char *description);

/* From now on close the connection when @command comes. */
void server_hang_up(Server *server, const char *command);

void server_stop(Server *server);

#endif
