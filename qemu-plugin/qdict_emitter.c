/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qdict_emitter.h"

static HaywireQdictEmitter *qdict_emitter(HaywireEmitter *emitter)
{
    return (HaywireQdictEmitter *)emitter;
}

/* Takes over @value. */
static void emitter_put(HaywireQdictEmitter *emitter, const char *name,
                        void *value)
{
    unsigned top = emitter->depth - 1;

    if (emitter->depth == 0) {
        g_assert(!emitter->root);
        emitter->root = value;
    } else if (emitter->open[top].is_list) {
        qlist_append_obj((QList *)emitter->open[top].object, value);
    } else {
        qdict_put_obj((QDict *)emitter->open[top].object, name, value);
    }
}

static void emitter_open(HaywireEmitter *base, const char *name, void *value,
                         bool is_list)
{
    HaywireQdictEmitter *emitter = qdict_emitter(base);

    g_assert(emitter->depth < HAYWIRE_QDICT_EMITTER_DEPTH);
    emitter_put(emitter, name, value);
    emitter->open[emitter->depth].object = value;
    emitter->open[emitter->depth].is_list = is_list;
    emitter->depth++;
}

static void emitter_close(HaywireEmitter *base)
{
    qdict_emitter(base)->depth--;
}

static void emitter_begin_object(HaywireEmitter *base, const char *name)
{
    emitter_open(base, name, qdict_new(), false);
}

static void emitter_begin_list(HaywireEmitter *base, const char *name)
{
    emitter_open(base, name, qlist_new(), true);
}

static void emitter_boolean(HaywireEmitter *base, const char *name, bool value)
{
    emitter_put(qdict_emitter(base), name, qbool_from_bool(value));
}

static void emitter_number(HaywireEmitter *base, const char *name,
                           uint64_t value)
{
    emitter_put(qdict_emitter(base), name, qnum_from_uint(value));
}

static void emitter_integer(HaywireEmitter *base, const char *name,
                            int64_t value)
{
    emitter_put(qdict_emitter(base), name, qnum_from_int(value));
}

static void emitter_string(HaywireEmitter *base, const char *name,
                           const char *value)
{
    emitter_put(qdict_emitter(base), name, qstring_from_str(value));
}

const HaywireEmitter haywire_qdict_emitter_calls = {
    .begin_object = emitter_begin_object,
    .end_object = emitter_close,
    .begin_list = emitter_begin_list,
    .end_list = emitter_close,
    .boolean = emitter_boolean,
    .number = emitter_number,
    .integer = emitter_integer,
    .string = emitter_string,
};
