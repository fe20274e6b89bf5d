/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that ask without a pause, each in a thread and on a socket of its
 * own: over QMP, or at the monitor as a person would.
 */
#ifndef HAYWIRE_TESTS_HAMMER_CLIENT_H
#define HAYWIRE_TESTS_HAMMER_CLIENT_H

#include "documented.h"

#define HAMMER_COMMANDS 10

typedef struct {
    guint64 answered; /* fits the document */
    guint64 refused;  /* with an error that is the guest's */
} HammerCount;

typedef struct HammerClient HammerClient;

/*
 * Connect to the socket and begin. The document is borrowed. Whatever is not
 * as documented fails the test.
 */
HammerClient *hammer_client_qmp(const char *socket,
                                const Documented *documented, guint32 seed);
HammerClient *hammer_client_monitor(const char *socket,
                                    const Documented *documented, guint32 seed);

/*
 * Have it end, disconnect, and free it; adds what it did to @sums, one for
 * each command in the order of hammer_command_name(). A monitor does what
 * corresponds.
 */
void hammer_client_end(HammerClient *client, HammerCount *sums);

const char *hammer_command_name(guint command);

#endif
