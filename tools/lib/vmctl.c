/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmctl: what the scripts need to talk to a running QEMU.
 */
#include "monitor_relay.h"
#include "qmp_client.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 20000u

enum {
    STATUS_FINE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
};

static const char usage_text[] =
    "Usage: vmctl qmp SOCKET COMMAND [ARGUMENTS]  execute a QMP command, its\n"
    "                                             arguments a JSON object\n"
    "       vmctl hmp SOCKET LINE                 a monitor's line over QMP\n"
    "       vmctl monitor SOCKET [LINE]...        this terminal on a monitor\n"
    "                                             socket, after typing LINEs\n";

static int fail(GError *error)
{
    fprintf(stderr, "vmctl: %s\n", error->message);
    g_error_free(error);
    return STATUS_FAILED;
}

static int run_qmp(char **words)
{
    g_autoptr(HaywireQmpClient) client = NULL;
    g_autoptr(JsonNode) arguments = NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autofree char *text = NULL;
    GError *error = NULL;

    arguments = json_from_string(words[2] ? words[2] : "{}", &error);
    if (error) {
        return fail(error);
    }
    if (!arguments || !JSON_NODE_HOLDS_OBJECT(arguments)) {
        fputs("vmctl: the arguments are no JSON object\n", stderr);
        return STATUS_USAGE;
    }
    client = haywire_qmp_client_new(words[0], TIMEOUT_MS, &error);
    if (client) {
        reply = haywire_qmp_client_execute(
            client, words[1], json_node_get_object(arguments), &error);
    }
    if (!reply) {
        return fail(error);
    }
    text = json_to_string(reply, TRUE);
    puts(text);
    return STATUS_FINE;
}

static int run_hmp(char **words)
{
    g_autoptr(HaywireQmpClient) client = NULL;
    g_autofree char *text = NULL;
    GError *error = NULL;

    client = haywire_qmp_client_new(words[0], TIMEOUT_MS, &error);
    if (client) {
        text = haywire_qmp_client_hmp(client, words[1], &error);
    }
    if (!text) {
        return fail(error);
    }
    fputs(text, stdout);
    return STATUS_FINE;
}

static int run_monitor(char **words)
{
    GError *error = NULL;

    if (!haywire_monitor_relay(words[0], (const char *const *)words + 1,
                               &error)) {
        return fail(error);
    }
    return STATUS_FINE;
}

static const struct {
    const char *name;
    int (*run)(char **words);
    int min_words;
    int max_words;
} subcommands[] = {
    { "qmp", run_qmp, 2, 3 },
    { "hmp", run_hmp, 2, 2 },
    { "monitor", run_monitor, 1, G_MAXINT },
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage_text, stdout);
        return STATUS_FINE;
    }
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0 &&
            argc - 2 >= subcommands[i].min_words &&
            argc - 2 <= subcommands[i].max_words) {
            return subcommands[i].run(argv + 2);
        }
    }
    fputs(usage_text, stderr);
    return STATUS_USAGE;
}
