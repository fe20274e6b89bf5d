/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the host tool: see cli.h.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beacon_builder.h"

#define TIME_LIMIT_S 30
#define POLL_US      20000

static char *folder;
static int runs;

const char *cli_folder(void)
{
    GError *error = NULL;

    if (!folder) {
        folder = g_dir_make_tmp("haywire-cli-XXXXXX", &error);
        g_assert_no_error(error);
        g_setenv("XDG_CACHE_HOME", "/dev/null", TRUE); /* no hints */
    }
    return folder;
}

char *cli_path(const char *name)
{
    return g_build_filename(cli_folder(), name, NULL);
}

void cli_end(void)
{
    const char *name;
    GDir *entries;

    if (!folder) {
        return;
    }
    entries = g_dir_open(folder, 0, NULL);
    while ((name = g_dir_read_name(entries))) {
        g_autofree char *path = cli_path(name);

        g_remove(path);
    }
    g_dir_close(entries);
    g_rmdir(folder);
    g_clear_pointer(&folder, g_free);
}

static void write_pages(int fd, const HaywireBeacons *beacons)
{
    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);

        g_assert_cmpint(pwrite(fd, beacon->page, HAYWIRE_PAGE_SIZE,
                               (off_t)beacon->position.value),
                        ==, HAYWIRE_PAGE_SIZE);
    }
}

char *cli_ram_new(const char *name, const char *text, guint64 size)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);
    char *path = cli_path(name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    write_pages(fd, beacons);
    close(fd);
    return path;
}

static int output_file(const char *kind, char **ret_path)
{
    g_autofree char *name = g_strdup_printf("%s-%d", kind, runs);
    int fd;

    *ret_path = cli_path(name);
    fd = open(*ret_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

/* In the child, beside other threads of the parent: system calls only. */
static void become_tool(char **argv, int out, int err, CliSetup setup)
{
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    alarm(TIME_LIMIT_S);
    if (setup) {
        setup();
    }
    execv(argv[0], argv);
    _exit(127);
}

CliProcess cli_start(const char *arguments, CliSetup setup)
{
    g_autofree char *line =
        g_strdup_printf("%s %s", g_getenv("HAYWIRE_TOOL"), arguments);
    g_auto(GStrv) argv = g_strsplit(g_strstrip(line), " ", -1);
    CliProcess process;
    int out, err;

    runs++;
    out = output_file("out", &process.out);
    err = output_file("err", &process.err);
    process.pid = fork();
    if (process.pid == 0) {
        become_tool(argv, out, err, setup);
    }
    g_assert_cmpint(process.pid, >, 0);
    close(out);
    close(err);
    return process;
}

void cli_wait_output(const CliProcess *process)
{
    const gint64 limit = g_get_monotonic_time() + TIME_LIMIT_S * G_USEC_PER_SEC;
    GStatBuf found;

    do {
        g_usleep(POLL_US);
        g_assert_cmpint(g_stat(process->out, &found), ==, 0);
    } while (found.st_size == 0 && g_get_monotonic_time() < limit);
    g_assert_cmpint(found.st_size, >, 0);
}

static char *take_file(char *path)
{
    GError *error = NULL;
    char *text;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_remove(path);
    g_free(path);
    return text;
}

void cli_wait(CliProcess *process, CliResult *ret_result)
{
    struct rusage usage;
    int status;

    while (wait4(process->pid, &status, 0, &usage) < 0) {
        g_assert_cmpint(errno, ==, EINTR);
    }
    ret_result->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    ret_result->peak_kib = (guint64)usage.ru_maxrss;
    ret_result->out = take_file(process->out);
    ret_result->err = take_file(process->err);
}

void cli_run(const char *arguments, CliResult *ret_result)
{
    CliProcess process = cli_start(arguments, NULL);

    cli_wait(&process, ret_result);
}

void cli_result_clear(CliResult *result)
{
    g_free(result->out);
    g_free(result->err);
}

void cli_check(const char *arguments, int status, const char *out,
               const char *err_pattern)
{
    g_autofree char *line =
        err_pattern ? g_strdup_printf("%s\n", err_pattern) : g_strdup("");
    CliResult result;

    cli_run(arguments, &result);
    if (!g_pattern_match_simple(line, result.err) ||
        (result.err[0] &&
         strchr(result.err, '\n') != strrchr(result.err, '\n'))) {
        g_test_message("%s: stderr is: %s", arguments, result.err);
        g_test_fail();
    }
    if (out) {
        g_assert_cmpstr(result.out, ==, out);
    }
    if (result.status != status) {
        g_test_message("%s: %s%s", arguments, result.out, result.err);
    }
    g_assert_cmpint(result.status, ==, status);
    cli_result_clear(&result);
}
