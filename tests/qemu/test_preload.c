/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD=haywire.so: QEMU without -plugin, and programs that are no QEMU.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"

#define PRELOAD "LD_PRELOAD"
#define OPTIONS "HAYWIRE_OPTIONS"

/* For the programs that are started from now on. */
static void preload(const char *file, const char *options)
{
    setenv(PRELOAD, file, 1);
    setenv(OPTIONS, options, 1);
}

static void preload_end(void)
{
    unsetenv(PRELOAD);
    unsetenv(OPTIONS);
}

static const char *plugin_file(void)
{
    return g_getenv("HAYWIRE_PLUGIN");
}

/* Is there once, answers over QMP and in the monitor, ends without a word. */
static void assert_works(QemuProcess *process)
{
    g_autoptr(JsonNode) reply =
        qemu_process_qmp(process, "query-haywire", NULL);
    g_autofree char *help = qemu_process_hmp(process, "help info");
    g_autofree char *text = qemu_process_hmp(process, "info haywire");
    g_auto(GStrv) parts = g_strsplit(help, "info haywire", -1);
    g_autoptr(JsonNode) nothing = NULL;

    g_assert_cmpstr(
        json_object_get_string_member(json_node_get_object(reply), "state"), ==,
        "searching");
    g_assert_true(g_str_has_prefix(text, "searching"));
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    nothing = qemu_process_qmp(process, "quit", NULL);
    g_assert_cmpint(qemu_process_wait(process), ==, 0);
    g_assert_cmpstr(qemu_process_messages(process), ==, "");
}

static void test_alone(const char *qemu)
{
    g_autoptr(QemuProcess) process = NULL;

    preload(plugin_file(), "interval=10,memory=12");
    process = qemu_process_start(qemu, NULL, "");
    preload_end();
    assert_works(process);
}

/* What is said to -plugin counts: QEMU would refuse this RAM block. */
static void test_with_plugin(const char *qemu)
{
    g_autoptr(QemuProcess) process = NULL;

    preload(plugin_file(), "ram=nowhere");
    process = qemu_process_start(qemu, ",ram=pc.ram", "-m 256");
    preload_end();
    assert_works(process);
}

static void assert_refused(const char *qemu, const char *file,
                           const char *options, const char *plugin_options,
                           const char *message)
{
    g_autofree char *messages = NULL;
    int status;

    preload(file, options);
    status = qemu_process_refused(qemu, plugin_options, "", &messages);
    preload_end();
    g_assert_cmpint(status, ==, 1);
    g_assert_cmpstr(messages, ==, message);
}

static void test_bad_options(const char *qemu)
{
    assert_refused(qemu, plugin_file(), "interval=soon", NULL,
                   "haywire: option 'interval' needs milliseconds from 10 to "
                   "60000, not 'soon'\n");
}

static char *copy_to(const char *folder, const char *from, const char *name)
{
    g_autoptr(GFile) source = g_file_new_for_path(from);
    char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GFile) copy = g_file_new_for_path(path);
    g_autoptr(GError) error = NULL;

    g_file_copy(source, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    return path;
}

/* Another file has variables of its own; QEMU loads it, and ends. */
static void test_copy(const char *qemu)
{
    g_autofree char *folder = g_dir_make_tmp("haywire-preload-XXXXXX", NULL);
    g_autofree char *copy = copy_to(folder, plugin_file(), "haywire.so");
    g_autofree char *messages = NULL;
    int status;

    preload(copy, "");
    status = qemu_process_refused(qemu, "", "", &messages);
    preload_end();
    g_assert_cmpint(status, ==, 1);
    g_assert_nonnull(strstr(messages, "haywire: the plugin is loaded already"));
    g_unlink(copy);
    g_rmdir(folder);
}

/* What @command writes, errors too, and its status behind that. */
static char *output_of(const char *const *command)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        command,
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
        &error);
    g_autofree char *output = NULL;

    g_assert_no_error(error);
    g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_if_exited(process));
    return g_strdup_printf("%s%d", output,
                           g_subprocess_get_exit_status(process));
}

/* Bad options would be complained of. */
static void assert_untouched(const char *const *command)
{
    g_autofree char *as_ever = output_of(command);
    g_autofree char *preloaded = NULL;

    preload(plugin_file(), "colour=red");
    preloaded = output_of(command);
    preload_end();
    g_assert_cmpstr(preloaded, ==, as_ever);
}

/* qemu-storage-daemon exports as much of QEMU as it has. */
static void test_other_programs(void)
{
    static const char *const programs[][4] = {
        { "ls", "/" },
        { "sh", "-c", "cat /etc/hostname; exit 3" },
        { "python3", "-c", "import json; print(json.dumps([1, 2]))" },
        { "qemu-img", "--version" },
        { "qemu-storage-daemon", "--version" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        assert_untouched(programs[i]);
    }
}

/* A QEMU without modules is known by its name, and told what it lacks. */
static void test_exports_nothing(void)
{
    g_autofree char *folder = g_dir_make_tmp("haywire-preload-XXXXXX", NULL);
    g_autofree char *program = copy_to(folder, "/bin/true", "qemu-system-nil");
    const char *const command[] = { program, NULL };
    g_autofree char *output = NULL;

    preload(plugin_file(), "");
    output = output_of(command);
    preload_end();
    g_assert_true(g_str_has_prefix(
        output, "haywire: this QEMU exports none of the internal symbols that "
                "the plugin calls: it was built without modules, "));
    g_assert_true(g_str_has_suffix(output, "\n1"));
    g_unlink(program);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("preload/alone", test_alone);
    qemus_add_test("preload/with-plugin", test_with_plugin);
    qemus_add_test("preload/bad-options", test_bad_options);
    qemus_add_test("preload/copy", test_copy);
    g_test_add_func("/preload/other-programs", test_other_programs);
    g_test_add_func("/preload/exports-nothing", test_exports_nothing);
    return g_test_run();
}
