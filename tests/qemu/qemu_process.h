/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU with the plugin in it and no guest software, for tests.
 *
 * The guest's processors stand still (-S); its memory is read and written
 * over the qtest protocol.  Everything fails the running test by itself, and
 * nothing waits longer than QEMU_PROCESS_TIMEOUT_S.
 */
#ifndef HAYWIRE_TESTS_QEMU_PROCESS_H
#define HAYWIRE_TESTS_QEMU_PROCESS_H

#include <json-glib/json-glib.h>

#define QEMU_PROCESS_TIMEOUT_S 120

typedef struct QemuProcess QemuProcess;

/*
 * Start @qemu with the plugin and @arguments (words parted by blanks, may be
 * ""), and connect to its QMP and qtest sockets.
 *
 * @options: for the plugin, each with a comma before it; may be "". NULL: no
 *           -plugin.
 */
QemuProcess *qemu_process_start(const char *qemu, const char *options,
                                const char *arguments);

/* The same for a QEMU that should refuse: its exit status and messages. */
int qemu_process_refused(const char *qemu, const char *options,
                         const char *arguments, char **ret_messages);

/* Kill it if it still runs, and clean up. */
void qemu_process_free(QemuProcess *process);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProcess, qemu_process_free)

/* A folder of its own for files of the test; goes with the process. */
const char *qemu_process_folder(QemuProcess *process);

/* Its process id, in digits. */
const char *qemu_process_id(QemuProcess *process);

/* Execute a QMP command that must succeed; free with json_node_unref(). */
JsonNode *qemu_process_qmp(QemuProcess *process, const char *command,
                           const char *arguments);

/*
 * Execute a QMP command that must fail with class GenericError; free its
 * description with g_free().  @arguments: JSON text or NULL.
 */
char *qemu_process_qmp_error(QemuProcess *process, const char *command,
                             const char *arguments);

/* A line of the human monitor; lines end in \n. */
char *qemu_process_hmp(QemuProcess *process, const char *line);

/* Write to and read from guest physical memory. */
void qemu_process_memwrite(QemuProcess *process, guint64 gpa, const void *data,
                           gsize length);
void qemu_process_memread(QemuProcess *process, guint64 gpa, void *data,
                          gsize length);

/* Write 1, 2 or 4 bytes to an I/O port.  The machine may exit by it. */
void qemu_process_out(QemuProcess *process, guint16 port, guint8 value);
void qemu_process_out16(QemuProcess *process, guint16 port, guint16 value);
void qemu_process_out32(QemuProcess *process, guint16 port, guint32 value);

/* Read 4 bytes from one. */
guint32 qemu_process_in32(QemuProcess *process, guint16 port);

void qemu_process_signal(QemuProcess *process, int signal);

/* Wait until it has exited.  Returns its exit status, or 128 + a signal. */
int qemu_process_wait(QemuProcess *process);

/* What it wrote to standard error and output, once it has exited. */
const char *qemu_process_messages(QemuProcess *process);

#endif /* HAYWIRE_TESTS_QEMU_PROCESS_H */
