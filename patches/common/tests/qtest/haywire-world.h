/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with the Haywire plugin, and a guest that publishes
 */

#ifndef TESTS_QTEST_HAYWIRE_WORLD_H
#define TESTS_QTEST_HAYWIRE_WORLD_H

#include "libqtest.h"

#define HAYWIRE_PAGE_SIZE     4096
#define HAYWIRE_SESSION       "00000000feedface"
#define HAYWIRE_OTHER_SESSION "000000000000cafe"
#define HAYWIRE_NONCE         0x5eed1234u

/* All four bytes of this process ID differ from those of no process, 0. */
#define HAYWIRE_PID 0x01020304

/* The place of the control word in a camera's control page */
#define HAYWIRE_CONTROL_WORD 4080

typedef struct HaywirePage {
    uint64_t gpa;
    uint8_t data[HAYWIRE_PAGE_SIZE];
} HaywirePage;

typedef struct HaywireWorld {
    QTestState *qts;
    uint64_t base;     /* where the pages are, guest physical */
    unsigned beat;     /* heartbeat of the newest discovery page */
    const char *extra; /* more lines for the builder, or NULL */
    bool other;        /* there is a second session, and it is the one */
                       /* that beats */
} HaywireWorld;

/* What the tests need from outside of QEMU's tree; NULL when it is absent. */
const char *haywire_plugin(void);
const char *haywire_builder(void);

/* The start of guest RAM of haywire_machine() */
uint64_t haywire_ram_base(void);

/*
 * Start the target's machine with @args, with the plugin if @plugin.
 */
QTestState *haywire_machine(const char *args, bool plugin);

/* Start a machine and write a world at @offset from the start of RAM. */
void haywire_world_init(HaywireWorld *world, const char *args, uint64_t offset);
void haywire_world_quit(HaywireWorld *world);

/* Write all pages of the world. */
void haywire_world_write(HaywireWorld *world);

/* Write the discovery page with one more heartbeat. */
void haywire_world_beat(HaywireWorld *world);

/* The control page of a camera, as the builder makes it. */
HaywirePage *haywire_world_control_page(HaywireWorld *world, int camera);

/* Write, ask for a scan, and beat until the session is live and mapped. */
void haywire_world_attach(HaywireWorld *world);

/* Beat, if @beat, until query-haywire says @state and @session. */
void haywire_world_await(HaywireWorld *world, const char *state,
                         const char *session, bool beat);

/*
 * Let the guest's clock go on for so many seconds without a heartbeat.  The
 * guest is not stopped then.
 */
void haywire_world_sleep(HaywireWorld *world, unsigned seconds);

/* Execute a command that must succeed. */
QDict *haywire_command(QTestState *qts, const char *command, QDict *args);

/* Execute a command that must fail; return the description. */
char *haywire_command_fails(QTestState *qts, const char *command, QDict *args);

/* The reply's "return", and whether this QEMU declares the command. */
QObject *haywire_return(QDict *response);

#endif
