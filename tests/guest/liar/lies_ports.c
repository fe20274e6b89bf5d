/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lies by I/O ports: who rings without end.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>

#include "lies.h"

#define RING 16 /* of so many accesses one is a ring for sure */

static const unsigned short usual[] = HAYWIRE_DOORBELL_PORTS;

static Forge *forge;
static unsigned short port;

static void beat(void)
{
    forge->heartbeat++;
    forge_discover(forge);
}

/* Where it should be, where nothing is, beyond all memory; true at times. */
static uint32_t frame(uint64_t random)
{
    static const uint32_t odd[] = { 0, 1, 0xa0, 0xfee00, 0xffffffff };

    switch (random % 4) {
    case 0:
        return odd[random / 4 % (sizeof(odd) / sizeof(odd[0]))];
    case 1:
        return (uint32_t)forge_true_pfn(forge, 0);
    default:
        return (uint32_t)(random >> 32);
    }
}

/* Of each size, at each place that is the doorbell's in part at least. */
static void touch(uint64_t random)
{
    unsigned short at = port - 3 + random / RING % (HAYWIRE_DOORBELL_SIZE + 3);
    uint32_t value = frame(random >> 8);

    switch (random % RING) {
    case 0:
        outb((unsigned char)value, at);
        break;
    case 1:
        outw((unsigned short)value, at);
        break;
    case 2:
        outl(value, at);
        break;
    case 3:
        (void)inl(at);
        break;
    default:
        outl(value, port);
        break;
    }
}

/* A thread has permissions of its own for ports; it takes its maker's. */
static void *ring(void *opaque)
{
    uint64_t random = forge_random();

    (void)opaque;
    for (;;) {
        random = random * UINT64_C(6364136223846793005) + 1;
        touch(random >> 13);
    }
    return NULL;
}

static void find_port(void)
{
    if (iopl(3) != 0) {
        perror("iopl");
        exit(1);
    }
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (inl(usual[i]) == HAYWIRE_MAGIC) {
            port = usual[i];
            return;
        }
    }
    fprintf(stderr, "no doorbell\n");
    exit(1);
}

static void begin_ring(unsigned long number)
{
    find_port();
    forge = forge_new(NULL);
    forge_all(forge);
    forge_threads(number, ring);
}

const Lie lies_of_ports[] = {
    { "ring", "threads that ring the doorbell in a tight loop", 2, begin_ring,
      beat },
    { NULL },
};
