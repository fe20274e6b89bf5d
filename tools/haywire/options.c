/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line: see options.h.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "exit_status.h"

enum {
    OPTION_RAM = 256,
    OPTION_QMP,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    { "ram", required_argument, NULL, OPTION_RAM },
    { "qmp", required_argument, NULL, OPTION_QMP },
    { "json", no_argument, NULL, OPTION_JSON },
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

static gboolean take_option(HaywireOptions *options, int option, char **argv,
                            GError **error)
{
    switch (option) {
    case OPTION_RAM:
        options->ram = optarg;
        return TRUE;
    case OPTION_QMP:
        options->qmp = optarg;
        return TRUE;
    case OPTION_JSON:
        options->json = TRUE;
        return TRUE;
    case 'h':
    case OPTION_HELP:
        options->help = TRUE;
        return TRUE;
    case OPTION_VERSION:
        options->version = TRUE;
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
    while ((option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
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

gboolean haywire_option_number(const char *text, const char *what,
                               guint64 minimum, guint64 maximum,
                               guint64 *ret_number, GError **error)
{
    const gboolean hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    const char *digits = hex ? text + 2 : text;
    guint64 number;
    char *end;

    errno = 0;
    number = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    /* strtoull itself would take blanks and signs */
    if (!g_ascii_isxdigit(digits[0]) || *end || end == digits || errno ||
        (hex && g_ascii_strncasecmp(digits, "0x", 2) == 0)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "\"%s\" is not a number for %s", text, what);
    }
    if (number < minimum || number > maximum) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "%s is out of range for %s: %" G_GUINT64_FORMAT
                                 " to %" G_GUINT64_FORMAT,
                                 text, what, minimum, maximum);
    }
    *ret_number = number;
    return TRUE;
}

gboolean haywire_option_pid(const char *text, guint32 *ret_pid, GError **error)
{
    guint64 number;

    if (!haywire_option_number(text, "PID", 1, G_MAXUINT32, &number, error)) {
        return FALSE;
    }
    *ret_pid = (guint32)number;
    return TRUE;
}

gboolean haywire_option_camera(const char *text, guint32 *ret_camera,
                               GError **error)
{
    guint64 number;

    if (!haywire_option_number(text, "CAMERA", 1, 2, &number, error)) {
        return FALSE;
    }
    *ret_camera = (guint32)number;
    return TRUE;
}

gboolean haywire_option_address(const char *text, HaywireGva *ret_address,
                                GError **error)
{
    return haywire_option_number(text, "ADDRESS", 0, G_MAXUINT64,
                                 &ret_address->value, error);
}
