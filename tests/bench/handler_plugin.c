/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second plugin in the same QEMU, with two commands:
 *
 * x-bench-handler calls the handler of query-haywire-processes as QEMU's main
 * loop does, and times it beside making the same reply out of a constant table;
 * it returns a list of [handler ns, table ns].
 *
 * x-bench-table returns the reply from the constant table, so that QEMU makes
 * its JSON text.
 *
 * The table is what query-haywire-processes said when it was first wanted.
 */
#include <string.h>

#include "haywire/clock.h"
#include "qemu_internals.h"
#include "qemu_symbols.h"

#define ROUNDS 25

/* As in the same files of QEMU as the declarations of qemu_internals.h. */
typedef struct QDictEntry QDictEntry;
const QDictEntry *qdict_first(const QDict *dict) QEMU_WEAK;
const QDictEntry *qdict_next(const QDict *dict,
                             const QDictEntry *entry) QEMU_WEAK;
const char *qdict_entry_key(const QDictEntry *entry) QEMU_WEAK;
QObject *qdict_entry_value(const QDictEntry *entry) QEMU_WEAK;
QObject *qlist_pop(QList *list) QEMU_WEAK;
bool qnum_get_try_int(const QNum *num, int64_t *value) QEMU_WEAK;
const char *qstring_get_str(const QString *string) QEMU_WEAK;
bool qbool_get_bool(const QBool *boolean) QEMU_WEAK;

enum {
    TYPE_NUMBER = 2,
    TYPE_STRING = 3,
    TYPE_BOOL = 6,
};

struct QmpCommand {
    const char *name;
    QmpCommandFunc *fn;
};

/* A member of an object of the reply; a NULL name ends the object. */
typedef struct Cell {
    char *name;
    int type;
    int64_t number;
    char *string;
} Cell;

static uint64_t now_ns(void)
{
    return haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void add_cell(GArray *table, const char *name, QObject *value)
{
    Cell cell = { .name = g_strdup(name), .type = value->type };

    switch (value->type) {
    case TYPE_NUMBER:
        g_assert(qnum_get_try_int((QNum *)value, &cell.number));
        break;
    case TYPE_STRING:
        cell.string = g_strdup(qstring_get_str((QString *)value));
        break;
    case TYPE_BOOL:
        cell.number = qbool_get_bool((QBool *)value);
        break;
    default:
        g_error("'%s' is of no type that a process has", name);
    }
    g_array_append_val(table, cell);
}

/* Takes over @reply. */
static GArray *make_table(QObject *reply)
{
    GArray *table = g_array_new(FALSE, FALSE, sizeof(Cell));
    const Cell end = { 0 };
    QObject *object;

    while ((object = qlist_pop((QList *)reply)) != NULL) {
        const QDict *dict = (QDict *)object;
        const QDictEntry *entry;

        for (entry = qdict_first(dict); entry;
             entry = qdict_next(dict, entry)) {
            add_cell(table, qdict_entry_key(entry), qdict_entry_value(entry));
        }
        g_array_append_val(table, end);
        haywire_qobject_unref(object);
    }
    haywire_qobject_unref(reply);
    return table;
}

static void *make_value(const Cell *cell)
{
    switch (cell->type) {
    case TYPE_NUMBER:
        return qnum_from_int(cell->number);
    case TYPE_STRING:
        return qstring_from_str(cell->string);
    default:
        return qbool_from_bool(cell->number);
    }
}

static QObject *reply_from_table(const GArray *table)
{
    QList *list = qlist_new();
    QDict *dict = qdict_new();

    for (guint i = 0; i < table->len; i++) {
        const Cell *cell = &g_array_index(table, Cell, i);

        if (cell->name) {
            qdict_put_obj(dict, cell->name, make_value(cell));
        } else {
            qlist_append_obj(list, haywire_qobject(dict));
            dict = qdict_new();
        }
    }
    haywire_qobject_unref(haywire_qobject(dict));
    return haywire_qobject(list);
}

static QObject *ask(const QmpCommand *command)
{
    QDict *arguments = qdict_new();
    QObject *reply = NULL;
    Error *error = NULL;

    command->fn(arguments, &reply, &error);
    haywire_qobject_unref(haywire_qobject(arguments));
    g_assert(reply && !error);
    return reply;
}

static void append_time(QList *list, uint64_t start)
{
    qlist_append_obj(list, haywire_qobject(qnum_from_uint(now_ns() - start)));
}

static QObject *time_both(const QmpCommand *command, const GArray *table)
{
    QList *pair = qlist_new();
    QObject *reply;
    uint64_t start = now_ns();

    reply = ask(command);
    append_time(pair, start);
    haywire_qobject_unref(reply);
    start = now_ns();
    reply = reply_from_table(table);
    append_time(pair, start);
    haywire_qobject_unref(reply);
    return haywire_qobject(pair);
}

static const QmpCommand *processes_command(void)
{
    return qmp_find_command(&qmp_commands, "query-haywire-processes");
}

static const GArray *get_table(void)
{
    static GArray *table;

    if (!table) {
        table = make_table(ask(processes_command()));
    }
    return table;
}

static void bench_handler(QDict *arguments, QObject **ret, Error **errp)
{
    QList *times = qlist_new();

    (void)arguments;
    (void)errp;
    for (int i = 0; i < ROUNDS; i++) {
        qlist_append_obj(times, time_both(processes_command(), get_table()));
    }
    *ret = haywire_qobject(times);
}

static void bench_table(QDict *arguments, QObject **ret, Error **errp)
{
    (void)arguments;
    (void)errp;
    *ret = reply_from_table(get_table());
}

static void machine_done(Notifier *notifier, void *data)
{
    (void)notifier;
    (void)data;
    qmp_register_command(&qmp_commands, "x-bench-handler", bench_handler, 0, 0);
    qmp_register_command(&qmp_commands, "x-bench-table", bench_table, 0, 0);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                        char **argv) QEMU_PLUGIN_EXPORT;

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                        char **argv)
{
    static Notifier notifier = { .notify = machine_done };
    g_autoptr(GError) error = NULL;

    (void)id;
    (void)info;
    (void)argc;
    (void)argv;
    if (!haywire_qemu_check(FALSE, &error)) {
        return -1;
    }
    qemu_add_machine_init_done_notifier(&notifier);
    return 0;
}
