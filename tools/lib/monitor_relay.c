/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal on QEMU's human monitor: see monitor_relay.h.
 */
#include "monitor_relay.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The prompt that QEMU's monitor prints when it takes the next line. */
#define PROMPT "(qemu) "

/* How long the monitor may take to prompt before a line is typed anyway. */
#define PROMPT_TIMEOUT_MS 10000

#define CHUNK 4096

static GSocket *connect_monitor(const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) sock = NULL;

    sock = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                        G_SOCKET_PROTOCOL_DEFAULT, error);
    if (!sock || !g_socket_connect(sock, address, NULL, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_steal_pointer(&sock);
}

static gboolean write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        data += n;
        size -= (size_t)n;
    }
    return TRUE;
}

/* Move what @from has to @to; FALSE at the end of either. */
static gboolean pass_on(int from, int to)
{
    char chunk[CHUNK];
    ssize_t n = read(from, chunk, sizeof(chunk));

    if (n < 0) {
        return errno == EINTR;
    }
    return n > 0 && write_all(to, chunk, (size_t)n);
}

/* Show what the monitor says up to its next prompt. */
static gboolean pass_until_prompt(int monitor)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    struct pollfd waiting = { .fd = monitor, .events = POLLIN };

    while (!g_str_has_suffix(seen->str, PROMPT)) {
        char chunk[CHUNK];
        ssize_t n;

        if (poll(&waiting, 1, PROMPT_TIMEOUT_MS) == 0) {
            return TRUE;
        }
        n = read(monitor, chunk, sizeof(chunk));
        if (n <= 0 || !write_all(STDOUT_FILENO, chunk, (size_t)n)) {
            return n < 0 && errno == EINTR;
        }
        g_string_append_len(seen, chunk, n);
    }
    return TRUE;
}

static gboolean type_lines(int monitor, const char *const *lines)
{
    for (; *lines; lines++) {
        g_autofree char *line = g_strconcat(*lines, "\n", NULL);

        if (!pass_until_prompt(monitor) ||
            !write_all(monitor, line, strlen(line))) {
            return FALSE;
        }
    }
    return TRUE;
}

static void relay(int monitor)
{
    struct pollfd ends[2] = {
        { .fd = monitor, .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN },
    };

    for (;;) {
        if (poll(ends, G_N_ELEMENTS(ends), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (ends[0].revents && !pass_on(monitor, STDOUT_FILENO)) {
            return;
        }
        if (ends[1].revents && !pass_on(STDIN_FILENO, monitor)) {
            return;
        }
    }
}

/* Raw input, but output as usual and Ctrl-C still a signal. */
static gboolean set_raw(struct termios *ret_before)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, ret_before) != 0) {
        return FALSE;
    }
    raw = *ret_before;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static struct termios terminal_before;

static void restore_and_die(int number)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        signal(numbers[i], restore_and_die);
    }
}

gboolean haywire_monitor_relay(const char *path, const char *const *lines,
                               GError **error)
{
    g_autoptr(GSocket) sock = connect_monitor(path, error);
    gboolean terminal;

    if (!sock) {
        return FALSE;
    }
    signal(SIGPIPE, SIG_IGN);
    terminal = set_raw(&terminal_before);
    if (terminal) {
        catch_signals();
    }
    if (type_lines(g_socket_get_fd(sock), lines)) {
        relay(g_socket_get_fd(sock));
    }
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    }
    return TRUE;
}
