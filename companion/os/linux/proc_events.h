/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News of processes from the kernel's process connector: Linux's
 * drivers/connector/cn_proc.c, for root in the first network and process
 * namespaces, where CONFIG_PROC_EVENTS is set.
 */

#ifndef HAYWIRE_PROC_EVENTS_H
#define HAYWIRE_PROC_EVENTS_H

#include "os/os.h"

typedef struct HaywireProcEvents {
    int socket;              /* -1: closed */
    bool trusted;            /* the kernel has said that it tells us */
    bool off;                /* it never will */
    unsigned counted;        /* messages since count_start_ns */
    uint64_t count_start_ns; /* monotonic */
    uint64_t deaf_until_ns;  /* too much was told: closed until then */
} HaywireProcEvents;

void haywire_proc_events_init(HaywireProcEvents *events);
void haywire_proc_events_close(HaywireProcEvents *events);

/*
 * What was told since the last call, and for the first time: everything.
 * False: nothing is told, here or for now.
 */
bool haywire_proc_events_hear(HaywireProcEvents *events, uint64_t now_ns,
                              HaywireHeard *ret_heard);

/* Sleep up to @ns, or until something is told. */
void haywire_proc_events_wait(const HaywireProcEvents *events, uint64_t ns);

typedef enum HaywireProcMessage {
    HAYWIRE_PROC_OTHER,   /* not of interest, or of a thread */
    HAYWIRE_PROC_BEGUN,   /* started, or another program, name or owner */
    HAYWIRE_PROC_ENDED,   /* is about to end */
    HAYWIRE_PROC_GRANTED, /* the kernel's answer: it will tell */
    HAYWIRE_PROC_REFUSED, /* it will not */
} HaywireProcMessage;

/* One netlink message. @ret_pid: of those that BEGUN or ENDED. */
HaywireProcMessage haywire_proc_message(const uint8_t *message, size_t length,
                                        uint32_t *ret_pid);

#endif
