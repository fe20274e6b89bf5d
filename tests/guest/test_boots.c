/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that boots again, told to or after a panic, and one that panics and
 * hangs; and another that is paused for more than a minute meanwhile.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "compare.h"
#include "process_threads.h"

#include <string.h>

#define PAUSE_US  (65 * G_USEC_PER_SEC)
#define HANG_US   (3 * G_USEC_PER_SEC)
#define WATCH_US  (2 * G_USEC_PER_SEC)
#define POLL_US   50000
#define TIMEOUT_S 300
#define RESUME_S  20
/* A guest that the host did not let run for so long may seem to have died. */
#define STARVED_NS 500000000u

/* What comes of the session that a boot left behind. */
typedef struct {
    char *old;      /* the session */
    guint64 waited; /* for a processor, by QEMU, when last seen alive, ns */
    gboolean over;  /* it was seen not to live any more */
    gboolean next;  /* another one lives */
    gboolean boot;  /* the guest takes commands */
} Succession;

static JsonObject *status_of(Vm *vm, JsonNode **ret_node)
{
    *ret_node = vm_qmp(vm, "query-haywire", NULL);
    return json_node_get_object(*ret_node);
}

static char *state_of(Vm *vm)
{
    g_autoptr(JsonNode) node = NULL;

    return g_strdup(compare_string(status_of(vm, &node), "state"));
}

/* The old session lives, and did not before: for no more than want of time. */
static void check_revival(Vm *vm, Succession *succession)
{
    guint64 waited = process_threads(vm_pid(vm), "").waited;

    g_assert_false(succession->over &&
                   waited - succession->waited < STARVED_NS);
    succession->over = FALSE;
    succession->waited = waited;
}

/* It lives, then it does not, and never again; then the next one is shown. */
static gboolean has_successor(Vm *vm, gpointer opaque)
{
    Succession *succession = opaque;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status = status_of(vm, &node);
    gboolean is_live = g_str_equal(compare_string(status, "state"), "live");
    const char *session =
        json_object_get_string_member_with_default(status, "session", "");

    if (g_str_equal(session, succession->old)) {
        g_assert_false(succession->next);
        g_assert_false(is_live && succession->boot);
        if (is_live) {
            check_revival(vm, succession);
        }
    }
    succession->over |= !is_live;
    succession->next |= is_live && !g_str_equal(session, succession->old);
    succession->boot |= vm_has_booted(vm);
    return succession->next && succession->boot;
}

static Succession *succession_new(Vm *vm)
{
    Succession *succession = g_new0(Succession, 1);

    succession->old = companion_session(vm);
    succession->waited = process_threads(vm_pid(vm), "").waited;
    return succession;
}

static void succession_free(Succession *succession)
{
    g_free(succession->old);
    g_free(succession);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Succession, succession_free)

static void check_successor(Vm *vm, Succession *succession)
{
    gint64 end;

    vm_wait_until(vm, "the next boot's session", TIMEOUT_S, has_successor,
                  succession);
    end = g_get_monotonic_time() + WATCH_US;
    while (g_get_monotonic_time() < end) {
        g_assert_true(has_successor(vm, succession));
        g_usleep(POLL_US);
    }
    companion_wait_live(vm, companion_pid(vm));
}

static void check_reboot(Vm *vm, const char *command)
{
    g_autoptr(Succession) succession = succession_new(vm);

    vm_guest_end(vm, command);
    check_successor(vm, succession);
}

/* A kernel that hangs beats no more: what it last said is shown as that. */
static void check_hang(Vm *vm)
{
    g_autoptr(Succession) succession = succession_new(vm);
    g_autoptr(JsonNode) processes = NULL;
    g_autofree char *shown = NULL;
    gint64 end;

    vm_guest_end(vm, "echo 0 >/proc/sys/kernel/panic; "
                     "echo c >/proc/sysrq-trigger");
    vm_wait_state(vm, "stale");
    end = g_get_monotonic_time() + HANG_US;
    while (g_get_monotonic_time() < end) {
        has_successor(vm, succession);
        g_assert_false(succession->next);
        g_usleep(POLL_US);
    }
    shown = companion_session(vm);
    g_assert_cmpstr(shown, ==, succession->old);
    processes = vm_qmp(vm, "query-haywire-processes", NULL);
    g_assert_nonnull(compare_find(json_node_get_array(processes), 1));
    json_node_unref(vm_qmp(vm, "system_reset", NULL));
    check_successor(vm, succession);
}

static Vm *start(const char *qemu)
{
    Vm *vm = vm_start(&(VmOptions){ .qemu = qemu,
                                    .memory = "256M",
                                    .companion = "run,--max-cpu,100",
                                    .plugin = ",kernel=off",
                                    .menagerie = "none",
                                    .may_reset = TRUE });

    vm_wait_state(vm, "live");
    return vm;
}

static void check_boots(const char *qemu)
{
    g_autoptr(Vm) vm = start(qemu);

    g_test_message("a reboot");
    check_reboot(vm, "reboot -f");
    g_test_message("a panic, and a reset");
    check_hang(vm);
    g_test_message("a panic, and a reboot");
    check_reboot(vm, "echo c >/proc/sysrq-trigger");
    g_test_message("booted three times");
}

/* Live at once, as if nothing had been. */
static void check_continued(Vm *vm, const char *session)
{
    g_autofree char *now = NULL;
    g_autofree char *state = NULL;
    gint64 deadline;

    state = state_of(vm);
    g_assert_cmpstr(state, ==, "paused");
    json_node_unref(vm_qmp(vm, "cont", NULL));
    deadline = g_get_monotonic_time() + RESUME_S * G_USEC_PER_SEC;
    while (!g_str_equal(state, "live")) {
        g_assert_cmpstr(state, ==, "paused");
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_free(state);
        state = state_of(vm);
        g_usleep(POLL_US);
    }
    now = companion_session(vm);
    g_assert_cmpstr(now, ==, session);
}

/*
 * The minute that one guest is paused for is spent with the other. It is a
 * whole minute with the first QEMU only, to save the next one's.
 */
static void test_boots(const char *qemu)
{
    static gboolean had_minute;
    g_autoptr(Vm) paused = NULL;
    g_autofree char *session = NULL;
    gint64 since, left;

    if (!vm_available()) {
        return;
    }
    paused = start(qemu);
    session = companion_session(paused);
    json_node_unref(vm_qmp(paused, "stop", NULL));
    since = g_get_monotonic_time();
    check_boots(qemu);
    left = since + PAUSE_US - g_get_monotonic_time();
    g_usleep(left > 0 && !had_minute ? (gulong)left : 0);
    had_minute = TRUE;
    check_continued(paused, session);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("boots", test_boots);
    return g_test_run();
}
