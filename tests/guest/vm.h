/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU with a real guest in it, for tests: started with the plugin, watched,
 * and always reaped, also when the test fails or is killed.
 *
 * Every function here fails the test by itself (g_assert, g_error) unless said
 * otherwise. One thread only.
 *
 * The environment says what to run; meson and tools/test set it:
 *   HAYWIRE_TEST_GUEST    folder made by tools/make-guest
 *   HAYWIRE_TEST_PLUGIN   the plugin
 *   HAYWIRE_TEST_TOOL     the host tool
 */
#ifndef HAYWIRE_TESTS_VM_H
#define HAYWIRE_TESTS_VM_H

#include "qmp_client.h"

/* How long each wait may take at most; real ones are far shorter. */
#define VM_BOOT_TIMEOUT_S  300
#define VM_GUEST_TIMEOUT_S 300
#define VM_QMP_TIMEOUT_MS  20000u

typedef struct Vm Vm;

/* Zero members mean the default. */
typedef struct {
    const char *qemu;        /* as the guest needs: qemu-system-x86_64 */
    const char *machine;     /* q35; of arm64, virt */
    const char *memory;      /* 1G */
    const char *processors;  /* 1 */
    const char *guest;       /* as HAYWIRE_TEST_GUEST, which is the default */
    const char *accel;       /* tcg */
    const char *hotplug;     /* for DIMMs: "slots=1,maxmem=2G" */
    const char *device;      /* one more, as -device has it */
    const char *kernel;      /* more words on the kernel's command line */
    const char *companion;   /* arguments, commas for spaces:
                                "run,--max-cpu,100" */
    const char *menagerie;   /* arguments, or "none": "run" */
    gboolean plain_memory;   /* no memory-backend-file */
    gboolean without_kernel; /* and stopped: RAM is the test's alone */
    gboolean with_qtest;     /* a qtest socket too */
    const char *plugin;      /* options: ",interval=60000" */
    gboolean without_plugin; /* QEMU alone: for comparison */
    gboolean may_reset;      /* do not quit at a reset: see vm_reset() */
    gboolean powered_off;    /* the guest waits for vm_boot() */
    gboolean incoming;       /* no guest yet: see vm_migrate.h */
    gboolean with_snapshots; /* a disk that savevm can write to */
    unsigned int more_qmp;   /* further sockets: vm_private_path "qmp-0" ... */
    unsigned int monitors;   /* human monitors: "monitor-0" ... */
    const char *old_ram;     /* start with a copy of this RAM file */
    const char *ram;         /* use this RAM file; it stays its owner's */
} VmOptions;

/* Whether guests can be started; if not, the running test is skipped. */
gboolean vm_available(void);

/*
 * Start QEMU and, unless told otherwise, wait until the guest takes commands.
 * Free with vm_free().
 */
Vm *vm_start(const VmOptions *options);

/* Kill QEMU if it is still there, reap it, remove its folder. NULL is fine. */
void vm_free(Vm *vm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vm, vm_free)

/* The RAM file, the QMP socket for a second client; owned by the machine. */
const char *vm_ram_path(Vm *vm);
const char *vm_second_qmp_path(Vm *vm);

/* QEMU's process; while it runs. */
GPid vm_pid(Vm *vm);

/* A path in the machine's private folder, removed with it. g_free() it. */
char *vm_private_path(Vm *vm, const char *name);

/*
 * Run a shell command in the guest.
 *
 * Returns its output (stdout and stderr); g_free() it. Its exit status goes to
 * @ret_status; with NULL there, any but 0 fails the test.
 */
char *vm_guest_run(Vm *vm, const char *command, int *ret_status);

/*
 * Run a shell command in the guest and bring every byte of its stdout over,
 * whatever it is, compressed on the way.
 */
GBytes *vm_guest_capture(Vm *vm, const char *command);

/* Bytes of a page of the guest's kernel. */
guint vm_guest_page(Vm *vm);

/* Execute a QMP command that must succeed; json_node_unref() the reply. */
JsonNode *vm_qmp(Vm *vm, const char *command, JsonObject *arguments);

/*
 * Execute a QMP command that may fail: NULL with @error set. @arguments_json
 * may be NULL.
 */
JsonNode *vm_qmp_try(Vm *vm, const char *command, const char *arguments_json,
                     GError **error);

/* What the monitor prints for @line, without carriage returns. */
char *vm_hmp(Vm *vm, const char *line);

/* The next QMP event of this name; fails the test when none comes in time. */
JsonObject *vm_wait_event(Vm *vm, const char *name, unsigned int timeout_ms);

/* Send a line on the qtest socket; returns the reply line. */
char *vm_qtest(Vm *vm, const char *line);

/* Wait until query-haywire says @state ("live", "stale") of a companion. */
void vm_wait_state(Vm *vm, const char *state);

/*
 * Wait until @holds(vm, opaque) is true; asked ten times a second.
 * @what names it when it never is.
 */
void vm_wait_until(Vm *vm, const char *what, unsigned int timeout_s,
                   gboolean (*holds)(Vm *vm, gpointer opaque), gpointer opaque);

/* Let a guest that was powered off run; wait until it takes commands. */
void vm_boot(Vm *vm);

/*
 * Have the guest run a command that ends it; nothing is waited for. It boots
 * anew only if somebody listens to what it has to say: ask vm_has_booted(),
 * which does not wait, until it takes commands once more.
 */
void vm_guest_end(Vm *vm, const char *command);
gboolean vm_has_booted(Vm *vm);

/* Reset the machine, and wait until its guest takes commands once more. */
void vm_reset(Vm *vm);

/* Copy a sparse file; what its holes are stays holes. */
void vm_copy_file(const char *from, const char *to);

/* Wait until QEMU ends by itself, not by a signal; returns its exit status. */
int vm_wait_end(Vm *vm);

/* End QEMU by the QMP command quit; it must exit with status 0. */
void vm_quit(Vm *vm);

#endif
