/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: see options.h.
 */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "exit_status.h"
#include "words.h"

enum {
    OPTION_RAM = 256,
    OPTION_QMP,
    OPTION_VM,
    OPTION_YES,
    OPTION_DETACH,
    OPTION_PRELOAD,
    OPTION_PLUGIN,
    OPTION_FROM,
    OPTION_JSON,
    OPTION_FRESH,
    OPTION_SORT,
    OPTION_FOREST,
    OPTION_WAIT,
    OPTION_NO_HINT,
    OPTION_ALL,
    OPTION_KERNEL,
    OPTION_PHYSICAL,
    OPTION_RAW,
    OPTION_INFO,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    { "ram", required_argument, NULL, OPTION_RAM },
    { "qmp", required_argument, NULL, OPTION_QMP },
    { "vm", required_argument, NULL, OPTION_VM },
    { "connect", required_argument, NULL, 'c' },
    { "yes", no_argument, NULL, OPTION_YES },
    { "detach", no_argument, NULL, OPTION_DETACH },
    { "preload", no_argument, NULL, OPTION_PRELOAD },
    { "plugin", required_argument, NULL, OPTION_PLUGIN },
    { "from", required_argument, NULL, OPTION_FROM },
    { "json", no_argument, NULL, OPTION_JSON },
    { "fresh", no_argument, NULL, OPTION_FRESH },
    { "sort", required_argument, NULL, OPTION_SORT },
    { "forest", no_argument, NULL, OPTION_FOREST },
    { "wait", no_argument, NULL, OPTION_WAIT },
    { "all", no_argument, NULL, OPTION_ALL },
    { "no-hint", no_argument, NULL, OPTION_NO_HINT },
    { "kernel", no_argument, NULL, OPTION_KERNEL },
    { "physical", no_argument, NULL, OPTION_PHYSICAL },
    { "raw", no_argument, NULL, OPTION_RAW },
    { "info", no_argument, NULL, OPTION_INFO },
    { "format", required_argument, NULL, OPTION_FORMAT },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { NULL, 0, NULL, 0 },
};

static gboolean usage(GError **error, const char *what, const char *word)
{
    return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE, "%s: %s", what, word);
}

/* getopt_long() leaves a wrong letter in optopt, a wrong word in argv. */
static gboolean unknown_option(char **argv, GError **error)
{
    const char letter[] = { '-', (char)optopt, '\0' };

    return usage(error, "Unknown option",
                 optopt > 0 && optopt < OPTION_RAM ? letter : argv[optind - 1]);
}

static gboolean add_columns(HaywireOptions *options, GError **error)
{
    if (options->column_lists == HAYWIRE_COLUMN_LISTS_MAX) {
        return usage(error, "Option given too often", "-o");
    }
    options->columns[options->column_lists++] = optarg;
    return TRUE;
}

static gboolean add_ram_file(HaywireOptions *options, GError **error)
{
    if (options->ram_files == HAYWIRE_RAM_FILES_MAX) {
        return usage(error, "Option given too often", "--ram");
    }
    options->ram[options->ram_files++] = optarg;
    return TRUE;
}

static gboolean take_from(HaywireOptions *options, GError **error)
{
    static const char *const names[] = {
        [HAYWIRE_FROM_COMPANION] = "companion",
        [HAYWIRE_FROM_KERNEL] = "kernel",
        [HAYWIRE_FROM_AUTO] = "auto",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(optarg, names[i]) == 0) {
            options->from = (HaywireFrom)i;
            options->from_given = TRUE;
            return TRUE;
        }
    }
    return usage(error, "--from is companion, kernel or auto, not", optarg);
}

/* Of an option that is no more than given or not; NULL for others. */
static gboolean *flag_of(HaywireOptions *options, int option)
{
    switch (option) {
    case OPTION_YES:
        return &options->yes;
    case OPTION_DETACH:
        return &options->detach;
    case OPTION_PRELOAD:
        return &options->preload;
    case OPTION_JSON:
        return &options->json;
    case OPTION_FRESH:
        return &options->fresh;
    case OPTION_FOREST:
        return &options->forest;
    case OPTION_WAIT:
        return &options->wait;
    case OPTION_ALL:
        return &options->all;
    case OPTION_NO_HINT:
        return &options->no_hint;
    case OPTION_KERNEL:
        return &options->kernel;
    case OPTION_PHYSICAL:
        return &options->physical;
    case OPTION_RAW:
        return &options->raw;
    case OPTION_INFO:
        return &options->info;
    case OPTION_VERSION:
        return &options->version;
    case 'h':
    case OPTION_HELP:
        return &options->help;
    default:
        return NULL;
    }
}

static gboolean take_option(HaywireOptions *options, int option, char **argv,
                            GError **error)
{
    gboolean *flag = flag_of(options, option);

    if (flag) {
        *flag = TRUE;
        return TRUE;
    }
    switch (option) {
    case OPTION_RAM:
        return add_ram_file(options, error);
    case OPTION_QMP:
        options->qmp = optarg;
        return TRUE;
    case OPTION_VM:
        options->vm = optarg;
        return TRUE;
    case 'c':
        options->connect = optarg;
        return TRUE;
    case OPTION_PLUGIN:
        options->plugin = optarg;
        return TRUE;
    case OPTION_FROM:
        return take_from(options, error);
    case 'o':
        return add_columns(options, error);
    case OPTION_SORT:
        options->sort = optarg;
        return TRUE;
    case OPTION_FORMAT:
        options->format = optarg;
        return TRUE;
    case ':':
        return usage(error, "Option without its value", argv[optind - 1]);
    default:
        return unknown_option(argv, error);
    }
}

gboolean haywire_options_parse(int argc, char **argv,
                               HaywireOptions *ret_options, GError **error)
{
    HaywireOptions options = { 0 };
    int option;

    opterr = 0;
    optind = 0; /* glibc's for: anew, even from within a word */
    while ((option = getopt_long(argc, argv, ":ho:c:", long_options, NULL)) !=
           -1) {
        if (!take_option(&options, option, argv, error)) {
            return FALSE;
        }
    }
    if (optind < argc) {
        options.command = argv[optind];
        options.argument = argv + optind + 1;
        options.arguments = argc - optind - 1;
    }
    *ret_options = options;
    return TRUE;
}

static const struct {
    const char *name;
    guint64 fallback;
    guint64 minimum;
    guint64 maximum;
} kinds[HAYWIRE_ARGUMENT_KINDS] = {
    [HAYWIRE_ARGUMENT_PID] = { "PID", 0, 1, G_MAXUINT32 },
    [HAYWIRE_ARGUMENT_ADDRESS] = { "ADDRESS", 0, 0, G_MAXUINT64 },
    [HAYWIRE_ARGUMENT_LENGTH] = { "LENGTH", 0, 1, G_MAXUINT64 },
    [HAYWIRE_ARGUMENT_CAMERA] = { "CAMERA", 1, 1, 2 },
    [HAYWIRE_ARGUMENT_SECONDS] = { "SECONDS", 1, 1, 86400 },
    [HAYWIRE_ARGUMENT_COUNT] = { "COUNT", 0, 1, G_MAXUINT32 },
};

gboolean haywire_argument_parse(HaywireArgument kind, const char *text,
                                guint64 *ret_value, GError **error)
{
    uint64_t number;

    if (!haywire_word_number(text, kind == HAYWIRE_ARGUMENT_ADDRESS, &number)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "\"%s\" is not a number for %s", text,
                                 kinds[kind].name);
    }
    if (number >= kinds[kind].minimum && number <= kinds[kind].maximum) {
        *ret_value = number;
        return TRUE;
    }
    if (kind == HAYWIRE_ARGUMENT_CAMERA) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "camera %s does not exist: there are 1 and 2",
                                 text);
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                             "%s is out of range for %s: %" G_GUINT64_FORMAT
                             " to %" G_GUINT64_FORMAT,
                             text, kinds[kind].name, kinds[kind].minimum,
                             kinds[kind].maximum);
}

gboolean haywire_arguments_parse(const HaywireOptions *options,
                                 const HaywireArgument *kind,
                                 HaywireArguments *ret_arguments,
                                 GError **error)
{
    for (int i = 0; i < HAYWIRE_ARGUMENT_KINDS; i++) {
        ret_arguments->value[i] = kinds[i].fallback;
    }
    ret_arguments->name = NULL;
    ret_arguments->file = NULL;
    for (int i = 0; i < options->arguments; i++) {
        if (kind[i] == HAYWIRE_ARGUMENT_PID &&
            haywire_word_is_name(options->argument[i])) {
            ret_arguments->name = options->argument[i];
        } else if (kind[i] == HAYWIRE_ARGUMENT_FILE) {
            ret_arguments->file = options->argument[i];
        } else if (!haywire_argument_parse(kind[i], options->argument[i],
                                           &ret_arguments->value[kind[i]],
                                           error)) {
            return FALSE;
        }
    }
    return TRUE;
}
