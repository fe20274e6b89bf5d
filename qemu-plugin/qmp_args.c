/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp_args.h"

#include "words.h"

/* The visitors differ only in the type of what they fill. */
typedef bool ArgVisit(Visitor *v, const char *name, void *obj, Error **errp);

#define VISIT(type)                                                   \
    static bool visit_##type(Visitor *v, const char *name, void *obj, \
                             Error **errp)                            \
    {                                                                 \
        return visit_type_##type(v, name, obj, errp);                 \
    }

VISIT(uint32)
VISIT(uint64)
VISIT(uint32List)
VISIT(strList)
VISIT(str)

/* In the order of HAYWIRE_ARG_*. */
static const struct {
    const char *name;
    ArgVisit *visit;
    size_t offset;
} known_args[] = {
    { "pid", visit_uint32, offsetof(HaywireArgs, pid) },
    { "address", visit_uint64, offsetof(HaywireArgs, address) },
    { "length", visit_uint64, offsetof(HaywireArgs, length) },
    { "camera", visit_uint32, offsetof(HaywireArgs, camera) },
    { "pids", visit_uint32List, offsetof(HaywireArgs, pids) },
    { "members", visit_strList, offsetof(HaywireArgs, members) },
    { "after", visit_uint32, offsetof(HaywireArgs, after) },
    { "limit", visit_uint32, offsetof(HaywireArgs, limit) },
    { "from", visit_str, offsetof(HaywireArgs, from_name) },
};

static bool arg_visit(Visitor *visitor, size_t i, HaywireArgs *args,
                      Error **errp)
{
    args->given |= 1u << i;
    return known_args[i].visit(visitor, known_args[i].name,
                               (char *)args + known_args[i].offset, errp);
}

static bool args_visit(Visitor *visitor, unsigned required, unsigned optional,
                       HaywireArgs *args, Error **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_args); i++) {
        bool wanted = required & 1u << i;

        if (!wanted && optional & 1u << i) {
            visit_optional(visitor, known_args[i].name, &wanted);
        }
        if (wanted && !arg_visit(visitor, i, args, errp)) {
            return false;
        }
    }
    if ((args->given & HAYWIRE_ARG_LIMIT) && args->limit == 0) {
        error_setg(errp, "Parameter 'limit' expects a number above 0");
        return false;
    }
    if (args->from_name && !haywire_word_from(args->from_name, &args->from)) {
        error_setg(errp,
                   "Parameter 'from' is companion, kernel or auto, not '%s'",
                   args->from_name);
        return false;
    }
    return visit_check_struct(visitor, errp);
}

void haywire_args_clear(HaywireArgs *args)
{
    qapi_free_uint32List(args->pids);
    qapi_free_strList(args->members);
    g_free(args->from_name);
}

bool haywire_args_parse(QDict *dict, unsigned required, unsigned optional,
                        HaywireArgs *ret_args, Error **errp)
{
    HaywireArgs args = { .camera = 1, .from = HAYWIRE_FROM_AUTO };
    QDict *none = dict ? NULL : qdict_new();
    Visitor *visitor =
        qobject_input_visitor_new_qmp(haywire_qobject(dict ? dict : none));
    bool good = visit_start_struct(visitor, NULL, NULL, 0, errp);

    if (good) {
        good = args_visit(visitor, required, optional, &args, errp);
        visit_end_struct(visitor, NULL);
    }
    visit_free(visitor);
    haywire_qobject_unref(haywire_qobject(none));
    if (good) {
        *ret_args = args;
    } else {
        haywire_args_clear(&args);
    }
    return good;
}
