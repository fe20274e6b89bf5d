/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch on a terminal: it refreshes in place, adapts to the size, ends on q
 * and on Ctrl-C, and leaves the terminal as it was.
 */
#include <glib.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "cli.h"
#include "guest.h"
#include "scene.h"

#define TIME_LIMIT_US (20 * G_USEC_PER_SEC)

typedef struct Terminal {
    int main; /* our side */
    int side; /* kept open, to look at its settings in the end */
    pid_t pid;
    GString *seen;
    struct termios before;
} Terminal;

static void run_tool(const Terminal *terminal, char **argv)
{
    alarm(30);
    close(terminal->main);
    login_tty(dup(terminal->side));
    execv(argv[0], argv);
    _exit(127);
}

static void terminal_start(Terminal *terminal, const char *path,
                           unsigned short rows, unsigned short columns)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };
    char *argv[] = { (char *)g_getenv("HAYWIRE_TOOL"), "--ram", (char *)path,
                     "watch", NULL };

    terminal->seen = g_string_new(NULL);
    g_assert_cmpint(
        openpty(&terminal->main, &terminal->side, NULL, NULL, &size), ==, 0);
    g_assert_cmpint(tcgetattr(terminal->side, &terminal->before), ==, 0);
    terminal->pid = fork();
    if (terminal->pid == 0) {
        run_tool(terminal, argv);
    }
    g_assert_cmpint(terminal->pid, >, 0);
}

/* What is written until then; FALSE when there is no more to come. */
static gboolean read_some(Terminal *terminal)
{
    struct pollfd wait = { .fd = terminal->main, .events = POLLIN };
    char part[4096];
    ssize_t count;

    if (poll(&wait, 1, 100) <= 0) {
        return TRUE;
    }
    count = read(terminal->main, part, sizeof(part));
    if (count <= 0) {
        return FALSE;
    }
    g_string_append_len(terminal->seen, part, count);
    return TRUE;
}

/* From @from on in what was seen. */
static void expect(Terminal *terminal, gsize from, const char *text)
{
    const gint64 limit = g_get_monotonic_time() + TIME_LIMIT_US;

    while (!strstr(terminal->seen->str + from, text)) {
        if (g_get_monotonic_time() > limit || !read_some(terminal)) {
            g_test_message("seen: %s", terminal->seen->str);
            g_error("\"%s\" did not come", text);
        }
    }
}

static void terminal_key(Terminal *terminal, char key)
{
    g_assert_cmpint(write(terminal->main, &key, 1), ==, 1);
}

/* Wait for its end; the settings are as before. */
static int terminal_end(Terminal *terminal)
{
    struct termios after;
    int status;

    while (waitpid(terminal->pid, &status, WNOHANG) == 0) {
        read_some(terminal);
    }
    read_some(terminal);
    g_assert_cmpint(tcgetattr(terminal->side, &after), ==, 0);
    g_assert_cmphex(after.c_lflag, ==, terminal->before.c_lflag);
    g_assert_cmphex(after.c_iflag, ==, terminal->before.c_iflag);
    g_assert_cmphex(after.c_oflag, ==, terminal->before.c_oflag);
    close(terminal->main);
    close(terminal->side);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* xterm's sequences to the second screen and back. */
#define ENTER "\x1b[?1049h"
#define LEAVE "\x1b[?1049l"

static void test_quit(void)
{
    Guest *guest = guest_start("quit", SCENE, SCENE_SIZE, GUEST_BEATS);
    Terminal terminal;

    terminal_start(&terminal, guest_path(guest), 24, 100);
    expect(&terminal, 0, ENTER);
    expect(&terminal, 0, "live: linux");
    expect(&terminal, 0, "/sbin/init --x");
    g_assert_null(strstr(terminal.seen->str, LEAVE));
    terminal_key(&terminal, 'q');
    expect(&terminal, 0, LEAVE);
    g_assert_cmpint(terminal_end(&terminal), ==, 0);
    g_string_free(terminal.seen, TRUE);
    guest_stop(guest);
}

static void test_interrupt(void)
{
    Guest *guest = guest_start("interrupt", SCENE, SCENE_SIZE, GUEST_BEATS);
    Terminal terminal;

    terminal_start(&terminal, guest_path(guest), 24, 100);
    expect(&terminal, 0, "/sbin/init --x");
    terminal_key(&terminal, '\x03');
    expect(&terminal, 0, LEAVE);
    g_assert_cmpint(terminal_end(&terminal), ==, 0);
    g_string_free(terminal.seen, TRUE);
    guest_stop(guest);
}

/* Too narrow for the command at first: nothing wraps, nothing is lost. */
static void test_resize(void)
{
    Guest *guest = guest_start("resize", SCENE, SCENE_SIZE, GUEST_BEATS);
    const struct winsize wide = { .ws_row = 24, .ws_col = 100 };
    Terminal terminal;
    gsize from;

    terminal_start(&terminal, guest_path(guest), 5, 20);
    expect(&terminal, 0, "live: linux");
    expect(&terminal, 0, "PPID");
    from = terminal.seen->len;
    g_assert_null(strstr(terminal.seen->str, "COMMAND"));
    g_assert_null(strstr(terminal.seen->str, "/sbin/init"));
    g_assert_cmpint(ioctl(terminal.main, TIOCSWINSZ, &wide), ==, 0);
    expect(&terminal, from, "COMMAND");
    expect(&terminal, from, "/sbin/init --x");
    terminal_key(&terminal, 'q');
    g_assert_cmpint(terminal_end(&terminal), ==, 0);
    g_string_free(terminal.seen, TRUE);
    guest_stop(guest);
}

/* The screen is given back before anything is said. */
static void test_truncated(void)
{
    Guest *guest = guest_start("cut", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_autofree char *path = g_strdup(guest_path(guest));
    Terminal terminal;

    terminal_start(&terminal, path, 24, 100);
    expect(&terminal, 0, "/sbin/init --x");
    guest_stop(guest);
    g_assert_cmpint(truncate(path, 4096), ==, 0);
    expect(&terminal, 0, LEAVE);
    expect(&terminal, 0, "The memory shrank");
    g_assert_true(strstr(terminal.seen->str, LEAVE) <
                  strstr(terminal.seen->str, "The memory shrank"));
    g_assert_cmpint(terminal_end(&terminal), ==, 3);
    g_string_free(terminal.seen, TRUE);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    g_setenv("TERM", "xterm", TRUE);
    g_test_add_func("/cli/watch/quit", test_quit);
    g_test_add_func("/cli/watch/interrupt", test_interrupt);
    g_test_add_func("/cli/watch/resize", test_resize);
    g_test_add_func("/cli/watch/truncated", test_truncated);
    failed = g_test_run();
    cli_end();
    return failed;
}
