/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way in of a QEMU that has no -plugin: LD_PRELOAD=haywire.so, with the
 * options in HAYWIRE_OPTIONS.
 *
 * The constructor runs in every program that inherits LD_PRELOAD, before its
 * main().  Only in QEMU's system emulation does it do anything.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "qemu_internals.h"

#define OPTIONS_VARIABLE "HAYWIRE_OPTIONS"

/*
 * What LD_PRELOAD loads, the whole program sees; what -plugin loads, QEMU alone.
 * Of two files that are both preloaded only the first is seen.
 */
static gboolean is_preloaded(void)
{
    void *program = dlopen(NULL, RTLD_LAZY);
    void *seen = program ? dlsym(program, "qemu_plugin_install") : NULL;

    if (program) {
        dlclose(program);
    }
    return seen == (void *)qemu_plugin_install;
}

/*
 * qemu-storage-daemon has much of QEMU in it, but no machine.  By its name
 * alone we know a QEMU that exports nothing: it is told why that will not do.
 */
static gboolean is_system_emulation(void)
{
    return (qmp_query_version && qemu_add_machine_init_done_notifier) ||
           g_str_has_prefix(program_invocation_short_name, "qemu-system-") ||
           strcmp(program_invocation_short_name, "qemu-kvm") == 0;
}

/* As the words behind -plugin FILE: parted by commas. */
static GStrv options_from_environment(void)
{
    const char *text = getenv(OPTIONS_VARIABLE);

    return g_strsplit(text ? text : "", ",", -1);
}

static void __attribute__((constructor)) preload(void)
{
    g_auto(GStrv) options = NULL;

    if (!is_system_emulation() || !is_preloaded()) {
        return;
    }
    options = options_from_environment();
    if (!haywire_plugin_preload((int)g_strv_length(options), options)) {
        /* As -plugin ends a QEMU whose plugin refuses. */
        exit(EXIT_FAILURE);
    }
}
