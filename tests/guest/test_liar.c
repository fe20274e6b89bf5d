/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that lies: each lie of haywire-liar in a real guest, looked at by
 * the plugin and by the host tool. Both stay up, the guest goes on, memory and
 * scans stay within bounds (docs/security.md), what is printed is harmless, and
 * the statistics name what was refused.
 *
 *   test-guest-liar             plugin as for use, bounds are checked
 *   test-guest-liar sanitized   plugin with sanitizers, preloaded into QEMU
 *
 *   HAYWIRE_TEST_SANITIZED_TOOL     host tool with sanitizers, for both
 *   HAYWIRE_TEST_SANITIZED_PLUGIN   plugin with sanitizers
 *   HAYWIRE_TEST_PRELOAD            the sanitizers' library
 */
#include "answers.h"
#include "compare.h"
#include "process_memory.h"
#include "shown.h"

#include <string.h>
#include <unistd.h>

/* A million false pages need a big guest, and that a big host. */
#define ROOMY_BYTES  (16ull << 30)
#define ROOMY_MEMORY "6G"
#define MEMORY       "2G"
#define TIMEOUT_S    300
#define REFRESHES    4
#define SCANS        3
#define FOCUS_TRIES  100

/* docs/security.md: what a lying guest can cost. */
#define GROWTH_MAX   (16ull << 20)
#define SCAN_BASE_NS 100000000ull
#define SCAN_FACTOR  10
#define CANDIDATE_NS 2000ull

typedef struct {
    const char *lie;     /* of haywire-liar */
    const char *reason;  /* that the statistics must name; NULL: none */
    const char *counter; /* of the host that must grow; NULL: none */
    gboolean alive;      /* its heart beats */
    guint64 growth;      /* host memory, bytes */
    guint roomy_number;  /* the lie's number on a big host; 0: its own */
} Case;

static const Case cases[] = {
    { "backwards", NULL, NULL, FALSE, GROWTH_MAX },
    { "index", "no-layout", NULL, TRUE, GROWTH_MAX },
    { "absurd", "bad-record", NULL, TRUE, GROWTH_MAX },
    { "names", "bad-string", NULL, TRUE, GROWTH_MAX },
    { "pids", "bad-value", NULL, TRUE, GROWTH_MAX },
    { "sections", "bad-range", NULL, TRUE, GROWTH_MAX },
    { "runs", "bad-count", NULL, TRUE, GROWTH_MAX },
    { "rewrite", "page-busy", NULL, TRUE, GROWTH_MAX },
    { "vanish", NULL, NULL, TRUE, GROWTH_MAX },
    { "sessions", NULL, "sessions-dropped", TRUE, GROWTH_MAX },
    { "claims", NULL, "slot-clashes", TRUE, GROWTH_MAX },
    { "flood", "bad-version", "candidates", TRUE, GROWTH_MAX, 1000000 },
    { "huge", NULL, "limits-reached", TRUE, GROWTH_MAX },
};

static gboolean sanitized;
static Vm *machine;

/* An honest guest's, to compare with. */
static guint64 honest_bytes;
static guint64 honest_page_ns; /* times 1000 */

static gboolean is_roomy(void)
{
    /* Sanitizers make all this slower, and would find nothing more. */
    return !sanitized &&
           (guint64)sysconf(_SC_PHYS_PAGES) * (guint64)sysconf(_SC_PAGESIZE) >=
               ROOMY_BYTES;
}

static gint64 rejected(Vm *vm, const char *reason)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonArray *rows =
        json_object_get_array_member(json_node_get_object(reply), "rejected");

    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);

        if (g_str_equal(compare_string(row, "reason"), reason)) {
            return compare_int(row, "count");
        }
    }
    return 0;
}

typedef struct {
    const char *name;
    gint64 above;
} Above;

static gboolean counter_is_above(Vm *vm, gpointer opaque)
{
    const Above *above = opaque;

    return shown_counter(vm, above->name) > above->above;
}

static gboolean rejected_is_above(Vm *vm, gpointer opaque)
{
    const Above *above = opaque;

    return rejected(vm, above->name) > above->above;
}

typedef struct {
    guint64 ns;
    guint64 pages;
    guint64 candidates;
} Scan;

/* The shortest of a few scans: the machine may be busy with other things. */
static Scan measure_scan(Vm *vm)
{
    Scan best = { .ns = G_MAXUINT64 };

    for (int i = 0; i < SCANS; i++) {
        Above scans = { "scans", shown_counter(vm, "scans") };
        gint64 candidates = shown_counter(vm, "candidates");
        g_autoptr(JsonNode) reply = NULL;
        guint64 ns;

        json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
        vm_wait_until(vm, "a scan", TIMEOUT_S, counter_is_above, &scans);
        candidates = shown_counter(vm, "candidates") - candidates;
        reply = vm_qmp(vm, "query-haywire", NULL);
        ns = (guint64)compare_int(json_node_get_object(reply), "scan-duration");
        if (ns < best.ns) {
            best.ns = ns;
            best.pages =
                (guint64)compare_int(json_node_get_object(reply), "scan-pages");
            best.candidates = (guint64)candidates;
        }
    }
    return best;
}

static void check_bounds(Vm *vm, const Case *one)
{
    guint64 bytes = process_memory_private(vm_pid(vm));
    guint64 grown = bytes > honest_bytes ? bytes - honest_bytes : 0;
    Scan scan = measure_scan(vm);
    guint64 limit = SCAN_BASE_NS +
                    scan.pages * honest_page_ns / 1000 * SCAN_FACTOR +
                    scan.candidates * CANDIDATE_NS;

    g_test_message(
        "%s: %" G_GUINT64_FORMAT " KiB more, a scan of %" G_GUINT64_FORMAT
        " pages, %" G_GUINT64_FORMAT " candidates takes %" G_GUINT64_FORMAT
        " us",
        one->lie, grown >> 10, scan.pages, scan.candidates, scan.ns / 1000);
    g_assert_cmpuint(grown, <=, one->growth);
    g_assert_cmpuint(scan.ns, <=, limit);
}

/* Start it in the guest and wait until it says that it is ready. */
static void start_program(Vm *vm, const char *name, const char *line,
                          const char *word)
{
    g_autofree char *command = g_strdup_printf(
        "(setsid %s </dev/null >/run/%s 2>&1 & echo $! >/run/%s.pid)", line,
        name, name);
    g_autofree char *look = g_strconcat("cat /run/", name, NULL);
    gint64 deadline = g_get_monotonic_time() + TIMEOUT_S * G_USEC_PER_SEC;

    g_free(vm_guest_run(vm, command, NULL));
    for (;;) {
        g_autofree char *said = vm_guest_run(vm, look, NULL);

        if (strstr(said, word)) {
            return;
        }
        if (g_get_monotonic_time() > deadline) {
            g_error("'%s' does not begin: %s", line, said);
        }
        g_usleep(G_USEC_PER_SEC / 10);
    }
}

/*
 * The guest's shell is its init, and gets a signal when the orphan is gone;
 * then it may lose what it has read of the next line. So wait for that.
 */
static void end_program(Vm *vm, const char *name)
{
    g_autofree char *command =
        g_strdup_printf("p=$(cat /run/%s.pid); kill -9 $p; "
                        "while grep -q '^State:.[^Z]' /proc/$p/status; do "
                        "usleep 20000; done 2>/dev/null",
                        name);

    g_free(vm_guest_run(vm, command, NULL));
}

static void start_honest(Vm *vm)
{
    start_program(vm, "honest", "/bin/haywire-companion run", "");
}

/* What an honest companion costs: the measure for all lies. */
static void measure_honest(Vm *vm)
{
    Scan scan;

    start_honest(vm);
    vm_wait_state(vm, "live");
    answers_check_monitor(vm);
    scan = measure_scan(vm);
    honest_page_ns = scan.ns * 1000 / MAX(scan.pages, 1);
    honest_bytes = process_memory_private(vm_pid(vm));
    g_test_message("honest: %" G_GUINT64_FORMAT
                   " KiB, a scan of %" G_GUINT64_FORMAT
                   " pages takes %" G_GUINT64_FORMAT " us",
                   honest_bytes >> 10, scan.pages, scan.ns / 1000);
    end_program(vm, "honest");
}

/* QEMU is told to load the sanitizers first; the tools do not mind. */
static gboolean use_sanitizers(void)
{
    const char *tool = g_getenv("HAYWIRE_TEST_SANITIZED_TOOL");
    const char *plugin = g_getenv("HAYWIRE_TEST_SANITIZED_PLUGIN");
    const char *preload = g_getenv("HAYWIRE_TEST_PRELOAD");

    if (tool) {
        g_setenv("HAYWIRE_TEST_TOOL", tool, TRUE);
        g_setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", TRUE);
        g_setenv("UBSAN_OPTIONS", "halt_on_error=1:abort_on_error=1", TRUE);
    }
    if (!sanitized) {
        return TRUE;
    }
    if (!plugin || !preload) {
        g_test_skip("no plugin with sanitizers: run tools/test");
        return FALSE;
    }
    g_setenv("HAYWIRE_TEST_PLUGIN", plugin, TRUE);
    g_setenv("LD_PRELOAD", preload, TRUE);
    return TRUE;
}

static Vm *get_machine(void)
{
    g_autofree char *there = NULL;

    if (!vm_available() || (!machine && !use_sanitizers())) {
        return NULL;
    }
    if (!machine) {
        machine =
            vm_start(&(VmOptions){ .memory = is_roomy() ? ROOMY_MEMORY : MEMORY,
                                   .companion = "none",
                                   .menagerie = "none",
                                   .plugin = ",kernel=off" });
        measure_honest(machine);
    }
    there = vm_guest_run(machine,
                         "[ -x /bin/haywire-liar ] && echo yes || :", NULL);
    if (!g_str_has_prefix(there, "yes")) {
        g_test_skip("the guest image has no haywire-liar");
        return NULL;
    }
    return machine;
}

static gboolean is_live_of(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return g_str_equal(compare_string(object, "state"), "live") &&
           compare_int(object, "companion-pid") == *(gint64 *)opaque;
}

static gint64 pid_of(Vm *vm, const char *name)
{
    g_autofree char *command = g_strdup_printf("cat /run/%s.pid", name);
    g_autofree char *text = vm_guest_run(vm, command, NULL);

    return (gint64)g_ascii_strtoull(text, NULL, 10);
}

/* The session of this program is the one that is shown. */
static void wait_live(Vm *vm, const char *name)
{
    gint64 pid = pid_of(vm, name);

    vm_wait_until(vm, "the program's session", TIMEOUT_S, is_live_of, &pid);
}

static void wait_refreshes(Vm *vm)
{
    Above refreshes = { "refreshes",
                        shown_counter(vm, "refreshes") + REFRESHES };

    vm_wait_until(vm, "refreshes", TIMEOUT_S, counter_is_above, &refreshes);
}

/* The one that lies now is shown, or it is not believed to be alive. */
static void wait_session(Vm *vm, const Case *one)
{
    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    wait_refreshes(vm);
    if (one->alive) {
        wait_live(vm, "liar");
    } else {
        vm_wait_state(vm, "stale");
    }
}

/* However often: it is done, or refused with a reason. */
static void focus_often(Vm *vm)
{
    for (int i = 0; i < FOCUS_TRIES; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) reply =
            vm_qmp_try(vm, "haywire-focus", "{\"pid\": 1}", &error);

        if (!reply) {
            answers_check_text(error->message);
        }
    }
}

static void test_lie(gconstpointer opaque)
{
    const Case *one = opaque;
    Vm *vm = get_machine();
    Above reason = { one->reason, 0 }, counter = { one->counter, 0 };
    g_autofree char *line = NULL;
    g_autofree char *sum = NULL;

    if (!vm) {
        return;
    }
    reason.above = one->reason ? rejected(vm, one->reason) : 0;
    counter.above = one->counter ? shown_counter(vm, one->counter) : 0;
    line = one->roomy_number && is_roomy()
               ? g_strdup_printf("/bin/haywire-liar %s %u", one->lie,
                                 one->roomy_number)
               : g_strdup_printf("/bin/haywire-liar %s", one->lie);
    start_program(vm, "liar", line, "lying");
    wait_session(vm, one);
    answers_check_qmp(vm);
    answers_check_monitor(vm);
    answers_check_tool(vm);
    focus_often(vm);
    if (one->reason) {
        vm_wait_until(vm, one->reason, TIMEOUT_S, rejected_is_above, &reason);
    }
    if (one->counter) {
        vm_wait_until(vm, one->counter, TIMEOUT_S, counter_is_above, &counter);
    }
    if (!sanitized) {
        check_bounds(vm, one);
    }
    sum = vm_guest_run(vm, "echo $((6 * 7))", NULL);
    g_assert_cmpstr(g_strchomp(sum), ==, "42");
    end_program(vm, "liar");
}

/* What runs, or ran, when an honest companion starts. */
typedef struct {
    const char *name;
    const char *line;   /* of haywire-liar */
    const char *reason; /* that the statistics must name; NULL: none */
    guint ends_s;       /* when nothing is left of it; 0: it goes on */
} Before;

static const Before befores[] = {
    { "future", "future", "bad-time", 8 },
    { "future-beside", "future", "bad-time" },
    { "older", "sessions 64" },
    { "thousands", "sessions 3000" },
    { "renewed", "renewed" },
};

/*
 * The search that the liar has brought about goes on: one more scan finds the
 * honest one, and where pages are others each time, a second one.
 */
static void test_honest_beside(gconstpointer opaque)
{
    const Before *before = opaque;
    Vm *vm = get_machine();
    Above reason = { before->reason };
    g_autofree char *line = NULL;
    gint64 scans;

    if (!vm) {
        return;
    }
    reason.above = before->reason ? rejected(vm, before->reason) : 0;
    line = g_strconcat("/bin/haywire-liar ", before->line, NULL);
    start_program(vm, "liar", line, "lying");
    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    wait_refreshes(vm);
    if (before->reason) {
        vm_wait_until(vm, before->reason, TIMEOUT_S, rejected_is_above,
                      &reason);
    }
    g_usleep(before->ends_s * G_USEC_PER_SEC);
    start_honest(vm);
    g_usleep(2 * G_USEC_PER_SEC); /* it publishes, and beats */
    scans = shown_counter(vm, "scans");
    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    wait_live(vm, "honest");
    g_assert_cmpint(shown_counter(vm, "scans") - scans, <=, SCANS);
    answers_check_qmp(vm);
    end_program(vm, "honest");
    end_program(vm, "liar");
}

/* Who starts last is shown; when it has ended, the honest one is again. */
static void test_honest_before(void)
{
    Vm *vm = get_machine();

    if (!vm) {
        return;
    }
    start_honest(vm);
    wait_live(vm, "honest");
    start_program(vm, "liar", "/bin/haywire-liar sessions", "lying");
    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
    wait_live(vm, "liar");
    end_program(vm, "liar");
    wait_live(vm, "honest");
    end_program(vm, "honest");
}

/* Somebody knows the session, and publishes pages of a later time. */
static void test_takeover(void)
{
    Vm *vm = get_machine();
    Above reason = { "bad-time", 0 };
    g_autoptr(JsonNode) reply = NULL;
    g_autofree char *line = NULL;
    gint64 pid;

    if (!vm) {
        return;
    }
    start_honest(vm);
    wait_live(vm, "honest");
    pid = pid_of(vm, "honest");
    reply = vm_qmp(vm, "query-haywire", NULL);
    line = g_strconcat("/bin/haywire-liar takeover 0x",
                       compare_string(json_node_get_object(reply), "session"),
                       NULL);
    reason.above = rejected(vm, "bad-time");
    start_program(vm, "liar", line, "lying");
    for (int i = 0; i < SCANS; i++) {
        json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
        wait_refreshes(vm);
        g_assert_true(is_live_of(vm, &pid));
    }
    vm_wait_until(vm, "bad-time", TIMEOUT_S, rejected_is_above, &reason);
    answers_check_qmp(vm);
    end_program(vm, "liar");
    end_program(vm, "honest");
}

/* After all that: an honest companion is found among the ruins. */
static void test_honest_after(void)
{
    Vm *vm = get_machine();

    if (!vm) {
        return;
    }
    start_honest(vm);
    wait_live(vm, "honest");
    end_program(vm, "honest");
    vm_quit(vm);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    sanitized = argc > 1 && g_str_equal(argv[1], "sanitized");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/liar/", cases[i].lie, NULL);

        g_test_add_data_func(path, &cases[i], test_lie);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(befores); i++) {
        g_autofree char *path =
            g_strconcat("/liar/beside-", befores[i].name, NULL);

        g_test_add_data_func(path, &befores[i], test_honest_beside);
    }
    g_test_add_func("/liar/before", test_honest_before);
    g_test_add_func("/liar/takeover", test_takeover);
    g_test_add_func("/liar/honest-after", test_honest_after);
    status = g_test_run();
    vm_free(machine);
    return status;
}
