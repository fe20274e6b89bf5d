/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hmp.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

#include "actions.h"
#include "hmp_table.h"

/* PID and CAMERA at most. */
#define HMP_NUMBERS_MAX 2

typedef struct HmpNumbers {
    unsigned count;
    uint32_t value[HMP_NUMBERS_MAX];
} HmpNumbers;

/* Writes its answer to @out, lines with their ends; or sets @error. */
typedef void HmpRun(GString *out, const HmpNumbers *numbers, GError **error);

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

static void run_processes(GString *out, const HmpNumbers *numbers,
                          GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    const HaywireProcess *process;
    size_t count;
    HaywireStatus status;

    (void)numbers;
    status = haywire_action_processes(model, false, 0, &process, &count);
    if (status != HAYWIRE_OK) {
        haywire_action_fail(error, status, 0);
        return;
    }
    haywire_text_processes(out, process, count);
}

/* Without a word: the session, then the processes if there are any. */
static void run_all(GString *out, const HmpNumbers *numbers, GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);

    (void)numbers;
    (void)error;
    haywire_text_session_line(out, &model->overview);
    if (model->overview.has_session) {
        haywire_text_processes(out, model->process, model->process_count);
    }
}

static void run_sections(GString *out, const HmpNumbers *numbers,
                         GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    uint32_t pid = numbers->value[0];
    HaywireSectionList list;
    HaywireStatus status;

    status = haywire_model_sections(model, pid, &list);
    if (status != HAYWIRE_OK) {
        haywire_action_fail(error, status, pid);
        return;
    }
    haywire_text_sections(out, &list);
}

static void run_ptes(GString *out, const HmpNumbers *numbers, GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    uint32_t pid = numbers->value[0];
    HaywireGvaRange everything = { 0 };
    HaywirePageRunList list;
    HaywireStatus status;

    status = haywire_model_page_runs(model, pid, &list);
    if (status != HAYWIRE_OK) {
        haywire_action_fail(error, status, pid);
        return;
    }
    haywire_text_page_runs(out, &list, everything);
}

static void run_cameras(GString *out, const HmpNumbers *numbers, GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);

    (void)numbers;
    (void)error;
    haywire_text_cameras(out, model->camera, G_N_ELEMENTS(model->camera));
}

static void run_stats(GString *out, const HmpNumbers *numbers, GError **error)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);

    (void)numbers;
    (void)error;
    haywire_text_stats(out, &model->overview.cost, &model->host, &model->guest);
}

static void focus(GString *out, uint32_t camera, uint32_t pid, GError **error)
{
    HaywireCamera after;

    if (haywire_action_focus(the_worker, camera, pid, &after, error)) {
        haywire_text_cameras(out, &after, 1);
    }
}

static void run_focus(GString *out, const HmpNumbers *numbers, GError **error)
{
    uint32_t pid = numbers->value[0];

    if (pid == 0) {
        haywire_action_fail(error, HAYWIRE_NO_PROCESS, pid);
        return;
    }
    focus(out, numbers->count > 1 ? numbers->value[1] : 1, pid, error);
}

static void run_unfocus(GString *out, const HmpNumbers *numbers, GError **error)
{
    focus(out, numbers->count > 0 ? numbers->value[0] : 1, 0, error);
}

static void run_rescan(GString *out, const HmpNumbers *numbers, GError **error)
{
    (void)numbers;
    (void)error;
    haywire_worker_rescan(the_worker);
    g_string_append(out, "A full scan is under way.\n");
}

typedef struct HmpWord {
    const char *name;
    const char *arguments; /* for the usage line */
    unsigned min;          /* numbers that must follow */
    unsigned max;
    HmpRun *run;
    const char *help;
} HmpWord;

static void run_help(GString *out, const HmpNumbers *numbers, GError **error);

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

static void run_help(GString *out, const HmpNumbers *numbers, GError **error)
{
    (void)numbers;
    (void)error;
    g_string_append(out, "usage: info haywire [WHAT [PID [CAMERA]]]; WHAT is\n"
                         "  (nothing)             the session, then all "
                         "processes\n");
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *form =
            g_strconcat(words[i].name, words[i].arguments, NULL);

        g_string_append_printf(out, "  %-20s  %s\n", form, words[i].help);
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

static void word_usage_print(Monitor *mon, const HmpWord *word)
{
    g_autofree char *usage = g_strdup_printf("usage: info haywire %s%s\n",
                                             word->name, word->arguments);

    monitor_puts(mon, usage);
}

/* @texts: the words behind the first, NULL at the end. */
static bool numbers_parse(const HmpWord *word, char **texts,
                          HmpNumbers *ret_numbers)
{
    HmpNumbers numbers = { 0 };

    for (; *texts; texts++) {
        guint64 value;

        if (numbers.count == word->max ||
            !g_ascii_string_to_unsigned(*texts, 10, 0, UINT32_MAX, &value,
                                        NULL)) {
            return false;
        }
        numbers.value[numbers.count++] = value;
    }
    if (numbers.count < word->min) {
        return false;
    }
    *ret_numbers = numbers;
    return true;
}

static void run_and_print(Monitor *mon, HmpRun *run, const HmpNumbers *numbers)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    run(out, numbers, &error);
    if (error) {
        g_string_printf(out, "Error: %s\n", error->message);
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
    HmpNumbers numbers = { 0 };
    const HmpWord *word;

    if (!given[0]) {
        run_and_print(mon, run_all, &numbers);
        return;
    }
    word = word_find(given[0]);
    if (!word) {
        run_and_print(mon, run_help, &numbers);
    } else if (!numbers_parse(word, given + 1, &numbers)) {
        word_usage_print(mon, word);
    } else {
        run_and_print(mon, word->run, &numbers);
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
    HmpNumbers numbers = {
        .count = 2,
        .value = { declared_number(args, "pid", 0),
                   declared_number(args, "camera", 1) },
    };

    run_and_print(mon, run_focus, &numbers);
}

static void declared_unfocus(Monitor *mon, const QDict *args)
{
    HmpNumbers numbers = {
        .count = 1,
        .value = { declared_number(args, "camera", 1) },
    };

    run_and_print(mon, run_unfocus, &numbers);
}

static void declared_rescan(Monitor *mon, const QDict *args)
{
    HmpNumbers numbers = { 0 };

    (void)args;
    run_and_print(mon, run_rescan, &numbers);
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

/* What stands between is not known: a pid fits most words. */
static void complete_info(ReadLineState *rs, int count, const char *text)
{
    readline_set_completion_index(rs, strlen(text));
    if (count == 2) {
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
            offer(rs, text, words[i].name);
        }
    } else if (count == 3) {
        offer_pids(rs, text);
    } else if (count == 4) {
        offer_cameras(rs, text);
    }
}

static void complete_focus(ReadLineState *rs, int count, const char *text)
{
    readline_set_completion_index(rs, strlen(text));
    if (count == 2) {
        offer_pids(rs, text);
    } else if (count == 3) {
        offer_cameras(rs, text);
    }
}

static void complete_unfocus(ReadLineState *rs, int count, const char *text)
{
    readline_set_completion_index(rs, strlen(text));
    if (count == 2) {
        offer_cameras(rs, text);
    }
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
