/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module that knows libvirt: see machine.h.
 */
#include "machine.h"

#include "qmp_module.h"

const HaywireMachineOps *haywire_machine_load(GError **error)
{
    return haywire_module_symbol(HAYWIRE_MACHINE_MODULE, HAYWIRE_MACHINE_SYMBOL,
                                 "use libvirt (is its library installed? "
                                 "Debian: libvirt0)",
                                 error);
}

typedef struct Passage {
    const HaywireMachineOps *ops;
    HaywireMachine *machine;
} Passage;

static char *ask(gpointer opaque, const char *command, GError **error)
{
    const Passage *passage = opaque;

    return passage->ops->monitor(passage->machine, command, error);
}

static void end(gpointer opaque)
{
    Passage *passage = opaque;

    passage->ops->close(passage->machine);
    g_free(passage);
}

HaywireBackend *haywire_backend_vm_new(const char *uri, const char *name,
                                       GError **error)
{
    const HaywireMachineOps *ops = haywire_machine_load(error);
    HaywireMachine *machine = ops ? ops->open(uri, name, error) : NULL;
    HaywireBackend *backend;
    Passage *passage;

    if (!machine) {
        return NULL;
    }
    passage = g_new(Passage, 1);
    *passage = (Passage){ ops, machine };
    backend = haywire_qmp_module_pass(
        name, &(HaywireQmpPass){ ask, end, passage }, error);
    if (!backend) {
        end(passage);
    }
    return backend;
}
