/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp_args.h"

typedef enum ArgType {
    ARG_UINT32,
    ARG_UINT64,
} ArgType;

static const struct {
    const char *name;
    ArgType type;
    size_t offset;
} known_args[] = {
    { "pid", ARG_UINT32, offsetof(HaywireArgs, pid) },
    { "address", ARG_UINT64, offsetof(HaywireArgs, address) },
    { "length", ARG_UINT64, offsetof(HaywireArgs, length) },
    { "camera", ARG_UINT32, offsetof(HaywireArgs, camera) },
};

static bool arg_visit(Visitor *visitor, size_t i, HaywireArgs *args,
                      Error **errp)
{
    void *member = (char *)args + known_args[i].offset;

    args->given |= 1u << i;
    if (known_args[i].type == ARG_UINT32) {
        return visit_type_uint32(visitor, known_args[i].name, member, errp);
    }
    return visit_type_uint64(visitor, known_args[i].name, member, errp);
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
    return visit_check_struct(visitor, errp);
}

bool haywire_args_parse(QDict *dict, unsigned required, unsigned optional,
                        HaywireArgs *ret_args, Error **errp)
{
    HaywireArgs args = { .camera = 1 };
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
    }
    return good;
}
