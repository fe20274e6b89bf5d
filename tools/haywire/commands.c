/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that show one thing: see commands.h.
 */
#include "commands.h"

#include <string.h>

#include "exit_status.h"
#include "text.h"
#include "window.h"

static gboolean run_status(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    const HaywireOverview *overview;
    HaywireEmitter *emitter;
    GError *nothing = NULL;

    if (!haywire_backend_refresh_session(backend, &nothing) &&
        haywire_exit_of_error(nothing) == HAYWIRE_EXIT_IO) {
        g_propagate_error(error, nothing);
        return FALSE;
    }
    overview = backend->ops->overview(backend);
    emitter = haywire_output_begin(&context->output, overview);
    if (emitter) {
        haywire_reply_overview(emitter, "status", overview);
    } else {
        haywire_text_overview(context->output.text, overview);
    }
    if (!haywire_output_end(&context->output, error)) {
        g_clear_error(&nothing);
        return FALSE;
    }
    if (nothing) {
        g_propagate_error(error, nothing);
        return FALSE;
    }
    return TRUE;
}

/* With a session: begin its answer; *ret_emitter is NULL for text. */
static gboolean begin(HaywireContext *context, HaywireEmitter **ret_emitter)
{
    *ret_emitter = haywire_output_begin(
        &context->output, context->backend->ops->overview(context->backend));
    return *ret_emitter != NULL;
}

static gboolean run_sections(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireSectionList list;
    HaywireEmitter *json;

    if (!haywire_command_begin(context, error) ||
        !backend->ops->sections(backend, context->pid, &list, error)) {
        return FALSE;
    }
    if (begin(context, &json)) {
        haywire_reply_sections(json, "sections", &list);
    } else {
        haywire_text_sections(context->output.text, &list);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_ptes(HaywireContext *context, GError **error)
{
    const HaywireListWindow window = {
        .range = { { context->address }, context->length },
    };
    HaywireBackend *backend = context->backend;
    g_autoptr(GArray) rows = NULL;
    HaywirePageRunList list;
    HaywireEmitter *json;
    bool more;

    if (!haywire_command_begin(context, error) ||
        !backend->ops->page_runs(backend, context->pid, window.range, &list,
                                 error)) {
        return FALSE;
    }
    rows = haywire_window_page_runs(&window, &list, &more);
    if (list.count == 0) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "No page there is in memory or swap (pid %u)",
                                 context->pid);
    }
    if (begin(context, &json)) {
        haywire_reply_page_runs(json, "ptes", &list, window.range);
    } else {
        haywire_text_page_runs(context->output.text, &list, window.range);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_translate(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireEmitter *json;
    HaywirePlace place;

    if (!haywire_command_begin(context, error) ||
        !backend->ops->translate(backend, context->pid,
                                 (HaywireGva){ context->address }, &place,
                                 error)) {
        return FALSE;
    }
    if (begin(context, &json)) {
        haywire_reply_place(json, "translation", &place);
    } else {
        haywire_text_place(context->output.text, &place);
    }
    if (!place.has_offset) {
        haywire_exit_complain("It is not known where this address lies in "
                              "the RAM file");
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_cameras(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireCamera camera[2];
    HaywireEmitter *json;

    if (!haywire_backend_refresh_session(backend, error) ||
        !backend->ops->cameras(backend, camera, error)) {
        return FALSE;
    }
    if (begin(context, &json)) {
        haywire_reply_cameras(json, "cameras", camera, G_N_ELEMENTS(camera));
    } else {
        haywire_text_cameras(context->output.text, camera,
                             G_N_ELEMENTS(camera));
    }
    return haywire_output_end(&context->output, error);
}

/* The counters are worth seeing most when there is no session. */
static gboolean run_stats(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireHostCounters host;
    HaywireGuestStats guest;
    HaywireEmitter *json;
    uint64_t rejected;

    if (!haywire_backend_seek_session(backend, &rejected, error) ||
        !backend->ops->stats(backend, &host, &guest, error)) {
        return FALSE;
    }
    if (begin(context, &json)) {
        haywire_reply_stats(json, "stats", &host, &guest);
    } else {
        haywire_text_stats(context->output.text,
                           &backend->ops->overview(backend)->cost, &host,
                           &guest);
    }
    return haywire_output_end(&context->output, error);
}

#define PID     HAYWIRE_ARGUMENT_PID
#define ADDRESS HAYWIRE_ARGUMENT_ADDRESS
#define LENGTH  HAYWIRE_ARGUMENT_LENGTH
#define CAMERA  HAYWIRE_ARGUMENT_CAMERA
#define SECONDS HAYWIRE_ARGUMENT_SECONDS
#define COUNT   HAYWIRE_ARGUMENT_COUNT
#define FILE_   HAYWIRE_ARGUMENT_FILE

static const char ps_options[] =
    "  -o LIST      show these columns, or with --json these members;\n"
    "               NAME=HEADING gives a column another heading\n"
    "  --sort LIST  sort by these columns; -NAME: the largest first\n"
    "  --forest     children behind their parents, as a tree\n"
    "  --wait       wait until it is known whether the session is live\n";
static const char attach_options[] =
    "  -c URI       libvirt's connection, as virsh has it\n"
    "  --yes        make the change, which is only shown else\n"
    "  --detach     take the plugin out again\n"
    "  --preload    by LD_PRELOAD, for a QEMU without -plugin\n"
    "  --plugin FILE[,OPTION...]\n"
    "               this file, with these options\n";
static const char read_options[] =
    "  --kernel     ADDRESS LENGTH: an address that the kernel itself has\n"
    "  --physical   ADDRESS LENGTH: a guest physical address\n"
    "  --raw        the bytes as they are; what is missing as zeroes\n"
    "  -o FILE      the same, into a file that does not exist yet\n";
static const char vmcore_options[] =
    "  --format elf|lime\n"
    "               for crash, drgn, gdb (elf, the default); or LiME\n"
    "  --info       only show the kernel's note, vmcoreinfo\n";

/* clang-format off */
static const HaywireCommand commands[] = {
    { "status", "", 0, { 0 },
      "the session: guest, heartbeat, pages, cost", run_status,
      { &haywire_overview_table, &haywire_category_table,
        &haywire_cost_table } },
    { "scan", "", 0, { 0 },
      "scan all memory and list every session in it", haywire_run_scan,
      { &haywire_scan_table } },
    { "ps", " [PID...]", 0, { 0 },
      "the processes of the guest", haywire_run_ps,
      { &haywire_process_table }, .lists = TRUE,
      .options = " [-o LIST] [--sort LIST] [--forest] [--wait]",
      .describe = ps_options },
    { "sections", " PID", 1, { PID },
      "the memory sections of a process", run_sections,
      { &haywire_section_list_table, &haywire_section_table } },
    { "ptes", " PID [ADDRESS [LENGTH]]", 1, { PID, ADDRESS, LENGTH },
      "page-table entries of a process on a camera", run_ptes,
      { &haywire_page_run_list_table, &haywire_page_run_table } },
    { "translate", " PID ADDRESS", 2, { PID, ADDRESS },
      "where a virtual address lies: guest, RAM file", run_translate,
      { &haywire_place_table } },
    { "cameras", "", 0, { 0 },
      "both cameras and what they are on", run_cameras,
      { &haywire_camera_table } },
    { "focus", " PID [CAMERA]", 1, { PID, CAMERA },
      "point camera 1 (or 2) at a process", haywire_run_focus,
      { &haywire_camera_table } },
    { "unfocus", " [CAMERA]", 0, { CAMERA },
      "point camera 1 (or 2) at nothing", haywire_run_unfocus,
      { &haywire_camera_table } },
    { "stats", "", 0, { 0 },
      "what Haywire costs; counters of host and guest", run_stats,
      { &haywire_host_table, &haywire_guest_table,
        &haywire_rejected_table } },
    { "check", " [--all]", 0, { 0 },
      "compare who knows of which process", haywire_run_check,
      { &haywire_check_table } },
    { "watch", " [SECONDS [COUNT]]", 0, { SECONDS, COUNT },
      "the processes, again and again; q ends it", haywire_run_watch,
      { &haywire_process_table } },
    { "attach", " VM", 1, { 0 },
      "put the plugin into a machine of libvirt", haywire_run_attach,
      { NULL }, .attaches = TRUE,
      .options =
          " [--yes] [--detach] [--preload] [--plugin FILE[,OPTION...]]",
      .describe = attach_options },
    { "read", " PID ADDRESS LENGTH", 3, { PID, ADDRESS, LENGTH },
      "the memory of a process, or --kernel, --physical", haywire_run_read,
      { &haywire_memory_table, &haywire_missing_table },
      .of_ram = TRUE, .from = HAYWIRE_FROM_AUTO, .check = haywire_read_check,
      .options = " [--kernel | --physical] [--raw | -o FILE]",
      .describe = read_options },
    { "core", " PID FILE", 2, { PID, FILE_ },
      "write the core of a process, for gdb", haywire_run_core,
      { &haywire_core_table }, .of_ram = TRUE, .from = HAYWIRE_FROM_KERNEL },
    { "vmcore", " [FILE]", 0, { FILE_ },
      "write all memory, for crash and drgn", haywire_run_vmcore,
      { &haywire_vmcore_table, &haywire_note_table },
      .of_ram = TRUE, .from = HAYWIRE_FROM_KERNEL,
      .check = haywire_vmcore_check,
      .options = " [--format elf|lime] [--info]",
      .describe = vmcore_options },
};
/* clang-format on */

static int most_arguments(const HaywireCommand *command)
{
    int count = command->attaches ? 1 : 0;

    while (count < HAYWIRE_COMMAND_ARGUMENTS && command->argument[count]) {
        count++;
    }
    return command->lists ? G_MAXINT : count;
}

static gboolean parse_listing(HaywireContext *context, GError **error)
{
    context->listing = haywire_listing_new(context->options, error);
    return context->listing != NULL;
}

static gboolean refuse_lists(const HaywireOptions *options, GError **error)
{
    if (options->column_lists || options->sort || options->forest ||
        options->wait) {
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_USAGE,
            "-o, --sort, --forest and --wait go with ps only");
    }
    return TRUE;
}

/* What read and vmcore have for themselves; -o is ps's as well. */
static gboolean check_dumps(const HaywireOptions *options,
                            const HaywireCommand *command, GError **error)
{
    const gboolean reads = command->run == haywire_run_read;

    if (!reads && (options->kernel || options->physical || options->raw)) {
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_USAGE,
            "--kernel, --physical and --raw go with read only");
    }
    if (command->run != haywire_run_vmcore &&
        (options->info || options->format)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--info and --format go with vmcore only");
    }
    if (reads && (options->sort || options->forest || options->wait)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--sort, --forest and --wait go with ps only");
    }
    return TRUE;
}

/* Those that need the guest's memory itself, and maybe its kernel. */
static gboolean check_source(const HaywireOptions *options,
                             const HaywireCommand *command, GError **error)
{
    if (command->of_ram && (options->qmp || options->vm)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "%s needs the guest's RAM file: --ram FILE",
                                 command->name);
    }
    if (command->from == HAYWIRE_FROM_KERNEL && options->from_given &&
        options->from == HAYWIRE_FROM_COMPANION) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "%s needs the guest's kernel: without "
                                 "--from companion",
                                 command->name);
    }
    return TRUE;
}

/* A whole of the machine's, or the kernel's, has no PID before it. */
static int left_out(const HaywireOptions *options)
{
    return options->kernel || options->physical ? 1 : 0;
}

static gboolean parse_attach(const HaywireOptions *options, GError **error)
{
    if (options->json || options->ram_files || options->qmp || options->vm) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "attach takes none of --json, --ram, --qmp "
                                 "and --vm");
    }
    if (options->detach && (options->preload || options->plugin)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--detach takes the plugin out, whatever "
                                 "--plugin or --preload put in");
    }
    return refuse_lists(options, error);
}

static gboolean refuse_attach(const HaywireOptions *options, GError **error)
{
    if (options->yes || options->detach || options->preload ||
        options->plugin) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--yes, --detach, --preload and --plugin go "
                                 "with attach only");
    }
    return TRUE;
}

static gboolean parse_values(HaywireContext *context,
                             const HaywireCommand *command, GError **error)
{
    HaywireArguments arguments;

    if (context->options->fresh && command->run == haywire_run_scan) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--fresh does not go with scan");
    }
    if ((command->run != haywire_run_read &&
         !refuse_lists(context->options, error)) ||
        !haywire_arguments_parse(context->options,
                                 command->argument + left_out(context->options),
                                 &arguments, error)) {
        return FALSE;
    }
    context->pid = (guint32)arguments.value[PID];
    context->name = arguments.name;
    context->address = arguments.value[ADDRESS];
    context->length = arguments.value[LENGTH];
    context->camera = (guint32)arguments.value[CAMERA];
    context->seconds = arguments.value[SECONDS];
    context->count = arguments.value[COUNT];
    context->file = arguments.file;
    return !command->check || command->check(context, error);
}

static gboolean parse_check(const HaywireOptions *options, gboolean checks,
                            GError **error)
{
    if (options->all && !checks) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--all goes with check only");
    }
    if (checks && (options->qmp || options->vm)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "check reads the guest's memory itself: give "
                                 "its file with --ram");
    }
    return TRUE;
}

gboolean haywire_command_parse(const HaywireCommand *command,
                               HaywireContext *context, GError **error)
{
    const HaywireOptions *options = context->options;
    int less = command->run == haywire_run_read ? left_out(options) : 0;

    if (!check_dumps(options, command, error)) {
        return FALSE;
    }
    if (options->arguments < command->needed - less ||
        options->arguments > most_arguments(command) - less) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "Usage: haywire [OPTION...] %s%s",
                                 command->name, command->arguments);
    }
    if (!parse_check(options, command->run == haywire_run_check, error)) {
        return FALSE;
    }
    if (command->attaches) {
        return parse_attach(options, error);
    }
    if (!refuse_attach(options, error) ||
        !check_source(options, command, error)) {
        return FALSE;
    }
    return command->lists ? parse_listing(context, error)
                          : parse_values(context, command, error);
}

const HaywireCommand *haywire_command_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void haywire_command_usage(GString *out)
{
    g_string_append(
        out, "Usage: haywire --ram FILE... | --qmp SOCKET | --vm NAME "
             "[--from WHOM] [--json]\n"
             "               COMMAND [ARGUMENT...]\n"
             "Shows what runs inside a QEMU guest.\n\n"
             "  --ram FILE    read the guest's memory-backend-file, "
             "live or kept;\n"
             "                a guest with several: once for each, in "
             "their order\n"
             "  --qmp SOCKET  ask the plugin in a running QEMU\n"
             "  --vm NAME     ask through libvirt; -c URI (or "
             "--connect) as virsh has it\n"
             "  --from WHOM   companion (default), kernel: the guest's own "
             "structures,\n"
             "                or auto; with --ram\n"
             "  --json        print JSON\n"
             "  --no-hint     scan FILE first, and remember nothing\n"
             "  --fresh       status 5 when the session is not live\n"
             "  --help        this help; after a command, help on it\n"
             "  --version     print the version\n\n"
             "Commands:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *form =
            g_strconcat(commands[i].name, commands[i].arguments, NULL);

        g_string_append_printf(out, "  %-28s  %s\n", form, commands[i].help);
    }
    g_string_append(out,
                    "\nPID may be the name of a process that no other "
                    "has. Addresses are\nhexadecimal, with or without 0x; "
                    "other numbers decimal, or after 0x.\n"
                    "\nExit status: 0 fine, 1 nothing found, 2 usage, "
                    "3 input/output,\n4 the guest's data is corrupt, 5 with "
                    "--fresh: no live session,\n6 check has a verdict.\n");
}

static void append_tables(GString *out, const HaywireCommand *command)
{
    for (int i = 0; i < HAYWIRE_COMMAND_TABLES && command->table[i]; i++) {
        g_string_append_printf(out, "\n%s (%s):\n",
                               command->lists ? "JSON members and columns"
                                              : "JSON members",
                               command->table[i]->name);
        haywire_text_members(out, command->table[i]);
    }
}

void haywire_command_help(GString *out, const HaywireCommand *command)
{
    g_string_append_printf(
        out, "Usage: haywire %s%s%s%s\n%c%s.\n",
        command->attaches ? "[-c URI] "
        : command->of_ram ? "--ram FILE... [--json] "
                          : "--ram FILE | --qmp SOCKET | --vm NAME [--json] ",
        command->name, command->options ? command->options : "",
        command->arguments, g_ascii_toupper(command->help[0]),
        command->help + 1);
    if (command->describe) {
        g_string_append_printf(out, "\n%s", command->describe);
    }
    append_tables(out, command);
}
