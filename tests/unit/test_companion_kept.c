/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc that stay open: what becomes of them when processes end. */

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/linux/kept.h"
#include "os/linux/proc_file.h"

static int open_proc(void)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    g_assert_cmpint(proc, >=, 0);
    return proc;
}

static pid_t start_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static guint count_kept(const HaywireKept *kept)
{
    guint count = 0;

    for (int i = 0; i < HAYWIRE_KEPT_MAX; i++) {
        count += kept->slot[i].pid != 0;
    }
    return count;
}

static HaywireCollect read_stat(const HaywireKeptProcess *process)
{
    char text[512];
    gsize length;

    return haywire_proc_read_kept(process->stat, text, sizeof(text), &length);
}

static void test_same_files(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc(), stat;
    const HaywireKeptProcess *process = haywire_kept_get(kept, proc, getpid());

    g_assert_nonnull(process);
    stat = process->stat;
    g_assert_cmpint(read_stat(process), ==, HAYWIRE_COLLECT_OK);
    haywire_kept_next_round(kept);
    process = haywire_kept_get(kept, proc, getpid());
    g_assert_cmpint(process->stat, ==, stat);
    g_assert_cmpint(read_stat(process), ==, HAYWIRE_COLLECT_OK);
    haywire_kept_clear(kept);
    g_assert_cmpuint(count_kept(kept), ==, 0);
    close(proc);
}

static void test_ended_process(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc();
    pid_t pid = start_child();
    const HaywireKeptProcess *process = haywire_kept_get(kept, proc, pid);

    g_assert_nonnull(process);
    end_child(pid);
    g_assert_cmpint(read_stat(process), ==, HAYWIRE_COLLECT_GONE);
    haywire_kept_drop(kept, pid);
    g_assert_cmpuint(count_kept(kept), ==, 0);
    g_assert_null(haywire_kept_get(kept, proc, pid));
    close(proc);
}

static void test_unused_are_closed(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc();
    pid_t pid = start_child();

    g_assert_nonnull(haywire_kept_get(kept, proc, pid));
    for (int i = 0; i < 8; i++) {
        g_assert_nonnull(haywire_kept_get(kept, proc, getpid()));
        haywire_kept_next_round(kept);
    }
    g_assert_cmpuint(count_kept(kept), ==, 1);
    g_assert_nonnull(haywire_kept_get(kept, proc, pid));
    end_child(pid);
    haywire_kept_clear(kept);
    close(proc);
}

/* One that is in use keeps its slot from another pid. */
static void test_shared_slot(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc();

    g_assert_nonnull(haywire_kept_get(kept, proc, getpid()));
    g_assert_null(
        haywire_kept_get(kept, proc, (guint32)getpid() + HAYWIRE_KEPT_MAX));
    g_assert_cmpuint(count_kept(kept), ==, 1);
    haywire_kept_clear(kept);
    close(proc);
}

/* Not more than the limit: what else is open needs room. */
static void test_limit(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc();
    pid_t pid = start_child();

    kept->limit = 1;
    g_assert_nonnull(haywire_kept_get(kept, proc, getpid()));
    if (pid % HAYWIRE_KEPT_MAX != getpid() % HAYWIRE_KEPT_MAX) {
        g_assert_null(haywire_kept_get(kept, proc, pid));
    }
    haywire_kept_drop(kept, getpid());
    g_assert_cmpuint(kept->count, ==, 0);
    g_assert_nonnull(haywire_kept_get(kept, proc, pid));
    haywire_kept_clear(kept);
    end_child(pid);
    close(proc);
}

static void test_make_room(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    struct rlimit before, few;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    few = before;
    few.rlim_cur = 100;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    haywire_kept_make_room(kept);
    g_assert_false(kept->off);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &few), ==, 0);
    g_assert_cmpuint(few.rlim_cur, >, 100);
    g_assert_true(kept->limit == 0 ||
                  kept->limit * HAYWIRE_KEPT_DESCRIPTORS < few.rlim_cur);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
}

static void test_too_few_descriptors(void)
{
    g_autofree HaywireKept *kept = g_new0(HaywireKept, 1);
    int proc = open_proc();
    guint32 other = getpid() % HAYWIRE_KEPT_MAX == 1 ? 2 : 1;
    struct rlimit before, few;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_nonnull(haywire_kept_get(kept, proc, getpid()));
    few = before;
    few.rlim_cur = 3; /* no more, whatever is open */
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    g_assert_null(haywire_kept_get(kept, proc, other));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_cmpuint(count_kept(kept), ==, 0);
    g_assert_null(haywire_kept_get(kept, proc, getpid()));
    close(proc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/companion-kept/same-files", test_same_files);
    g_test_add_func("/companion-kept/ended-process", test_ended_process);
    g_test_add_func("/companion-kept/unused-are-closed",
                    test_unused_are_closed);
    g_test_add_func("/companion-kept/shared-slot", test_shared_slot);
    g_test_add_func("/companion-kept/limit", test_limit);
    g_test_add_func("/companion-kept/make-room", test_make_room);
    g_test_add_func("/companion-kept/too-few-descriptors",
                    test_too_few_descriptors);
    return g_test_run();
}
