/*
 * Lies at the doorbell: rung in a tight loop, for pages of all sorts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../companion/engine/doorbell.h"
#include "lies.h"

#define DEVICE 0xfee00000 /* the local interrupt controller */
#define ROM    0xf0000
#define PAGES  64

static Forge *forge;
static const HaywirePage *target[PAGES + 2];
static size_t targets;

/* Physical memory that is no RAM; a guest may not let us. */
static void add_physical(off_t address)
{
    int fd = open("/dev/mem", O_RDONLY);
    void *page = MAP_FAILED;

    if (fd >= 0) {
        page =
            mmap(NULL, HAYWIRE_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, address);
        close(fd);
    }
    if (page != MAP_FAILED) {
        target[targets++] = page;
    }
}

/* The pages of a session, all kinds; pages of nothing; and no RAM at all. */
static void add_targets(void)
{
    HaywirePage *blank = forge_pages(PAGES / 2);

    for (size_t i = 0; i < PAGES / 2; i++) {
        target[targets++] = &forge->page[i % forge->pages];
        target[targets++] = &blank[i];
    }
    add_physical(DEVICE);
    add_physical(ROM);
}

static void *ring(void *opaque)
{
    (void)opaque;
    for (size_t i = 0;; i++) {
        haywire_doorbell_ring(target[i % targets]);
    }
    return NULL;
}

static void begin_ring(unsigned long number)
{
    forge = forge_new(NULL);
    forge_all(forge);
    add_targets();
    for (unsigned long i = 0; i < number; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, ring, NULL) != 0) {
            exit(1);
        }
    }
}

/* A beat, and a ring for a page that is not there: it ends who does that. */
static void go_on_ring(void)
{
    pid_t child = fork();

    if (child == 0) {
        haywire_doorbell_ring(NULL);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    forge->heartbeat++;
    forge_discover(forge);
}

const Lie lies_of_doorbell[] = {
    { "ring", "threads that ring in a tight loop", 2, begin_ring, go_on_ring },
    { NULL },
};
