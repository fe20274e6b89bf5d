/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the backend for QMP: see qmp_module.h.
 */
#include "qmp_module.h"

#include <dlfcn.h>

#include "exit_status.h"

#define MODULE "haywire-qmp.so"

typedef HaywireBackend *NewBackend(const char *socket, GError **error);

/* Of a program that was built, and not installed. */
static void *load_beside(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = NULL;
    g_autofree char *path = NULL;

    if (!program) {
        return NULL;
    }
    folder = g_path_get_dirname(program);
    path = g_build_filename(folder, MODULE, NULL);
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

HaywireBackend *haywire_qmp_module_open(const char *socket, GError **error)
{
    void *module = load_beside();
    NewBackend *new_backend;

    if (!module) {
        module = dlopen(HAYWIRE_MODULES "/" MODULE, RTLD_NOW | RTLD_LOCAL);
    }
    new_backend =
        module ? (NewBackend *)dlsym(module, "haywire_backend_qmp_new") : NULL;
    if (!new_backend) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO, "cannot ask a QEMU: %s",
                          dlerror());
        return NULL;
    }
    return new_backend(socket, error);
}
