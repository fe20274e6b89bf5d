/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check QMP replies and events against the QMP schema
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "haywire-schema.h"

struct HaywireSchema {
    QDict *response;
    GHashTable *entities; /* name to QDict, borrowed from @response */
};

static void check_value(HaywireSchema *schema, const char *type, QObject *value,
                        const char *where);

HaywireSchema *haywire_schema_new(QTestState *qts)
{
    HaywireSchema *schema = g_new0(HaywireSchema, 1);
    const QListEntry *entry;

    schema->response = qtest_qmp(qts, "{ 'execute': 'query-qmp-schema' }");
    schema->entities = g_hash_table_new(g_str_hash, g_str_equal);
    QLIST_FOREACH_ENTRY(qdict_get_qlist(schema->response, "return"), entry) {
        QDict *entity = qobject_to(QDict, qlist_entry_obj(entry));

        g_hash_table_insert(schema->entities,
                            (char *)qdict_get_str(entity, "name"), entity);
    }
    return schema;
}

void haywire_schema_free(HaywireSchema *schema)
{
    g_hash_table_unref(schema->entities);
    qobject_unref(schema->response);
    g_free(schema);
}

bool haywire_schema_declares(HaywireSchema *schema, const char *name)
{
    return g_hash_table_contains(schema->entities, name);
}

static QDict *lookup(HaywireSchema *schema, const char *name)
{
    QDict *entity = g_hash_table_lookup(schema->entities, name);

    if (!entity) {
        g_error("the schema does not have %s", name);
    }
    return entity;
}

static void check_builtin(QDict *entity, QObject *value, const char *where)
{
    const char *type = qdict_get_str(entity, "json-type");
    int64_t number;
    QNum *num;

    if (g_str_equal(type, "string")) {
        g_assert_cmpint(qobject_type(value), ==, QTYPE_QSTRING);
    } else if (g_str_equal(type, "boolean")) {
        g_assert_cmpint(qobject_type(value), ==, QTYPE_QBOOL);
    } else if (g_str_equal(type, "int")) {
        num = qobject_to(QNum, value);
        g_assert_nonnull(num);
        if (!qnum_get_try_int(num, &number)) {
            /* above INT64_MAX: must still be an integer */
            g_assert_cmpint(num->kind, ==, QNUM_U64);
        }
    } else {
        g_error("%s: unexpected type %s", where, type);
    }
}

static void check_enum(QDict *entity, QObject *value, const char *where)
{
    const char *string = qstring_get_str(qobject_to(QString, value));
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(entity, "members"), entry) {
        QDict *member = qobject_to(QDict, qlist_entry_obj(entry));

        if (g_str_equal(qdict_get_str(member, "name"), string)) {
            return;
        }
    }
    g_error("%s: %s is no declared value", where, string);
}

static void check_list(HaywireSchema *schema, QDict *entity, QObject *value,
                       const char *where)
{
    QList *list = qobject_to(QList, value);
    const QListEntry *entry;

    g_assert_nonnull(list);
    QLIST_FOREACH_ENTRY(list, entry) {
        check_value(schema, qdict_get_str(entity, "element-type"),
                    qlist_entry_obj(entry), where);
    }
}

static void check_object(HaywireSchema *schema, QDict *entity, QObject *value,
                         const char *where)
{
    QDict *object = qobject_to(QDict, value);
    const QListEntry *entry;
    size_t found = 0;

    g_assert_nonnull(object);
    QLIST_FOREACH_ENTRY(qdict_get_qlist(entity, "members"), entry) {
        QDict *member = qobject_to(QDict, qlist_entry_obj(entry));
        const char *name = qdict_get_str(member, "name");
        g_autofree char *place = g_strdup_printf("%s.%s", where, name);

        if (qdict_haskey(object, name)) {
            check_value(schema, qdict_get_str(member, "type"),
                        qdict_get(object, name), place);
            found++;
        } else if (!qdict_haskey(member, "default")) {
            g_error("%s is missing", place);
        }
    }
    if (found != qdict_size(object)) {
        g_error("%s has %zu members, %zu of them declared", where,
                qdict_size(object), found);
    }
}

static void check_value(HaywireSchema *schema, const char *type, QObject *value,
                        const char *where)
{
    QDict *entity = lookup(schema, type);
    const char *meta_type = qdict_get_str(entity, "meta-type");

    if (g_str_equal(meta_type, "object")) {
        check_object(schema, entity, value, where);
    } else if (g_str_equal(meta_type, "array")) {
        check_list(schema, entity, value, where);
    } else if (g_str_equal(meta_type, "enum")) {
        check_enum(entity, value, where);
    } else if (g_str_equal(meta_type, "builtin")) {
        check_builtin(entity, value, where);
    } else {
        g_error("%s: unexpected %s", where, meta_type);
    }
}

void haywire_schema_check_return(HaywireSchema *schema, const char *command,
                                 QObject *value)
{
    QDict *entity = lookup(schema, command);

    check_value(schema, qdict_get_str(entity, "ret-type"), value, command);
}

void haywire_schema_check_event(HaywireSchema *schema, const char *event,
                                QDict *data)
{
    QDict *entity = lookup(schema, event);

    check_value(schema, qdict_get_str(entity, "arg-type"), QOBJECT(data),
                event);
}
