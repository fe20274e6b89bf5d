/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux collector in a /proc that lacks something, tells of what cannot be,
 * or goes elsewhere.
 */

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector_fixture.h"
#include "os/linux/linux_collector.h"

/* What a kernel may lack. */
static const char *const optional[] = {
    "smaps_rollup", "pagemap", "io",   "status",
    "cgroup",       "fd",      "task", "schedstat",
};

/* A /proc with this program alone, and without one of its files. */
static char *farm_new(const char *without)
{
    static const char *const names[] = { "stat",    "statm", "exe",
                                         "cmdline", "maps",  "root" };
    char *farm = g_dir_make_tmp("companion-XXXXXX", NULL);
    g_autofree char *folder = g_strdup_printf("%s/%d", farm, (int)getpid());

    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(names) + G_N_ELEMENTS(optional); i++) {
        const char *name = i < G_N_ELEMENTS(names)
                               ? names[i]
                               : optional[i - G_N_ELEMENTS(names)];
        g_autofree char *link = g_build_filename(folder, name, NULL);
        g_autofree char *target =
            g_strdup_printf("/proc/%d/%s", (int)getpid(), name);

        if (g_strcmp0(name, without) != 0) {
            g_assert_cmpint(symlink(target, link), ==, 0);
        }
    }
    return farm;
}

static void farm_drop(char *farm)
{
    const char *argv[] = { "rm", "-r", farm, NULL };

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(farm);
}

/* A collector that has @farm for its /proc. */
static HaywireCollector *collector_in(const char *farm)
{
    const char *why = NULL;
    HaywireCollector *fresh = haywire_collector_new(&why);
    HaywireLinuxCollector *self = haywire_linux_collector(fresh);

    close(self->proc);
    self->proc = open(farm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    self->counts_files = false;
    return fresh;
}

static HaywireCollect read_pages(HaywireOpenProcess *process)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    uint64_t start = (uintptr_t)&tested & -UINT64_C(4096), next;

    return tested->ops->pages(tested, process, start, start + 4096, take_run,
                              runs, &next);
}

/* What is not there is said to be so, and the rest is as ever. */
static void check_without(const char *without)
{
    char *farm = farm_new(without);
    HaywireCollector *whole = tested;
    g_autofree HaywireFields *fields = NULL;
    g_autofree HaywireDetails *details = NULL;
    HaywireOpenProcess *process;
    HaywireFigures figures;
    HaywireBrief brief;

    g_test_message("without %s", without ? without : "nothing less");
    tested = collector_in(farm);
    details = details_of(getpid());
    g_assert_cmpuint(details->rss, >, 0);
    g_assert_cmpuint(details->exe_length, >, 0);
    g_assert_cmpuint(details->cmdline_length, >, 0);
    open_process(getpid(), &process, &brief);
    g_assert_true(has_section(process, (uintptr_t)&tested));
    g_assert_cmpint(tested->ops->figures(tested, process, &figures) ==
                        HAYWIRE_COLLECT_OK,
                    ==, g_strcmp0(without, "smaps_rollup") != 0);
    g_assert_cmpint(read_pages(process), ==,
                    g_strcmp0(without, "pagemap") == 0 ? HAYWIRE_COLLECT_DENIED
                                                       : HAYWIRE_COLLECT_OK);
    tested->ops->close(tested, process);
    fields = fields_of(getpid());
    g_assert_true(is_known(fields, HAYWIRE_FIELD_MINOR_FAULTS));
    g_assert_cmpint(is_known(fields, HAYWIRE_FIELD_READ_BYTES), ==,
                    g_strcmp0(without, "io") != 0);
    g_assert_cmpint(is_known(fields, HAYWIRE_FIELD_VOLUNTARY_SWITCHES), ==,
                    g_strcmp0(without, "status") != 0);
    g_assert_cmpint(is_known(fields, HAYWIRE_FIELD_OPEN_FILES), ==,
                    g_strcmp0(without, "fd") != 0);
    g_assert_cmpint(is_known(fields, HAYWIRE_FIELD_CGROUP), ==,
                    g_strcmp0(without, "cgroup") != 0);
    tested->ops->destroy(tested);
    tested = whole;
    farm_drop(farm);
}

static void test_lacking(void)
{
    check_without(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(optional); i++) {
        check_without(optional[i]);
    }
}

/* Lines of a list that changed while the kernel wrote it. */
static void test_racing_maps(void)
{
    static const char maps[] =
        "1000-3000 r--p 00000000 08:01 7 /a\n"
        "1000-5000 r--p 00000000 08:01 7 /a\n"
        "2000-4000 rw-p 00000000 00:00 0\n"
        "4000-7000 rw-p 00000000 00:00 0 [heap]\n"
        "8000-9000 rw-p 00000000 00:00 0 [anon:a (deleted)]\n";
    static const HaywireGuestSection wanted[] = {
        { .start = 0x1000, .end = 0x3000 },
        { .start = 0x3000, .end = 0x5000, .offset = 0x2000 },
        { .start = 0x5000, .end = 0x7000 },
        { .start = 0x8000, .end = 0x9000 },
    };
    char *farm = farm_new("maps");
    g_autofree char *path = g_strdup_printf("%s/%d/maps", farm, (int)getpid());
    HaywireCollector *whole = tested;
    HaywireOpenProcess *process;
    HaywireGuestSection section;
    HaywireBrief brief;
    size_t count = 0;

    g_assert_true(g_file_set_contents(path, maps, -1, NULL));
    tested = collector_in(farm);
    open_process(getpid(), &process, &brief);
    g_assert_cmpint(tested->ops->sections(tested, process, &count), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpuint(count, ==, G_N_ELEMENTS(wanted));
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_assert_true(tested->ops->sections_next(tested, &section));
        g_assert_cmphex(section.start, ==, wanted[i].start);
        g_assert_cmphex(section.end, ==, wanted[i].end);
        g_assert_cmphex(section.offset, ==, wanted[i].offset);
    }
    g_assert_false(tested->ops->sections_next(tested, &section));
    tested->ops->close(tested, process);
    tested->ops->destroy(tested);
    tested = whole;
    farm_drop(farm);
}

/* Started before the clock of its time namespace did. */
static void test_before_boot(void)
{
    char *farm = farm_new("stat");
    g_autofree char *stat = g_strdup_printf("%s/%d/stat", farm, (int)getpid());
    HaywireCollector *early = collector_in(farm);
    HaywireBrief brief;

    g_assert_true(
        g_file_set_contents(stat,
                            "1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 "
                            "1844674401381 4096 1\n",
                            -1, NULL));
    g_assert_cmpint(early->ops->brief(early, (uint32_t)getpid(), &brief), ==,
                    HAYWIRE_COLLECT_OK);
    g_assert_cmpuint(brief.start_time_ns, ==, 0);
    early->ops->destroy(early);
    farm_drop(farm);
}

enum {
    MOVED_FINE,
    MOVED_LOST,
    MOVED_SKIP
};

/* As an initramfs does: /proc goes elsewhere while we run. */
static int lose_proc(void)
{
    uint64_t before[4], after[4];
    size_t unlocked;
    HaywirePage *pages = haywire_os_pages_new(4, &unlocked);

    /* The address sanitizer takes locking for done that was not. */
    memset(pages, 0, 4 * sizeof(*pages));
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        !haywire_os_frame_numbers(pages, 4, before) ||
        mount("none", "/proc", "tmpfs", 0, NULL) != 0) {
        return MOVED_SKIP;
    }
    return haywire_os_frame_numbers(pages, 4, after) && after[3] != 0
               ? MOVED_FINE
               : MOVED_LOST;
}

static void test_proc_moves(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(lose_proc());
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == MOVED_SKIP) {
        g_test_skip("needs root");
        return;
    }
    g_assert_cmpint(WEXITSTATUS(status), ==, MOVED_FINE);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    tested = haywire_collector_new(&why);
    g_assert_nonnull(tested);
    g_test_add_func("/linux/lacking", test_lacking);
    g_test_add_func("/linux/racing-maps", test_racing_maps);
    g_test_add_func("/linux/before-boot", test_before_boot);
    g_test_add_func("/linux/proc-moves", test_proc_moves);
    status = g_test_run();
    tested->ops->destroy(tested);
    return status;
}
