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

/*
 * The loader takes only a plugin whose interface version lies in a range of
 * its own: 0 to 1 in QEMU 7.2, 2 to 4 in 10.0, 5 since 10.1.  We use nothing
 * of the interface but the entry point, so any of them fits us.
 */
static void __attribute__((constructor)) plugin_version_choose(void)
{
    if (qemu_plugin_write_register) {
        qemu_plugin_version = 5;
    } else if (qemu_plugin_num_vcpus) {
        qemu_plugin_version = 2;
    } else {
        qemu_plugin_version = 1;
    }
}

typedef struct QemuSymbol {
    const char *name;
    const void *address;
} QemuSymbol;

static gboolean symbols_check(GError **error)
{
#define SYMBOL(sym) { #sym, (const void *)&sym },
    const QemuSymbol symbols[] = { HAYWIRE_QEMU_FUNCTIONS(SYMBOL)
                                       HAYWIRE_QEMU_DATA(SYMBOL) };
#undef SYMBOL
    g_autoptr(GString) missing = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
        if (!symbols[i].address) {
            g_string_append_printf(missing, " %s", symbols[i].name);
        }
    }
    if (missing->len == 0) {
        return TRUE;
    }
    g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_SYMBOL,
                "this QEMU does not export the internal symbols%s "
                "(was it built with --enable-modules?)",
                missing->str);
    return FALSE;
}

static gboolean version_is_known(const VersionTriple *version)
{
#define VERSION(x, y) { x, y },
    static const struct {
        int64_t major;
        int64_t minor;
    } known[] = { HAYWIRE_QEMU_VERSIONS(VERSION) };
#undef VERSION

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (version->major == known[i].major &&
            version->minor == known[i].minor) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean version_check(GError **error)
{
#define VERSION(x, y) " " #x "." #y
    VersionInfo *info = qmp_query_version(NULL);
    gboolean known = info && version_is_known(info->qemu);

    if (!known) {
        g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_VERSION,
                    "QEMU %d.%d is not a version this plugin knows; "
                    "it knows" HAYWIRE_QEMU_VERSIONS(VERSION),
                    info ? (int)info->qemu->major : 0,
                    info ? (int)info->qemu->minor : 0);
    }
    qapi_free_VersionInfo(info);
    return known;
#undef VERSION
}

gboolean haywire_qemu_check(GError **error)
{
    return symbols_check(error) && version_check(error);
}
