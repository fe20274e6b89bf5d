/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --qmp: sockets that are not QMP, and replies of all kinds. What the tool
 * makes of a reply is compared with what it says of the RAM file.
 */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "guest.h"
#include "scene.h"
#include "server.h"

/* It beats, so that the tool need not wait to know. */
static Guest *guest;

static void check(const Server *server, const char *command, int status,
                  const char *err_pattern)
{
    g_autofree char *arguments =
        g_strdup_printf("--qmp %s %s", server_path(server), command);

    cli_check(arguments, status, "", err_pattern);
}

static void test_no_socket(void)
{
    g_autofree char *path = cli_path("plain");
    g_autofree char *file = g_strdup_printf("--qmp %s ps", path);

    g_file_set_contents(path, "", 0, NULL);
    cli_check("--qmp /nonexistent/socket ps", 3, "",
              "haywire: /nonexistent/socket: *No such file or directory");
    cli_check(file, 3, "", "haywire: */plain: *Connection refused");
}

static void test_not_qmp(void)
{
    Server *server = server_start("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian-2");

    check(server, "ps", 3, "haywire: */ssh: *");
    server_stop(server);
}

static void test_silent(void)
{
    Server *server = server_start("silent", NULL);

    check(server, "ps", 3, "haywire: */silent: *");
    server_stop(server);
}

static void test_no_plugin(void)
{
    Server *server = server_start("bare", SERVER_GREETING);

    check(server, "ps", 3, "haywire: */bare: This QEMU has no Haywire plugin");
    server_stop(server);
}

/* The member @name of what the tool prints about the RAM file. */
static char *ram_member(const char *command, const char *name)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram %s --json %s", guest_path(guest), command);
    g_autoptr(JsonNode) root = NULL;
    CliResult result;
    char *member;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    root = json_from_string(result.out, NULL);
    g_assert_nonnull(root);
    member = json_to_string(
        json_object_get_member(json_node_get_object(root), name), FALSE);
    cli_result_clear(&result);
    return member;
}

static const struct {
    const char *command;
    const char *member;
    const char *qmp;
} commands[] = {
    { "status", "status", "query-haywire" },
    /* Waits: on a busy machine one look may see no second heartbeat. */
    { "ps --wait", "processes", "query-haywire-processes" },
    { "sections 300", "sections", "query-haywire-sections" },
    { "ptes 1", "ptes", "query-haywire-ptes" },
    { "cameras", "cameras", "query-haywire-cameras" },
    { "stats", "stats", "query-haywire-stats" },
    { "translate 1 0x400123", "translation", "haywire-translate" },
};

static void serve_scene(Server *server)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *reply =
            ram_member(commands[i].command, commands[i].member);

        server_reply(server, commands[i].qmp, reply);
    }
}

/* Times and the reader's counters go on between two runs; blank them out. */
static char *still(const char *text)
{
    g_autoptr(GRegex) moving =
        g_regex_new("((heartbeat|age|duration|time|refreshes|scans|"
                    "pages[ -]read|pages-scanned|candidates|bytes[ -]decoded)"
                    "(\":)? +[0-9.]+.*"
                    "|[0-9.]+ [mu]?s\\b|(?<= ) +)",
                    0, 0, NULL);

    return g_regex_replace_literal(moving, text, -1, 0, "", 0, NULL);
}

static void compare(const Server *server, const char *command)
{
    g_autofree char *on_ram =
        g_strdup_printf("--ram %s %s", guest_path(guest), command);
    g_autofree char *on_qmp =
        g_strdup_printf("--qmp %s %s", server_path(server), command);
    g_autofree char *expected = NULL;
    g_autofree char *found = NULL;
    CliResult ram, qmp;

    cli_run(on_ram, &ram);
    cli_run(on_qmp, &qmp);
    g_assert_cmpint(qmp.status, ==, 0);
    g_assert_cmpstr(qmp.err, ==, ram.err);
    expected = still(ram.out);
    found = still(qmp.out);
    g_assert_cmpstr(found, ==, expected);
    cli_result_clear(&ram);
    cli_result_clear(&qmp);
}

static void test_same(void)
{
    Server *server = server_start("same", SERVER_GREETING);

    serve_scene(server);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *json =
            g_strdup_printf("--json %s", commands[i].command);

        compare(server, commands[i].command);
        compare(server, json);
    }
    server_stop(server);
}

#define SEARCHING "{\"state\": \"searching\", \"sessions\": 0}"

static void test_refusals(void)
{
    static const struct {
        const char *description;
        int status;
    } refusal[] = {
        { "There is no such process in the guest (pid 7)", 1 },
        { "No camera holds this process (pid 7)", 1 },
        { "The page is no longer this session's control page", 4 },
        { "The control word changed before it could be written", 3 },
        { "Something else", 3 },
    };
    Server *server = server_start("refusals", SERVER_GREETING);

    serve_scene(server);
    for (size_t i = 0; i < G_N_ELEMENTS(refusal); i++) {
        g_autofree char *line =
            g_strdup_printf("haywire: %s", refusal[i].description);

        server_refuse(server, "query-haywire-ptes", "GenericError",
                      refusal[i].description);
        check(server, "ptes 7", refusal[i].status, line);
    }
    server_stop(server);
}

static void test_malformed(void)
{
    static const struct {
        const char *command;
        const char *qmp;
        const char *reply;
        const char *member;
    } bad[] = {
        { "ps", "query-haywire-processes", "{}", "process" },
        { "ps", "query-haywire-processes", "[1]", "process" },
        { "ps", "query-haywire-processes", "[{}]", "pid" },
        { "ps", "query-haywire-processes", "[{\"pid\": \"1\"}]", "pid" },
        { "ps", "query-haywire-processes", "[{\"pid\": 4294967296}]", "pid" },
        { "ps", "query-haywire-processes", "[{\"pid\": []}]", "pid" },
        { "cameras", "query-haywire-cameras", "[]", "cameras" },
        { "stats", "query-haywire-stats", "{\"host\": 1}", "host" },
        { "sections 1", "query-haywire-sections", "[]", "sections" },
        { "status", "query-haywire", "{\"state\": \"dead\"}", "state" },
        { "status", "query-haywire",
          "{\"state\": \"live\", \"session\": \"12\", \"sessions\": 1}",
          "session" },
    };
    Server *server = server_start("malformed", SERVER_GREETING);

    serve_scene(server);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *line = g_strdup_printf(
            "haywire: The reply is malformed at \"%s\"", bad[i].member);

        server_reply(server, bad[i].qmp, bad[i].reply);
        check(server, bad[i].command, 3, line);
    }
    server_stop(server);
}

/* A plugin that lets a guest's control characters through. */
static void test_control_characters(void)
{
    Server *server = server_start("raw", SERVER_GREETING);
    g_autofree char *list = ram_member("ps", "processes");
    g_auto(GStrv) part = g_strsplit(list, "kthreadd", 2);
    g_autofree char *raw = g_strjoin("\\u001b[2J", part[0], part[1], NULL);

    serve_scene(server);
    server_reply(server, "query-haywire-processes", raw);
    check(server, "ps", 3, "haywire: The reply is malformed at \"name\"");
    server_refuse(server, "query-haywire-processes", "GenericError",
                  "bad\\u001b[2J\\nthing");
    check(server, "ps", 3, "haywire: bad [2J thing");
    server_stop(server);
}

static void to_closed_pipe(void)
{
    int ends[2];

    if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0) {
        _exit(126);
    }
    close(ends[0]);
    close(ends[1]);
}

/* A reader that has seen enough is no failure to tell of. */
static void test_closed_pipe(void)
{
    Server *server = server_start("pipe", SERVER_GREETING);
    g_autofree char *arguments =
        g_strdup_printf("--qmp %s ps", server_path(server));
    CliProcess process;
    CliResult result;

    serve_scene(server);
    process = cli_start(arguments, to_closed_pipe);
    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, -SIGPIPE);
    g_assert_cmpstr(result.err, ==, "");
    cli_result_clear(&result);
    server_stop(server);
}

/* The machine ends while it is asked. */
static void test_ended(void)
{
    Server *server = server_start("ended", SERVER_GREETING);

    serve_scene(server);
    server_hang_up(server, "query-haywire-processes");
    check(server, "ps", 3,
          "haywire: */ended: QEMU has ended, or closed the connection");
    server_stop(server);
}

static void test_no_session(void)
{
    Server *server = server_start("searching", SERVER_GREETING);

    serve_scene(server);
    server_reply(server, "query-haywire", SEARCHING);
    check(server, "ps", 1, "haywire: No companion's session was found");
    check(server, "focus 1", 1, "haywire: No companion's session was found");
    server_stop(server);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    guest = guest_start("guest", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_test_add_func("/cli/qmp/no-socket", test_no_socket);
    g_test_add_func("/cli/qmp/not-qmp", test_not_qmp);
    g_test_add_func("/cli/qmp/silent", test_silent);
    g_test_add_func("/cli/qmp/no-plugin", test_no_plugin);
    g_test_add_func("/cli/qmp/same", test_same);
    g_test_add_func("/cli/qmp/refusals", test_refusals);
    g_test_add_func("/cli/qmp/malformed", test_malformed);
    g_test_add_func("/cli/qmp/control-characters", test_control_characters);
    g_test_add_func("/cli/qmp/closed-pipe", test_closed_pipe);
    g_test_add_func("/cli/qmp/ended", test_ended);
    g_test_add_func("/cli/qmp/no-session", test_no_session);
    failed = g_test_run();
    guest_stop(guest);
    cli_end();
    return failed;
}
