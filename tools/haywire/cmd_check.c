/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: what witnesses in the guest say of its processes, and where they differ.
 */
#include "commands.h"
#include "exit_status.h"
#include "field_macros.h"
#include "text_table.h"

/* Looks come so often, and go on for so long at most. */
#define PAUSE_US (G_USEC_PER_SEC / 4)
#define LIMIT_US (45 * G_USEC_PER_SEC)

/* HaywireChecked as it is shown; the name is the check's. */
typedef struct CheckRow {
    uint64_t start_time;
    uint32_t pid;
    uint16_t witnesses;
    HaywireVerdict verdict;
    const char *name;
} CheckRow;

static const char *verdict_name(uint32_t verdict)
{
    return haywire_verdict_name(verdict);
}

#define WITNESS(witness, name, help) \
    FLAGS(CheckRow, witnesses, name, \
          HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_##witness), help)

static const HaywireField fields[] = {
    FIELD(CheckRow, pid, "pid", "process id in the guest"),
    FIELD(CheckRow, start_time, "start-time", "ns since the guest's boot",
          UNIT(BOOT_TIME)),
    FIELD(CheckRow, name, "name", "short name, escaped, as the kernel has it"),
    ENUM(CheckRow, verdict, "verdict", verdict_name,
         "what is wrong with it, in words; seen by all, ended meanwhile"),
    WITNESS(COMPANION, "companion", "whether the companion tells of it"),
    WITNESS(TASKS, "task-list", "whether it is on the kernel's list of tasks"),
    WITNESS(PIDS, "pid-table", "whether it is in the kernel's table of pids"),
    WITNESS(CHILDREN, "children", "whether it is among its parent's children"),
    WITNESS(PROCESSORS, "processors",
            "whether a processor was running it just then"),
};

const HaywireTable haywire_check_table = TABLE(CheckRow, "process", fields);

static void list_witnesses(GString *out, uint16_t witnesses)
{
    const char *comma = "";

    for (HaywireWitness i = 0; i < HAYWIRE_WITNESS_COUNT; i++) {
        if (witnesses & HAYWIRE_WITNESS_BIT(i)) {
            g_string_append_printf(out, "%s%s", comma, haywire_witness_name(i));
            comma = ", ";
        }
    }
    if (!*comma) {
        g_string_append(out, "nobody");
    }
}

static void witnesses_cell(GString *out, const void *row)
{
    list_witnesses(out, ((const CheckRow *)row)->witnesses);
}

/* Those with a verdict, or all. */
static GArray *choose(const HaywireCheck *check, gboolean all)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(CheckRow));
    const HaywireChecked *known;
    size_t count;

    known = haywire_check_processes(check, &count);
    for (size_t i = 0; i < count; i++) {
        const CheckRow row = { known[i].start_time, known[i].pid,
                               known[i].witnesses, known[i].verdict,
                               known[i].name };

        if (all || known[i].judged) {
            g_array_append_val(rows, row);
        }
    }
    return rows;
}

static void print(GString *out, const GArray *rows,
                  const HaywireCheckSummary *summary)
{
    static const HaywireColumn column[] = {
        { .field = "pid" },
        { .field = "name" },
        { .field = "verdict" },
        { .title = "WITNESSES", .cell = witnesses_cell },
    };

    if (rows->len > 0) {
        haywire_table_print(out, &haywire_check_table, column,
                            G_N_ELEMENTS(column), rows->data, rows->len, NULL);
    }
    g_string_append_printf(
        out,
        "%" G_GUINT64_FORMAT " processes, %u looks: %" G_GUINT64_FORMAT
        " with a verdict, %" G_GUINT64_FORMAT " ended meanwhile; heard: ",
        summary->processes, summary->looks, summary->suspicious,
        summary->ended);
    list_witnesses(out, summary->heard);
    g_string_append_c(out, '\n');
}

static void emit(HaywireEmitter *json, const GArray *rows,
                 const HaywireCheckSummary *summary)
{
    json->begin_object(json, "check");
    json->number(json, "looks", summary->looks);
    json->number(json, "snapshots", summary->snapshots);
    json->begin_list(json, "heard");
    for (HaywireWitness i = 0; i < HAYWIRE_WITNESS_COUNT; i++) {
        if (summary->heard & HAYWIRE_WITNESS_BIT(i)) {
            json->string(json, NULL, haywire_witness_name(i));
        }
    }
    json->end_list(json);
    json->number(json, "total", summary->processes);
    json->number(json, "suspicious", summary->suspicious);
    json->number(json, "ended", summary->ended);
    json->number(json, "left-out", summary->left_out);
    json->begin_list(json, "processes");
    for (guint i = 0; i < rows->len; i++) {
        json->begin_object(json, NULL);
        haywire_reply_members(json, &haywire_check_table,
                              &g_array_index(rows, CheckRow, i));
        json->end_object(json);
    }
    json->end_list(json);
    json->end_object(json);
}

/* Who was heard too seldom, or not to the end, hides or shows nobody. */
static void complain(const HaywireCheckSummary *summary)
{
    g_autoptr(GString) line = g_string_new("Not heard to the end: ");
    const guint all = HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_COUNT) - 1;
    const guint missing = all & ~(guint)summary->heard;

    if (missing & ~HAYWIRE_WITNESS_BIT(HAYWIRE_WITNESS_COMPANION)) {
        list_witnesses(line, (uint16_t)missing);
        haywire_exit_complain(line->str);
    }
    if (summary->snapshots > 0 &&
        summary->snapshots < HAYWIRE_CHECK_SNAPSHOTS) {
        haywire_exit_complain("The companion has published too few lists of "
                              "processes to be judged");
    }
    if (summary->left_out > 0) {
        haywire_exit_complain("There are more processes than are compared");
    }
}

static gboolean look_often_enough(HaywireBackend *backend, HaywireCheck *check,
                                  GError **error)
{
    gint64 limit = 0;

    for (;;) {
        if (!backend->ops->check(backend, check, error)) {
            return FALSE;
        }
        /* What finding it has taken is not part of the time. */
        if (limit == 0) {
            limit = g_get_monotonic_time() + LIMIT_US;
        }
        if (*backend->ops->why_no_kernel(backend) ||
            haywire_check_is_done(check) || g_get_monotonic_time() > limit) {
            return TRUE;
        }
        g_usleep(PAUSE_US);
    }
}

static gboolean run(HaywireContext *context, HaywireCheck *check,
                    GError **error)
{
    HaywireBackend *backend = context->backend;
    g_autoptr(GArray) rows = NULL;
    HaywireCheckSummary summary;
    HaywireEmitter *json;

    if (!look_often_enough(backend, check, error)) {
        return FALSE;
    }
    haywire_check_summary(check, &summary);
    if (summary.looks < HAYWIRE_CHECK_LOOKS) {
        const char *why = backend->ops->why_no_kernel(backend);

        return haywire_exit_fail(
            error, HAYWIRE_EXIT_NOTHING, "%s",
            *why ? why : "The kernel's lists never held still for three looks");
    }
    rows = choose(check, context->options->all);
    json =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (json) {
        emit(json, rows, &summary);
    } else {
        print(context->output.text, rows, &summary);
    }
    complain(&summary);
    if (!haywire_output_end(&context->output, error)) {
        return FALSE;
    }
    return summary.suspicious == 0 ||
           haywire_exit_fail(
               error, HAYWIRE_EXIT_SUSPECT,
               "%" G_GUINT64_FORMAT " of the processes %s", summary.suspicious,
               summary.suspicious == 1 ? "is not what it seems"
                                       : "are not what they seem");
}

gboolean haywire_run_check(HaywireContext *context, GError **error)
{
    HaywireCheck *check = haywire_check_new();
    gboolean done;

    if (!check) {
        return haywire_exit_fail_status(error, HAYWIRE_NO_MEMORY, NULL, NULL);
    }
    done = run(context, check, error);
    haywire_check_free(check);
    return done;
}
