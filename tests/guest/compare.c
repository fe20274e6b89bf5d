/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers against the guest's own words: see compare.h.
 */
#include "compare.h"

#include <string.h>

#define RSS_SLACK     64u /* pages */
#define CPU_SLACK_NS  50000000u
#define CMDLINE_LIMIT 2048u /* docs/protocol.md, process record */

gint64 compare_int(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (!node || !JSON_NODE_HOLDS_VALUE(node)) {
        g_error("no number '%s' in the answer", member);
    }
    return json_node_get_int(node);
}

const char *compare_string(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (!node || json_node_get_value_type(node) != G_TYPE_STRING) {
        g_error("no string '%s' in the answer", member);
    }
    return json_node_get_string(node);
}

gboolean compare_bool(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (!node || json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        g_error("no truth value '%s' in the answer", member);
    }
    return json_node_get_boolean(node);
}

GBytes *compare_unescape(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    while (*text) {
        guint8 byte = (guint8)*text;
        gsize used = 1;

        if (*text == '\\') {
            g_assert_true(text[1] == 'x' && g_ascii_isxdigit(text[2]) &&
                          g_ascii_isxdigit(text[3]));
            byte = (guint8)(g_ascii_xdigit_value(text[2]) * 16 +
                            g_ascii_xdigit_value(text[3]));
            used = 4;
        }
        g_byte_array_append(bytes, &byte, 1);
        text += used;
    }
    return g_byte_array_free_to_bytes(bytes);
}

JsonObject *compare_find(JsonArray *processes, guint32 pid)
{
    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);

        if (compare_int(process, "pid") == pid) {
            return process;
        }
    }
    return NULL;
}

/* One comparison in progress; says where when something differs. */
typedef struct {
    const char *who;
    JsonObject *answer;
    const TruthProcess *before;
    const TruthProcess *after;
} Pair;

static void check_number(const Pair *pair, const char *member, gint64 before,
                         gint64 after)
{
    gint64 got;

    if (before != after) {
        return;
    }
    got = compare_int(pair->answer, member);
    if (got != before) {
        g_error("%s: process %u: %s is %" G_GINT64_FORMAT
                ", the guest says %" G_GINT64_FORMAT,
                pair->who, pair->before->pid, member, got, before);
    }
}

static void check_range(const Pair *pair, const char *member, gint64 got,
                        gint64 low, gint64 high)
{
    if (got < low || got > high) {
        g_error("%s: process %u: %s is %" G_GINT64_FORMAT
                ", the guest says %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                pair->who, pair->before->pid, member, got, low, high);
    }
}

static void check_flag(const Pair *pair, const char *member, gboolean wanted)
{
    if (compare_bool(pair->answer, member) != wanted) {
        g_error("%s: process %u: %s should be %s", pair->who, pair->before->pid,
                member, wanted ? "true" : "false");
    }
}

/* @text against @bytes; only as far as it goes when @truncated. */
static gboolean same_bytes(const char *text, GBytes *bytes, gboolean truncated)
{
    g_autoptr(GBytes) got = compare_unescape(text);
    gsize got_size, size;
    const void *got_data = g_bytes_get_data(got, &got_size);
    const void *data = g_bytes_get_data(bytes, &size);

    return (truncated ? got_size <= size : got_size == size) &&
           (got_size == 0 || memcmp(got_data, data, got_size) == 0);
}

static void check_bytes(const Pair *pair, const char *member, GBytes *before,
                        GBytes *after, gboolean truncated)
{
    const char *text = compare_string(pair->answer, member);
    g_autofree char *plain = NULL;
    g_autofree char *wanted = NULL;

    if (!g_bytes_equal(before, after) || same_bytes(text, before, truncated)) {
        return;
    }
    plain = g_strndup(g_bytes_get_data(before, NULL), g_bytes_get_size(before));
    wanted = g_strescape(plain ? plain : "", NULL);
    g_error("%s: process %u: %s is '%s', the guest says '%s'", pair->who,
            pair->before->pid, member, text, wanted);
}

static void check_exe(const Pair *pair)
{
    const char *path = pair->before->exe;

    if (g_strcmp0(path, pair->after->exe) != 0) {
        return;
    }
    if (!path) {
        g_assert_false(json_object_has_member(pair->answer, "exe"));
        return;
    }
    if (!g_str_equal(compare_string(pair->answer, "exe"), path)) {
        g_error("%s: process %u: exe is '%s', the guest says '%s'", pair->who,
                pair->before->pid, compare_string(pair->answer, "exe"), path);
    }
    check_flag(pair, "exe-deleted", pair->before->deleted);
}

static void check_cmdline(const Pair *pair)
{
    gboolean cut = g_bytes_get_size(pair->before->cmdline) + 1 > CMDLINE_LIMIT;

    check_bytes(pair, "cmdline", pair->before->cmdline, pair->after->cmdline,
                cut);
    check_flag(pair, "cmdline-truncated", cut);
}

/* What moves in a running process, and stands still in a sleeping one. */
static void check_still(const Pair *pair)
{
    const char state[2] = { pair->before->state, '\0' };
    gint64 slack = (gint64)MAX((guint64)RSS_SLACK * pair->before->page,
                               pair->before->rss / 4);
    gint64 rss = (gint64)pair->before->rss;

    /* Even such a process is awake for a moment when it was in swap. */
    if (pair->before->state == pair->after->state) {
        g_assert_cmpstr(compare_string(pair->answer, "state"), ==, state);
    }
    check_number(pair, "vsize", (gint64)pair->before->vsize,
                 (gint64)pair->after->vsize);
    check_range(pair, "rss", compare_int(pair->answer, "rss"), rss - slack,
                rss + slack);
}

static void check_times(const Pair *pair)
{
    gint64 got = compare_int(pair->answer, "user-time") +
                 compare_int(pair->answer, "system-time");

    check_range(pair, "user-time and system-time", got,
                (gint64)pair->before->cpu_ns - (gint64)CPU_SLACK_NS,
                (gint64)(pair->after->cpu_ns + CPU_SLACK_NS));
}

/* A kernel worker is renamed with every piece of work: all but that. */
static void check_name(const Pair *pair)
{
    gsize size;
    const char *name = g_bytes_get_data(pair->before->name, &size);

    if (pair->before->kernel_thread && size > 8 &&
        memcmp(name, "kworker/", 8) == 0) {
        g_assert_true(
            g_str_has_prefix(compare_string(pair->answer, "name"), "kworker/"));
        return;
    }
    check_bytes(pair, "name", pair->before->name, pair->after->name, FALSE);
}

static void compare_process(const Pair *pair, guint32 keeper)
{
    const TruthProcess *a = pair->before;
    const TruthProcess *b = pair->after;

    check_number(pair, "ppid", a->ppid, b->ppid);
    check_number(pair, "start-time", (gint64)a->start_ns, (gint64)b->start_ns);
    check_number(pair, "uid", a->uid, b->uid);
    check_number(pair, "gid", a->gid, b->gid);
    check_number(pair, "threads", a->threads, b->threads);
    check_number(pair, "nice", a->nice, b->nice);
    check_name(pair);
    check_flag(pair, "kernel-thread", a->kernel_thread);
    check_exe(pair);
    check_cmdline(pair);
    check_times(pair);
    if (a->ppid == keeper) {
        check_still(pair);
    }
}

/* The same process at both moments, by pid and start time; else NULL. */
static const TruthProcess *counterpart(GHashTable *table,
                                       const TruthProcess *process)
{
    const TruthProcess *other =
        g_hash_table_lookup(table, GUINT_TO_POINTER(process->pid));

    return other && other->start_ns == process->start_ns ? other : NULL;
}

static void compare_stable(const char *who, JsonArray *processes,
                           const CompareTruth *truth)
{
    GHashTableIter iter;
    gpointer value;
    guint compared = 0;

    g_hash_table_iter_init(&iter, truth->before);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Pair pair = { .who = who, .before = value };

        pair.after = counterpart(truth->after, value);
        if (!pair.after) {
            continue;
        }
        pair.answer = compare_find(processes, pair.before->pid);
        if (!pair.answer) {
            g_error("%s: process %u is missing", who, pair.before->pid);
        }
        compare_process(&pair, truth->keeper);
        compared++;
    }
    g_assert_cmpuint(compared, >, 20);
    g_test_message("%s: %u processes compared", who, compared);
}

/*
 * A process in the answer that the guest did not have at either moment must
 * have started between the two: its pid is new.
 */
static void compare_unknown(const char *who, JsonArray *processes,
                            const CompareTruth *truth)
{
    guint32 highest = 0;
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, truth->before);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        highest = MAX(highest, GPOINTER_TO_UINT(key));
    }
    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);
        guint32 pid = (guint32)compare_int(process, "pid");

        if (pid <= highest &&
            !g_hash_table_contains(truth->before, GUINT_TO_POINTER(pid)) &&
            !g_hash_table_contains(truth->after, GUINT_TO_POINTER(pid))) {
            g_error("%s: process %u is not in the guest", who, pid);
        }
    }
}

void compare_processes(const char *who, JsonArray *processes,
                       const CompareTruth *truth)
{
    compare_stable(who, processes, truth);
    compare_unknown(who, processes, truth);
}

static void compare_section(const char *who, JsonObject *section,
                            const TruthSection *truth)
{
    g_assert_cmphex((guint64)compare_int(section, "start"), ==, truth->start);
    g_assert_cmphex((guint64)compare_int(section, "end"), ==, truth->end);
    g_assert_cmpstr(compare_string(section, "permissions"), ==,
                    truth->permissions);
    g_assert_cmphex((guint64)compare_int(section, "offset"), ==, truth->offset);
    g_assert_cmpint(compare_int(section, "device-major"), ==,
                    truth->device_major);
    g_assert_cmpint(compare_int(section, "device-minor"), ==,
                    truth->device_minor);
    g_assert_cmpint(compare_int(section, "inode"), ==, (gint64)truth->inode);
    if (!same_bytes(compare_string(section, "path"), truth->path, FALSE)) {
        g_error("%s: section %" G_GINT64_MODIFIER "x: path is '%s'", who,
                truth->start, compare_string(section, "path"));
    }
}

void compare_sections(const char *who, JsonObject *sections, GPtrArray *truth)
{
    JsonArray *list = json_object_get_array_member(sections, "sections");

    g_assert_true(compare_bool(sections, "readable"));
    g_assert_true(compare_bool(sections, "complete"));
    g_assert_cmpint(compare_int(sections, "total"), ==, truth->len);
    g_assert_cmpuint(json_array_get_length(list), ==, truth->len);
    for (guint i = 0; i < truth->len; i++) {
        compare_section(who, json_array_get_object_element(list, i),
                        g_ptr_array_index(truth, i));
    }
    g_test_message("%s: %u sections compared", who, truth->len);
}
