/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hmp.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

#include "actions.h"
#include "hmp_table.h"
#include "words.h"

/* PID, ADDRESS and LENGTH at most. */
#define HMP_ARGUMENTS_MAX 3

/* A command being answered, from one model. */
typedef struct HmpCall {
    HaywireModel *model;
    GString *out; /* lines with their ends */
    GError *error;
    unsigned count;
    const char *word[HMP_ARGUMENTS_MAX];
    uint64_t value[HMP_ARGUMENTS_MAX]; /* what they mean */
} HmpCall;

typedef void HmpRun(HmpCall *call);

/* Handlers get no pointer of ours.  Written once, by the main thread. */
static HaywireWorker *the_worker;

/* False when @status has become the call's error. */
static bool good(HmpCall *call, HaywireStatus status)
{
    if (status != HAYWIRE_OK) {
        haywire_action_fail(&call->error, status, (uint32_t)call->value[0]);
    }
    return status == HAYWIRE_OK;
}

/* The same; what a kernel tells has to be waited for. */
static bool good_list(HmpCall *call, HaywireStatus status)
{
    return good(call, haywire_action_lists(the_worker, call->model,
                                           (uint32_t)call->value[0], status));
}

/* How to see what did not fit; @where is 0 when all did. */
static void tell_more(HmpCall *call, const char *command, uint64_t where)
{
    if (where) {
        g_string_append_printf(call->out,
                               "... more: info haywire %s%" PRIx64 "\n",
                               command, where);
    }
}

/* From the pid on that was given. */
static void run_processes(HmpCall *call)
{
    const HaywireListWindow window = {
        .after = call->value[0] ? (uint32_t)call->value[0] - 1 : 0,
        .members = haywire_text_usual_members(),
        .bounded = true,
    };
    g_autoptr(GArray) rows = NULL;
    const HaywireProcess *process;
    bool more;

    if (good(call,
             haywire_action_processes(call->model, &window, &rows, &more))) {
        process = (const HaywireProcess *)rows->data;
        haywire_text_processes(call->out, process, rows->len);
        tell_more(call, "processes 0x",
                  more ? (uint64_t)process[rows->len - 1].pid + 1 : 0);
    }
}

/* Without a word: the session, then the processes if there are any. */
static void run_all(HmpCall *call)
{
    haywire_text_session_line(call->out, &call->model->overview);
    if (call->model->overview.has_guest) {
        run_processes(call);
    }
}

/* The part of the address space that was given. */
static HaywireListWindow window_of(const HmpCall *call)
{
    return (HaywireListWindow){
        .range = { { call->value[1] }, call->value[2] },
        .bounded = true,
    };
}

static void run_sections(HmpCall *call)
{
    const uint32_t pid = (uint32_t)call->value[0];
    const HaywireListWindow window = window_of(call);
    g_autofree char *command = g_strdup_printf("sections %u ", pid);
    g_autoptr(GArray) rows = NULL;
    HaywireSectionList list;
    bool more;

    if (good_list(call, haywire_model_sections(call->model, pid, &list))) {
        rows = haywire_window_sections(&window, &list, &more);
        haywire_text_sections(call->out, &list);
        tell_more(call, command, more ? list.section[list.count - 1].end : 0);
    }
}

static void run_ptes(HmpCall *call)
{
    const uint32_t pid = (uint32_t)call->value[0];
    const HaywireListWindow window = window_of(call);
    g_autofree char *command = g_strdup_printf("ptes %u ", pid);
    g_autoptr(GArray) rows = NULL;
    HaywirePageRunList list;
    const HaywirePageRun *last;
    bool more;

    if (good_list(call, haywire_model_page_runs(call->model, pid, &list))) {
        rows = haywire_window_page_runs(&window, &list, &more);
        haywire_text_page_runs(call->out, &list, window.range);
        last = &list.run[list.count - 1];
        tell_more(call, command,
                  more ? last->gva.value +
                             ((uint64_t)last->pages << HAYWIRE_PAGE_SHIFT)
                       : 0);
    }
}

static void run_translate(HmpCall *call)
{
    g_autoptr(HaywireRamBlocks) blocks = haywire_worker_blocks(the_worker);
    HaywirePlace place;

    if (haywire_action_translate(
            the_worker, call->model, blocks, (uint32_t)call->value[0],
            (HaywireGva){ call->value[1] }, &place, &call->error)) {
        haywire_text_place(call->out, &place);
    }
}

/* Only a companion has cameras, and counts what it does. */
static void run_cameras(HmpCall *call)
{
    g_autoptr(HaywireModel) model =
        haywire_action_model(the_worker, HAYWIRE_FROM_COMPANION, NULL);

    haywire_text_cameras(call->out, model->camera, G_N_ELEMENTS(model->camera));
}

static void run_stats(HmpCall *call)
{
    g_autoptr(HaywireModel) model =
        haywire_action_model(the_worker, HAYWIRE_FROM_COMPANION, NULL);

    haywire_text_stats(call->out, &model->overview.cost, &model->host,
                       &model->guest);
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
    if (good(call, call->value[0] ? HAYWIRE_OK : HAYWIRE_NO_PROCESS)) {
        focus(call, call->count > 1 ? (uint32_t)call->value[1] : 1,
              (uint32_t)call->value[0]);
    }
}

static void run_unfocus(HmpCall *call)
{
    focus(call, call->count > 0 ? (uint32_t)call->value[0] : 1, 0);
}

static void run_rescan(HmpCall *call)
{
    haywire_worker_rescan(the_worker);
    g_string_append(call->out, "A full scan is under way.\n");
}

/* The kinds of arguments, as the usage shows them. */
typedef enum HmpKind {
    HMP_NONE,
    HMP_PID, /* or a name */
    HMP_FIRST,
    HMP_CAMERA,
    HMP_ADDRESS,
    HMP_LENGTH,
} HmpKind;

static const char *const kind_names[] = {
    [HMP_PID] = "PID",         [HMP_FIRST] = "FIRST",   [HMP_CAMERA] = "CAMERA",
    [HMP_ADDRESS] = "ADDRESS", [HMP_LENGTH] = "LENGTH",
};

typedef struct HmpWord {
    const char *name;
    unsigned min; /* arguments that must follow */
    HmpKind kind[HMP_ARGUMENTS_MAX];
    HmpRun *run;
    const char *help;
} HmpWord;

static void run_help(HmpCall *call);

static const HmpWord words[] = {
    { "processes",
      0,
      { HMP_FIRST },
      run_processes,
      "all processes, or from pid FIRST on" },
    { "sections",
      1,
      { HMP_PID, HMP_ADDRESS, HMP_LENGTH },
      run_sections,
      "memory sections of a process" },
    { "ptes",
      1,
      { HMP_PID, HMP_ADDRESS, HMP_LENGTH },
      run_ptes,
      "page runs of a process" },
    { "translate",
      2,
      { HMP_PID, HMP_ADDRESS },
      run_translate,
      "where a virtual address lies" },
    { "cameras", 0, { 0 }, run_cameras, "what the cameras do" },
    { "stats", 0, { 0 }, run_stats, "what it costs, and what was counted" },
    { "focus",
      1,
      { HMP_PID, HMP_CAMERA },
      run_focus,
      "point camera 1 (or 2) at a process" },
    { "unfocus",
      0,
      { HMP_CAMERA },
      run_unfocus,
      "point camera 1 (or 2) at nothing" },
    { "rescan", 0, { 0 }, run_rescan, "search all of guest memory, now" },
    { "help", 0, { 0 }, run_help, "this list" },
};

/* "sections PID [ADDRESS [LENGTH]]" */
static char *word_usage(const HmpWord *word)
{
    GString *usage = g_string_new(word->name);
    unsigned open = 0;

    for (unsigned i = 0; i < HMP_ARGUMENTS_MAX && word->kind[i]; i++) {
        const char *bracket = i >= word->min ? "[" : "";

        g_string_append_printf(usage, " %s%s", bracket,
                               kind_names[word->kind[i]]);
        open += *bracket != '\0';
    }
    while (open-- > 0) {
        g_string_append_c(usage, ']');
    }
    return g_string_free(usage, FALSE);
}

static void run_help(HmpCall *call)
{
    g_string_append(call->out,
                    "usage: info haywire [WHAT [ARGUMENT...]]; WHAT is\n"
                    "  (nothing)                        the session, then all "
                    "processes\n");
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *form = word_usage(&words[i]);

        g_string_append_printf(call->out, "  %-31s  %s\n", form, words[i].help);
    }
    g_string_append(call->out,
                    "PID is a number or the name of one process; addresses are "
                    "hexadecimal,\nwith or without 0x, other numbers decimal "
                    "or hexadecimal after 0x.\n");
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

/* What no process can be called is refused here; names are looked up later. */
static bool argument_parse(HmpKind kind, const char *text, uint64_t *ret_value)
{
    const uint64_t most =
        kind == HMP_ADDRESS || kind == HMP_LENGTH ? UINT64_MAX : UINT32_MAX;
    uint64_t value;

    if (!haywire_word_number(text, kind == HMP_ADDRESS, &value)) {
        return kind == HMP_PID && haywire_word_is_name(text);
    }
    *ret_value = value;
    return value <= most && (kind != HMP_LENGTH || value > 0);
}

/* @texts: the words behind the first, NULL at the end. */
static bool arguments_parse(const HmpWord *word, char **texts, HmpCall *call)
{
    for (; *texts; texts++) {
        if (call->count == HMP_ARGUMENTS_MAX || !word->kind[call->count] ||
            !argument_parse(word->kind[call->count], *texts,
                            &call->value[call->count])) {
            return false;
        }
        call->word[call->count++] = *texts;
    }
    return call->count >= word->min;
}

/* False when the name has become the call's error. */
static bool name_resolve(const HmpWord *word, HmpCall *call)
{
    g_autoptr(GString) why = g_string_new(NULL);
    uint32_t pid;

    if (!word || word->kind[0] != HMP_PID || !call->word[0] ||
        !haywire_word_is_name(call->word[0])) {
        return true;
    }
    if (!call->model->overview.has_guest) {
        haywire_action_fail(&call->error, HAYWIRE_NO_SESSION, 0);
    } else if (haywire_word_process(call->word[0], call->model->process,
                                    call->model->process_count, &pid,
                                    why) == HAYWIRE_OK) {
        call->value[0] = pid;
    } else {
        g_set_error_literal(&call->error, HAYWIRE_ACTION_ERROR,
                            HAYWIRE_NO_PROCESS, why->str);
    }
    return !call->error;
}

/* @word: whose arguments @call has; NULL when they are numbers already */
static void run_and_print(Monitor *mon, HmpRun *run, const HmpWord *word,
                          HmpCall call)
{
    g_autoptr(HaywireModel) model = haywire_worker_model(the_worker);
    g_autoptr(GString) out = g_string_new(NULL);

    call.model = model;
    call.out = out;
    if (name_resolve(word, &call)) {
        run(&call);
    }
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
        run_and_print(mon, given[0] ? run_help : run_all, NULL, call);
    } else if (arguments_parse(word, given + 1, &call)) {
        run_and_print(mon, word->run, word, call);
    } else {
        g_autofree char *form = word_usage(word);
        g_autofree char *usage =
            g_strdup_printf("usage: info haywire %s\n", form);

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
    run_and_print(mon, run_focus, NULL,
                  (HmpCall){ .count = 2,
                             .value = { declared_number(args, "pid", 0),
                                        declared_number(args, "camera", 1) } });
}

static void declared_unfocus(Monitor *mon, const QDict *args)
{
    run_and_print(mon, run_unfocus, NULL,
                  (HmpCall){ .count = 1,
                             .value = { declared_number(args, "camera", 1) } });
}

static void declared_rescan(Monitor *mon, const QDict *args)
{
    (void)args;
    run_and_print(mon, run_rescan, NULL, (HmpCall){ 0 });
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
