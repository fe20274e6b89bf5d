/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that block whoever asks for them in /proc: their file system is
 * served by a user, and never answers. The real thing, on this machine's kernel.
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/companion.h"
#include "os/linux/linux_collector.h"

#define MS        HAYWIRE_NS_PER_MS
#define LINE_SIZE 64

static HaywireCollector *collector;
static uint64_t last_tick_ns;
static uint64_t longest_gap_ns; /* between two ticks */

/* A server and its client, which is stuck. */
typedef struct Stuck {
    GPid server;
    uint32_t pid;
} Stuck;

/* Time by the clock in which this program had a processor, or wanted none. */
static uint64_t own_time(void)
{
    g_autofree char *text = NULL;
    unsigned long long waited = 0;

    g_assert_true(
        g_file_get_contents("/proc/self/schedstat", &text, NULL, NULL));
    (void)sscanf(text, "%*u %llu", &waited);
    return haywire_os_monotonic_ns() - waited;
}

static void tick(void *opaque)
{
    uint64_t now = own_time();

    /* What it waited for a processor is counted afterwards. */
    if (now > last_tick_ns && now - last_tick_ns > longest_gap_ns) {
        longest_gap_ns = now - last_tick_ns;
    }
    last_tick_ns = now;
    if (opaque) {
        haywire_companion_tick(opaque);
    }
}

static void die_with_parent(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* False, and the test skipped, where this machine cannot have it. */
static bool stuck_new(const char *kind, Stuck *ret_stuck)
{
    const char *argv[] = { g_getenv("HAYWIRE_MENAGERIE"), "silent", kind,
                           NULL };
    char line[LINE_SIZE] = "";
    gint out;

    g_assert_true(g_spawn_async_with_pipes(
        NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent,
        NULL, &ret_stuck->server, NULL, &out, NULL, NULL));
    (void)!read(out, line, sizeof(line) - 1);
    close(out);
    if (sscanf(line, "stuck %u", &ret_stuck->pid) != 1) {
        waitpid(ret_stuck->server, NULL, 0);
        g_test_skip("no file systems of users here");
        return false;
    }
    return true;
}

static void stuck_end(Stuck *stuck)
{
    kill(stuck->server, SIGKILL);
    waitpid(stuck->server, NULL, 0);
}

static HaywireDetails *details_of(uint32_t pid, HaywireBrief *ret_brief)
{
    HaywireDetails *details = g_new0(HaywireDetails, 1);
    HaywireOpenProcess *process;

    g_assert_cmpint(collector->ops->open(collector, pid, &process, ret_brief),
                    ==, HAYWIRE_COLLECT_OK);
    g_assert_cmpint(collector->ops->details(collector, process, details), ==,
                    HAYWIRE_COLLECT_OK);
    collector->ops->close(collector, process);
    return details;
}

static void check_memory_blocked(uint32_t pid)
{
    HaywireOpenProcess *process;
    HaywireBrief brief;
    HaywireFields fields;
    HaywireFigures figures;
    size_t count;

    g_assert_cmpint(collector->ops->open(collector, pid, &process, &brief), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpint(collector->ops->sections(collector, process, &count), ==,
                    HAYWIRE_COLLECT_BLOCKED);
    g_assert_cmpint(collector->ops->figures(collector, process, &figures), ==,
                    HAYWIRE_COLLECT_BLOCKED);
    collector->ops->fields(collector, process, &fields);
    g_assert_true(fields.known & 1u << HAYWIRE_FIELD_PROCESS_GROUP);
    g_assert_false(fields.known & 1u << HAYWIRE_FIELD_READ_BYTES);
    collector->ops->close(collector, process);
}

/* Nothing is missing, and at once. */
static void check_others(void)
{
    g_autofree HaywireDetails *details = NULL;
    HaywireBrief brief;

    details = details_of((uint32_t)getpid(), &brief);
    g_assert_false(details->blocked);
    g_assert_cmpuint(details->cmdline_length, >, 0);
    g_assert_cmpuint(details->exe_length, >, 0);
}

static void check_stuck(const char *kind)
{
    g_autofree HaywireDetails *details = NULL, *again = NULL;
    uint64_t given_up, began;
    HaywireBrief brief;
    Stuck stuck;

    if (!stuck_new(kind, &stuck)) {
        return;
    }
    details = details_of(stuck.pid, &brief);
    g_assert_true(details->blocked);
    g_assert_cmpuint(brief.pid, ==, stuck.pid);
    g_assert_cmpuint(brief.ppid, ==, (uint32_t)stuck.server);
    g_assert_cmpmem(brief.name, brief.name_length, "silent", 6);
    g_assert_true(brief.state == 'S' || brief.state == 'D');
    g_assert_cmpuint(details->cmdline_length, ==, 0);
    check_memory_blocked(stuck.pid);
    given_up = collector->given_up;
    g_assert_cmpuint(given_up, >, 0);
    check_others();
    /* It is left alone for a while. */
    began = haywire_os_monotonic_ns();
    again = details_of(stuck.pid, &brief);
    g_assert_true(again->blocked);
    g_assert_true(collector->given_up == given_up ||
                  haywire_os_monotonic_ns() - began > 500 * MS);
    stuck_end(&stuck);
    check_others();
}

static void test_map(void)
{
    check_stuck("map");
}

static void test_exec(void)
{
    check_stuck("exec");
}

/* Neither files nor processes are left over. */
static unsigned count_files(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned count = 0;

    while (g_dir_read_name(folder)) {
        count++;
    }
    return count;
}

static void test_nothing_left(void)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    unsigned before = count_files();
    HaywireBrief brief;
    Stuck stuck;

    if (!stuck_new("map", &stuck)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        g_autofree HaywireDetails *details = details_of(stuck.pid, &brief);

        g_assert_true(details->blocked);
        g_usleep(1100000);
    }
    stuck_end(&stuck);
    g_assert_cmpuint(count_files(), <=, before + HAYWIRE_KEPT_DESCRIPTORS);
    (void)haywire_helper_shared(&self->helper, collector,
                                sizeof(HaywireLinuxJob));
    g_assert_cmpuint(self->helper.left_count, ==, 0);
}

/*
 * A whole companion beside both of them: between two ticks, each of which
 * beats when it is due, there is never half a second.
 */
static void test_heart(void)
{
    static const char *const kinds[] = { "map", "exec" };
    const char *line[] = { "haywire-companion", "run", "--max-cpu", "100",
                           NULL };
    char error[HAYWIRE_OPTION_ERROR_SIZE];
    HaywireOptions options;
    HaywireCompanion *companion;
    Stuck stuck[G_N_ELEMENTS(kinds)];
    const char *why;

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!stuck_new(kinds[i], &stuck[i])) {
            return;
        }
    }
    g_assert_true(haywire_options_parse(4, (char **)line, &options, error));
    companion = haywire_companion_new(&options, haywire_collector_new(&why));
    g_assert_nonnull(companion);
    companion->collector->tick = tick;
    last_tick_ns = own_time();
    longest_gap_ns = 0;
    while (companion->task[HAYWIRE_TASK_ROUNDROBIN].rounds < 6) {
        uint64_t next = haywire_companion_work(companion);
        uint64_t now = haywire_os_monotonic_ns();

        tick(companion);
        g_usleep(next > now ? (next - now) / 1000 : 0);
    }
    g_assert_cmpuint(longest_gap_ns, <, 500 * MS);
    g_assert_cmpuint(companion->publisher->counter[HAYWIRE_COUNTER_BLOCKED], ==,
                     G_N_ELEMENTS(kinds));
    g_assert_cmpuint(companion->publisher->counter[HAYWIRE_COUNTER_PID_ROUNDS],
                     >=, 3);
    haywire_companion_destroy(companion);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        stuck_end(&stuck[i]);
    }
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    collector = haywire_collector_new(&why);
    g_assert_nonnull(collector);
    collector->tick = tick;
    g_test_add_func("/companion-stuck/map", test_map);
    g_test_add_func("/companion-stuck/exec", test_exec);
    g_test_add_func("/companion-stuck/nothing-left", test_nothing_left);
    g_test_add_func("/companion-stuck/heart", test_heart);
    status = g_test_run();
    collector->ops->destroy(collector);
    return status;
}
