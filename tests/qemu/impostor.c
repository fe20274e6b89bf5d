/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few functions of QEMU that the plugin calls while it is being loaded.
 */
#include "impostor.h"

#include "qemu_internals.h"

ImpostorVersion impostor_version;
int impostor_notifiers;

VersionInfo *qmp_query_version(Error **errp)
{
    VersionInfo *info = g_new0(VersionInfo, 1);

    (void)errp;
    info->qemu = g_new0(VersionTriple, 1);
    info->qemu->major = impostor_version.major;
    info->qemu->minor = impostor_version.minor;
    return info;
}

void qapi_free_VersionInfo(VersionInfo *info)
{
    if (info) {
        g_free(info->qemu);
        g_free(info);
    }
}

void qemu_add_machine_init_done_notifier(Notifier *notifier)
{
    g_assert_nonnull(notifier->notify);
    impostor_notifiers++;
}
