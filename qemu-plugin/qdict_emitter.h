/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes replies of QEMU's own objects.
 */
#ifndef HAYWIRE_QDICT_EMITTER_H
#define HAYWIRE_QDICT_EMITTER_H

#include "reply.h"

#include "qemu_internals.h"

/* Replies are nested three deep; an assertion guards this. */
#define HAYWIRE_QDICT_EMITTER_DEPTH 8

/*
 * One emitter makes one value: initialise it with HAYWIRE_QDICT_EMITTER_INIT,
 * hand @base to one haywire_reply_*() function, then take @root, which is the
 * caller's to give up.  Thread: main.
 */
typedef struct HaywireQdictEmitter {
    HaywireEmitter base;
    QObject *root;
    unsigned depth;
    struct {
        QObject *object;
        bool is_list;
    } open[HAYWIRE_QDICT_EMITTER_DEPTH];
} HaywireQdictEmitter;

extern const HaywireEmitter haywire_qdict_emitter_calls;

/* clang-format off */
#define HAYWIRE_QDICT_EMITTER_INIT { .base = haywire_qdict_emitter_calls }
/* clang-format on */

#endif /* HAYWIRE_QDICT_EMITTER_H */
