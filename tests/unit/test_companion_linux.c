/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux collector on the real /proc, with children made for it. */

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector_fixture.h"
#include "os/linux/linux_collector.h"

/* A child that waits to be killed, after @prepare. */
static pid_t child_new(void (*prepare)(void))
{
    int ready[2];
    char byte = 0;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prepare();
        if (write(ready[1], &byte, 1) == 1) {
            for (;;) {
                pause();
            }
        }
        _exit(1);
    }
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void child_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A copy of sleep(1) under another name, running. */
static pid_t sleeper_new(const char *path)
{
    g_autofree char *program = g_find_program_in_path("sleep");
    g_autofree char *content = NULL;
    const char *argv[] = { path, "1000", " 5", NULL };
    gsize length;
    GPid pid;

    g_assert_true(g_file_get_contents(program, &content, &length, NULL));
    g_assert_true(g_file_set_contents(path, content, (gssize)length, NULL));
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
    g_assert_true(g_spawn_async(NULL, (char **)argv, NULL,
                                G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                NULL));
    return pid;
}

static void test_list(void)
{
    HaywireVector list;
    bool found = false;

    haywire_vector_init(&list, sizeof(uint32_t), 4194304);
    for (int round = 0; round < 2; round++) {
        const uint32_t *pid;

        found = false;
        g_assert_cmpint(tested->ops->list(tested, &list), ==,
                        HAYWIRE_COLLECT_OK);
        pid = list.data;
        for (size_t i = 0; i < list.count; i++) {
            found |= pid[i] == (uint32_t)getpid();
            g_assert_true(i == 0 || pid[i - 1] < pid[i]);
        }
        g_assert_true(found);
    }
    haywire_vector_clear(&list);
}

static void odd_name(void)
{
    prctl(PR_SET_NAME, ") R 1 (\n\x1b");
    (void)setpriority(PRIO_PROCESS, 0, 7);
}

static void test_brief(void)
{
    pid_t pid = child_new(odd_name);
    uint64_t now = haywire_os_monotonic_ns();
    HaywireBrief brief;
    g_autofree HaywireDetails *details = details_of(pid);

    g_assert_cmpint(tested->ops->brief(tested, (uint32_t)pid, &brief), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpuint(brief.pid, ==, pid);
    g_assert_cmpuint(brief.ppid, ==, getpid());
    g_assert_cmpuint(brief.uid, ==, geteuid());
    g_assert_cmpuint(brief.gid, ==, getegid());
    g_assert_true(brief.ids_known);
    g_assert_cmpuint(brief.threads, ==, 1);
    g_assert_false(brief.kernel);
    g_assert_cmpmem(brief.name, brief.name_length, ") R 1 (\n\x1b", 9);
    g_assert_cmpuint(brief.start_time_ns, <=, now);
    g_assert_cmpuint(brief.start_time_ns + 10 * HAYWIRE_NS_PER_SECOND, >, now);
    g_assert_cmpint(details->nice, ==, 7);
    g_assert_cmpuint(details->rss, >, 0);
    g_assert_cmpuint(details->vsize, >=, details->rss);
    child_end(pid);
}

static void nothing(void)
{
}

static void test_gone(void)
{
    pid_t pid = child_new(nothing);
    HaywireOpenProcess *process;
    HaywireBrief brief;
    HaywireDetails details;
    HaywireFigures figures;
    size_t count;

    open_process(pid, &process, &brief);
    child_end(pid);
    g_assert_cmpint(tested->ops->brief(tested, (uint32_t)pid, &brief), ==,
                    HAYWIRE_COLLECT_GONE);
    g_assert_cmpint(tested->ops->details(tested, process, &details), ==,
                    HAYWIRE_COLLECT_GONE);
    g_assert_cmpint(tested->ops->sections(tested, process, &count), ==,
                    HAYWIRE_COLLECT_GONE);
    g_assert_cmpint(tested->ops->figures(tested, process, &figures), ==,
                    HAYWIRE_COLLECT_GONE);
    tested->ops->close(tested, process);
    g_assert_cmpint(tested->ops->open(tested, (uint32_t)pid, &process, &brief),
                    ==, HAYWIRE_COLLECT_GONE);
}

static void test_zombie(void)
{
    pid_t pid = child_new(nothing);
    g_autofree HaywireDetails *details = NULL;
    HaywireOpenProcess *process;
    HaywireBrief brief;
    siginfo_t info;
    size_t count = 77;

    kill(pid, SIGKILL);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
    details = details_of(pid);
    g_assert_cmpuint(details->exe_length, ==, 0);
    g_assert_false(details->exe_unreadable);
    open_process(pid, &process, &brief);
    g_assert_cmpint(brief.state, ==, 'Z');
    g_assert_cmpint(tested->ops->sections(tested, process, &count), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpuint(count, ==, 0);
    tested->ops->close(tested, process);
    child_end(pid);
}

static void test_executables(void)
{
    g_autofree char *folder = g_dir_make_tmp("companion-XXXXXX", NULL);
    g_autofree char *gone = g_build_filename(folder, "gone", NULL);
    g_autofree char *odd = g_build_filename(folder, "odd (deleted)", NULL);
    g_autofree char *cmdline = g_strdup_printf("%s 1000  5", odd);
    pid_t first = sleeper_new(gone);
    pid_t second = sleeper_new(odd);
    g_autofree HaywireDetails *deleted = NULL;
    g_autofree HaywireDetails *kept = NULL;
    size_t length;

    g_unlink(gone);
    deleted = details_of(first);
    kept = details_of(second);
    g_assert_true(deleted->exe_deleted);
    g_assert_cmpmem(deleted->exe, deleted->exe_length, gone, strlen(gone));
    g_assert_false(kept->exe_deleted);
    g_assert_cmpmem(kept->exe, kept->exe_length, odd, strlen(odd));
    length = strlen(odd);
    cmdline[length] = '\0';
    cmdline[length + 5] = '\0';
    g_assert_cmpmem(kept->cmdline, kept->cmdline_length, cmdline, length + 9);
    child_end(first);
    child_end(second);
    g_unlink(odd);
    g_rmdir(folder);
}

/* The sections of this program, against what the kernel says of them. */
static void test_sections(void)
{
    g_autofree char *folder = g_dir_make_tmp("companion-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a\nb\\x", NULL);
    HaywireOpenProcess *process;
    HaywireBrief brief;
    HaywireGuestSection section;
    size_t count = 0, seen = 0;
    bool found = false;
    void *at;
    int fd;

    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    fd = g_open(path, 0);
    at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    g_assert_true(at != MAP_FAILED);
    open_process(getpid(), &process, &brief);
    for (int round = 0; round < 2; round++) {
        seen = 0;
        found = false;
        g_assert_cmpint(tested->ops->sections(tested, process, &count), ==,
                        HAYWIRE_COLLECT_OK);
        while (tested->ops->sections_next(tested, &section)) {
            seen++;
            if (section.start == (uintptr_t)at) {
                found = true;
                g_assert_cmpmem(section.path, section.path_length, path,
                                strlen(path));
                g_assert_cmphex(section.flags, ==,
                                HAYWIRE_SECTION_READ | HAYWIRE_SECTION_SHARED);
            }
        }
        g_assert_true(found);
        g_assert_cmpuint(seen, ==, count);
    }
    tested->ops->close(tested, process);
    munmap(at, 4096);
    close(fd);
    g_unlink(path);
    g_rmdir(folder);
}

static HaywireMark mark_of(pid_t pid)
{
    HaywireMark mark;

    tested->ops->mark(tested, (uint32_t)pid, &mark);
    return mark;
}

static void run_a_little(int signal_number)
{
    (void)signal_number;
}

static void catch_signal(void)
{
    signal(SIGUSR1, run_a_little);
}

/* Equal while the process sleeps, another when it ran, none when it ended. */
static void test_mark(void)
{
    pid_t pid = child_new(catch_signal);
    HaywireMark before, after;

    g_usleep(50000);
    before = mark_of(pid);
    if (before.process == 0) {
        child_end(pid);
        g_test_skip("no /proc/PID/schedstat here");
        return;
    }
    g_usleep(50000);
    after = mark_of(pid);
    g_assert_cmpuint(after.process, ==, before.process);
    g_assert_cmpuint(after.run, ==, before.run);
    kill(pid, SIGUSR1);
    g_usleep(50000);
    after = mark_of(pid);
    g_assert_cmpuint(after.process, ==, before.process);
    g_assert_cmpuint(after.run, >, before.run);
    child_end(pid);
    g_assert_cmpuint(mark_of(pid).process, ==, 0);
    /* Another process, perhaps even with that pid. */
    pid = child_new(catch_signal);
    g_usleep(50000);
    g_assert_cmpuint(mark_of(pid).process, >, before.process);
    child_end(pid);
}

/* Pages that this program wrote, left alone, and wrote again. */
static void test_pages(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    size_t page = (size_t)getpagesize();
    uint8_t *at = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t next = (uintptr_t)at, end = next + 8 * page, pages = 0;
    HaywireOpenProcess *process;
    HaywireBrief brief;

    g_assert_true(at != MAP_FAILED);
    (void)madvise(at, 8 * page, MADV_NOHUGEPAGE);
    at[2 * page] = 1;
    at[3 * page] = 1;
    at[6 * page] = 1;
    open_process(getpid(), &process, &brief);
    while (next < end) {
        g_assert_cmpint(tested->ops->pages(tested, process, next, end, take_run,
                                           runs, &next),
                        ==, HAYWIRE_COLLECT_OK);
    }
    tested->ops->close(tested, process);
    for (guint i = 0; i < runs->len; i++) {
        HaywireGuestRun *run = &g_array_index(runs, HaywireGuestRun, i);

        g_assert_true(run->flags & HAYWIRE_RUN_PRESENT);
        g_assert_false(run->flags & HAYWIRE_RUN_FILE);
        pages += run->pages;
    }
    g_assert_cmpuint(pages, ==, 3 * page / 4096);
    g_assert_cmphex(g_array_index(runs, HaywireGuestRun, 0).gva, ==,
                    (uintptr_t)at + 2 * page);
    munmap(at, 8 * page);
}

#define HELD_SIZE (UINT64_C(8) << 20)

static uint8_t *held;

static void *live_on(void *opaque)
{
    int ready = GPOINTER_TO_INT(opaque);
    char path[64], text[512] = "";

    /* Until the first thread shows as ended. */
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
    while (!strstr(text, ") Z ")) {
        int fd = open(path, O_RDONLY);

        g_assert_cmpint(read(fd, text, sizeof(text) - 1), >, 0);
        close(fd);
        usleep(1000);
    }
    g_assert_cmpint(write(ready, "", 1), ==, 1);
    for (;;) {
        pause();
    }
    return NULL;
}

/* A child whose first thread has ended while another lives on. */
static pid_t headless_new(void)
{
    int ready[2];
    pthread_t thread;
    char byte;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        memset(held, 1, HELD_SIZE);
        pthread_create(&thread, NULL, live_on, GINT_TO_POINTER(ready[1]));
        pthread_exit(NULL);
    }
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static uint64_t pages_of(HaywireOpenProcess *process, uint64_t start,
                         uint64_t end)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    uint64_t pages = 0;

    while (start < end) {
        g_assert_cmpint(tested->ops->pages(tested, process, start, end,
                                           take_run, runs, &start),
                        ==, HAYWIRE_COLLECT_OK);
    }
    for (guint i = 0; i < runs->len; i++) {
        pages += g_array_index(runs, HaywireGuestRun, i).pages;
    }
    return pages;
}

/* All that threads have in common, by way of one that lives. */
static void test_headless(void)
{
    g_autofree HaywireDetails *details = NULL;
    g_autofree HaywireFields *fields = g_new0(HaywireFields, 1);
    HaywireOpenProcess *process;
    HaywireFigures figures;
    HaywireBrief brief;
    pid_t pid;

    held = mmap(NULL, HELD_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid = headless_new();
    details = details_of(pid);
    g_assert_cmpuint(details->vsize, >, HELD_SIZE);
    g_assert_cmpuint(details->rss, >=, HELD_SIZE);
    g_assert_cmpuint(details->exe_length, >, 0);
    g_assert_cmpuint(details->cmdline_length, >, 0);
    open_process(pid, &process, &brief);
    g_assert_cmpint(brief.state, ==, 'Z');
    g_assert_cmpuint(brief.threads, ==, 2);
    g_assert_true(has_section(process, (uintptr_t)held));
    g_assert_cmpuint(
        pages_of(process, (uintptr_t)held, (uintptr_t)held + HELD_SIZE), ==,
        HELD_SIZE / 4096);
    g_assert_cmpint(tested->ops->figures(tested, process, &figures), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpuint(figures.rss, >=, HELD_SIZE);
    tested->ops->fields(tested, process, fields);
    g_assert_true(fields->known & UINT64_C(1) << HAYWIRE_FIELD_OPEN_FILES);
    g_assert_cmpuint(fields->value[HAYWIRE_FIELD_OPEN_FILES], >=, 3);
    tested->ops->close(tested, process);
    child_end(pid);
    munmap(held, HELD_SIZE);
}

static void test_facts(void)
{
    g_autofree HaywireFacts *facts = g_new0(HaywireFacts, 1);

    tested->ops->facts(tested, facts);
    g_assert_cmpuint(facts->text[HAYWIRE_TEXT_KERNEL_RELEASE].length, >, 0);
    g_assert_cmpuint(facts->text[HAYWIRE_TEXT_KERNEL_CMDLINE].length, >, 0);
    for (size_t i = 0; i < facts->ram_count; i++) {
        g_assert_cmphex(facts->ram[i].start, <, facts->ram[i].end);
    }
}

/* A process group, a session and a terminal of its own, some files, faults. */
static void odd_fields(void)
{
    size_t size = 64 * (size_t)getpagesize();
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int terminal;

    (void)madvise(memory, size, MADV_NOHUGEPAGE);
    memset(memory, 1, size);
    (void)setsid();
    terminal = posix_openpt(O_RDWR);
    g_assert_cmpint(grantpt(terminal), ==, 0);
    g_assert_cmpint(unlockpt(terminal), ==, 0);
    /* The first terminal that a leader without one opens becomes its own. */
    g_assert_cmpint(open(ptsname(terminal), O_RDWR), >=, 0);
    (void)setpriority(PRIO_PROCESS, 0, 5);
    usleep(1000);
}

static guint64 count_entries(pid_t pid, const char *folder)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, folder);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint64 count = 0;

    while (dir && g_dir_read_name(dir)) {
        count++;
    }
    return count;
}

static void check_files(pid_t pid)
{
    HaywireLinuxCollector *self = haywire_linux_collector(tested);
    bool counts = self->counts_files;

    for (int i = 0; i <= counts; i++) {
        g_autofree HaywireFields *fields = NULL;

        self->counts_files = i;
        fields = fields_of(pid);
        g_assert_true(is_known(fields, HAYWIRE_FIELD_OPEN_FILES));
        g_assert_cmpuint(fields->value[HAYWIRE_FIELD_OPEN_FILES], ==,
                         count_entries(pid, "fd"));
    }
    self->counts_files = counts;
}

/* Against what the kernel says elsewhere. */
static void test_fields(void)
{
    pid_t pid = child_new(odd_fields);
    g_autofree HaywireFields *fields = fields_of(pid);
    const uint64_t *value = fields->value;
    g_autofree char *path = g_strdup_printf("/proc/%d/cgroup", pid);
    g_autofree char *cgroup = NULL;

    g_assert_true(is_known(fields, HAYWIRE_FIELD_PRIORITY));
    g_assert_cmpuint(value[HAYWIRE_FIELD_PROCESS_GROUP], ==, pid);
    g_assert_cmpuint(value[HAYWIRE_FIELD_SESSION], ==, pid);
    g_assert_cmpuint(value[HAYWIRE_FIELD_TERMINAL] >> 32, ==, 136);
    g_assert_cmpint((int64_t)value[HAYWIRE_FIELD_PRIORITY], ==, 25);
    g_assert_cmpuint(value[HAYWIRE_FIELD_MINOR_FAULTS], >=, 64);
    g_assert_cmpuint(value[HAYWIRE_FIELD_MAJOR_FAULTS], <, 64);
    g_assert_true(is_known(fields, HAYWIRE_FIELD_INVOLUNTARY_SWITCHES));
    g_assert_cmpuint(value[HAYWIRE_FIELD_VOLUNTARY_SWITCHES], >, 0);
    check_files(pid);
    if (g_file_get_contents(path, &cgroup, NULL, NULL) && *cgroup) {
        g_autofree char *text = g_strndup((const char *)fields->cgroup,
                                          value[HAYWIRE_FIELD_CGROUP]);

        g_assert_true(is_known(fields, HAYWIRE_FIELD_CGROUP));
        g_assert_nonnull(g_strstr_len(cgroup, -1, "/"));
        g_assert_cmpint(fields->cgroup[0], ==, '/');
        g_assert_nonnull(g_strstr_len(cgroup, -1, text));
    }
    child_end(pid);
}

static void become_nobody(void)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
        _exit(1);
    }
    prctl(PR_SET_DUMPABLE, 0);
}

/* What is for the privileged is absent for others, and not zero. */
static void test_fields_denied(void)
{
    pid_t pid = child_new(become_nobody);
    g_autofree HaywireFields *fields = NULL;

    if (geteuid() == 0) {
        g_test_skip("root may read everything");
        child_end(pid);
        return;
    }
    fields = fields_of(pid);
    g_assert_false(is_known(fields, HAYWIRE_FIELD_READ_BYTES));
    g_assert_false(is_known(fields, HAYWIRE_FIELD_WRITTEN_BYTES));
    g_assert_true(is_known(fields, HAYWIRE_FIELD_MINOR_FAULTS));
    child_end(pid);
}

/* A process that has ended has nothing to say. */
static void test_fields_gone(void)
{
    pid_t pid = child_new(nothing);
    HaywireOpenProcess *process;
    HaywireFields *fields = g_new(HaywireFields, 1);
    HaywireBrief brief;

    open_process(pid, &process, &brief);
    child_end(pid);
    tested->ops->fields(tested, process, fields);
    tested->ops->close(tested, process);
    /* What the stat line said, which was read before. */
    g_assert_true(is_known(fields, HAYWIRE_FIELD_PROCESS_GROUP));
    g_assert_false(is_known(fields, HAYWIRE_FIELD_READ_BYTES));
    g_assert_false(is_known(fields, HAYWIRE_FIELD_VOLUNTARY_SWITCHES));
    g_assert_false(is_known(fields, HAYWIRE_FIELD_OPEN_FILES));
    g_assert_false(is_known(fields, HAYWIRE_FIELD_CGROUP));
    g_free(fields);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    tested = haywire_collector_new(&why);
    g_assert_nonnull(tested);
    g_test_add_func("/linux/list", test_list);
    g_test_add_func("/linux/brief", test_brief);
    g_test_add_func("/linux/mark", test_mark);
    g_test_add_func("/linux/gone", test_gone);
    g_test_add_func("/linux/zombie", test_zombie);
    g_test_add_func("/linux/executables", test_executables);
    g_test_add_func("/linux/fields", test_fields);
    g_test_add_func("/linux/fields/denied", test_fields_denied);
    g_test_add_func("/linux/fields/gone", test_fields_gone);
    g_test_add_func("/linux/sections", test_sections);
    g_test_add_func("/linux/pages", test_pages);
    g_test_add_func("/linux/headless", test_headless);
    g_test_add_func("/linux/facts", test_facts);
    status = g_test_run();
    tested->ops->destroy(tested);
    return status;
}
