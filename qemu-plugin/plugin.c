/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin's life: loaded and checked, set up once the machine stands,
 * stopped when QEMU exits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doorbell.h"
#include "events.h"
#include "hmp.h"
#include "hmp_table.h"
#include "options.h"
#include "plugin.h"
#include "qemu_internals.h"
#include "qemu_selftest.h"
#include "qemu_symbols.h"
#include "qmp_commands.h"
#include "ram_blocks.h"
#include "worker.h"

/* How often to look whether the guest's RAM lies elsewhere now. */
#define RAM_POLL_MS 1000

/* All of it belongs to the main thread. */
static struct {
    HaywireOptions options;
    HaywireRamBlocks *blocks;
    uint64_t ram_digest; /* of when it was last listed */
    HaywireWorker *worker;
    gboolean is_preloaded; /* and -plugin has not come yet */
} plugin;

static void G_GNUC_PRINTF(1, 2) plugin_complain(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "haywire: %s\n", text);
}

/* QEMU's own way when something asked for on the command line fails. */
static void G_GNUC_NORETURN plugin_give_up(void)
{
    exit(EXIT_FAILURE);
}

/* Said once. */
static void plugin_warn_of_cut(const HaywireRamBlocks *blocks)
{
    static gboolean said;

    if (blocks->is_cut && !said) {
        plugin_complain("guest RAM lies in more than %d pieces: the rest is "
                        "not looked at",
                        HAYWIRE_RAM_PIECES_MAX);
        said = TRUE;
    }
}

/* RAM is listed only when it lies elsewhere than the last time. */
static gboolean plugin_ram_has_changed(void)
{
    const uint64_t digest = haywire_ram_blocks_digest();
    const gboolean changed = digest != plugin.ram_digest;

    plugin.ram_digest = digest;
    return changed;
}

/*
 * Polled rather than listened for: what a listener of memory looks like is a
 * matter of QEMU's version, and telling a change costs a microsecond.
 */
static gboolean plugin_poll(gpointer opaque)
{
    g_autoptr(HaywireRamBlocks) blocks = NULL;

    (void)opaque;
    haywire_hmp_table_sync();
    if (!plugin.worker) {
        return G_SOURCE_REMOVE;
    }
    if (!plugin_ram_has_changed()) {
        return G_SOURCE_CONTINUE;
    }
    blocks = haywire_ram_blocks_new(plugin.options.ram);
    if (!blocks) {
        plugin.ram_digest = 0; /* no memory: again the next time */
    }
    if (blocks && !haywire_ram_blocks_equal(blocks, plugin.blocks)) {
        plugin_warn_of_cut(blocks);
        haywire_worker_set_blocks(plugin.worker, blocks);
        haywire_ram_blocks_unref(plugin.blocks);
        plugin.blocks = g_steal_pointer(&blocks);
    }
    return G_SOURCE_CONTINUE;
}

/* Runs from exit(): before this returns the worker has let go of memory. */
static void plugin_exit(Notifier *notifier, void *data)
{
    (void)notifier;
    (void)data;
    haywire_events_stop();
    haywire_doorbell_close();
    g_clear_pointer(&plugin.worker, haywire_worker_stop);
}

/* A machine without RAM may get some: plugin_poll() will see it. */
static void plugin_find_ram(void)
{
    g_autofree char *names = NULL;

    plugin.ram_digest = haywire_ram_blocks_digest();
    plugin.blocks = haywire_ram_blocks_new(plugin.options.ram);
    if (!plugin.blocks) {
        plugin_complain("no memory");
        plugin_give_up();
    }
    plugin_warn_of_cut(plugin.blocks);
    if (plugin.blocks->count > 0 || !plugin.options.ram) {
        return;
    }
    names = haywire_ram_blocks_names();
    plugin_complain("no RAM block '%s'; this machine has: %s",
                    plugin.options.ram, names);
    plugin_give_up();
}

/* A guest that was stopped or continued shows as that at once. */
static void plugin_state_changed(void *opaque, bool running, int state)
{
    (void)opaque;
    (void)running;
    (void)state;
    if (plugin.worker) {
        haywire_worker_look(plugin.worker);
    }
}

static gboolean plugin_reset_done(gpointer opaque)
{
    (void)opaque;
    if (plugin.worker) {
        haywire_worker_resume(plugin.worker);
    }
    return G_SOURCE_REMOVE;
}

/*
 * QEMU resets a machine that stands still before it loads a snapshot into it,
 * and loads that before the main loop goes on.  There is no telling it from a
 * reset that a user asked for meanwhile; then what was seen is seen again.
 */
static void plugin_machine_reset(void *opaque)
{
    (void)opaque;
    if (plugin.worker && !runstate_is_running()) {
        haywire_worker_suspend(plugin.worker);
        g_idle_add_full(G_PRIORITY_HIGH, plugin_reset_done, NULL, NULL);
    }
}

static void plugin_start_worker(void)
{
    static Notifier exit_notifier = { .notify = plugin_exit };
    const HaywireWorkerOptions options = {
        .interval_ms = plugin.options.interval_ms,
        .memory = plugin.options.memory_mib * HAYWIRE_MIB,
        .kernel = plugin.options.kernel,
    };
    HaywireStatus status =
        haywire_worker_start(plugin.blocks, &options, &plugin.worker);

    if (status != HAYWIRE_OK) {
        plugin_complain("cannot look at guest memory: %s",
                        haywire_status_text(status));
        plugin_give_up();
    }
    qemu_add_exit_notifier(&exit_notifier);
    qemu_add_vm_change_state_handler(plugin_state_changed, NULL);
    qemu_register_reset(plugin_machine_reset, NULL);
}

/* A guest that cannot ring is looked at every interval, as ever. */
static void plugin_open_doorbell(void)
{
    g_autoptr(GError) error = NULL;
    uint32_t port;

    if (!plugin.options.doorbell) {
        return;
    }
    port = haywire_doorbell_open(plugin.options.doorbell_port, plugin.worker,
                                 &error);
    if (error) {
        plugin_complain("%s", error->message);
    }
    haywire_worker_set_doorbell(plugin.worker, port);
}

static void plugin_check_layouts(void)
{
    g_autoptr(GError) error = NULL;

    if (!haywire_qemu_selftest(&error)) {
        plugin_complain("%s", error->message);
        plugin_give_up();
    }
}

static void plugin_machine_done(Notifier *notifier, void *data)
{
    (void)notifier;
    (void)data;
    plugin_check_layouts();
    plugin_find_ram();
    plugin_start_worker();
    plugin_open_doorbell();
    haywire_qmp_commands_register(plugin.worker);
    haywire_events_start(plugin.worker);
    if (!haywire_hmp_register(plugin.worker)) {
        plugin_complain("'info haywire' is not there: the monitor's table of "
                        "commands is not as expected");
    }
    g_timeout_add(RAM_POLL_MS, plugin_poll, NULL);
}

/*
 * A copy of the file that is loaded beside us has its own variables, but the
 * same glib.  Returns FALSE if one was here before.
 */
static gboolean plugin_claim_qemu(void)
{
    static const char claim[] = "haywire-plugin-is-loaded";

    if (g_quark_try_string(claim)) {
        return FALSE;
    }
    g_quark_from_string(claim);
    return TRUE;
}

static void plugin_warn_of_version(void)
{
    const HaywireQemuVersion *version = haywire_qemu_version();

    if (haywire_qemu_is_newer()) {
        plugin_complain("this QEMU is newer than the plugin and is treated as "
                        "%d.%d: its structures are checked, but not what its "
                        "functions expect, nor the locks they need",
                        (int)version->major, (int)version->minor);
    }
}

static gboolean plugin_parse_options(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    haywire_options_clear(&plugin.options);
    if (!haywire_options_parse(argc, argv, &plugin.options, &error)) {
        plugin_complain("%s", error->message);
        return FALSE;
    }
    return TRUE;
}

/* What must hold before anything is set up. */
static gboolean plugin_prepare(const qemu_info_t *info, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (!info->system_emulation) {
        plugin_complain("the plugin needs the emulation of a whole system");
        return FALSE;
    }
    if (!plugin_parse_options(argc, argv)) {
        return FALSE;
    }
    if (!haywire_qemu_check(plugin.options.unknown_qemu, &error)) {
        plugin_complain("%s", error->message);
        return FALSE;
    }
    if (!plugin_claim_qemu()) {
        plugin_complain("the plugin is loaded already");
        return FALSE;
    }
    return TRUE;
}

static gboolean plugin_set_up(const qemu_info_t *info, int argc, char **argv)
{
    static Notifier done_notifier = { .notify = plugin_machine_done };

    if (!plugin_prepare(info, argc, argv)) {
        return FALSE;
    }
    plugin_warn_of_version();
    qemu_add_machine_init_done_notifier(&done_notifier);
    return TRUE;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                        char **argv)
{
    (void)id;
    if (plugin.is_preloaded) {
        plugin.is_preloaded = FALSE;
        return plugin_parse_options(argc, argv) ? 0 : -1;
    }
    return plugin_set_up(info, argc, argv) ? 0 : -1;
}

gboolean haywire_plugin_preload(int argc, char **argv)
{
    const qemu_info_t info = { .system_emulation = true };

    plugin.is_preloaded = plugin_set_up(&info, argc, argv);
    return plugin.is_preloaded;
}
