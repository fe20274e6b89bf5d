/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the backend for QMP: see qmp_module.h.
 */
#include "qmp_module.h"

#include <dlfcn.h>

#include "exit_status.h"

#define MODULE  "haywire-qmp.so"
#define PURPOSE "ask a QEMU"

typedef HaywireBackend *NewBackend(const char *socket, GError **error);
typedef HaywireBackend *NewPassing(const char *name,
                                   const HaywireQmpPass *pass);

static void *load_from(const char *folder, const char *module)
{
    g_autofree char *path = g_build_filename(folder, module, NULL);

    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* Of a program that was built, and not installed. */
static void *load_beside(const char *module)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;

    return folder ? load_from(folder, module) : NULL;
}

void *haywire_module_symbol(const char *module, const char *symbol,
                            const char *purpose, GError **error)
{
    void *handle = load_beside(module);
    void *address;

    if (!handle) {
        handle = load_from(HAYWIRE_MODULES, module);
    }
    address = handle ? dlsym(handle, symbol) : NULL;
    if (!address) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO, "cannot %s: %s", purpose,
                          dlerror());
    }
    return address;
}

HaywireBackend *haywire_qmp_module_open(const char *socket, GError **error)
{
    NewBackend *new_backend = (NewBackend *)haywire_module_symbol(
        MODULE, "haywire_backend_qmp_new", PURPOSE, error);

    return new_backend ? new_backend(socket, error) : NULL;
}

HaywireBackend *haywire_qmp_module_pass(const char *name,
                                        const HaywireQmpPass *pass,
                                        GError **error)
{
    NewPassing *new_passing = (NewPassing *)haywire_module_symbol(
        MODULE, "haywire_backend_pass_new", PURPOSE, error);

    return new_passing ? new_passing(name, pass) : NULL;
}
