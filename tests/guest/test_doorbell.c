/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doorbell in a real guest.  The plugin looks once a minute, and has just
 * looked when something happens: what is seen sooner is seen because somebody
 * rang.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "compare.h"
#include "shown.h"
#include "vm_migrate.h"

#include <string.h>

/* Less than a minute, and far more than a busy host needs. */
#define RUNG_TIMEOUT_S 50
/* A companion looks for the doorbell every ten seconds. */
#define FIND_TIMEOUT_S 60
#define DOORBELL_BIT   (1u << 5)

/* docs/security.md: looks that rings bring about, and what searches take. */
#define STORM_US      (4 * G_USEC_PER_SEC)
#define STORM_RINGS   2000
#define RING_PAUSE_US 10000
#define RING_SHARE    20
#define SCAN_SHARE    20
#define REST_US       20000
#define LOOKS_MORE    4 /* asked for, under way, of the interval */

static char *qemu_of_machine;
static Vm *machine;

static VmOptions options_of(const char *qemu)
{
    return (VmOptions){ .qemu = qemu,
                        .memory = "256M",
                        .processors = "2",
                        .plugin = ",interval=60000,kernel=off",
                        .companion = "none",
                        .menagerie = "none",
                        .may_reset = TRUE,
                        .with_snapshots = TRUE };
}

static Vm *get_machine(const char *qemu)
{
    VmOptions options = options_of(qemu);

    if (!vm_available()) {
        return NULL;
    }
    if (g_strcmp0(qemu, qemu_of_machine) != 0) {
        g_clear_pointer(&machine, vm_free);
        g_free(qemu_of_machine);
        qemu_of_machine = g_strdup(qemu);
        machine = vm_start(&options);
    }
    return machine;
}

static gboolean has_looked(Vm *vm, gpointer opaque)
{
    return shown_counter(vm, "refreshes") > *(gint64 *)opaque;
}

/* From here on the plugin looks in a minute, unless it is rung for. */
static void look(Vm *vm)
{
    gint64 looks = shown_counter(vm, "refreshes");

    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    vm_wait_until(vm, "a look", RUNG_TIMEOUT_S, has_looked, &looks);
}

static gboolean is_live(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *status = json_node_get_object(node);

    return g_str_equal(compare_string(status, "state"), "live") &&
           compare_int(status, "companion-pid") == *(guint32 *)opaque;
}

static void start_companion(Vm *vm)
{
    gint64 rings = shown_counter(vm, "rings");
    guint32 pid;

    look(vm);
    pid = companion_start(vm);
    vm_wait_until(vm, "the companion that rings", RUNG_TIMEOUT_S, is_live,
                  &pid);
    g_assert_cmpint(shown_counter(vm, "rings"), >, rings);
}

static gboolean is_listed(Vm *vm, gpointer opaque)
{
    return shown_lists(vm, *(guint32 *)opaque);
}

/* A process that starts is news. */
static void check_news(Vm *vm)
{
    guint32 pid;

    look(vm);
    pid = guest_start(vm, "sleep 1000 >/dev/null 2>&1");
    vm_wait_until(vm, "the process that starts", RUNG_TIMEOUT_S, is_listed,
                  &pid);
}

static gboolean has_port(Vm *vm)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-stats", NULL);

    return json_object_has_member(
        json_object_get_object_member(json_node_get_object(node), "host"),
        "doorbell-port");
}

/* In the companion's statistics, as far as they have been looked at. */
static gboolean says_doorbell(Vm *vm, gpointer opaque)
{
    gint64 bits;

    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    bits = companion_counter(vm, "guest", "capabilities");
    return !!(bits & DOORBELL_BIT) == *(gboolean *)opaque;
}

static void wait_doorbell(Vm *vm, gboolean found)
{
    vm_wait_until(vm, "the companion's word of the doorbell", FIND_TIMEOUT_S,
                  says_doorbell, &found);
}

static void test_news(const char *qemu)
{
    Vm *vm = get_machine(qemu);

    if (!vm) {
        return;
    }
    start_companion(vm);
    g_assert_cmphex(shown_counter(vm, "doorbell-port"), ==, 0xf40);
    wait_doorbell(vm, TRUE);
    check_news(vm);
}

static void monitor(Vm *vm, const char *line)
{
    g_autofree char *answer = vm_hmp(vm, line);

    g_assert_cmpstr(answer, ==, "");
}

static void test_snapshot(const char *qemu)
{
    Vm *vm = get_machine(qemu);

    if (!vm) {
        return;
    }
    monitor(vm, "savevm rung");
    check_news(vm);
    monitor(vm, "loadvm rung");
    vm_wait_state(vm, "live");
    check_news(vm);
}

/* Other processes ask as ever, and the thread that looks stays in its bounds. */
static void check_storm(Vm *vm)
{
    gint64 begun = g_get_monotonic_time();
    gint64 rings = shown_counter(vm, "rings");
    gint64 looks = shown_counter(vm, "refreshes");
    gint64 cpu = shown_counter(vm, "cpu-time") / 1000;
    gint64 time;

    while (g_get_monotonic_time() < begun + STORM_US ||
           shown_counter(vm, "rings") < rings + STORM_RINGS) {
        g_usleep(G_USEC_PER_SEC / 10);
    }
    cpu = shown_counter(vm, "cpu-time") / 1000 - cpu;
    looks = shown_counter(vm, "refreshes") - looks;
    rings = shown_counter(vm, "rings") - rings;
    time = g_get_monotonic_time() - begun;
    g_test_message("%" G_GINT64_FORMAT " rings in %" G_GINT64_FORMAT
                   " ms: %" G_GINT64_FORMAT " looks, %" G_GINT64_FORMAT " us",
                   rings, time / 1000, looks, cpu);
    g_assert_cmpint(looks, <=, time / RING_PAUSE_US + LOOKS_MORE);
    g_assert_cmpint(
        cpu, <=, time / RING_SHARE + time / SCAN_SHARE + LOOKS_MORE * REST_US);
}

static gboolean says_lying(Vm *vm, gpointer opaque)
{
    g_autofree char *said = vm_guest_run(vm, "cat /run/liar", NULL);

    (void)opaque;
    return strstr(said, "lying") != NULL;
}

/* Two processors ring without end, and name any frame. */
static void test_storm(const char *qemu)
{
    Vm *vm = get_machine(qemu);
    g_autofree char *end = NULL;
    guint32 liar;

    if (!vm) {
        return;
    }
    liar = guest_start(vm, "setsid /bin/haywire-liar ring >/run/liar 2>&1");
    vm_wait_until(vm, "the liar", VM_GUEST_TIMEOUT_S, says_lying, NULL);
    check_storm(vm);
    end = g_strdup_printf("kill -9 %u; killall haywire-companion", liar);
    g_free(vm_guest_run(vm, end, NULL));
    start_companion(vm);
}

/* It boots anew, and its companion finds the port where it was. */
static void test_reset(const char *qemu)
{
    Vm *vm = get_machine(qemu);

    if (!vm) {
        return;
    }
    vm_reset(vm);
    start_companion(vm);
    check_news(vm);
}

/* The guest moves to a host without: it is looked at each interval there. */
static void test_without(const char *qemu)
{
    Vm *vm = get_machine(qemu);
    VmOptions options = options_of(qemu);
    guint32 pid;

    if (!vm) {
        return;
    }
    options.plugin = ",doorbell=off,kernel=off";
    options.incoming = TRUE;
    machine = vm_start(&options);
    vm_migrate(vm, machine);
    vm_free(vm);
    vm = machine;
    vm_wait_state(vm, "live");
    g_assert_false(has_port(vm));
    wait_doorbell(vm, FALSE);
    pid = guest_start(vm, "sleep 1000 >/dev/null 2>&1");
    vm_wait_until(vm, "the process that starts", RUNG_TIMEOUT_S, is_listed,
                  &pid);
    g_assert_cmpint(shown_counter(vm, "rings"), ==, 0);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("doorbell/news", test_news);
    qemus_add_test("doorbell/snapshot", test_snapshot);
    qemus_add_test("doorbell/storm", test_storm);
    qemus_add_test("doorbell/reset", test_reset);
    qemus_add_test("doorbell/without", test_without);
    status = g_test_run();
    vm_free(machine);
    g_free(qemu_of_machine);
    return status;
}
