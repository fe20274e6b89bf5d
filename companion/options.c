/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "os/os.h"

#define INTERVAL_DEFAULT_MS 500
#define INTERVAL_MIN_MS     20
#define INTERVAL_MAX_MS     3600000
#define HEARTBEAT_MIN_MS    20
#define HEARTBEAT_MAX_MS    100
#define HOLD_MAX_MS         (UINT64_C(1000) * 86400 * 365)
#define ROUNDS_DEFAULT      20
#define ROUNDS_MAX          100000
#define CPU_PERCENT_DEFAULT 1

const char haywire_help_text[] =
    "Usage: haywire-companion [MODE] [OPTION]...\n"
    "Publish what runs in this guest to a Haywire reader on its host.\n"
    "\n"
    "Modes:\n"
    "  run        publish until a signal ends it (default)\n"
    "  once       publish one round of everything, then keep it in place\n"
    "  selftest   publish into this program's own memory, read back and verify\n"
    "  benchmark  measure how long a round of each category takes\n"
    "\n"
    "Options:\n"
    "  --only CATEGORY     pid, roundrobin or camera; may be repeated\n"
    "  --interval MS       time between PID snapshots and between camera passes\n"
    "                      (default 500); ROUNDROBIN cycles take twice as long\n"
    "  --max-cpu PERCENT   run: take no more than that much of one CPU (default 1);\n"
    "                      intervals become longer, up to 10 s, where it is needed\n"
    "  --doorbell WHERE    on (default): call the host when there is news, where\n"
    "                      it can be called; off; or the port that it listens at\n"
    "  --pages CATEGORY=N  pages of roundrobin, pid, camera1 or camera2; may be\n"
    "                      repeated\n"
    "  --hold MS           once: keep the pages so long, instead of until a signal\n"
    "  --rounds N          benchmark: rounds to measure (default 20)\n"
    "  --help              print this text\n"
    "  --version           print the version\n";

static const struct {
    const char *name;
    HaywireMode mode;
} mode_names[] = {
    { "run", HAYWIRE_MODE_RUN },
    { "once", HAYWIRE_MODE_ONCE },
    { "selftest", HAYWIRE_MODE_SELFTEST },
    { "benchmark", HAYWIRE_MODE_BENCHMARK },
};

static const struct {
    const char *name;
    unsigned only;
} only_names[] = {
    { "pid", HAYWIRE_ONLY_PID },
    { "roundrobin", HAYWIRE_ONLY_ROUNDROBIN },
    { "camera", HAYWIRE_ONLY_CAMERA },
};

static const struct {
    const char *name;
    HaywireCategory category;
} category_names[] = {
    { "roundrobin", HAYWIRE_CATEGORY_ROUNDROBIN },
    { "pid", HAYWIRE_CATEGORY_PID },
    { "camera1", HAYWIRE_CATEGORY_CAMERA1 },
    { "camera2", HAYWIRE_CATEGORY_CAMERA2 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool fail(char *error, const char *what, const char *text,
                 const char *why)
{
    snprintf(error, HAYWIRE_OPTION_ERROR_SIZE, "%s '%.100s': %s", what, text,
             why);
    return false;
}

/* Digits and nothing else. */
static bool parse_number(const char *text, uint64_t min, uint64_t max,
                         uint64_t *ret_value)
{
    uint64_t value = 0;

    do {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(*text - '0');
    } while (value <= max && *++text);
    *ret_value = value;
    return value >= min && value <= max;
}

static bool parse_mode(const char *text, HaywireOptions *options, char *error)
{
    for (size_t i = 0; i < COUNT(mode_names); i++) {
        if (strcmp(text, mode_names[i].name) == 0) {
            options->mode = mode_names[i].mode;
            return true;
        }
    }
    return fail(error, "mode", text,
                "expected run, once, selftest or benchmark");
}

static bool parse_only(const char *text, HaywireOptions *options, char *error)
{
    for (size_t i = 0; i < COUNT(only_names); i++) {
        if (strcmp(text, only_names[i].name) == 0) {
            options->only |= only_names[i].only;
            return true;
        }
    }
    return fail(error, "--only", text, "expected pid, roundrobin or camera");
}

static bool parse_pages(const char *text, HaywireOptions *options, char *error)
{
    const char *equals = strchr(text, '=');
    uint64_t pages;

    for (size_t i = 0; equals && i < COUNT(category_names); i++) {
        HaywireCategory category = category_names[i].category;
        const char *name = category_names[i].name;

        if (strlen(name) != (size_t)(equals - text) ||
            strncmp(text, name, strlen(name)) != 0) {
            continue;
        }
        if (!parse_number(equals + 1, haywire_category_pages_min(category),
                          HAYWIRE_CATEGORY_PAGES_MAX, &pages)) {
            snprintf(error, HAYWIRE_OPTION_ERROR_SIZE,
                     "--pages '%.100s': expected %u to %u pages", text,
                     haywire_category_pages_min(category),
                     HAYWIRE_CATEGORY_PAGES_MAX);
            return false;
        }
        options->setup.pages[category] = (uint32_t)pages;
        return true;
    }
    return fail(error, "--pages", text,
                "expected roundrobin, pid, camera1 or camera2, '=', and a "
                "number");
}

static void set_interval(HaywireSetup *setup, uint64_t ms)
{
    uint64_t beat = ms / 5;

    beat = beat < HEARTBEAT_MIN_MS ? HEARTBEAT_MIN_MS : beat;
    beat = beat > HEARTBEAT_MAX_MS ? HEARTBEAT_MAX_MS : beat;
    setup->heartbeat_ns = beat * HAYWIRE_NS_PER_MS;
    setup->pid_interval_ns = ms * HAYWIRE_NS_PER_MS;
    setup->camera_interval_ns = ms * HAYWIRE_NS_PER_MS;
    setup->roundrobin_interval_ns = 2 * ms * HAYWIRE_NS_PER_MS;
}

static bool parse_interval(const char *text, HaywireOptions *options,
                           char *error)
{
    uint64_t ms;

    if (!parse_number(text, INTERVAL_MIN_MS, INTERVAL_MAX_MS, &ms)) {
        return fail(error, "--interval", text,
                    "expected 20 to 3600000 milliseconds");
    }
    set_interval(&options->setup, ms);
    return true;
}

/* Digits, perhaps a point and more digits; the value is in millionths. */
static bool parse_millionths(const char *text, uint64_t *ret_value)
{
    const uint64_t most = 1000000000; /* far above what is accepted */
    uint64_t value = 0;
    uint64_t unit = 1000000;
    bool point = false;

    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text; text++) {
        if (*text == '.' && !point && text[1] != '\0') {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || value > most) {
            return false;
        }
        if (point) {
            unit /= 10;
            value += (uint64_t)(*text - '0') * unit;
        } else {
            value = value * 10 + (uint64_t)(*text - '0') * unit;
        }
    }
    *ret_value = value;
    return true;
}

static bool parse_max_cpu(const char *text, HaywireOptions *options,
                          char *error)
{
    const uint64_t percent = 1000000;
    uint64_t value;

    if (!parse_millionths(text, &value) || value == 0 ||
        value > 100 * percent) {
        return fail(error, "--max-cpu", text,
                    "expected a percentage above 0, of 100 at most");
    }
    options->cpu_budget = value * (HAYWIRE_NS_PER_SECOND / (100 * percent));
    return true;
}

/* A hexadecimal number, as all addresses; nothing that is no port is found. */
static bool parse_port(const char *text, uint32_t *ret_port)
{
    char *end;
    unsigned long port = strtoul(text, &end, 16);

    if (end == text || *end != '\0' || port < HAYWIRE_DOORBELL_PORT_MIN ||
        port > HAYWIRE_DOORBELL_PORT_MAX || port % HAYWIRE_DOORBELL_SIZE != 0) {
        return false;
    }
    *ret_port = (uint32_t)port;
    return true;
}

static bool parse_doorbell(const char *text, HaywireOptions *options,
                           char *error)
{
    uint32_t port = 0;

    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0 &&
        !parse_port(text, &port)) {
        return fail(error, "--doorbell", text,
                    "expected on, off, or a port, a multiple of 8 from 0x100 "
                    "to 0xfff8");
    }
    options->doorbell = strcmp(text, "off") != 0;
    options->doorbell_port = port;
    return true;
}

static bool parse_hold(const char *text, HaywireOptions *options, char *error)
{
    uint64_t ms;

    if (!parse_number(text, 0, HOLD_MAX_MS, &ms)) {
        return fail(error, "--hold", text, "expected a number of milliseconds");
    }
    options->hold_ns = ms * HAYWIRE_NS_PER_MS;
    return true;
}

static bool parse_rounds(const char *text, HaywireOptions *options, char *error)
{
    uint64_t rounds;

    if (!parse_number(text, 1, ROUNDS_MAX, &rounds)) {
        return fail(error, "--rounds", text, "expected 1 to 100000");
    }
    options->rounds = (unsigned)rounds;
    return true;
}

static bool parse_help(const char *text, HaywireOptions *options, char *error)
{
    (void)text;
    (void)error;
    options->mode = HAYWIRE_MODE_HELP;
    return true;
}

static bool parse_version(const char *text, HaywireOptions *options,
                          char *error)
{
    (void)text;
    (void)error;
    options->mode = HAYWIRE_MODE_VERSION;
    return true;
}

/* In the order of long_options. */
static bool (*const parsers[])(const char *text, HaywireOptions *options,
                               char *error) = {
    parse_only,   parse_interval, parse_max_cpu, parse_pages,    parse_hold,
    parse_rounds, parse_help,     parse_version, parse_doorbell,
};

#define FIRST_OPTION 256 /* above all characters */

static const struct option long_options[] = {
    { "only", required_argument, NULL, FIRST_OPTION },
    { "interval", required_argument, NULL, FIRST_OPTION + 1 },
    { "max-cpu", required_argument, NULL, FIRST_OPTION + 2 },
    { "pages", required_argument, NULL, FIRST_OPTION + 3 },
    { "hold", required_argument, NULL, FIRST_OPTION + 4 },
    { "rounds", required_argument, NULL, FIRST_OPTION + 5 },
    { "help", no_argument, NULL, FIRST_OPTION + 6 },
    { "version", no_argument, NULL, FIRST_OPTION + 7 },
    { "doorbell", required_argument, NULL, FIRST_OPTION + 8 },
    { NULL, 0, NULL, 0 },
};

static bool parse_option(int option, const char *word, HaywireOptions *options,
                         char *error)
{
    if (option < FIRST_OPTION) {
        return fail(error, "option", word,
                    option == ':' ? "an argument is missing" : "not known");
    }
    return parsers[option - FIRST_OPTION](optarg, options, error);
}

static void set_defaults(HaywireOptions *options)
{
    memset(options, 0, sizeof(*options));
    options->hold_ns = HAYWIRE_HOLD_FOREVER;
    options->rounds = ROUNDS_DEFAULT;
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        options->setup.pages[i] = haywire_category_pages_default(i);
    }
    set_interval(&options->setup, INTERVAL_DEFAULT_MS);
    options->doorbell = true;
    options->cpu_budget = CPU_PERCENT_DEFAULT * (HAYWIRE_NS_PER_SECOND / 100);
}

bool haywire_options_parse(int argc, char *const *argv,
                           HaywireOptions *ret_options,
                           char ret_error[HAYWIRE_OPTION_ERROR_SIZE])
{
    HaywireOptions options;
    int option;

    set_defaults(&options);
    optind = 0;
    while ((option = getopt_long(argc, argv, ":", long_options, NULL)) >= 0) {
        if (!parse_option(option, argv[optind - 1], &options, ret_error)) {
            return false;
        }
        if (options.mode == HAYWIRE_MODE_HELP ||
            options.mode == HAYWIRE_MODE_VERSION) {
            *ret_options = options;
            return true;
        }
    }
    if (optind < argc && !parse_mode(argv[optind], &options, ret_error)) {
        return false;
    }
    if (optind + 1 < argc) {
        return fail(ret_error, "argument", argv[optind + 1], "not expected");
    }
    options.only = options.only ? options.only : HAYWIRE_ONLY_ALL;
    *ret_options = options;
    return true;
}
