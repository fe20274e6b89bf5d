/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hmp.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

#include "actions.h"
#include "hmp_table.h"

/* PID and CAMERA at most. */
#define HMP_NUMBERS_MAX 2

/* A command being answered, from one model. */
typedef struct HmpCall {
    HaywireModel *model;
    GString *out; /* lines with their ends */
    GError *error;
    unsigned count;
    uint32_t value[HMP_NUMBERS_MAX];
} HmpCall;

typedef void HmpRun(HmpCall *call);

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

static void run_processes(HmpCall *call)
{
    const HaywireProcess *process;
    size_t count;
    HaywireStatus status =
        haywire_action_processes(call->model, false, 0, &process, &count);

    if (status == HAYWIRE_OK) {
        haywire_text_processes(call->out, process, count);
    } else {
        haywire_action_fail(&call->error, status, 0);
    }
}

/* Without a word: the session, then the processes if there are any. */
static void run_all(HmpCall *call)
{
    haywire_text_session_line(call->out, &call->model->overview);
    if (call->model->overview.has_session) {
        haywire_text_processes(call->out, call->model->process,
                               call->model->process_count);
    }
}

static void run_sections(HmpCall *call)
{
    HaywireSectionList list;
    HaywireStatus status =
        haywire_model_sections(call->model, call->value[0], &list);

    if (status == HAYWIRE_OK) {
        haywire_text_sections(call->out, &list);
    } else {
        haywire_action_fail(&call->error, status, call->value[0]);
    }
}

static void run_ptes(HmpCall *call)
{
    HaywirePageRunList list;
    HaywireStatus status =
        haywire_model_page_runs(call->model, call->value[0], &list);

    if (status == HAYWIRE_OK) {
        haywire_text_page_runs(call->out, &list, (HaywireGvaRange){ 0 });
    } else {
        haywire_action_fail(&call->error, status, call->value[0]);
    }
}

static void run_cameras(HmpCall *call)
{
    haywire_text_cameras(call->out, call->model->camera,
                         G_N_ELEMENTS(call->model->camera));
}

static void run_stats(HmpCall *call)
{
    haywire_text_stats(call->out, &call->model->overview.cost,
                       &call->model->host, &call->model->guest);
}

static void focus(HmpCall *call, uint32_t camera, uint32_t pid)
{
    HaywireCamera after;

    if (haywire_action_focus(the_worker, camera, pid, &after, &call->error)) {
        haywire_text_cameras(call->out, &after, 1);
    }
}

static void run_focus(HmpCall *call)
{
    if (call->value[0] == 0) {
        haywire_action_fail(&call->error, HAYWIRE_NO_PROCESS, 0);
    } else {
        focus(call, call->count > 1 ? call->value[1] : 1, call->value[0]);
    }
}

static void run_unfocus(HmpCall *call)
{
    focus(call, call->count > 0 ? call->value[0] : 1, 0);
}

static void run_rescan(HmpCall *call)
{
    haywire_worker_rescan(the_worker);
    g_string_append(call->out, "A full scan is under way.\n");
}

typedef struct HmpWord {
    const char *name;
    const char *arguments; /* for the usage line */
    unsigned min;          /* numbers that must follow */
    unsigned max;
    HmpRun *run;
    const char *help;
} HmpWord;

static void run_help(HmpCall *call);

static const HmpWord words[] = {
    { "processes", "", 0, 0, run_processes, "all processes" },
    { "sections", " PID", 1, 1, run_sections, "memory sections of a process" },
    { "ptes", " PID", 1, 1, run_ptes, "page runs of a process on a camera" },
    { "cameras", "", 0, 0, run_cameras, "what the cameras do" },
    { "stats", "", 0, 0, run_stats, "what it costs, and what was counted" },
    { "focus", " PID [CAMERA]", 1, 2, run_focus,
      "point camera 1 (or 2) at a process" },
    { "unfocus", " [CAMERA]", 0, 1, run_unfocus,
      "point camera 1 (or 2) at nothing" },
    { "rescan", "", 0, 0, run_rescan, "search all of guest memory, now" },
    { "help", "", 0, 0, run_help, "this list" },
};

static void run_help(HmpCall *call)
{
    g_string_append(call->out,
                    "usage: info haywire [WHAT [PID [CAMERA]]]; WHAT is\n"
                    "  (nothing)             the session, then all "
                    "processes\n");
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *form =
            g_strconcat(words[i].name, words[i].arguments, NULL);

        g_string_append_printf(call->out, "  %-20s  %s\n", form, words[i].help);
    }
}

static const HmpWord *word_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].name, name) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

/* @texts: the words behind the first, NULL at the end. */
static bool numbers_parse(const HmpWord *word, char **texts, HmpCall *call)
{
    for (; *texts; texts++) {
        guint64 value;

        if (call->count == word->max ||
            !g_ascii_string_to_unsigned(*texts, 10, 0, UINT32_MAX, &value,
                                        NULL)) {
            return false;
        }
        call->value[call->count++] = value;
    }
    return call->count >= word->min;
}

/* @call: its numbers */
static void run_and_print(Monitor *mon, HmpRun *run, HmpCall call)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    g_autoptr(GString) out = g_string_new(NULL);

    call.model = model;
    call.out = out;
    run(&call);
    if (call.error) {
        g_string_printf(out, "Error: %s\n", call.error->message);
        g_error_free(call.error);
    }
    monitor_puts(mon, out->str);
}

/* Split at blanks, without empty words.  Free with g_strfreev(). */
static char **words_split(const char *text)
{
    GPtrArray *split = g_ptr_array_new();
    g_auto(GStrv) all = g_strsplit_set(text ? text : "", " \t", -1);

    for (char **word = all; *word; word++) {
        if (**word) {
            g_ptr_array_add(split, g_strdup(*word));
        }
    }
    g_ptr_array_add(split, NULL);
    return (char **)g_ptr_array_free(split, FALSE);
}

static void info_haywire(Monitor *mon, const QDict *args)
{
    g_auto(GStrv) given =
        words_split(qdict_get_try_str(args, HAYWIRE_HMP_WORDS));
    const HmpWord *word = given[0] ? word_find(given[0]) : NULL;
    HmpCall call = { 0 };

    if (!word) {
        run_and_print(mon, given[0] ? run_help : run_all, call);
    } else if (numbers_parse(word, given + 1, &call)) {
        run_and_print(mon, word->run, call);
    } else {
        g_autofree char *usage = g_strdup_printf("usage: info haywire %s%s\n",
                                                 word->name, word->arguments);

        monitor_puts(mon, usage);
    }
}

/*
 * Top-level commands, where QEMU declares them: its monitor has parsed the
 * numbers.  One that does not fit is made one that cannot exist.
 */
static uint32_t declared_number(const QDict *args, const char *name,
                                uint32_t fallback)
{
    int64_t value = qdict_get_try_int(args, name, fallback);

    return value < 0 || value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void declared_focus(Monitor *mon, const QDict *args)
{
    run_and_print(mon, run_focus,
                  (HmpCall){ .count = 2,
                             .value = { declared_number(args, "pid", 0),
                                        declared_number(args, "camera", 1) } });
}

static void declared_unfocus(Monitor *mon, const QDict *args)
{
    run_and_print(mon, run_unfocus,
                  (HmpCall){ .count = 1,
                             .value = { declared_number(args, "camera", 1) } });
}

static void declared_rescan(Monitor *mon, const QDict *args)
{
    (void)args;
    run_and_print(mon, run_rescan, (HmpCall){ 0 });
}

/* QEMU's readline keeps only so many; it drops the rest by itself. */
static void offer(ReadLineState *rs, const char *text, const char *word)
{
    if (g_str_has_prefix(word, text)) {
        readline_add_completion(rs, word);
    }
}

static void offer_pids(ReadLineState *rs, const char *text)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);

    for (size_t i = 0; i < model->process_count; i++) {
        g_autofree char *pid =
            g_strdup_printf("%" PRIu32, model->process[i].pid);

        offer(rs, text, pid);
    }
}

static void offer_cameras(ReadLineState *rs, const char *text)
{
    offer(rs, text, "1");
    offer(rs, text, "2");
}

/* @count: the words so far, the one to complete included; @first: of PID. */
static void offer_arguments(ReadLineState *rs, int count, int first,
                            const char *text)
{
    readline_set_completion_index(rs, strlen(text));
    if (count == first) {
        offer_pids(rs, text);
    } else if (count == first + 1) {
        offer_cameras(rs, text);
    }
}

/* What stands between is not known: a pid fits most words. */
static void complete_info(ReadLineState *rs, int count, const char *text)
{
    offer_arguments(rs, count, 3, text);
    for (size_t i = 0; count == 2 && i < G_N_ELEMENTS(words); i++) {
        offer(rs, text, words[i].name);
    }
}

static void complete_focus(ReadLineState *rs, int count, const char *text)
{
    offer_arguments(rs, count, 2, text);
}

static void complete_unfocus(ReadLineState *rs, int count, const char *text)
{
    offer_arguments(rs, count == 2 ? 3 : 0, 2, text);
}

bool haywire_hmp_register(HaywireWorker *worker)
{
    the_worker = worker;
    haywire_hmp_table_fill("haywire_focus", declared_focus, complete_focus);
    haywire_hmp_table_fill("haywire_unfocus", declared_unfocus,
                           complete_unfocus);
    haywire_hmp_table_fill("haywire_rescan", declared_rescan, NULL);
    return haywire_hmp_table_install(info_haywire, complete_info);
}
