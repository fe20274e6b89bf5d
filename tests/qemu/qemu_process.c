/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu_process.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "qmp_client.h"

/* One qtest line carries this many bytes of memory. */
#define QTEST_CHUNK 4096

struct QemuProcess {
    char *folder;
    GSubprocess *subprocess;
    HaywireQmpClient *qmp;
    GSocketConnection *qtest;
    GDataInputStream *qtest_in;
    guint unanswered; /* qtest commands whose answers were not read */
    char *messages;
};

static char *process_file(QemuProcess *process, const char *name)
{
    return g_build_filename(process->folder, name, NULL);
}

static char *process_socket_option(QemuProcess *process, const char *name)
{
    return g_strdup_printf("unix:%s/%s,server=on,wait=off", process->folder,
                           name);
}

static GPtrArray *process_command(QemuProcess *process, const char *qemu,
                                  const char *options, const char *arguments)
{
    static const char *const fixed[] = {
        "-nodefaults", "-display", "none",       "-S",
        "-accel",      "tcg",      "-qtest-log", "none",
    };
    GPtrArray *command = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) words = g_strsplit(arguments, " ", -1);

    g_ptr_array_add(command, g_strdup(qemu));
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++) {
        g_ptr_array_add(command, g_strdup(fixed[i]));
    }
    g_ptr_array_add(command, g_strdup("-qmp"));
    g_ptr_array_add(command, process_socket_option(process, "qmp"));
    g_ptr_array_add(command, g_strdup("-qtest"));
    g_ptr_array_add(command, process_socket_option(process, "qtest"));
    if (options) {
        g_ptr_array_add(command, g_strdup("-plugin"));
        g_ptr_array_add(command,
                        g_strconcat(g_getenv("HAYWIRE_PLUGIN"), options, NULL));
    }
    for (char **word = words; *word; word++) {
        if (**word) {
            g_ptr_array_add(command, g_strdup(*word));
        }
    }
    g_ptr_array_add(command, NULL);
    return command;
}

/* A test that dies takes its QEMU along. */
static void child_setup(gpointer opaque)
{
    (void)opaque;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static QemuProcess *process_launch(const char *qemu, const char *options,
                                   const char *arguments)
{
    QemuProcess *process = g_new0(QemuProcess, 1);
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GPtrArray) command = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *messages = NULL;

    process->folder = g_dir_make_tmp("haywire-qemu-XXXXXX", &error);
    g_assert_no_error(error);
    command = process_command(process, qemu, options, arguments);
    messages = process_file(process, "messages");
    g_subprocess_launcher_set_stdout_file_path(launcher, messages);
    g_subprocess_launcher_set_flags(launcher, G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_subprocess_launcher_set_child_setup(launcher, child_setup, NULL, NULL);
    process->subprocess = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)command->pdata, &error);
    g_assert_no_error(error);
    return process;
}

static void G_GNUC_NORETURN process_give_up(QemuProcess *process,
                                            const GError *error)
{
    g_subprocess_force_exit(process->subprocess);
    qemu_process_wait(process);
    g_error("QEMU does not talk: %s: %s", error->message, process->messages);
}

/* QEMU needs a moment until it listens. */
static void process_connect_qtest(QemuProcess *process, const char *path)
{
    gint64 until = g_get_monotonic_time() +
                   QEMU_PROCESS_TIMEOUT_S * (gint64)G_TIME_SPAN_SECOND;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    GInputStream *stream;

    g_socket_client_set_timeout(client, QEMU_PROCESS_TIMEOUT_S);
    while (!process->qtest) {
        g_autoptr(GError) error = NULL;

        process->qtest = g_socket_client_connect(
            client, G_SOCKET_CONNECTABLE(address), NULL, &error);
        if (error && (!g_subprocess_get_identifier(process->subprocess) ||
                      g_get_monotonic_time() > until)) {
            process_give_up(process, error);
        }
        g_usleep(error ? 5000 : 0);
    }
    stream = g_io_stream_get_input_stream(G_IO_STREAM(process->qtest));
    process->qtest_in = g_data_input_stream_new(stream);
}

QemuProcess *qemu_process_start(const char *qemu, const char *options,
                                const char *arguments)
{
    QemuProcess *process = process_launch(qemu, options, arguments);
    g_autofree char *qmp = process_file(process, "qmp");
    g_autofree char *qtest = process_file(process, "qtest");
    g_autoptr(GError) error = NULL;

    /* Its sockets for monitors listen before the one for tests. */
    process_connect_qtest(process, qtest);
    process->qmp =
        haywire_qmp_client_new(qmp, QEMU_PROCESS_TIMEOUT_S * 1000, &error);
    if (error) {
        process_give_up(process, error);
    }
    return process;
}

int qemu_process_refused(const char *qemu, const char *options,
                         const char *arguments, char **ret_messages)
{
    g_autoptr(QemuProcess) process = process_launch(qemu, options, arguments);
    int status = qemu_process_wait(process);

    *ret_messages = g_steal_pointer(&process->messages);
    return status;
}

static void folder_remove(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        g_unlink(file);
    }
    g_rmdir(path);
}

void qemu_process_free(QemuProcess *process)
{
    if (!process) {
        return;
    }
    if (!process->messages) {
        g_subprocess_force_exit(process->subprocess);
        qemu_process_wait(process);
    }
    haywire_qmp_client_free(process->qmp);
    g_clear_object(&process->qtest_in);
    g_clear_object(&process->qtest);
    g_clear_object(&process->subprocess);
    folder_remove(process->folder);
    g_free(process->folder);
    g_free(process->messages);
    g_free(process);
}

const char *qemu_process_folder(QemuProcess *process)
{
    return process->folder;
}

const char *qemu_process_id(QemuProcess *process)
{
    return g_subprocess_get_identifier(process->subprocess);
}

static JsonNode *process_execute(QemuProcess *process, const char *command,
                                 const char *arguments, GError **error)
{
    g_autoptr(JsonNode) node = NULL;

    if (arguments) {
        node = json_from_string(arguments, error);
        g_assert_nonnull(node);
    }
    return haywire_qmp_client_execute(
        process->qmp, command, node ? json_node_get_object(node) : NULL, error);
}

JsonNode *qemu_process_qmp(QemuProcess *process, const char *command,
                           const char *arguments)
{
    g_autoptr(GError) error = NULL;
    JsonNode *reply = process_execute(process, command, arguments, &error);

    g_assert_no_error(error);
    return reply;
}

char *qemu_process_qmp_error(QemuProcess *process, const char *command,
                             const char *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;

    reply = process_execute(process, command, arguments, &error);
    g_assert_error(error, HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_COMMAND);
    g_assert_cmpstr(haywire_qmp_error_get_class(error), ==, "GenericError");
    return g_strdup(error->message);
}

char *qemu_process_hmp(QemuProcess *process, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = haywire_qmp_client_hmp(process->qmp, line, &error);
    g_auto(GStrv) parts = NULL;

    g_assert_no_error(error);
    parts = g_strsplit(text, "\r", -1);
    return g_strjoinv("", parts);
}

static void process_tell(QemuProcess *process, const char *line)
{
    GOutputStream *out =
        g_io_stream_get_output_stream(G_IO_STREAM(process->qtest));
    g_autoptr(GError) error = NULL;

    g_output_stream_write_all(out, line, strlen(line), NULL, NULL, &error);
    g_assert_no_error(error);
    process->unanswered++;
}

/* One qtest command; returns what stands behind "OK". */
static char *process_qtest(QemuProcess *process, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = NULL;

    process_tell(process, line);
    for (; process->unanswered > 0; process->unanswered--) {
        g_free(answer);
        answer = g_data_input_stream_read_line(process->qtest_in, NULL, NULL,
                                               &error);
        g_assert_no_error(error);
        g_assert_nonnull(answer);
        g_assert_true(g_str_has_prefix(answer, "OK"));
    }
    return g_strdup(g_strchug(answer + strlen("OK")));
}

static void memwrite_chunk(QemuProcess *process, guint64 gpa,
                           const guint8 *data, gsize length)
{
    g_autofree char *text = g_base64_encode(data, length);
    g_autofree char *line = g_strdup_printf("b64write 0x%" G_GINT64_MODIFIER
                                            "x 0x%" G_GSIZE_MODIFIER "x %s\n",
                                            gpa, length, text);
    g_autofree char *answer = process_qtest(process, line);
}

void qemu_process_memwrite(QemuProcess *process, guint64 gpa, const void *data,
                           gsize length)
{
    const guint8 *bytes = data;

    for (gsize done = 0; done < length; done += QTEST_CHUNK) {
        memwrite_chunk(process, gpa + done, bytes + done,
                       MIN(length - done, QTEST_CHUNK));
    }
}

void qemu_process_memread(QemuProcess *process, guint64 gpa, void *data,
                          gsize length)
{
    g_autofree char *line = g_strdup_printf("read 0x%" G_GINT64_MODIFIER
                                            "x 0x%" G_GSIZE_MODIFIER "x\n",
                                            gpa, length);
    g_autofree char *answer = process_qtest(process, line);
    guint8 *bytes = data;

    g_assert_true(g_str_has_prefix(answer, "0x"));
    g_assert_cmpuint(strlen(answer), ==, 2 + 2 * length);
    for (gsize i = 0; i < length; i++) {
        bytes[i] = g_ascii_xdigit_value(answer[2 + 2 * i]) << 4 |
                   g_ascii_xdigit_value(answer[3 + 2 * i]);
    }
}

/* @width: b, w or l.  No answer is waited for: the machine may exit. */
static void process_out(QemuProcess *process, char width, guint16 port,
                        guint32 value)
{
    g_autofree char *line =
        g_strdup_printf("out%c 0x%x 0x%x\n", width, port, value);

    process_tell(process, line);
}

void qemu_process_out(QemuProcess *process, guint16 port, guint8 value)
{
    process_out(process, 'b', port, value);
}

void qemu_process_out16(QemuProcess *process, guint16 port, guint16 value)
{
    process_out(process, 'w', port, value);
}

void qemu_process_out32(QemuProcess *process, guint16 port, guint32 value)
{
    process_out(process, 'l', port, value);
}

guint32 qemu_process_in32(QemuProcess *process, guint16 port)
{
    g_autofree char *line = g_strdup_printf("inl %#x\n", port);
    g_autofree char *answer = process_qtest(process, line);

    return (guint32)g_ascii_strtoull(g_strstrip(answer), NULL, 0);
}

void qemu_process_signal(QemuProcess *process, int signal)
{
    g_subprocess_send_signal(process->subprocess, signal);
}

static gboolean process_kill(gpointer opaque)
{
    g_subprocess_force_exit(opaque);
    return G_SOURCE_CONTINUE;
}

static void process_exited(GObject *source, GAsyncResult *result,
                           gpointer opaque)
{
    g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
    g_main_loop_quit(opaque);
}

/* A process that does not end in time is killed, and shows it by its status. */
static void process_await_exit(QemuProcess *process)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    guint timeout = g_timeout_add_seconds(QEMU_PROCESS_TIMEOUT_S, process_kill,
                                          process->subprocess);

    g_subprocess_wait_async(process->subprocess, NULL, process_exited, loop);
    g_main_loop_run(loop);
    g_source_remove(timeout);
}

int qemu_process_wait(QemuProcess *process)
{
    g_autofree char *path = process_file(process, "messages");

    if (!process->messages) {
        process_await_exit(process);
        g_assert_true(
            g_file_get_contents(path, &process->messages, NULL, NULL));
    }
    if (g_subprocess_get_if_signaled(process->subprocess)) {
        return 128 + g_subprocess_get_term_sig(process->subprocess);
    }
    return g_subprocess_get_exit_status(process->subprocess);
}

const char *qemu_process_messages(QemuProcess *process)
{
    return process->messages;
}
