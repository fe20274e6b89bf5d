/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text: see json_emitter.h.
 */
#include "json_emitter.h"

#include <errno.h>

/* Bytes that are kept at most between two values, roughly. */
#define LONG 65536u

static HaywireJsonEmitter *json(HaywireEmitter *emitter)
{
    return (HaywireJsonEmitter *)emitter;
}

static void append_string(GString *out, const char *value)
{
    g_string_append_c(out, '"');
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, *c);
        } else if (g_ascii_iscntrl(*c)) {
            g_string_append_printf(out, "\\u%04x", (unsigned char)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
}

static void new_line(HaywireJsonEmitter *emitter)
{
    if (emitter->compact) {
        return;
    }
    g_string_append_c(emitter->out, '\n');
    for (unsigned i = 0; i < emitter->depth; i++) {
        g_string_append(emitter->out, "  ");
    }
}

/* All that comes before a value. */
static void begin_value(HaywireJsonEmitter *emitter, const char *name)
{
    if (!emitter->first) {
        g_string_append(emitter->out, emitter->compact ? ", " : ",");
    }
    if (emitter->depth > 0) {
        new_line(emitter);
    }
    emitter->first = false;
    if (name) {
        append_string(emitter->out, name);
        g_string_append(emitter->out, ": ");
    }
}

static void begin_container(HaywireEmitter *base, const char *name,
                            char bracket)
{
    HaywireJsonEmitter *emitter = json(base);

    begin_value(emitter, name);
    g_string_append_c(emitter->out, bracket);
    emitter->depth++;
    emitter->first = true;
}

static void end_container(HaywireEmitter *base, char bracket)
{
    HaywireJsonEmitter *emitter = json(base);
    const bool empty = emitter->first;

    g_assert(emitter->depth > 0);
    emitter->depth--;
    emitter->first = false;
    if (!empty) {
        new_line(emitter);
    }
    g_string_append_c(emitter->out, bracket);
    if (emitter->depth == 0) {
        g_string_append_c(emitter->out, '\n');
    }
}

static void end_object(HaywireEmitter *base)
{
    HaywireJsonEmitter *emitter = json(base);
    GString *out = emitter->out;

    end_container(base, '}');
    if (emitter->sink && out->len >= LONG) {
        if (!emitter->failure &&
            fwrite(out->str, 1, out->len, emitter->sink) != out->len) {
            emitter->failure = errno;
        }
        g_string_truncate(out, 0);
    }
}

static void begin_object(HaywireEmitter *base, const char *name)
{
    begin_container(base, name, '{');
}

static void begin_list(HaywireEmitter *base, const char *name)
{
    begin_container(base, name, '[');
}

static void end_list(HaywireEmitter *base)
{
    end_container(base, ']');
}

static void boolean(HaywireEmitter *base, const char *name, bool value)
{
    begin_value(json(base), name);
    g_string_append(json(base)->out, value ? "true" : "false");
}

static void number(HaywireEmitter *base, const char *name, uint64_t value)
{
    begin_value(json(base), name);
    g_string_append_printf(json(base)->out, "%" G_GUINT64_FORMAT, value);
}

static void integer(HaywireEmitter *base, const char *name, int64_t value)
{
    begin_value(json(base), name);
    g_string_append_printf(json(base)->out, "%" G_GINT64_FORMAT, value);
}

static void string(HaywireEmitter *base, const char *name, const char *value)
{
    begin_value(json(base), name);
    append_string(json(base)->out, value);
}

void haywire_json_emitter_init(HaywireJsonEmitter *emitter, GString *out,
                               bool compact)
{
    *emitter = (HaywireJsonEmitter){
        .base = {
            .begin_object = begin_object,
            .end_object = end_object,
            .begin_list = begin_list,
            .end_list = end_list,
            .boolean = boolean,
            .number = number,
            .integer = integer,
            .string = string,
        },
        .out = out,
        .compact = compact,
        .first = true,
    };
}
