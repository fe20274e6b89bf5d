/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Haywire in use for long: a real guest whose processes come and go and whose
 * memory is compacted now and then, a camera that changes its target, a client
 * that asks over QMP all the time and the host tool that reads the RAM file.
 *
 *   HAYWIRE_SOAK_SECONDS   how long (default 120)
 */
#include "compare.h"
#include "figures.h"
#include "process_memory.h"
#include "process_threads.h"
#include "shown.h"
#include "view.h"

#include <math.h>

#define DEFAULT_S     120
#define WARM_UP_S     30
#define SPAN_S        20 /* over which the least memory in use is taken */
#define TOOL_PAUSE_US 1000000
#define LOOK_S        0.05
#define ASK_S         0.1
#define TURN_S        2
#define MEASURE_S     1
#define FOLLOW_S      300
#define ANY_PERCENT   50
#define MOST_PERCENT  99
#define INIT          1
#define STARVED_S     3
#define STARVED_NS    500000000ull

/*
 * What may be in use more at the end than after warming up. The plugin's pool
 * of page copies is filled as beacon pages come to be used, in five minutes by
 * 1.1 MiB, and then no more; QEMU's translator keeps some for each piece of
 * code: docs/testing.md has the figures. A leak of four kilobytes in each look
 * of the worker or of a kilobyte in each query is more than that in two
 * minutes. Linux counts resident pages of a process in batches of up to 64, so
 * the companion may seem to grow by that.
 */
#define QEMU_GROWTH_MAX      (3ull << 20)
#define COMPANION_GROWTH_MAX (512ull << 10)

/* Processes come and go all the time, and so must snapshots. */
#define SNAPSHOT_S 3

/* The hammer says why: test_hammer.c. */
#define ACCEL "tcg,tb-size=32"

/* As much as it likes: what is done often is tried often. */
#define COMPANION "run,--max-cpu,100"

/*
 * Processes come and go. Memory is filled with holes in between, which the
 * kernel then closes by moving pages, and what they leave is filled again.
 */
#define CHURN                                                               \
    "(while :; do sleep 1 & sh -c 'ls /proc/1/task >/dev/null'; "           \
    "usleep 200000; done) </dev/null >/dev/null 2>&1 & "                    \
    "(fill() { dd if=/dev/zero of=/tmp/$1 bs=64k count=$2; }; "             \
    "compact() { echo 1 >/proc/sys/vm/compact_memory; }; "                  \
    "while :; do fill a 2000; fill b 1000; rm /tmp/a; compact; rm /tmp/b; " \
    "compact; fill a 4000; rm /tmp/a; sleep 5; done) "                      \
    "</dev/null >/dev/null 2>&1 & true"

/* The host tool on the RAM file, in a thread of its own. */
typedef struct {
    View view;
    GThread *thread;
    Figures *latency; /* ms; the thread's until it has ended */
    gint ending;
} Reader;

typedef struct {
    Vm *vm;
    Reader reader;
    gint64 start;       /* monotonic, us */
    Figures *latency;   /* of queries, us */
    Figures *memory;    /* QEMU's own, bytes */
    Figures *companion; /* its resident size, bytes */
    Figures *waiting;   /* of QEMU for a processor, ns */
    guint starved;      /* looks at a guest that was not let run */
    guint faults;       /* looks at one that was, and not live */
    ProcessThreads worker_at_start;
    guint64 first_generation;
    guint64 generation; /* the newest seen; 0: none */
    guint64 unseen;     /* generations that no query showed */
    double renewed;     /* when the newest was first seen, s */
    double oldest;      /* that a newest one ever was, s */
    guint64 generation_looks;
    guint turns;
    GArray *pids; /* of guint32: processes with memory */
} Soak;

static double now(const Soak *soak)
{
    return (double)(g_get_monotonic_time() - soak->start) / G_USEC_PER_SEC;
}

/* A query that must be answered; its time is kept. */
static JsonNode *ask(Soak *soak, ViewQuestion question)
{
    View view = { "QMP", VIEW_QMP, soak->vm, NULL };
    gint64 begin = g_get_monotonic_time();
    JsonNode *answer = view_ask_ok(&view, question, INIT, 0);

    figures_add(soak->latency, now(soak),
                (guint64)(g_get_monotonic_time() - begin));
    return answer;
}

/*
 * A guest that the host does not let run says nothing. That may be; all else
 * is a fault. QEMU's other threads hardly ever have anything to do.
 */
static void judge_silence(Soak *soak, const char *what, JsonObject *status)
{
    guint64 waited = figures_since(soak->waiting, now(soak) - STARVED_S);

    if (waited >= STARVED_NS) {
        soak->starved++;
        return;
    }
    soak->faults++;
    g_test_message("%s after %.1f s, heartbeat %" G_GINT64_FORMAT
                   " ms old, snapshot %.1f s; QEMU waited for a processor for "
                   "no more than %" G_GUINT64_FORMAT " ms",
                   what, now(soak),
                   compare_int(status, "heartbeat-age") / 1000000,
                   now(soak) - soak->renewed, waited / 1000000);
}

static void look_at_generation(Soak *soak, JsonObject *status)
{
    guint64 generation = (guint64)compare_int(status, "snapshot-generation");

    g_assert_cmpuint(generation, >=, soak->generation);
    if (soak->generation == 0) {
        soak->first_generation = generation;
    } else if (generation > soak->generation + 1) {
        soak->unseen += generation - soak->generation - 1;
    }
    if (generation > soak->generation) {
        soak->renewed = now(soak);
    }
    soak->generation = generation;
    soak->oldest = MAX(soak->oldest, now(soak) - soak->renewed);
    if (now(soak) - soak->renewed > SNAPSHOT_S) {
        judge_silence(soak, "no new snapshot", status);
    }
}

/* Live, of one session, with snapshots that never go back. */
static void look(Soak *soak)
{
    g_autoptr(JsonNode) answer = ask(soak, VIEW_STATUS);
    JsonObject *status = json_node_get_object(answer);

    figures_add(soak->waiting, now(soak),
                process_threads(vm_pid(soak->vm), "qemu-system").waited);
    if (!g_str_equal(compare_string(status, "state"), "live")) {
        judge_silence(soak, compare_string(status, "state"), status);
    }
    g_assert_cmpint(compare_int(status, "sessions"), <=, 1);
    if (compare_int(status, "sessions") == 1) {
        look_at_generation(soak, status);
    }
}

static void keep_pids(Soak *soak, JsonArray *processes)
{
    g_array_set_size(soak->pids, 0);
    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);
        guint32 pid = (guint32)compare_int(process, "pid");

        if (!compare_bool(process, "kernel-thread")) {
            g_array_append_val(soak->pids, pid);
        }
    }
    g_assert_cmpuint(soak->pids->len, >, 0);
}

/* One of the other queries, in turn. */
static void ask_another(Soak *soak)
{
    static const ViewQuestion questions[] = { VIEW_PROCESSES, VIEW_CAMERAS,
                                              VIEW_STATS };
    guint number = figures_count(soak->latency) % G_N_ELEMENTS(questions);
    g_autoptr(JsonNode) answer = ask(soak, questions[number]);

    if (questions[number] == VIEW_PROCESSES) {
        keep_pids(soak, json_node_get_array(answer));
    }
}

/* A camera on any process; it may have ended since it was listed. */
static void turn_camera(Soak *soak)
{
    View view = { "QMP", VIEW_QMP, soak->vm, NULL };
    guint32 pid;
    g_autoptr(JsonNode) answer = NULL;

    if (soak->pids->len > 0) {
        pid = g_array_index(soak->pids, guint32,
                            g_test_rand_int_range(0, (gint32)soak->pids->len));
        answer = view_ask(&view, VIEW_FOCUS, pid, 1 + soak->turns % 2, NULL);
        soak->turns += answer != NULL;
    }
}

static JsonNode *host_and_guest(Vm *vm, JsonObject **ret_host,
                                JsonObject **ret_guest)
{
    JsonNode *answer = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonObject *stats = json_node_get_object(answer);

    *ret_host = json_object_get_object_member(stats, "host");
    *ret_guest = json_object_get_object_member(stats, "guest");
    return answer;
}

/* Its resident size; 0 as long as it has not published its own details. */
static guint64 companion_rss(Vm *vm)
{
    g_autoptr(JsonNode) status = vm_qmp(vm, "query-haywire", NULL);
    g_autoptr(JsonNode) processes = vm_qmp(vm, "query-haywire-processes", NULL);
    JsonObject *companion = compare_find(
        json_node_get_array(processes),
        (guint32)compare_int(json_node_get_object(status), "companion-pid"));

    return companion ? (guint64)json_object_get_int_member_with_default(
                           companion, "rss", 0)
                     : 0;
}

static void measure(Soak *soak)
{
    guint64 companion = companion_rss(soak->vm);

    figures_add(soak->memory, now(soak),
                process_memory_private(vm_pid(soak->vm)));
    if (companion != 0) {
        figures_add(soak->companion, now(soak), companion);
    }
}

static gpointer reader_run(gpointer opaque)
{
    Reader *reader = opaque;

    while (!g_atomic_int_get(&reader->ending)) {
        gint64 begin = g_get_monotonic_time();
        g_autoptr(JsonNode) answer =
            view_ask_ok(&reader->view, VIEW_PROCESSES, 0, 0);

        figures_add(reader->latency, 0,
                    (guint64)(g_get_monotonic_time() - begin));
        g_assert_nonnull(compare_find(json_node_get_array(answer), INIT));
        g_usleep(TOOL_PAUSE_US);
    }
    return NULL;
}

static void reader_start(Reader *reader, Vm *vm)
{
    reader->view =
        (View){ "haywire --ram", VIEW_TOOL_RAM, vm, vm_ram_path(vm) };
    reader->latency = figures_new();
    reader->thread = g_thread_new("reader", reader_run, reader);
}

static void reader_end(Reader *reader)
{
    g_atomic_int_set(&reader->ending, TRUE);
    g_thread_join(reader->thread);
}

static const struct {
    double period; /* s */
    void (*run)(Soak *soak);
} jobs[] = {
    { LOOK_S, look },
    { ASK_S, ask_another },
    { TURN_S, turn_camera },
    { MEASURE_S, measure },
};

static void run_for(Soak *soak, guint seconds)
{
    double due[G_N_ELEMENTS(jobs)] = { 0 };

    while (now(soak) < seconds) {
        double next = seconds;

        for (gsize i = 0; i < G_N_ELEMENTS(jobs); i++) {
            if (now(soak) >= due[i]) {
                jobs[i].run(soak);
                due[i] = now(soak) + jobs[i].period;
            }
            next = MIN(next, due[i]);
        }
        g_usleep((gulong)(MAX(next - now(soak), 0) * G_USEC_PER_SEC));
    }
}

static gboolean camera_is_on_init(Vm *vm, gpointer opaque)
{
    (void)opaque;
    return shown_camera_pid(vm) == INIT;
}

/* After all that, a camera follows as on the first day. */
static void check_camera(Soak *soak)
{
    View view = { "QMP", VIEW_QMP, soak->vm, NULL };

    json_node_unref(view_ask_ok(&view, VIEW_FOCUS, INIT, 1));
    vm_wait_until(soak->vm, "the camera", FOLLOW_S, camera_is_on_init, NULL);
}

static gboolean lists_init(Vm *vm, gpointer opaque)
{
    (void)opaque;
    return shown_lists(vm, INIT);
}

static void tell_latency(const char *who, const Figures *latency)
{
    g_test_message(
        "%s: %u asked, p50 %" G_GUINT64_FORMAT " us, p99 %" G_GUINT64_FORMAT
        " us, longest %" G_GUINT64_FORMAT " us",
        who, figures_count(latency), figures_percentile(latency, ANY_PERCENT),
        figures_percentile(latency, MOST_PERCENT),
        figures_percentile(latency, 100));
}

static void tell_memory(const char *who, const Figures *memory, guint64 growth)
{
    g_test_message("%s: %" G_GUINT64_FORMAT " KiB at least, %" G_GUINT64_FORMAT
                   " KiB at most, %" G_GUINT64_FORMAT
                   " KiB more at the end than after %d s",
                   who, figures_percentile(memory, 0) >> 10,
                   figures_percentile(memory, 100) >> 10, growth >> 10,
                   WARM_UP_S);
}

static void tell_guest(Soak *soak, guint seconds)
{
    JsonObject *host, *guest;
    g_autoptr(JsonNode) stats = host_and_guest(soak->vm, &host, &guest);
    guint64 worker = process_threads(vm_pid(soak->vm), "haywire").ran -
                     soak->worker_at_start.ran;

    g_test_message("worker: %.2f ms of processor time a second; companion: "
                   "%.2f ms",
                   (double)worker / 1e6 / seconds,
                   (double)compare_int(guest, "cpu-time") / 1e6 / seconds);
    g_test_message("snapshots: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                   ", %" G_GUINT64_FORMAT
                   " not seen, the oldest %.1f s old; %u times a camera was "
                   "turned; %u looks at a guest that was not let run",
                   soak->first_generation, soak->generation, soak->unseen,
                   soak->oldest, soak->turns, soak->starved);
    g_test_message("sessions %" G_GINT64_FORMAT ", remaps %" G_GINT64_FORMAT
                   ", pages moved %" G_GINT64_FORMAT
                   ", processes vanished %" G_GINT64_FORMAT
                   ", full scans %" G_GINT64_FORMAT,
                   compare_int(host, "sessions-seen"),
                   compare_int(host, "remaps"),
                   compare_int(guest, "pages-moved"),
                   compare_int(guest, "vanished"), compare_int(host, "scans"));
    g_assert_cmpint(compare_int(host, "sessions-seen"), ==, 1);
    g_assert_cmpint(compare_int(guest, "pages-moved"), >, 0);
}

static void check_figures(Soak *soak, guint seconds)
{
    double warm = MIN(WARM_UP_S, seconds / 4);
    double span = MIN(SPAN_S, seconds / 4);
    guint64 growth = figures_growth(soak->memory, warm, span);
    guint64 companion = figures_growth(soak->companion, warm, span);

    tell_latency("QMP", soak->latency);
    tell_latency("haywire --ram ps", soak->reader.latency);
    tell_memory("QEMU", soak->memory, growth);
    tell_memory("companion", soak->companion, companion);
    tell_guest(soak, seconds);
    g_assert_cmpuint(soak->faults, ==, 0);
    g_assert_cmpuint(growth, <=, QEMU_GROWTH_MAX);
    g_assert_cmpuint(companion, <=, COMPANION_GROWTH_MAX);
    g_assert_cmpuint(soak->generation, >, soak->first_generation);
    g_assert_cmpuint(soak->turns, >, 0);
}

static void soak_clear(Soak *soak)
{
    figures_free(soak->latency);
    figures_free(soak->memory);
    figures_free(soak->companion);
    figures_free(soak->waiting);
    figures_free(soak->reader.latency);
    g_array_unref(soak->pids);
    vm_free(soak->vm);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Soak, soak_clear)

static void test_soak(void)
{
    guint seconds = figures_seconds("HAYWIRE_SOAK_SECONDS", DEFAULT_S);
    g_auto(Soak) soak = { 0 };

    if (!vm_available()) {
        return;
    }
    soak.latency = figures_new();
    soak.memory = figures_new();
    soak.companion = figures_new();
    soak.waiting = figures_new();
    soak.pids = g_array_new(FALSE, FALSE, sizeof(guint32));
    /* What is followed is the companion: generations of its own, and the
       memory of a plugin that reads nothing else. */
    soak.vm = vm_start(&(VmOptions){ .memory = "512M",
                                     .accel = ACCEL,
                                     .plugin = ",kernel=off",
                                     .companion = COMPANION });
    vm_wait_state(soak.vm, "live");
    vm_wait_until(soak.vm, "the first snapshot", FOLLOW_S, lists_init, NULL);
    g_free(vm_guest_run(soak.vm, CHURN, NULL));
    reader_start(&soak.reader, soak.vm);
    soak.worker_at_start = process_threads(vm_pid(soak.vm), "haywire");
    soak.start = g_get_monotonic_time();
    run_for(&soak, seconds);
    reader_end(&soak.reader);
    check_figures(&soak, seconds);
    check_camera(&soak);
    vm_quit(soak.vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/endurance/soak", test_soak);
    return g_test_run();
}
