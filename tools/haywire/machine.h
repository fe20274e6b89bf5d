/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines of libvirt. What knows libvirt is a module of its own, loaded when
 * a machine is asked for: the tool needs neither libvirt nor libxml2, and
 * starts as fast as without.
 *
 * All functions that return gboolean or NULL set their GError (exit_status.h).
 */
#ifndef HAYWIRE_TOOL_MACHINE_H
#define HAYWIRE_TOOL_MACHINE_H

#include <glib.h>

typedef struct HaywireMachine HaywireMachine;

/* How the plugin is to come into a machine. */
typedef struct HaywireWish {
    const char *file;    /* absolute */
    const char *options; /* with commas between; may be "" */
    gboolean preload;    /* by LD_PRELOAD, for a QEMU without -plugin */
} HaywireWish;

/* What attach and detach find and do; clear it. */
typedef struct HaywireMachineChange {
    GString *lines;     /* see domain_xml.h */
    char *connection;   /* the URI */
    char *plugin;       /* the file in the XML as it is now; or NULL */
    gboolean running;   /* so the change comes with its next start */
    gboolean has_saved; /* a saved state, which starts without the change */
    gboolean is_remote; /* on another host, whose files are not ours */
} HaywireMachineChange;

/* The one thing that the module shows. */
typedef struct HaywireMachineOps {
    /* The machine of this name or UUID; @uri NULL: libvirt's default. */
    HaywireMachine *(*open)(const char *uri, const char *name, GError **error);
    void (*close)(HaywireMachine *machine);
    /* A QMP command through libvirt; returns the whole reply, to be freed. */
    char *(*monitor)(HaywireMachine *machine, const char *command,
                     GError **error);
    /*
     * Find what is to be changed for @wish (NULL: detach). Nothing changes
     * before apply() is called, with what this has found.
     */
    gboolean (*plan)(HaywireMachine *machine, const HaywireWish *wish,
                     HaywireMachineChange *ret_change, GError **error);
    gboolean (*apply)(HaywireMachine *machine, GError **error);
} HaywireMachineOps;

#define HAYWIRE_MACHINE_MODULE "haywire-libvirt.so"
#define HAYWIRE_MACHINE_SYMBOL "haywire_machine_ops"

/* Load the module. NULL with @error when it or libvirt is missing. */
const HaywireMachineOps *haywire_machine_load(GError **error);

static inline void haywire_machine_change_clear(HaywireMachineChange *change)
{
    if (change->lines) {
        g_string_free(change->lines, TRUE);
    }
    g_free(change->connection);
    g_free(change->plugin);
    *change = (HaywireMachineChange){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HaywireMachineChange,
                                 haywire_machine_change_clear)

#endif
