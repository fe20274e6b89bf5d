/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend that asks a QEMU, loaded when it is needed: the libraries for
 * sockets and JSON take longer to load than the processes of a guest to show.
 */
#ifndef HAYWIRE_TOOL_QMP_MODULE_H
#define HAYWIRE_TOOL_QMP_MODULE_H

#include "backend.h"

/*
 * @symbol of @module, which lies beside this program or in the folder for such
 * modules, and stays loaded. NULL with @error, which says that one cannot
 * @purpose.
 */
void *haywire_module_symbol(const char *module, const char *symbol,
                            const char *purpose, GError **error);

/* haywire_backend_qmp_new() of the module. NULL with @error. */
HaywireBackend *haywire_qmp_module_open(const char *socket, GError **error);

/* haywire_backend_pass_new() of the module. NULL with @error. */
HaywireBackend *haywire_qmp_module_pass(const char *name,
                                        const HaywireQmpPass *pass,
                                        GError **error);

#endif
