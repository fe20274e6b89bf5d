/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands print: text, or one JSON object. Text is made in memory
 * and written in one go. JSON is written as it grows: it may be far larger than
 * the model that it tells.
 */
#ifndef HAYWIRE_TOOL_OUTPUT_H
#define HAYWIRE_TOOL_OUTPUT_H

#include "backend.h"
#include "json_emitter.h"

/* Of the "version" member: grows when a member changes its meaning. */
#define HAYWIRE_JSON_VERSION 1

typedef struct HaywireOutput {
    gboolean json;
    gboolean warned; /* JSON: once, of what a file lacks */
    GString *text;   /* JSON or text that is not written yet */
    HaywireJsonEmitter emitter;
    HaywireAbout about; /* of the answer that was begun */
} HaywireOutput;

/* @compact: JSON on one line */
void haywire_output_init(HaywireOutput *output, gboolean json,
                         gboolean compact);
void haywire_output_clear(HaywireOutput *output);

/*
 * Begin the answer of a command about @overview. JSON: the outermost object,
 * with version, state and session; NULL is returned for text. A warning on stderr when
 * data for people is not live, or the memory is not all of the guest's RAM.
 */
HaywireEmitter *haywire_output_begin(HaywireOutput *output,
                                     const HaywireOverview *overview);

/* Text: the warning alone, for data that is shown already. */
void haywire_output_warn(const HaywireOverview *overview);

/* Write bytes to stdout as they are. FALSE with @error when that fails. */
gboolean haywire_output_bytes(const void *bytes, gsize length, GError **error);

/* End it and write all to stdout. FALSE with @error when that fails. */
gboolean haywire_output_end(HaywireOutput *output, GError **error);

#endif
