/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire: shows on the host what runs inside a QEMU guest. Parses and
 * dispatches; see commands.h.
 */
#include <locale.h>
#include <stdio.h>

#include "commands.h"
#include "exit_status.h"
#include "qmp_module.h"
#include "sigbus.h"

static HaywireBackend *open_ram_files(const HaywireOptions *options,
                                      HaywireFrom from, GError **error)
{
    HaywireBackend *backend;

    haywire_sigbus_install();
    backend =
        haywire_backend_ram_new(options->ram, options->ram_files, from, error);
    if (backend && !options->no_hint) {
        haywire_backend_ram_use_hint(backend);
    }
    return backend;
}

static HaywireBackend *open_backend(const HaywireOptions *options,
                                    const HaywireCommand *command,
                                    GError **error)
{
    if (options->ram_files > 0) {
        return open_ram_files(
            options, options->from_given ? options->from : command->from,
            error);
    }
    if (options->vm) {
        return haywire_backend_vm_new(options->connect, options->vm, error);
    }
    return haywire_qmp_module_open(options->qmp, error);
}

static const HaywireCommand *find_command(const HaywireOptions *options,
                                          GError **error)
{
    const HaywireCommand *command;

    if (!options->command) {
        haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                          "A command is missing (see haywire --help)");
        return NULL;
    }
    command = haywire_command_find(options->command);
    if (!command) {
        haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                          "Unknown command: %s (see haywire --help)",
                          options->command);
    }
    return command;
}

static gboolean print_help(const HaywireOptions *options, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const HaywireCommand *command;

    if (options->command) {
        command = find_command(options, error);
        if (!command) {
            return FALSE;
        }
        haywire_command_help(text, command);
    } else {
        haywire_command_usage(text);
    }
    fputs(text->str, stdout);
    return TRUE;
}

/*
 * With --fresh a session that is not live is a failure of its own, whatever
 * else was found, or not found, in it.
 */
static gboolean check_fresh(const HaywireContext *context, gboolean done,
                            GError **error)
{
    HaywireBackend *backend = context->backend;

    if (!context->options->fresh ||
        (!done && haywire_exit_of_error(*error) != HAYWIRE_EXIT_NOTHING) ||
        haywire_state_is_current(backend->ops->overview(backend)->state)) {
        return done;
    }
    g_clear_error(error);
    return haywire_exit_fail(error, HAYWIRE_EXIT_STALE,
                             "There is no live session (--fresh)");
}

static gboolean run_on(HaywireContext *context, const HaywireCommand *command,
                       GError **error)
{
    g_autoptr(HaywireBackend) backend =
        open_backend(context->options, command, error);
    gboolean done;

    if (!backend) {
        return FALSE;
    }
    context->backend = backend;
    haywire_output_init(&context->output, context->options->json, FALSE);
    done = check_fresh(context, command->run(context, error), error);
    haywire_output_clear(&context->output);
    return done;
}

static gboolean check_source(const HaywireOptions *options, GError **error)
{
    if (!!options->ram_files + !!options->qmp + !!options->vm != 1) {
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_USAGE,
            "Exactly one of --ram, --qmp and --vm is needed");
    }
    if (options->connect && !options->vm) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "-c goes with --vm and attach only");
    }
    if (!options->ram_files && options->from != HAYWIRE_FROM_COMPANION) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--from kernel and --from auto need --ram");
    }
    return TRUE;
}

/* Everything that was typed is looked at before anything is opened. */
static gboolean run_command(const HaywireOptions *options, GError **error)
{
    const HaywireCommand *command = find_command(options, error);
    HaywireContext context = { .options = options };
    gboolean done;

    if (!command || !haywire_command_parse(command, &context, error)) {
        return FALSE;
    }
    if (command->attaches) {
        done = command->run(&context, error);
    } else {
        done = check_source(options, error) && run_on(&context, command, error);
    }
    haywire_listing_free(context.listing);
    return done;
}

static gboolean dispatch(int argc, char **argv, GError **error)
{
    HaywireOptions options;

    if (!haywire_options_parse(argc, argv, &options, error)) {
        return FALSE;
    }
    if (options.help) {
        return print_help(&options, error);
    }
    if (options.version) {
        puts("haywire " HAYWIRE_VERSION);
        return TRUE;
    }
    return run_command(&options, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    if (dispatch(argc, argv, &error)) {
        return HAYWIRE_EXIT_OK;
    }
    haywire_exit_complain(error->message);
    return (int)haywire_exit_of_error(error);
}
