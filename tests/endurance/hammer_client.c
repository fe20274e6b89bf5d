/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that ask without a pause: see hammer_client.h.
 */
#include "hammer_client.h"

#include "qmp_client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

/* QEMU itself may be busy resetting the machine. */
#define TIMEOUT_S  120
#define PIDS       160 /* the guest's first processes have these */
#define CAMERAS    2
#define PAGE       4096
#define PROMPT     "(qemu) "
#define LINE_END   "\r\n"
#define ERROR_WORD "Error: "
#define CHUNK      65536

/* What a client asks for, where it must say. */
typedef struct {
    guint32 pid;
    guint32 camera;
    guint64 address;
} Choice;

typedef struct {
    const char *name; /* over QMP */
    void (*arguments)(JsonObject *arguments, const Choice *choice);
    const char *line;  /* at the monitor */
    const char *reply; /* regular expression of what the monitor prints */
} Command;

struct HammerClient {
    const Documented *documented;
    GRand *random;
    GThread *thread;
    gint ending;
    HammerCount counts[HAMMER_COMMANDS];
    HaywireQmpClient *qmp;      /* one of both */
    GSocketConnection *monitor; /* the other */
    GString *printed;           /* by the monitor, up to the prompt */
    Choice page;                /* that a camera showed last */
};

static void name_pid(JsonObject *arguments, const Choice *choice)
{
    json_object_set_int_member(arguments, "pid", choice->pid);
}

static void name_page(JsonObject *arguments, const Choice *choice)
{
    name_pid(arguments, choice);
    json_object_set_int_member(arguments, "address", (gint64)choice->address);
}

static void name_camera(JsonObject *arguments, const Choice *choice)
{
    json_object_set_int_member(arguments, "camera", choice->camera);
}

static void name_both(JsonObject *arguments, const Choice *choice)
{
    name_pid(arguments, choice);
    name_camera(arguments, choice);
}

#define CAMERA_TABLE "^ *CAMERA +STATUS.*\n"

static const Command commands[HAMMER_COMMANDS] = {
    { "query-haywire", NULL, "info haywire",
      "^(live|stale|searching|not judged yet|paused): .*\n" },
    { "query-haywire-processes", NULL, "info haywire processes",
      "\\A\\z|^ *UID +PID .*COMMAND *\n" },
    { "query-haywire-sections", name_pid, "info haywire sections <pid>",
      /* A read that took too long is given up, and said to be. */
      "^pid <pid>, .*( sections|: not read, since the process is stuck)" },
    { "query-haywire-ptes", name_pid, "info haywire ptes <pid>",
      "^pid <pid>, .* runs" },
    { "query-haywire-cameras", NULL, "info haywire cameras", CAMERA_TABLE },
    { "query-haywire-stats", NULL, "info haywire stats", "refreshes.*[0-9]" },
    { "haywire-focus", name_both, "info haywire focus <pid> <camera>",
      CAMERA_TABLE },
    { "haywire-unfocus", name_camera, "info haywire unfocus <camera>",
      CAMERA_TABLE },
    { "haywire-rescan", NULL, "info haywire rescan", "" },
    { "haywire-translate", name_page, "info haywire ptes <pid>",
      "^pid <pid>, .* runs" },
};

const char *hammer_command_name(guint command)
{
    return commands[command].name;
}

/* The page that a camera shows, now and then; else any process. */
static Choice choose(HammerClient *client)
{
    Choice choice = {
        .pid = 1 + (guint32)g_rand_int_range(client->random, 0, PIDS),
        .camera = 1 + (guint32)g_rand_int_range(client->random, 0, CAMERAS),
        .address = (guint64)g_rand_int(client->random) * PAGE,
    };

    if (client->page.pid != 0 && g_rand_boolean(client->random)) {
        choice.pid = client->page.pid;
        choice.address = client->page.address;
    }
    return choice;
}

/* Remember a page of a reply about page runs, to ask where it is. */
static void keep_page(HammerClient *client, JsonObject *reply)
{
    JsonArray *runs = json_object_get_array_member(reply, "runs");

    if (json_array_get_length(runs) > 0) {
        JsonObject *run = json_array_get_object_element(runs, 0);

        client->page.pid = (guint32)json_object_get_int_member(reply, "pid");
        client->page.address =
            (guint64)json_object_get_int_member(run, "address");
    }
}

static void ask_qmp(HammerClient *client, guint number)
{
    const Command *command = &commands[number];
    g_autoptr(JsonObject) arguments = json_object_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    Choice choice = choose(client);

    if (command->arguments) {
        command->arguments(arguments, &choice);
    }
    reply = haywire_qmp_client_execute(client->qmp, command->name, arguments,
                                       &error);
    if (!reply) {
        if (error->code != HAYWIRE_QMP_ERROR_COMMAND) {
            g_error("%s: %s", command->name, error->message);
        }
        documented_check_error(client->documented, error->message);
        client->counts[number].refused++;
        return;
    }
    documented_check_reply(client->documented, command->name, reply);
    if (JSON_NODE_HOLDS_OBJECT(reply) &&
        json_object_has_member(json_node_get_object(reply), "runs")) {
        keep_page(client, json_node_get_object(reply));
    }
    client->counts[number].answered++;
}

/* All that the monitor prints before it asks for a line again. */
static void await_prompt(HammerClient *client)
{
    GInputStream *input =
        g_io_stream_get_input_stream(G_IO_STREAM(client->monitor));
    char chunk[CHUNK];

    g_string_truncate(client->printed, 0);
    while (!g_str_has_suffix(client->printed->str, PROMPT)) {
        g_autoptr(GError) error = NULL;
        gssize n =
            g_input_stream_read(input, chunk, sizeof(chunk), NULL, &error);

        g_assert_no_error(error);
        g_assert_cmpint(n, >, 0);
        g_string_append_len(client->printed, chunk, n);
    }
    g_string_truncate(client->printed, client->printed->len - strlen(PROMPT));
}

static void type_line(HammerClient *client, const char *line)
{
    GOutputStream *output =
        g_io_stream_get_output_stream(G_IO_STREAM(client->monitor));
    g_autofree char *typed = g_strconcat(line, "\n", NULL);
    g_autoptr(GError) error = NULL;

    g_output_stream_write_all(output, typed, strlen(typed), NULL, NULL, &error);
    g_assert_no_error(error);
}

/* The answer, without what the monitor echoes, each line ended as in files. */
static char *take_answer(HammerClient *client)
{
    const char *answer = strstr(client->printed->str, LINE_END);
    g_autofree char *rest = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_nonnull(answer);
    rest = g_strdup(answer + strlen(LINE_END));
    lines = g_strsplit(rest, LINE_END, -1);
    return g_strjoinv("\n", lines);
}

/* With the numbers in place of <pid> and <camera>. */
static char *fill_in(const char *text, const Choice *choice)
{
    GString *filled = g_string_new(text);
    g_autofree char *pid = g_strdup_printf("%u", choice->pid);
    g_autofree char *camera = g_strdup_printf("%u", choice->camera);

    g_string_replace(filled, "<pid>", pid, 0);
    g_string_replace(filled, "<camera>", camera, 0);
    return g_string_free(filled, FALSE);
}

static void check_answer(const char *answer, const Command *command,
                         const Choice *choice)
{
    g_autofree char *wanted = fill_in(command->reply, choice);

    if (!g_regex_match_simple(wanted, answer, G_REGEX_MULTILINE, 0)) {
        g_error("%s at the monitor: %s", command->name, answer);
    }
}

static void ask_monitor(HammerClient *client, guint number)
{
    const Command *command = &commands[number];
    Choice choice = choose(client);
    g_autofree char *line = fill_in(command->line, &choice);
    g_autofree char *answer = NULL;

    type_line(client, line);
    await_prompt(client);
    answer = take_answer(client);
    documented_check_text(answer);
    if (g_str_has_prefix(answer, ERROR_WORD)) {
        documented_check_error(client->documented,
                               g_strchomp(answer) + strlen(ERROR_WORD));
        client->counts[number].refused++;
    } else {
        check_answer(answer, command, &choice);
        client->counts[number].answered++;
    }
}

static gpointer client_run(gpointer opaque)
{
    HammerClient *client = opaque;

    while (!g_atomic_int_get(&client->ending)) {
        guint number =
            (guint)g_rand_int_range(client->random, 0, HAMMER_COMMANDS);

        if (client->qmp) {
            ask_qmp(client, number);
        } else {
            ask_monitor(client, number);
        }
    }
    return NULL;
}

static HammerClient *client_new(const Documented *documented, guint32 seed)
{
    HammerClient *client = g_new0(HammerClient, 1);

    client->documented = documented;
    client->random = g_rand_new_with_seed(seed);
    client->printed = g_string_new(NULL);
    return client;
}

HammerClient *hammer_client_qmp(const char *path, const Documented *documented,
                                guint32 seed)
{
    HammerClient *client = client_new(documented, seed);
    g_autoptr(GError) error = NULL;

    client->qmp = haywire_qmp_client_new(path, TIMEOUT_S * 1000, &error);
    g_assert_no_error(error);
    client->thread = g_thread_new("qmp-client", client_run, client);
    return client;
}

HammerClient *hammer_client_monitor(const char *path,
                                    const Documented *documented, guint32 seed)
{
    HammerClient *client = client_new(documented, seed);
    g_autoptr(GSocketClient) connector = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GError) error = NULL;

    g_socket_client_set_timeout(connector, TIMEOUT_S);
    client->monitor = g_socket_client_connect(
        connector, G_SOCKET_CONNECTABLE(address), NULL, &error);
    g_assert_no_error(error);
    await_prompt(client);
    client->thread = g_thread_new("monitor", client_run, client);
    return client;
}

void hammer_client_end(HammerClient *client, HammerCount *sums)
{
    g_atomic_int_set(&client->ending, TRUE);
    g_thread_join(client->thread);
    for (guint i = 0; i < HAMMER_COMMANDS; i++) {
        sums[i].answered += client->counts[i].answered;
        sums[i].refused += client->counts[i].refused;
    }
    haywire_qmp_client_free(client->qmp);
    g_clear_object(&client->monitor);
    g_string_free(client->printed, TRUE);
    g_rand_free(client->random);
    g_free(client);
}
