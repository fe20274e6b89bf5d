/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire attach: the plugin into a machine of libvirt, and out of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "exit_status.h"
#include "machine.h"

/* What --plugin says, apart; clear it. */
typedef struct Plugin {
    char *file;
    char *options;
} Plugin;

static void plugin_clear(Plugin *plugin)
{
    g_free(plugin->file);
    g_free(plugin->options);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plugin, plugin_clear)

/* Under another name it could not be told from other plugins any more. */
static gboolean plugin_split(const char *text, Plugin *ret_plugin,
                             GError **error)
{
    const char *comma = strchr(text, ',');
    g_autofree char *file =
        comma ? g_strndup(text, comma - text) : g_strdup(text);
    g_autofree char *name = g_path_get_basename(file);

    if (strcmp(name, "haywire.so") != 0) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--plugin %s: the file is always called "
                                 "haywire.so, in whatever folder",
                                 text);
    }
    ret_plugin->file = g_canonicalize_filename(file, NULL);
    ret_plugin->options = g_strdup(comma ? comma + 1 : "");
    return TRUE;
}

/* A machine whose QEMU does not find its plugin would not start. */
static gboolean check_file(const char *file, const char *why, GError **error)
{
    if (access(file, R_OK) == 0) {
        return TRUE;
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: %s (%s)", file,
                             g_strerror(errno), why);
}

static void say_when(const HaywireMachineChange *change)
{
    if (change->has_saved) {
        puts("The machine has a saved state, which goes on without the "
             "change:\n'virsh managedsave-remove' drops it.");
    }
    puts(change->running
             ? "The machine is running: the change comes with its next start, "
               "that is when\nit was shut down; a reboot from inside is not "
               "enough."
             : "The change comes with the machine's next start.");
}

static gboolean make_change(const HaywireMachineOps *ops,
                            HaywireMachine *machine,
                            const HaywireOptions *options,
                            const HaywireMachineChange *change, GError **error)
{
    printf("In the XML of %s (%s), <qemu:commandline>:\n%s",
           options->argument[0], change->connection, change->lines->str);
    if (!options->yes) {
        puts("Nothing was changed: --yes does it.");
        return TRUE;
    }
    if (!ops->apply(machine, error)) {
        return FALSE;
    }
    say_when(change);
    return TRUE;
}

/* All is in the XML, or nothing, as was asked for. */
static gboolean no_change(const HaywireOptions *options,
                          const HaywireMachineChange *change, GError **error)
{
    if (options->detach) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "%s has no Haywire plugin in its XML (%s)",
                                 options->argument[0], change->connection);
    }
    printf("%s has the plugin in its XML already (%s).\n", options->argument[0],
           change->connection);
    return TRUE;
}

static gboolean attach(const HaywireMachineOps *ops, HaywireMachine *machine,
                       const HaywireOptions *options, const Plugin *plugin,
                       GError **error)
{
    const HaywireWish wish = { plugin->file, plugin->options,
                               options->preload };
    g_auto(HaywireMachineChange) change = { 0 };

    if (!ops->plan(machine, options->detach ? NULL : &wish, &change, error)) {
        return FALSE;
    }
    if (!options->detach && !change.is_remote &&
        !check_file(plugin->file,
                    g_strcmp0(plugin->file, change.plugin) == 0
                        ? "the plugin that the machine's XML names"
                        : "the plugin; --plugin FILE names another one",
                    error)) {
        return FALSE;
    }
    return change.lines->len
               ? make_change(ops, machine, options, &change, error)
               : no_change(options, &change, error);
}

gboolean haywire_run_attach(HaywireContext *context, GError **error)
{
    const HaywireOptions *options = context->options;
    const HaywireMachineOps *ops;
    HaywireMachine *machine;
    g_auto(Plugin) plugin = { 0 };
    gboolean done;

    if (!plugin_split(options->plugin ? options->plugin : HAYWIRE_PLUGIN,
                      &plugin, error)) {
        return FALSE;
    }
    ops = haywire_machine_load(error);
    machine =
        ops ? ops->open(options->connect, options->argument[0], error) : NULL;
    if (!machine) {
        return FALSE;
    }
    done = attach(ops, machine, options, &plugin, error);
    ops->close(machine);
    return done;
}
