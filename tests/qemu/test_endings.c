/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU starts and ends with the plugin again and again while a client polls;
 * with sanitizers in the plugin, nothing of it leaks.
 *
 * HAYWIRE_TEST_SANITIZED_PLUGIN, HAYWIRE_TEST_PRELOAD: a plugin with
 * sanitizers, and their library for QEMU to load first.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"
#include "qmp_client.h"

#define TIMES           50
#define TIMES_SANITIZED 2
#define POLL_TIMEOUT_MS 60000
#define ANSWERS_FIRST   3 /* before the end is asked for */

/* A second client, in a thread of its own, until nobody answers any more. */
typedef struct Poller {
    char *folder;
    char *socket;
    gboolean (*poll)(struct Poller *poller);
    HaywireQmpClient *qmp;
    GSocketConnection *monitor;
    GThread *thread;
    gint answers;
} Poller;

static gboolean poll_qmp(Poller *poller)
{
    g_autoptr(JsonNode) reply = NULL;

    if (!poller->qmp) {
        poller->qmp =
            haywire_qmp_client_new(poller->socket, POLL_TIMEOUT_MS, NULL);
    }
    reply = poller->qmp ? haywire_qmp_client_execute(
                              poller->qmp, "query-haywire-stats", NULL, NULL)
                        : NULL;
    return reply != NULL;
}

static gboolean connect_monitor(Poller *poller)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address =
        g_unix_socket_address_new(poller->socket);

    g_socket_client_set_timeout(client, POLL_TIMEOUT_MS / 1000);
    poller->monitor = g_socket_client_connect(
        client, G_SOCKET_CONNECTABLE(address), NULL, NULL);
    return poller->monitor != NULL;
}

/* A line typed, and all that is there of the monitor's answers. */
static gboolean poll_monitor(Poller *poller)
{
    static const char line[] = "info haywire stats\n";
    GIOStream *stream;
    char answer[4096];

    if (!poller->monitor && !connect_monitor(poller)) {
        return FALSE;
    }
    stream = G_IO_STREAM(poller->monitor);
    return g_output_stream_write_all(g_io_stream_get_output_stream(stream),
                                     line, strlen(line), NULL, NULL, NULL) &&
           g_input_stream_read(g_io_stream_get_input_stream(stream), answer,
                               sizeof(answer), NULL, NULL) > 0;
}

static gpointer poller_run(gpointer opaque)
{
    Poller *poller = opaque;

    while (poller->poll(poller)) {
        g_atomic_int_inc(&poller->answers);
    }
    return NULL;
}

static void poller_init(Poller *poller)
{
    g_autoptr(GError) error = NULL;

    memset(poller, 0, sizeof(*poller));
    poller->folder = g_dir_make_tmp("haywire-poll-XXXXXX", &error);
    g_assert_no_error(error);
    poller->socket = g_build_filename(poller->folder, "qmp", NULL);
}

static void poller_start(Poller *poller)
{
    gint64 until = g_get_monotonic_time() + POLL_TIMEOUT_MS * 1000;

    poller->thread = g_thread_new("poller", poller_run, poller);
    while (g_atomic_int_get(&poller->answers) < ANSWERS_FIRST) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(1000);
    }
}

static void poller_clear(Poller *poller)
{
    g_thread_join(poller->thread);
    haywire_qmp_client_free(poller->qmp);
    g_clear_object(&poller->monitor);
    g_unlink(poller->socket);
    g_rmdir(poller->folder);
    g_free(poller->socket);
    g_free(poller->folder);
}

static void end_by_quit(QemuProcess *process)
{
    g_autoptr(JsonNode) nothing = qemu_process_qmp(process, "quit", NULL);
}

static void end_by_signal(QemuProcess *process)
{
    qemu_process_signal(process, SIGTERM);
}

/*
 * What a guest does to power itself off, on q35: place and enable the power
 * management registers of the ICH9 LPC bridge (00:1f.0, as firmware does), and
 * write "sleep, type S5" to PM1_CNT.
 */
static void end_by_guest(QemuProcess *process)
{
    qemu_process_out32(process, 0xcf8, 0x8000f840);
    qemu_process_out32(process, 0xcfc, 0x601);
    qemu_process_out32(process, 0xcf8, 0x8000f844);
    qemu_process_out32(process, 0xcfc, 0x80);
    qemu_process_out16(process, 0x604, 1 << 13);
}

static void (*const endings[])(QemuProcess *process) = {
    end_by_quit,
    end_by_signal,
    end_by_guest,
};

typedef struct Client {
    gboolean (*poll)(Poller *poller);
    const char *socket_option;
} Client;

/*
 * QEMU 10.0 itself crashes now and then when its end meets a QMP command, and
 * other versions when it is not the guest who ends (patches/README.md): then
 * the client is one of the monitor's.
 */
static Client choose_client(const char *qemu, gsize ending)
{
    g_autofree char *version = qemus_version(qemu);

    return endings[ending] == end_by_guest && !g_str_has_prefix(version, "10.")
               ? (Client){ poll_qmp, "-qmp" }
               : (Client){ poll_monitor, "-monitor" };
}

static void start_and_end(const char *qemu, gsize ending, Client client)
{
    g_autofree char *arguments = NULL;
    g_autoptr(QemuProcess) process = NULL;
    Poller poller;

    poller_init(&poller);
    poller.poll = client.poll;
    arguments =
        g_strdup_printf("-machine q35 -m 128 %s unix:%s,server=on,wait=off",
                        client.socket_option, poller.socket);
    process = qemu_process_start(qemu, ",interval=10", arguments);
    poller_start(&poller);
    endings[ending](process);
    g_assert_cmpint(qemu_process_wait(process), ==, 0);
    poller_clear(&poller);
}

static void start_and_end_all(const char *qemu, guint times)
{
    for (gsize ending = 0; ending < G_N_ELEMENTS(endings); ending++) {
        Client client = choose_client(qemu, ending);

        for (guint i = 0; i < times; i++) {
            start_and_end(qemu, ending, client);
        }
    }
}

static void test_endings(const char *qemu)
{
    start_and_end_all(qemu, TIMES);
}

/* A report tells of one leak after the other, parted by empty lines. */
static void check_report(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) leaks = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    leaks = g_strsplit(text, "\n\n", -1);
    for (char **leak = leaks; *leak; leak++) {
        if (strstr(*leak, "haywire") && !strstr(*leak, "SUMMARY")) {
            g_test_message("%s", *leak);
            g_test_fail();
        }
    }
    g_unlink(path);
}

static guint check_reports(const char *folder)
{
    g_autoptr(GDir) reports = g_dir_open(folder, 0, NULL);
    const char *name;
    guint count = 0;

    while ((name = g_dir_read_name(reports))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        check_report(path);
        count++;
    }
    return count;
}

/*
 * tools/get-qemu starts a QEMU of another Debian release by that release's own
 * loader and libraries: this machine's sanitizer does not fit into it.
 */
static gboolean has_own_loader(const char *qemu)
{
    g_autofree char *program = g_find_program_in_path(qemu);
    g_autofree char *text = NULL;
    gsize length;

    return program && g_file_get_contents(program, &text, &length, NULL) &&
           g_str_has_prefix(text, "#!") && strstr(text, "--library-path");
}

/* QEMU has leaks of its own at exit: they show that reports are made. */
static void test_leaks(const char *qemu)
{
    const char *plugin = g_getenv("HAYWIRE_TEST_SANITIZED_PLUGIN");
    const char *preload = g_getenv("HAYWIRE_TEST_PRELOAD");
    g_autofree char *plain = g_strdup(g_getenv("HAYWIRE_PLUGIN"));
    g_autofree char *folder = g_dir_make_tmp("haywire-leaks-XXXXXX", NULL);
    g_autofree char *options = g_strdup_printf(
        "detect_leaks=1:exitcode=0:fast_unwind_on_malloc=0:log_path=%s/report",
        folder);

    if (!plugin || !preload || has_own_loader(qemu)) {
        g_test_skip(plugin && preload
                        ? "a loader of its own: no sanitizer of this machine"
                        : "no plugin with sanitizers: run tools/test");
        g_rmdir(folder);
        return;
    }
    g_setenv("HAYWIRE_PLUGIN", plugin, TRUE);
    g_setenv("ASAN_OPTIONS", options, TRUE);
    g_setenv("LD_PRELOAD", preload, TRUE);
    start_and_end_all(qemu, TIMES_SANITIZED);
    g_unsetenv("LD_PRELOAD");
    g_unsetenv("ASAN_OPTIONS");
    g_setenv("HAYWIRE_PLUGIN", plain, TRUE);
    g_assert_cmpuint(check_reports(folder), >, 0);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("endings/polled", test_endings);
    qemus_add_test("endings/leaks", test_leaks);
    return g_test_run();
}
