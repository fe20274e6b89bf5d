/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU for tests, from start to end: see vm.h.
 */
#include "vm_internal.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SOCKET_TIMEOUT_S 120
#define POLL_US          20000
#define TRY_US           100000

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = g_getenv(name);

    return value && *value ? value : otherwise;
}

/* What a guest runs on, by the name that tools/make-guest gives it. */
typedef struct {
    const char *arch;
    const char *qemu;
    const char *machine;
    const char *cpu; /* NULL: as QEMU has it */
    const char *console;
} Board;

static const Board boards[] = {
    { "amd64", "qemu-system-x86_64", "q35", NULL, "ttyS0" },
    { "arm64", "qemu-system-aarch64", "virt", "max,pauth-impdef=on",
      "ttyAMA0" },
};

static const char *guest_folder(const VmOptions *options)
{
    return options->guest ? options->guest
                          : environment("HAYWIRE_TEST_GUEST", ".");
}

static const Board *board_of(const VmOptions *options)
{
    g_autofree char *path =
        g_build_filename(guest_folder(options), "arch", NULL);
    g_autofree char *arch = NULL;

    if (options->without_kernel ||
        !g_file_get_contents(path, &arch, NULL, NULL)) {
        return &boards[0];
    }
    for (gsize i = 0; i < G_N_ELEMENTS(boards); i++) {
        if (g_str_has_prefix(arch, boards[i].arch)) {
            return &boards[i];
        }
    }
    g_error("%s: no machine for '%s'", path, arch);
}

gboolean vm_available(void)
{
    if (!environment("HAYWIRE_TEST_GUEST", NULL)) {
        g_test_skip("no guest image in HAYWIRE_TEST_GUEST: run tools/test");
        return FALSE;
    }
    return TRUE;
}

/* A private folder; in memory, where there is room for a RAM file. */
static char *make_folder(void)
{
    struct statvfs shm;
    g_autofree char *template = NULL;
    gboolean in_memory;

    in_memory = statvfs("/dev/shm", &shm) == 0 &&
                (guint64)shm.f_bavail * shm.f_frsize > (5ull << 30);
    template = g_build_filename(in_memory ? "/dev/shm" : g_get_tmp_dir(),
                                "haywire-test.XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(template));
    return g_steal_pointer(&template);
}

static void add(GPtrArray *words, const char *first,
                ...) G_GNUC_NULL_TERMINATED;

static void add(GPtrArray *words, const char *first, ...)
{
    va_list more;

    va_start(more, first);
    for (const char *word = first; word; word = va_arg(more, const char *)) {
        g_ptr_array_add(words, g_strdup(word));
    }
    va_end(more);
}

static void add_format(GPtrArray *words, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void add_format(GPtrArray *words, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(words, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_memory(GPtrArray *words, Vm *vm, const VmOptions *options,
                       const Board *board)
{
    const char *machine = options->machine ? options->machine : board->machine;
    const char *memory = options->memory ? options->memory : "1G";

    add(words, "-m", NULL);
    add_format(words, "%s%s%s", memory, options->hotplug ? "," : "",
               options->hotplug ? options->hotplug : "");
    add(words, "-machine", NULL);
    if (options->plain_memory) {
        add(words, machine, NULL);
        return;
    }
    add_format(words, "%s,memory-backend=ram0", machine);
    add(words, "-object", NULL);
    add_format(words,
               "memory-backend-file,id=ram0,size=%s,share=on,mem-path=%s",
               memory, vm->ram_path);
}

/* What /proc/cpuinfo calls "cpu MHz", in kHz; 0 when it does not say. */
static guint host_khz(void)
{
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
        return 0;
    }
    line = strstr(text, "cpu MHz");
    line = line ? strchr(line, ':') : NULL;
    return line ? (guint)(g_ascii_strtod(line + 1, NULL) * 1000) : 0;
}

/*
 * Emulated timers tick when a busy host lets them. A microvm has nothing else
 * to tell Linux how fast the time stamp counter is, and Linux then finds no
 * clock and hangs: so tell it; TCG's counter is the host's. On other machines
 * Linux checks that the timer interrupts in time, and panics: no check, then.
 */
static char *clock_words(const VmOptions *options, const Board *board)
{
    guint khz = host_khz();

    if (board != &boards[0]) {
        return g_strdup("");
    }
    if (!options->machine || !g_str_has_prefix(options->machine, "microvm")) {
        return g_strdup(" no_timer_check");
    }
    return khz ? g_strdup_printf(" tsc_early_khz=%u", khz) : g_strdup("");
}

/* Guests share two cores with others: tests wait less for a companion that may
   take what it needs. Some have it run as users do. */
#define COMPANION "run,--max-cpu,100"

static void add_guest(GPtrArray *words, Vm *vm, const VmOptions *options,
                      const Board *board)
{
    const char *guest = guest_folder(options);
    g_autofree char *clock = clock_words(options, board);

    add(words, "-chardev", NULL);
    add_format(words,
               "socket,id=console,path=%s/console,server=on,wait=off,"
               "logfile=%s/console.log",
               vm->folder, vm->folder);
    add(words, "-serial", "chardev:console", "-kernel", NULL);
    add_format(words, "%s/vmlinuz", guest);
    add(words, "-initrd", NULL);
    add_format(words, "%s/initramfs", guest);
    add(words, "-append", NULL);
    add_format(words,
               "console=%s panic=-1 quiet haywire.console=script "
               "haywire.companion=%s haywire.menagerie=%s%s %s",
               board->console,
               options->companion ? options->companion : COMPANION,
               options->menagerie ? options->menagerie : "run", clock,
               options->kernel ? options->kernel : "");
}

/* Sockets NAME-0, NAME-1 and so on; @option says what listens there. */
static void add_sockets(GPtrArray *words, Vm *vm, const char *option,
                        const char *name, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        add(words, option, NULL);
        add_format(words, "unix:%s/%s-%u,server=on,wait=off", vm->folder, name,
                   i);
    }
}

/* No device: where savevm puts the machine, not seen by the guest. */
static void add_snapshots(GPtrArray *words, Vm *vm)
{
    g_autofree char *path = vm_private_path(vm, "disk");

    vm_run((const char *[]){ "qemu-img", "create", "-q", "-f", "qcow2", path,
                             "1M", NULL });
    add(words, "-blockdev", NULL);
    add_format(words, "qcow2,node-name=disk,file.driver=file,file.filename=%s",
               path);
}

/* The command line of QEMU; a guest is stopped at first, see vm_start(). */
static GPtrArray *command_line(Vm *vm, const VmOptions *options)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    const Board *board = board_of(options);

    add(words, options->qemu ? options->qemu : board->qemu, "-nodefaults",
        "-display", "none", "-accel", options->accel ? options->accel : "tcg",
        NULL);
    if (options->incoming) {
        add(words, "-incoming", "defer", NULL);
    } else {
        add(words, "-S", NULL);
    }
    if (!options->may_reset) {
        add(words, "-no-reboot", NULL);
    }
    if (board->cpu) {
        add(words, "-cpu", board->cpu, NULL);
    }
    add_memory(words, vm, options, board);
    if (!options->without_plugin) {
        add(words, "-plugin", NULL);
        add_format(words, "%s%s",
                   environment("HAYWIRE_TEST_PLUGIN", "haywire.so"),
                   options->plugin ? options->plugin : "");
    }
    add(words, "-qmp", NULL);
    add_format(words, "unix:%s/qmp,server=on,wait=off", vm->folder);
    add(words, "-qmp", NULL);
    add_format(words, "unix:%s,server=on,wait=off", vm->second_qmp_path);
    add_sockets(words, vm, "-qmp", "qmp", options->more_qmp);
    add_sockets(words, vm, "-monitor", "monitor", options->monitors);
    if (!options->without_kernel) {
        add_guest(words, vm, options, board);
    }
    if (options->processors) {
        add(words, "-smp", options->processors, NULL);
    }
    if (options->device) {
        add(words, "-device", options->device, NULL);
    }
    if (options->with_snapshots) {
        add_snapshots(words, vm);
    }
    if (options->with_qtest) {
        add(words, "-qtest-log", "/dev/null", "-qtest", NULL);
        add_format(words, "unix:%s/qtest,server=on,wait=off", vm->folder);
    }
    g_ptr_array_add(words, NULL);
    return words;
}

/* In the child: die when the test program does, in whatever way. */
static void die_with_parent(gpointer opaque)
{
    (void)opaque;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void spawn(Vm *vm, const VmOptions *options)
{
    g_autoptr(GSubprocessLauncher) launcher = NULL;
    g_autoptr(GPtrArray) words = command_line(vm, options);
    g_autoptr(GError) error = NULL;

    launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL,
                                          NULL);
    vm->process = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)words->pdata, &error);
    g_assert_no_error(error);
}

/* Whether QEMU has ended; then it is reaped. */
static gboolean has_ended(Vm *vm)
{
    /* The identifier goes away once glib's child watch has reaped it. */
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    return !g_subprocess_get_identifier(vm->process);
}

/* The socket's file is there a moment before QEMU listens: so try. */
static void connect_qmp(Vm *vm)
{
    g_autofree char *path = vm_private_path(vm, "qmp");
    gint64 deadline =
        g_get_monotonic_time() + SOCKET_TIMEOUT_S * G_USEC_PER_SEC;

    while (!vm->qmp) {
        g_autoptr(GError) error = NULL;

        vm->qmp = haywire_qmp_client_new(path, VM_QMP_TIMEOUT_MS, &error);
        if (error && (has_ended(vm) || g_get_monotonic_time() > deadline)) {
            g_error("QEMU does not answer: %s", error->message);
        }
        g_usleep(error ? POLL_US : 0);
    }
}

static void connect_all(Vm *vm, const VmOptions *options)
{
    connect_qmp(vm);
    if (options->with_qtest) {
        vm->qtest = vm_connect(vm, "qtest");
    }
    if (!options->without_kernel) {
        vm->console = vm_connect(vm, "console");
    }
}

/*
 * QEMU starts stopped, so that we are on its console before the guest says
 * anything: what no one hears there is lost.
 */
Vm *vm_start(const VmOptions *options)
{
    Vm *vm = g_new0(Vm, 1);

    vm->folder = make_folder();
    vm_cleanup_add(vm->folder);
    vm->ram_path =
        options->ram ? g_strdup(options->ram) : vm_private_path(vm, "ram");
    vm->second_qmp_path = vm_private_path(vm, "qmp2");
    vm->console_text = g_string_new(NULL);
    if (options->old_ram) {
        vm_copy_file(options->old_ram, vm->ram_path);
    }
    spawn(vm, options);
    connect_all(vm, options);
    if (!options->without_kernel && !options->powered_off &&
        !options->incoming) {
        vm_boot(vm);
    }
    return vm;
}

void vm_boot(Vm *vm)
{
    json_node_unref(vm_qmp(vm, "cont", NULL));
    vm_guest_wait_ready(vm);
}

static void remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

void vm_free(Vm *vm)
{
    if (!vm) {
        return;
    }
    if (!vm->ended) {
        g_subprocess_force_exit(vm->process);
        g_subprocess_wait(vm->process, NULL, NULL);
    }
    haywire_qmp_client_free(vm->qmp);
    g_clear_object(&vm->console);
    g_clear_object(&vm->qtest);
    g_object_unref(vm->process);
    g_string_free(vm->console_text, TRUE);
    vm_cleanup_remove(vm->folder);
    remove_folder(vm->folder);
    g_free(vm->ram_path);
    g_free(vm->second_qmp_path);
    g_free(vm->folder);
    g_free(vm);
}

void vm_run(const char *const *words)
{
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 NULL, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

void vm_copy_file(const char *from, const char *to)
{
    vm_run((const char *[]){ "cp", "--sparse=always", from, to, NULL });
}

void vm_reset(Vm *vm)
{
    json_node_unref(vm_qmp(vm, "system_reset", NULL));
    vm_guest_wait_ready(vm);
}

int vm_wait_end(Vm *vm)
{
    g_autoptr(GError) error = NULL;

    g_subprocess_wait(vm->process, NULL, &error);
    g_assert_no_error(error);
    vm->ended = TRUE;
    g_assert_true(g_subprocess_get_if_exited(vm->process));
    return g_subprocess_get_exit_status(vm->process);
}

void vm_quit(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "quit", NULL);

    g_assert_cmpint(vm_wait_end(vm), ==, 0);
}

GPid vm_pid(Vm *vm)
{
    const char *text = g_subprocess_get_identifier(vm->process);

    g_assert_nonnull(text);
    return (GPid)g_ascii_strtoull(text, NULL, 10);
}

const char *vm_ram_path(Vm *vm)
{
    return vm->ram_path;
}

const char *vm_second_qmp_path(Vm *vm)
{
    return vm->second_qmp_path;
}

char *vm_private_path(Vm *vm, const char *name)
{
    return g_build_filename(vm->folder, name, NULL);
}

void vm_wait_until(Vm *vm, const char *what, unsigned int timeout_s,
                   gboolean (*holds)(Vm *vm, gpointer opaque), gpointer opaque)
{
    gint64 deadline = g_get_monotonic_time() + timeout_s * G_USEC_PER_SEC;

    while (!holds(vm, opaque)) {
        if (g_get_monotonic_time() > deadline) {
            g_error("waited %u s in vain for %s", timeout_s, what);
        }
        g_usleep(TRY_US);
    }
}
