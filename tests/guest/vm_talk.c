/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to a machine: console, QMP, monitor, qtest. See vm.h.
 */
#include "vm_internal.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MARK  "@@haywire ready\n"
#define STATUS_MARK "\n@@haywire status "

#define CHUNK 65536

/* Machines at a time. */
#define CLEANUPS_MAX 8

/* Enough for every captured text; a guest that sends more is broken. */
#define CAPTURE_MAX (64u << 20)

GSocket *vm_connect(Vm *vm, const char *name)
{
    g_autofree char *path = vm_private_path(vm, name);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GError) error = NULL;
    GSocket *sock;

    sock = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                        G_SOCKET_PROTOCOL_DEFAULT, &error);
    g_assert_no_error(error);
    g_socket_connect(sock, address, NULL, &error);
    g_assert_no_error(error);
    return sock;
}

void vm_send(GSocket *sock, const char *text)
{
    gsize left = strlen(text);

    while (left > 0) {
        g_autoptr(GError) error = NULL;
        gssize n = g_socket_send(sock, text, left, NULL, &error);

        g_assert_no_error(error);
        text += n;
        left -= (gsize)n;
    }
}

static void receive(GSocket *sock, GString *text, gint64 deadline,
                    const char *what)
{
    char chunk[CHUNK];
    gint64 left = deadline - g_get_monotonic_time();
    gssize n;

    if (!g_socket_condition_timed_wait(sock, G_IO_IN, MAX(left, 0), NULL,
                                       NULL)) {
        g_error("%s: no answer in time; so far: '%s'", what, text->str);
    }
    n = g_socket_receive(sock, chunk, sizeof(chunk), NULL, NULL);
    if (n <= 0) {
        g_error("%s: QEMU closed the connection; so far: '%s'", what,
                text->str);
    }
    g_string_append_len(text, chunk, n);
    g_assert_cmpuint(text->len, <, CAPTURE_MAX);
}

char *vm_read_until(Vm *vm, GSocket *sock, GString *text, const char *mark,
                    unsigned int timeout_s, const char *what)
{
    gint64 deadline = g_get_monotonic_time() + timeout_s * G_USEC_PER_SEC;
    gsize searched = 0;
    const char *found;
    char *before;

    (void)vm;
    while (!(found = g_strstr_len(text->str + searched,
                                  (gssize)(text->len - searched), mark))) {
        searched = text->len > strlen(mark) ? text->len - strlen(mark) : 0;
        receive(sock, text, deadline, what);
    }
    before = g_strndup(text->str, (gsize)(found - text->str));
    g_string_erase(text, 0, (gssize)(found - text->str) + (gssize)strlen(mark));
    return before;
}

void vm_guest_wait_ready(Vm *vm)
{
    g_free(vm_read_until(vm, vm->console, vm->console_text, READY_MARK,
                         VM_BOOT_TIMEOUT_S, "booting the guest"));
}

gboolean vm_has_booted(Vm *vm)
{
    const char *found;

    while (g_socket_condition_check(vm->console, G_IO_IN) & G_IO_IN) {
        receive(vm->console, vm->console_text, g_get_monotonic_time(),
                "booting the guest anew");
    }
    found = strstr(vm->console_text->str, READY_MARK);
    if (found) {
        g_string_erase(vm->console_text, 0,
                       found + strlen(READY_MARK) - vm->console_text->str);
    }
    return found != NULL;
}

void vm_guest_end(Vm *vm, const char *command)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);

    vm_send(vm->console, line);
}

char *vm_guest_run(Vm *vm, const char *command, int *ret_status)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    g_autofree char *output = NULL;
    g_autofree char *status_text = NULL;
    int status;

    vm_send(vm->console, line);
    output = vm_read_until(vm, vm->console, vm->console_text, STATUS_MARK,
                           VM_GUEST_TIMEOUT_S, command);
    status_text = vm_read_until(vm, vm->console, vm->console_text, "\n",
                                VM_GUEST_TIMEOUT_S, command);
    status = atoi(status_text);
    if (ret_status) {
        *ret_status = status;
    } else if (status != 0) {
        g_error("'%s' in the guest: status %d: %s", command, status, output);
    }
    return g_steal_pointer(&output);
}

static GBytes *decompress(const guchar *data, gsize size)
{
    g_autoptr(GZlibDecompressor) zlib =
        g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) packed =
        g_memory_input_stream_new_from_data(data, (gssize)size, NULL);
    g_autoptr(GInputStream) stream =
        g_converter_input_stream_new(packed, G_CONVERTER(zlib));
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    guchar chunk[CHUNK];
    gssize n;

    while ((n = g_input_stream_read(stream, chunk, sizeof(chunk), NULL,
                                    &error)) > 0) {
        g_byte_array_append(out, chunk, (guint)n);
    }
    g_assert_no_error(error);
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

GBytes *vm_guest_capture(Vm *vm, const char *command)
{
    g_autofree char *line =
        g_strdup_printf("( %s ) 2>/dev/null | gzip -1 | base64", command);
    g_autofree char *text = vm_guest_run(vm, line, NULL);
    g_autofree guchar *packed = NULL;
    gsize size;

    packed = g_base64_decode(text, &size);
    return decompress(packed, size);
}

guint vm_guest_page(Vm *vm)
{
    static const char label[] = "KernelPageSize:";

    if (vm->page == 0) {
        g_autofree char *line =
            vm_guest_run(vm, "grep -m1 KernelPageSize: /proc/self/smaps", NULL);

        g_assert_true(g_str_has_prefix(line, label));
        vm->page = (guint)g_ascii_strtoull(line + strlen(label), NULL, 10)
                   << 10;
        g_assert_cmpuint(vm->page, >, 0);
    }
    return vm->page;
}

JsonNode *vm_qmp(Vm *vm, const char *command, JsonObject *arguments)
{
    g_autoptr(GError) error = NULL;
    JsonNode *reply =
        haywire_qmp_client_execute(vm->qmp, command, arguments, &error);

    if (!reply) {
        g_error("QMP %s: %s", command, error->message);
    }
    return reply;
}

JsonNode *vm_qmp_try(Vm *vm, const char *command, const char *arguments_json,
                     GError **error)
{
    g_autoptr(JsonNode) arguments = NULL;
    g_autoptr(GError) bad = NULL;

    if (arguments_json) {
        arguments = json_from_string(arguments_json, &bad);
        g_assert_no_error(bad);
    }
    return haywire_qmp_client_execute(
        vm->qmp, command, arguments ? json_node_get_object(arguments) : NULL,
        error);
}

char *vm_hmp(Vm *vm, const char *line)
{
    g_autoptr(GError) error = NULL;
    char *text = haywire_qmp_client_hmp(vm->qmp, line, &error);
    char *out = text;

    g_assert_no_error(error);
    for (const char *in = text; *in; in++) {
        if (*in != '\r') {
            *out++ = *in;
        }
    }
    *out = '\0';
    return text;
}

JsonObject *vm_wait_event(Vm *vm, const char *name, unsigned int timeout_ms)
{
    g_autoptr(GError) error = NULL;
    JsonObject *event =
        haywire_qmp_client_wait_event(vm->qmp, name, timeout_ms, &error);

    g_assert_no_error(error);
    return event;
}

char *vm_qtest(Vm *vm, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    g_autoptr(GString) came = g_string_new(NULL);

    vm_send(vm->qtest, text);
    return vm_read_until(vm, vm->qtest, came, "\n", VM_GUEST_TIMEOUT_S, line);
}

static gboolean state_is(Vm *vm, gpointer opaque)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) reply = NULL;

    /* Not the kernel's, which is live before a companion is. */
    json_object_set_string_member(arguments, "from", "companion");
    reply = vm_qmp(vm, "query-haywire", arguments);
    return g_strcmp0(json_object_get_string_member(json_node_get_object(reply),
                                                   "state"),
                     opaque) == 0;
}

void vm_wait_state(Vm *vm, const char *state)
{
    vm_wait_until(vm, state, VM_BOOT_TIMEOUT_S, state_is, (gpointer)state);
}

/*
 * What to remove from a signal handler, where little is allowed: the command
 * line, the folders behind its first words.
 */
#define RM_WORDS 3

static char *doomed[RM_WORDS + CLEANUPS_MAX + 1] = { "rm", "-rf", "--" };

static void remove_and_die(int number)
{
    pid_t pid = fork();

    if (pid == 0) {
        execv("/bin/rm", doomed);
        _exit(EXIT_FAILURE);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void set_signals(void (*handler)(int number))
{
    /* g_error and a failed g_assert trap or abort. */
    static const int signals[] = { SIGABRT, SIGTRAP, SIGSEGV,
                                   SIGBUS,  SIGTERM, SIGINT };

    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        signal(signals[i], handler);
    }
}

void vm_cleanup_add(const char *folder)
{
    char **free_word = doomed + RM_WORDS;

    set_signals(SIG_DFL);
    while (*free_word) {
        free_word++;
    }
    g_assert_true(free_word < doomed + RM_WORDS + CLEANUPS_MAX);
    *free_word = g_strdup(folder);
    set_signals(remove_and_die);
}

void vm_cleanup_remove(const char *folder)
{
    char **word = doomed + RM_WORDS;

    set_signals(SIG_DFL);
    while (g_strcmp0(*word, folder) != 0) {
        g_assert_nonnull(*word);
        word++;
    }
    g_free(*word);
    for (; *word; word++) {
        word[0] = word[1];
    }
    if (doomed[RM_WORDS]) {
        set_signals(remove_and_die);
    }
}
