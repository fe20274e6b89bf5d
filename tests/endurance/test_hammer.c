/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eight QMP clients and two monitors ask for everything at once, as fast as
 * they can, while the guest boots, cameras turn and the machine is reset. All
 * replies are as documented, no error is but the guest's, QEMU does not grow,
 * and whoever asks afterwards is told of a live session.
 *
 *   HAYWIRE_HAMMER_SECONDS   how long for each QEMU (default 120)
 *   HAYWIRE_QMP_DOC          docs/qmp.md
 */
#include "../qemu/qemus.h"
#include "compare.h"
#include "figures.h"
#include "hammer_client.h"
#include "process_memory.h"
#include "shown.h"
#include "view.h"

#define DEFAULT_S   120
#define QMP_CLIENTS 8
#define MONITORS    2
#define CLIENTS     (QMP_CLIENTS + MONITORS)
#define RESETS      3
#define MEASURE_US  200000
#define INIT        1

/*
 * QEMU's translator keeps what it translated, and a tree of it, for as long as
 * there is room: with little room it is full after the first boot, so that
 * what grows later is a leak.
 */
#define ACCEL "tcg,tb-size=32"

/* As much as it likes, so that cameras follow soon. */
#define COMPANION "run,--max-cpu,100"

/*
 * Memory that is in use for good, after the last reset more than after the
 * first one: the least from then to the next, so that both times a guest boots
 * and comes to be shown. QEMU's own tables came to up to 3.6 MiB in the same
 * code. With some four thousand requests a second the smallest piece of memory,
 * 32 bytes, lost with each is nearly twice the bound.
 */
#define GROWTH_MAX (6ull << 20)

typedef struct {
    Vm *vm;
    Documented *documented;
    HammerClient *clients[CLIENTS];
    Figures *memory; /* QEMU's own, bytes; the measuring thread's */
    GThread *measuring;
    gint64 start; /* monotonic, us */
    gint ending;
} Hammer;

static double now(const Hammer *hammer)
{
    return (double)(g_get_monotonic_time() - hammer->start) / G_USEC_PER_SEC;
}

static gpointer measure(gpointer opaque)
{
    Hammer *hammer = opaque;
    GPid pid = vm_pid(hammer->vm);

    while (!g_atomic_int_get(&hammer->ending)) {
        figures_add(hammer->memory, now(hammer), process_memory_private(pid));
        g_usleep(MEASURE_US);
    }
    return NULL;
}

static HammerClient *start_client(Hammer *hammer, guint number)
{
    gboolean qmp = number < QMP_CLIENTS;
    g_autofree char *name =
        qmp ? g_strdup_printf("qmp-%u", number)
            : g_strdup_printf("monitor-%u", number - QMP_CLIENTS);
    g_autofree char *path = vm_private_path(hammer->vm, name);
    guint32 seed = (guint32)g_test_rand_int();

    return qmp ? hammer_client_qmp(path, hammer->documented, seed)
               : hammer_client_monitor(path, hammer->documented, seed);
}

/* Whether a session lives that is another than before, and lists processes. */
static gboolean is_shown(Vm *vm, gpointer opaque)
{
    char **before = opaque;
    g_autoptr(JsonNode) status = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(status);
    const char *session =
        json_object_get_string_member_with_default(object, "session", "");
    g_autoptr(JsonNode) list = NULL;

    if (!g_str_equal(compare_string(object, "state"), "live") ||
        g_str_equal(session, *before)) {
        return FALSE;
    }
    list = vm_qmp_try(vm, "query-haywire-processes", NULL, NULL);
    if (!list || !compare_find(json_node_get_array(list), INIT)) {
        return FALSE;
    }
    g_free(*before);
    *before = g_strdup(session);
    return TRUE;
}

static void sleep_until(const Hammer *hammer, double time)
{
    while (now(hammer) < time) {
        g_usleep(MEASURE_US);
    }
}

/*
 * Boot, and reset, at equal times; the clients are there all along. However
 * long it takes under the hammer, each boot comes to be shown.
 */
static void boot_and_reset(Hammer *hammer, guint seconds)
{
    g_autofree char *session = g_strdup("");

    vm_boot(hammer->vm);
    for (guint i = 1; i <= RESETS + 1; i++) {
        vm_wait_until(hammer->vm, "the boot's session", VM_BOOT_TIMEOUT_S,
                      is_shown, &session);
        sleep_until(hammer, (double)seconds * i / (RESETS + 1));
        if (i <= RESETS) {
            vm_reset(hammer->vm);
        }
    }
}

static void check_counts(const HammerCount *counts)
{
    for (guint i = 0; i < HAMMER_COMMANDS; i++) {
        g_test_message("%s: %" G_GUINT64_FORMAT " answered, %" G_GUINT64_FORMAT
                       " refused for what the guest is",
                       hammer_command_name(i), counts[i].answered,
                       counts[i].refused);
        g_assert_cmpuint(counts[i].answered, >, 0);
    }
}

static void check_memory(Hammer *hammer, guint seconds)
{
    double boot = (double)seconds / (RESETS + 1);
    guint64 growth = figures_growth(hammer->memory, boot, boot);

    g_test_message(
        "QEMU: %" G_GUINT64_FORMAT " KiB at least, %" G_GUINT64_FORMAT
        " KiB at most, %" G_GUINT64_FORMAT
        " KiB more at the end than after %.0f s",
        figures_percentile(hammer->memory, 0) >> 10,
        figures_percentile(hammer->memory, 100) >> 10, growth >> 10, boot);
    g_assert_cmpuint(growth, <=, GROWTH_MAX);
}

static gboolean camera_is_on_init(Vm *vm, gpointer opaque)
{
    (void)opaque;
    return shown_camera_pid(vm) == INIT;
}

static gboolean lists_init(Vm *vm, gpointer opaque)
{
    (void)opaque;
    return shown_lists(vm, INIT);
}

/* The honest queries after the storm; the guest may have booted just now. */
static void check_afterwards(Vm *vm)
{
    View view = { "QMP", VIEW_QMP, vm, NULL };

    vm_wait_state(vm, "live");
    vm_wait_until(vm, "the process list", VM_GUEST_TIMEOUT_S, lists_init, NULL);
    json_node_unref(view_ask_ok(&view, VIEW_FOCUS, INIT, 1));
    vm_wait_until(vm, "the camera", VM_GUEST_TIMEOUT_S, camera_is_on_init,
                  NULL);
}

static void hammer_end(Hammer *hammer, HammerCount *counts)
{
    for (guint i = 0; i < CLIENTS; i++) {
        hammer_client_end(hammer->clients[i], counts);
    }
    g_atomic_int_set(&hammer->ending, TRUE);
    g_thread_join(hammer->measuring);
}

static void hammer_clear(Hammer *hammer)
{
    documented_free(hammer->documented);
    figures_free(hammer->memory);
    vm_free(hammer->vm);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Hammer, hammer_clear)

static void test_hammer(const char *qemu)
{
    guint seconds = figures_seconds("HAYWIRE_HAMMER_SECONDS", DEFAULT_S);
    HammerCount counts[HAMMER_COMMANDS] = { 0 };
    g_auto(Hammer) hammer = { 0 };

    if (!vm_available()) {
        return;
    }
    hammer.documented = documented_load(g_getenv("HAYWIRE_QMP_DOC"));
    hammer.memory = figures_new();
    hammer.vm = vm_start(&(VmOptions){ .qemu = qemu,
                                       .memory = "512M",
                                       .accel = ACCEL,
                                       .companion = COMPANION,
                                       .may_reset = TRUE,
                                       .powered_off = TRUE,
                                       .more_qmp = QMP_CLIENTS,
                                       .monitors = MONITORS });
    hammer.start = g_get_monotonic_time();
    hammer.measuring = g_thread_new("measuring", measure, &hammer);
    for (guint i = 0; i < CLIENTS; i++) {
        hammer.clients[i] = start_client(&hammer, i);
    }
    boot_and_reset(&hammer, seconds);
    hammer_end(&hammer, counts);
    check_counts(counts);
    check_memory(&hammer, seconds);
    check_afterwards(hammer.vm);
    vm_quit(hammer.vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("endurance/hammer", test_hammer);
    return g_test_run();
}
