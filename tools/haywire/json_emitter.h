/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emitter that writes JSON text. Its own, since json-glib has no unsigned
 * 64-bit numbers: addresses near the end of the address space need them.
 */
#ifndef HAYWIRE_TOOL_JSON_EMITTER_H
#define HAYWIRE_TOOL_JSON_EMITTER_H

#include <glib.h>
#include <stdio.h>

#include "reply.h"

typedef struct HaywireJsonEmitter {
    HaywireEmitter base;
    GString *out;
    bool compact; /* all on one line */
    bool first;   /* of the members or elements at this depth */
    unsigned depth;
    FILE *sink;  /* takes @out whenever it has become long; NULL: none does */
    int failure; /* errno of the first time that it did not */
} HaywireJsonEmitter;

/* @out: borrowed, appended to */
void haywire_json_emitter_init(HaywireJsonEmitter *emitter, GString *out,
                               bool compact);

#endif
