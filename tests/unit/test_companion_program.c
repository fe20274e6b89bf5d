/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companion as a program: its file, its command line, its modes. */

#include <elf.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE_LIMIT    (1536 * 1024)
#define ORDINARY_USER 65534

/* A run of the program that has ended. */
typedef struct Run {
    char *out;
    char *err;
    int status;
} Run;

static void run_clear(Run *run)
{
    g_free(run->out);
    g_free(run->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static const char *program(void)
{
    return g_getenv("HAYWIRE_COMPANION");
}

/* Nothing that a test starts outlives it. */
static void die_with_parent(gpointer user)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (GPOINTER_TO_UINT(user) != 0 && (setgid(GPOINTER_TO_UINT(user)) != 0 ||
                                        setuid(GPOINTER_TO_UINT(user)) != 0)) {
        _exit(99);
    }
}

static Run run_file(const char *file, unsigned user, const char *arguments)
{
    g_autofree char *line = g_strdup_printf("%s %s", file, arguments);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    Run run = { 0 };

    g_assert_true(g_spawn_sync("/", argv, NULL, G_SPAWN_DEFAULT,
                               die_with_parent, GUINT_TO_POINTER(user),
                               &run.out, &run.err, &run.status, NULL));
    g_assert_true(WIFEXITED(run.status));
    run.status = WEXITSTATUS(run.status);
    return run;
}

static Run run(const char *arguments)
{
    return run_file(program(), 0, arguments);
}

static bool sanitized(void)
{
    return g_strcmp0(g_getenv("HAYWIRE_SANITIZED"), "yes") == 0;
}

static void test_size(void)
{
    g_autofree char *stripped = NULL;
    g_autoptr(GError) error = NULL;
    struct stat file;
    int status, fd;

    fd = g_file_open_tmp("companion-XXXXXX", &stripped, &error);
    g_assert_no_error(error);
    close(fd);
    {
        const char *argv[] = { "strip", "-o", stripped, program(), NULL };

        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
                                   G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                                   &status, NULL));
    }
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpint(g_stat(stripped, &file), ==, 0);
    g_unlink(stripped);
    g_test_message("%ld bytes stripped", (long)file.st_size);
    g_assert_cmpint(file.st_size, <=, SIZE_LIMIT);
}

/* No program interpreter: nothing has to be there in the guest. */
static void test_static(void)
{
    g_autofree char *content = NULL;
    gsize length;
    Elf64_Ehdr header;

    g_assert_true(g_file_get_contents(program(), &content, &length, NULL));
    g_assert_cmpuint(length, >, sizeof(header));
    memcpy(&header, content, sizeof(header));
    g_assert_cmpuint(header.e_phnum, >, 0);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;

        memcpy(&segment, content + header.e_phoff + i * sizeof(segment),
               sizeof(segment));
        g_assert_cmpuint(segment.p_type, !=, PT_INTERP);
    }
}

static void test_help(void)
{
    g_auto(Run) help = run("--help");
    g_auto(Run) version = run("--version");

    g_assert_cmpint(help.status, ==, 0);
    g_assert_true(g_str_has_prefix(help.out, "Usage: haywire-companion"));
    g_assert_cmpstr(help.err, ==, "");
    g_assert_cmpint(version.status, ==, 0);
    g_assert_true(g_str_has_prefix(version.out, "haywire-companion "));
}

static void test_usage(void)
{
    static const char *const bad[] = { "--bad", "dance", "--interval 1",
                                       "run run", "--pages all=1" };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(Run) ended = run(bad[i]);

        g_assert_cmpint(ended.status, ==, 2);
        g_assert_cmpstr(ended.out, ==, "");
        g_assert_true(g_str_has_prefix(ended.err, "haywire-companion: "));
        g_assert_true(strchr(ended.err, '\n') ==
                      ended.err + strlen(ended.err) - 1);
    }
}

static void check_selftest(const char *file, unsigned user)
{
    g_auto(Run) self = run_file(file, user, "selftest");

    g_test_message("%s", self.out);
    g_assert_cmpint(self.status, ==, 0);
    g_assert_null(strstr(self.out, "not ok"));
    g_assert_nonnull(strstr(self.out, "all checks passed"));
}

static void test_selftest(void)
{
    check_selftest(program(), 0);
}

/* A copy, since the build folder may be closed to other users. */
static void test_selftest_ordinary(void)
{
    g_autofree char *copy = NULL;
    g_autofree char *content = NULL;
    gsize length;
    int fd = g_file_open_tmp("companion-XXXXXX", &copy, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_file_get_contents(program(), &content, &length, NULL));
    g_assert_cmpint(write(fd, content, length), ==, length);
    g_assert_cmpint(fchmod(fd, 0755), ==, 0);
    close(fd);
    check_selftest(copy, geteuid() == 0 ? ORDINARY_USER : 0);
    g_unlink(copy);
}

static void test_selftest_geometry(void)
{
    g_auto(Run) self = run("selftest --pages roundrobin=2000 --pages "
                           "pid=10 --pages camera1=400 --interval 100");

    g_assert_cmpint(self.status, ==, 0);
}

static void test_once(void)
{
    g_auto(Run) ended = run("once --hold 50");

    g_assert_cmpint(ended.status, ==, 0);
    g_assert_nonnull(strstr(ended.out, "one round published"));
    g_assert_cmpstr(ended.err, ==, "");
}

static void test_benchmark(void)
{
    g_auto(Run) ended = run("benchmark --rounds 3");

    g_assert_cmpint(ended.status, ==, 0);
    g_assert_nonnull(strstr(ended.out, "MEDIAN"));
    g_assert_nonnull(strstr(ended.out, "roundrobin"));
    g_assert_nonnull(strstr(ended.out, "camera2"));
    g_assert_null(strstr(ended.out, "could not"));
}

static void assert_ends(int signal_number)
{
    char *argv[] = { (char *)program(), (char *)"run", NULL };
    char line[256] = "";
    GPid pid;
    int out, status;

    g_assert_true(g_spawn_async_with_pipes(
        NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL,
        &pid, NULL, &out, NULL, NULL));
    g_assert_cmpint(read(out, line, sizeof(line) - 1), >, 0);
    g_assert_nonnull(strstr(line, "publishing"));
    g_assert_cmpint(kill(pid, signal_number), ==, 0);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    close(out);
}

static void test_signals(void)
{
    assert_ends(SIGTERM);
    assert_ends(SIGINT);
    assert_ends(SIGHUP);
}

/* In a pid namespace of its own, below the /proc of another. */
static void test_selftest_namespace(void)
{
    g_autofree char *arguments = g_strdup_printf("-pf %s selftest", program());
    Run result;

    if (geteuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    result = run_file("/usr/bin/unshare", 0, arguments);
    g_test_message("%s%s", result.out, result.err);
    g_assert_cmpint(result.status, ==, 0);
    run_clear(&result);
}

/*
 * Sanitizers make the program larger and need their shared runtime, and their
 * shadow, terabytes of it, is more than a camera reads.
 */
static void add_unsanitized(void)
{
    g_test_add_func("/program/size", test_size);
    g_test_add_func("/program/static", test_static);
    g_test_add_func("/program/selftest", test_selftest);
    g_test_add_func("/program/selftest/namespace", test_selftest_namespace);
    g_test_add_func("/program/selftest/ordinary", test_selftest_ordinary);
    g_test_add_func("/program/selftest/geometry", test_selftest_geometry);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(program());
    g_test_add_func("/program/help", test_help);
    g_test_add_func("/program/usage", test_usage);
    g_test_add_func("/program/once", test_once);
    g_test_add_func("/program/benchmark", test_benchmark);
    g_test_add_func("/program/signals", test_signals);
    if (!sanitized()) {
        add_unsanitized();
    }
    return g_test_run();
}
