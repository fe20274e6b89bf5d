/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the QEMU that loaded us one that we know?
 */
#include "qemu_symbols.h"

#include "qemu_internals.h"

GQuark haywire_qemu_error_quark(void)
{
    return g_quark_from_static_string("haywire-qemu-error-quark");
}

/* Read by QEMU's loader after our constructor has run. */
extern int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_version;

static const HaywireQemuVersion known_versions[] = {
#define VERSION(major, minor, interface, hmp) { major, minor, interface, hmp },
    HAYWIRE_QEMU_VERSIONS(VERSION)
#undef VERSION
};

/* 0.0 if QEMU does not say. */
static VersionTriple running_version(void)
{
    VersionInfo *info = qmp_query_version(NULL);
    VersionTriple version = { 0 };

    if (info && info->qemu) {
        version = *info->qemu;
    }
    qapi_free_VersionInfo(info);
    return version;
}

/* Negative if @a is older than @b, 0 if it is the same. */
static int version_compare(const VersionTriple *a, const HaywireQemuVersion *b)
{
    if (a->major != b->major) {
        return a->major < b->major ? -1 : 1;
    }
    return a->minor < b->minor ? -1 : a->minor > b->minor;
}

const HaywireQemuVersion *haywire_qemu_version(void)
{
    VersionTriple running = running_version();
    size_t line = 0;

    while (line + 1 < G_N_ELEMENTS(known_versions) &&
           version_compare(&running, &known_versions[line + 1]) >= 0) {
        line++;
    }
    return &known_versions[line];
}

gboolean haywire_qemu_is_newer(void)
{
    VersionTriple running = running_version();

    return version_compare(
               &running, &known_versions[G_N_ELEMENTS(known_versions) - 1]) > 0;
}

/*
 * The loader takes only a plugin whose interface version lies in a range of
 * its own.  We use nothing of the interface but the entry point, so any fits.
 * A QEMU that keeps its version to itself will be refused, but it is we who
 * can say why.
 */
int haywire_qemu_interface(void)
{
    if (qmp_query_version && qapi_free_VersionInfo) {
        return haywire_qemu_version()->interface;
    }
    return qemu_plugin_num_vcpus ? 2 : 1;
}

static void __attribute__((constructor)) plugin_version_choose(void)
{
    qemu_plugin_version = haywire_qemu_interface();
}

typedef struct QemuSymbol {
    const char *name;
    const void *address;
} QemuSymbol;

/* Their names, each behind a space; *ret_all: not one is there. */
static char *missing_symbols(gboolean *ret_all)
{
#define SYMBOL(sym)  { #sym, (const void *)&sym },
#define EITHER(a, b) { #a " or " #b, &a ? (const void *)&a : (const void *)&b },
    const QemuSymbol symbols[] = { HAYWIRE_QEMU_FUNCTIONS(
        SYMBOL) HAYWIRE_QEMU_DATA(SYMBOL) HAYWIRE_QEMU_EITHER(EITHER) };
#undef EITHER
#undef SYMBOL
    GString *missing = g_string_new(NULL);

    *ret_all = TRUE;
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
        if (!symbols[i].address) {
            g_string_append_printf(missing, " %s", symbols[i].name);
        } else {
            *ret_all = FALSE;
        }
    }
    return g_string_free(missing, FALSE);
}

static gboolean symbols_check(GError **error)
{
    gboolean all;
    g_autofree char *missing = missing_symbols(&all);

    if (all) {
        g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_SYMBOL,
                    "this QEMU exports none of the internal symbols that the "
                    "plugin calls: it was built without modules, as those of "
                    "Proxmox and NixOS are; use one that was configured with "
                    "--enable-modules, as those of Debian and Ubuntu are, or "
                    "read the guest's RAM file by haywire --ram");
        return FALSE;
    }
    if (*missing) {
        g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_SYMBOL,
                    "this QEMU does not export the internal symbols%s",
                    missing);
        return FALSE;
    }
    return TRUE;
}

static gboolean version_check(gboolean admit_newer, GError **error)
{
#define VERSION(major, minor, interface, hmp) " " #major "." #minor
    VersionTriple running = running_version();
    gboolean is_newer = haywire_qemu_is_newer();

    if (version_compare(&running, haywire_qemu_version()) == 0 ||
        (is_newer && admit_newer)) {
        return TRUE;
    }
    g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_VERSION,
                "QEMU %d.%d is not a version this plugin knows; "
                "it knows" HAYWIRE_QEMU_VERSIONS(VERSION) "%s",
                (int)running.major, (int)running.minor,
                is_newer ? "; unknown-qemu=on tries a newer one" : "");
    return FALSE;
#undef VERSION
}

gboolean haywire_qemu_check(gboolean admit_newer, GError **error)
{
    return symbols_check(error) && version_check(admit_newer, error);
}
