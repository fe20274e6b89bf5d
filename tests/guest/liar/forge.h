/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forged sessions: beacon pages like a companion's, with any content.
 *
 * Ends the program with a message when the guest refuses memory.
 */

#ifndef HAYWIRE_LIAR_FORGE_H
#define HAYWIRE_LIAR_FORGE_H

#include "haywire/bytes.h"
#include "haywire/publish.h"

typedef struct Forge {
    uint64_t session;
    uint32_t nonce;
    uint32_t geometry[HAYWIRE_CATEGORY_COUNT];
    HaywirePage *slot[HAYWIRE_CATEGORY_COUNT]; /* into page[] */
    HaywirePage *page;
    size_t pages;
    uint64_t heartbeat;
    uint64_t generation;
    uint64_t started_ns;
    uint64_t ahead_ns; /* of the guest's clock */
} Forge;

#define FORGE_PID  1 /* init: always there */
#define FORGE_NAME "init"

/* Pages of memory, locked and written to. */
HaywirePage *forge_pages(size_t count);

uint64_t forge_now(void); /* guest's monotonic clock, ns */
uint64_t forge_random(void);
uint64_t forge_pfn(const void *page); /* 0 when it cannot be known */

/* A session with this geometry; NULL for a small one. All pages are empty. */
Forge *forge_new(const uint32_t *geometry);

/* All its pages are empty again, and of the session that it has now. */
void forge_reset(Forge *forge);

/* A slot of the default small geometry, and so many pages. */
extern const uint32_t forge_small[HAYWIRE_CATEGORY_COUNT];

void forge_publish(Forge *forge, HaywireCategory category, uint32_t index,
                   uint32_t kind, const void *payload, size_t length);

/* The discovery page, with the heartbeat as it is. */
void forge_discover(Forge *forge);

/* The master index; every entry is what @pfn says of the slot's page. */
void forge_index(Forge *forge,
                 uint64_t (*pfn)(const Forge *forge, size_t slot));
uint64_t forge_true_pfn(const Forge *forge, size_t slot);

/* A snapshot of one process, init. */
void forge_snapshot(Forge *forge);

/* An honest session: discovery, index, snapshot, idle cameras. */
void forge_all(Forge *forge);

/* The head of a record, for payloads made by hand. */
HaywireWireRecord forge_record(HaywireRecordType type, size_t length);

/* So many threads that run @run with NULL, for as long as the liar lies. */
void forge_threads(unsigned long number, void *(*run)(void *));

#endif
