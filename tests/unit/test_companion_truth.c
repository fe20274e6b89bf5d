/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector against the machine that it runs on: each process, again and
 * again, between two readings of /proc by code that shares nothing with it. A
 * process that did not run in between, and whose texts are equal at both times,
 * must be as the collector says. HAYWIRE_TRUTH_SECONDS: how long, else 20.
 *
 * The guests' menagerie runs beside, where this may have a /tmp of its own.
 *
 * Another program may change memory that a process shares and put it back, so
 * what differs must differ three times.
 */

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/linux/linux_collector.h"

#define ATTEMPTS     3
#define PAGES_MAX    2048 /* of a section */
#define PAGES_IN_ALL 65536
#define ENTRY_FRAME  ((UINT64_C(1) << 55) - 1)

static HaywireCollector *collector;
static guint64 processes, sections, pages;

/* What /proc says at one time. */
typedef struct Words {
    char *ran; /* how long each thread has run */
    char *stat;
    char *statm;
    char *status;
    char *io;
    char *cgroup;
    char *maps;
    char *exe;
    GString *cmdline;
    guint64 *entry; /* of pagemap, one behind the other */
    gsize entries;
} Words;

static void words_clear(Words *words)
{
    g_free(words->ran);
    g_free(words->stat);
    g_free(words->statm);
    g_free(words->status);
    g_free(words->io);
    g_free(words->cgroup);
    g_free(words->maps);
    g_free(words->exe);
    g_free(words->entry);
    if (words->cmdline) {
        g_string_free(words->cmdline, TRUE);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

/* NULL where it cannot be read. */
static char *slurp(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static GString *slurp_bytes(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *data = NULL;
    gsize length;

    return g_file_get_contents(path, &data, &length, NULL)
               ? g_string_new_len(data, (gssize)length)
               : NULL;
}

/* "S" of "1 (name) S ...", 0 for none. */
static char state_of(const char *stat)
{
    const char *last = stat ? strrchr(stat, ')') : NULL;

    return last && last[1] ? last[2] : 0;
}

/* Folder of a thread that lives; the first one's, if it does. */
static char *living(guint pid, GString *ran)
{
    char *folder = g_strdup_printf("/proc/%u", pid);
    g_autofree char *task = g_build_filename(folder, "task", NULL);
    g_autofree char *first = slurp(folder, "stat");
    g_autoptr(GDir) dir = g_dir_open(task, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *thread = g_build_filename(task, name, NULL);
        g_autofree char *time = slurp(thread, "schedstat");
        g_autofree char *stat = slurp(thread, "stat");

        g_string_append_printf(ran, "%s:%s", name, time ? time : "?");
        if (state_of(first) == 'Z' && stat && state_of(stat) != 'Z') {
            g_free(folder);
            folder = g_steal_pointer(&thread);
            g_clear_pointer(&first, g_free);
        }
    }
    return folder;
}

/* The first pages of each section, as far as they go. */
static void read_entries(Words *words, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "pagemap", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned long start, end;

    words->entry = g_new0(guint64, PAGES_IN_ALL);
    for (const char *line = words->maps; line && *line;) {
        if (fd >= 0 && sscanf(line, "%lx-%lx", &start, &end) == 2) {
            gsize count = MIN((end - start) / 4096, PAGES_MAX);
            ssize_t done;

            count = MIN(count, PAGES_IN_ALL - words->entries);
            done = pread(fd, words->entry + words->entries, count * 8,
                         (off_t)(start / 4096 * 8));
            (void)done; /* of [vsyscall] there is nothing */
            words->entries += count;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void read_words(guint pid, bool first, Words *words)
{
    g_autofree char *process = g_strdup_printf("/proc/%u", pid);
    g_autoptr(GString) ran = g_string_new(NULL);
    g_autofree char *folder = living(pid, ran);
    g_autofree char *exe = g_build_filename(folder, "exe", NULL);

    if (first) {
        words->ran = g_strdup(ran->str);
    }
    words->stat = slurp(process, "stat");
    words->status = slurp(process, "status");
    words->io = slurp(process, "io");
    words->cgroup = slurp(process, "cgroup");
    words->statm = slurp(folder, "statm");
    words->cmdline = slurp_bytes(folder, "cmdline");
    words->maps = slurp(folder, "maps");
    words->exe = g_file_read_link(exe, NULL);
    read_entries(words, folder);
    if (!first) {
        g_autoptr(GString) still = g_string_new(NULL);

        g_free(living(pid, still));
        words->ran = g_strdup(still->str);
    }
}

/* What the collector says, in the same moment. */
typedef struct Said {
    HaywireBrief brief;
    HaywireDetails details;
    HaywireFields fields;
    GArray *section; /* HaywireGuestSection; path is ours */
    GArray *run;
} Said;

static void section_clear(gpointer section)
{
    g_free((gpointer)((HaywireGuestSection *)section)->path);
}

static void take_run(void *opaque, const HaywireGuestRun *run)
{
    g_array_append_vals(opaque, run, 1);
}

static bool ask_sections(HaywireOpenProcess *process, Said *said)
{
    HaywireGuestSection section;
    size_t count = 0;

    if (collector->ops->sections(collector, process, &count) !=
        HAYWIRE_COLLECT_OK) {
        return false;
    }
    while (collector->ops->sections_next(collector, &section)) {
        section.path = g_memdup2(section.path, section.path_length);
        g_array_append_val(said->section, section);
    }
    return said->section->len == count;
}

static bool ask_pages(HaywireOpenProcess *process, Said *said)
{
    gsize left = PAGES_IN_ALL;

    for (guint i = 0; i < said->section->len; i++) {
        const HaywireGuestSection *section =
            &g_array_index(said->section, HaywireGuestSection, i);
        gsize count = MIN((section->end - section->start) / 4096, PAGES_MAX);
        uint64_t start = section->start, end;

        count = MIN(count, left);
        left -= count;
        end = start + count * 4096;
        while (start < end) {
            if (collector->ops->pages(collector, process, start, end, take_run,
                                      said->run,
                                      &start) != HAYWIRE_COLLECT_OK) {
                return false;
            }
        }
    }
    return true;
}

static bool ask(guint pid, Said *said)
{
    HaywireOpenProcess *process;
    bool all;

    if (collector->ops->open(collector, pid, &process, &said->brief) !=
        HAYWIRE_COLLECT_OK) {
        return false;
    }
    all = collector->ops->details(collector, process, &said->details) ==
              HAYWIRE_COLLECT_OK &&
          (said->brief.kernel ||
           (ask_sections(process, said) && ask_pages(process, said)));
    collector->ops->fields(collector, process, &said->fields);
    collector->ops->close(collector, process);
    return all;
}

#define DIFFERS(...) g_strdup_printf(__VA_ARGS__)

static char *number(const char *what, guint64 said, guint64 wanted)
{
    return said == wanted
               ? NULL
               : DIFFERS("%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT,
                         what, said, wanted);
}

/* The first that is no NULL; they are freed, or the caller's. */
static char *first_of(char **bad, gsize count)
{
    char *first = NULL;

    for (gsize i = 0; i < count; i++) {
        if (first) {
            g_free(bad[i]);
        } else {
            first = bad[i];
        }
    }
    return first;
}

static char *field(const Said *said, int index, const char *what,
                   guint64 wanted)
{
    return said->fields.known >> index & 1
               ? number(what, said->fields.value[index], wanted)
               : DIFFERS("%s is not known", what);
}

static char *check_stat(const Said *said, const char *stat)
{
    const char *open = strchr(stat, '('), *last = strrchr(stat, ')');
    unsigned long long minor, major, user, system, start;
    unsigned ppid, group, session, flags, threads;
    int terminal, priority, nice;
    gsize length = (gsize)(last - open - 1);
    guint64 tick = HAYWIRE_NS_PER_SECOND / (guint64)sysconf(_SC_CLK_TCK);
    char state;

    g_assert_cmpint(sscanf(last + 2,
                           "%c %u %u %u %d %*d %u %llu %*u %llu %*u %llu %llu "
                           "%*d %*d %d %d %u %*d %llu",
                           &state, &ppid, &group, &session, &terminal, &flags,
                           &minor, &major, &user, &system, &priority, &nice,
                           &threads, &start),
                    ==, 14);
    if (said->brief.name_length != MIN(length, HAYWIRE_NAME_MAX) ||
        memcmp(said->brief.name, open + 1, said->brief.name_length) != 0) {
        return DIFFERS("the name is '%.*s'", (int)said->brief.name_length,
                       (const char *)said->brief.name);
    }
    return first_of(
        (char *[]){
            number("state", said->brief.state, (guint8)state),
            number("ppid", said->brief.ppid, ppid),
            number("threads", said->brief.threads, threads),
            number("start", said->brief.start_time_ns, start * tick),
            number("kernel", said->brief.kernel, flags >> 21 & 1),
            number("nice", (guint64)said->details.nice, (guint64)nice),
            number("user", said->details.user_time_ns, user * tick),
            number("system", said->details.system_time_ns, system * tick),
            field(said, HAYWIRE_FIELD_MINOR_FAULTS, "minor", minor),
            field(said, HAYWIRE_FIELD_MAJOR_FAULTS, "major", major),
            field(said, HAYWIRE_FIELD_PROCESS_GROUP, "group", group),
            field(said, HAYWIRE_FIELD_SESSION, "session", session),
            field(said, HAYWIRE_FIELD_PRIORITY, "priority",
                  (guint64)(gint64)priority) },
        13);
}

/* Numbers behind a name in a line; NULL where the text has none. */
static char *check_line(const Said *said, const char *text, const char *name,
                        int index)
{
    const char *at = text ? strstr(text, name) : NULL;

    return at ? field(said, index, name,
                      g_ascii_strtoull(at + strlen(name), NULL, 10))
              : NULL;
}

static char *check_status(const Said *said, const Words *words)
{
    const char *uid = strstr(words->status, "\nUid:");
    const char *gid = strstr(words->status, "\nGid:");
    unsigned effective[2];

    g_assert_cmpint(sscanf(uid, "\nUid: %*u %u", &effective[0]), ==, 1);
    g_assert_cmpint(sscanf(gid, "\nGid: %*u %u", &effective[1]), ==, 1);
    return first_of(
        (char *[]){
            number("uid", said->brief.uid, effective[0]),
            number("gid", said->brief.gid, effective[1]),
            check_line(said, words->status, "\nvoluntary_ctxt_switches:\t",
                       HAYWIRE_FIELD_VOLUNTARY_SWITCHES),
            check_line(said, words->status, "\nnonvoluntary_ctxt_switches:\t",
                       HAYWIRE_FIELD_INVOLUNTARY_SWITCHES),
            check_line(said, words->io,
                       "\nread_bytes: ", HAYWIRE_FIELD_READ_BYTES),
            check_line(said, words->io,
                       "\nwrite_bytes: ", HAYWIRE_FIELD_WRITTEN_BYTES) },
        6);
}

static char *check_texts(const Said *said, const Words *words)
{
    const HaywireDetails *details = &said->details;
    gsize length = MIN(words->cmdline->len, HAYWIRE_CMDLINE_MAX);
    g_autofree char *exe =
        g_strndup((const char *)details->exe, details->exe_length);
    g_autofree char *link =
        g_strconcat(exe, details->exe_deleted ? " (deleted)" : "", NULL);

    if (details->cmdline_length != length ||
        memcmp(details->cmdline, words->cmdline->str, length) != 0) {
        return DIFFERS("the command line has %zu bytes",
                       details->cmdline_length);
    }
    if (!said->brief.kernel && words->exe && !details->exe_truncated &&
        !g_str_equal(link, words->exe)) {
        return DIFFERS("the executable is '%s', not '%s'", link, words->exe);
    }
    return NULL;
}

static char *check_rss(const Said *said, const char *statm)
{
    unsigned long long size, rss;

    g_assert_cmpint(sscanf(statm, "%llu %llu", &size, &rss), ==, 2);
    return first_of(
        (char *[]){
            number("vsize", said->details.vsize, size * (guint64)getpagesize()),
            number("rss", said->details.rss, rss * (guint64)getpagesize()) },
        2);
}

/* A section as a line of maps, but for the path's column. */
static char *line_of(const HaywireGuestSection *section)
{
    g_autoptr(GString) path = g_string_new_len((const char *)section->path,
                                               (gssize)section->path_length);
    guint32 flags = section->flags;

    g_string_replace(path, "\n", "\\012", 0);
    return g_strdup_printf("%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER
                           "x %c%c%c%c %08" G_GINT64_MODIFIER
                           "x %02x:%02x %" G_GUINT64_FORMAT " %s",
                           section->start, section->end,
                           flags & HAYWIRE_SECTION_READ ? 'r' : '-',
                           flags & HAYWIRE_SECTION_WRITE ? 'w' : '-',
                           flags & HAYWIRE_SECTION_EXEC ? 'x' : '-',
                           flags & HAYWIRE_SECTION_SHARED ? 's' : 'p',
                           section->offset, section->device_major,
                           section->device_minor, section->inode, path->str);
}

static char *check_sections(const Said *said, const char *maps)
{
    g_auto(GStrv) lines = g_strsplit(maps, "\n", -1);
    guint count = *maps ? g_strv_length(lines) - 1 : 0;

    if (said->section->len != count) {
        return DIFFERS("there are %u sections, not %u", said->section->len,
                       count);
    }
    for (guint i = 0; i < count; i++) {
        const HaywireGuestSection *section =
            &g_array_index(said->section, HaywireGuestSection, i);
        g_autofree char *line = line_of(section);
        g_autofree char *wanted = g_strdup(lines[i]);
        char *end = wanted;

        /* Blanks before the path: one is enough. */
        for (int blanks = 0; blanks < 5 && end; blanks++) {
            end = strchr(end, ' ');
            end = end ? end + 1 : NULL;
        }
        if (end) {
            memmove(end, end + strspn(end, " "),
                    strlen(end + strspn(end, " ")) + 1);
        }
        if (!(section->flags & HAYWIRE_SECTION_PATH_TRUNCATED) &&
            !g_str_equal(g_strchomp(line), g_strchomp(wanted))) {
            return DIFFERS("a section is '%s', not '%s'", line, wanted);
        }
        sections++;
    }
    return NULL;
}

/* The entry that a page of a run came from, as far as a run tells it. */
static guint64 entry_of(const HaywireGuestRun *run, guint64 page)
{
    static const struct {
        guint16 flag;
        unsigned bit;
    } map[] = {
        { HAYWIRE_RUN_PRESENT, 63 },    { HAYWIRE_RUN_SWAPPED, 62 },
        { HAYWIRE_RUN_FILE, 61 },       { HAYWIRE_RUN_GUARD, 58 },
        { HAYWIRE_RUN_UFFD_WP, 57 },    { HAYWIRE_RUN_EXCLUSIVE, 56 },
        { HAYWIRE_RUN_SOFT_DIRTY, 55 },
    };
    guint64 entry = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(map); i++) {
        entry |= run->flags & map[i].flag ? UINT64_C(1) << map[i].bit : 0;
    }
    if (run->flags & HAYWIRE_RUN_PFN_KNOWN) {
        entry |= run->value + page;
    }
    if ((run->flags & HAYWIRE_RUN_SWAPPED) && run->value) {
        entry |= (run->value + page) << 5 | run->swap_type;
    }
    return entry;
}

/* What the kernel calls swapped, and what is not told of absent pages. */
static guint64 plain_entry(guint64 entry)
{
    const guint64 swapped = UINT64_C(1) << 62, wp = UINT64_C(1) << 57;
    const guint64 guard = UINT64_C(1) << 58;

    if (!(entry >> 62)) {
        return entry & wp;
    }
    if ((entry & swapped) && ((entry & guard) || (entry & 0x1f) == 31)) {
        return entry & (guard | wp);
    }
    return entry;
}

/* Pages in the order of the sections; both ascend. */
static char *check_pages(const Said *said, const Words *before,
                         const Words *after)
{
    gsize at = 0;
    guint r = 0;

    for (guint i = 0; i < said->section->len; i++) {
        const HaywireGuestSection *section =
            &g_array_index(said->section, HaywireGuestSection, i);
        gsize count = MIN((section->end - section->start) / 4096, PAGES_MAX);

        count = MIN(count, before->entries - at);
        for (gsize p = 0; p < count; p++, at++) {
            guint64 gva = section->start + p * 4096, entry = 0;
            const HaywireGuestRun *run = NULL;

            for (; r < said->run->len; r++) {
                run = &g_array_index(said->run, HaywireGuestRun, r);
                if (run->gva + run->pages * 4096 > gva) {
                    break;
                }
            }
            if (r < said->run->len && run->gva <= gva) {
                entry = entry_of(run, (gva - run->gva) / 4096);
            }
            if (before->entry[at] == after->entry[at] &&
                entry != plain_entry(before->entry[at])) {
                return DIFFERS("page %" G_GINT64_MODIFIER
                               "x is %016" G_GINT64_MODIFIER
                               "x, not %016" G_GINT64_MODIFIER "x",
                               gva, entry, before->entry[at]);
            }
            pages++;
        }
    }
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b && g_str_equal(a, b);
}

/* NULL: equal, or nothing to compare. */
static char *compare(const Said *said, const Words *a, const Words *b)
{
    char *bad = NULL;

    if (!same(a->ran, b->ran) || !same(a->stat, b->stat) ||
        state_of(a->stat) == 'R' || strchr(a->ran, '?')) {
        return NULL;
    }
    processes++;
    bad = check_stat(said, a->stat);
    if (!bad && same(a->status, b->status)) {
        bad = check_status(said, a);
    }
    if (!bad && !said->brief.kernel && a->cmdline && b->cmdline &&
        g_string_equal(a->cmdline, b->cmdline) &&
        g_strcmp0(a->exe, b->exe) == 0) {
        bad = check_texts(said, a);
    }
    if (!bad && !said->brief.kernel && same(a->statm, b->statm)) {
        bad = check_rss(said, a->statm);
    }
    if (!bad && !said->brief.kernel && same(a->maps, b->maps)) {
        bad = check_sections(said, a->maps);
        bad = bad ? bad : check_pages(said, a, b);
    }
    return bad;
}

static char *look_at(guint pid)
{
    g_auto(Words) before = { 0 };
    g_auto(Words) after = { 0 };
    g_autofree Said *said = g_new0(Said, 1);
    char *bad = NULL;

    said->section = g_array_new(FALSE, FALSE, sizeof(HaywireGuestSection));
    g_array_set_clear_func(said->section, section_clear);
    said->run = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    read_words(pid, true, &before);
    if (ask(pid, said)) {
        read_words(pid, false, &after);
        bad = compare(said, &before, &after);
    }
    g_array_unref(said->section);
    g_array_unref(said->run);
    return bad;
}

static void look_at_all(void)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(proc))) {
        guint pid = (guint)strtoul(name, NULL, 10);
        char *bad = NULL;

        for (int i = 0; pid > 0 && pid != (guint)getpid() && i < ATTEMPTS;
             i++) {
            g_free(bad);
            bad = look_at(pid);
            if (!bad) {
                break;
            }
        }
        if (bad) {
            g_error("process %u: %s", pid, bad);
        }
    }
}

static void test_truth(void)
{
    const char *seconds = g_getenv("HAYWIRE_TRUTH_SECONDS");
    gint64 end =
        g_get_monotonic_time() +
        (seconds ? g_ascii_strtoll(seconds, NULL, 10) : 20) * G_USEC_PER_SEC;
    guint rounds = 0;

    do {
        look_at_all();
        rounds++;
    } while (g_get_monotonic_time() < end);
    g_test_message("%u rounds: %" G_GUINT64_FORMAT
                   " processes, %" G_GUINT64_FORMAT
                   " sections, %" G_GUINT64_FORMAT " pages were as they should",
                   rounds, processes, sections, pages);
    g_assert_cmpuint(processes, >, 0);
    if (geteuid() == 0) {
        g_assert_cmpuint(pages, >, 0);
    }
}

static void die_with_parent(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* The guests' odd processes, in a /tmp of their own; 0 where that cannot be. */
static GPid menagerie_new(const char *program)
{
    const char *argv[] = { "/usr/bin/unshare",
                           "-m",
                           "/bin/sh",
                           "-c",
                           "mount -t tmpfs none /tmp && exec \"$0\" run",
                           program,
                           NULL };
    GPid pid = 0;

    if (program && geteuid() == 0) {
        g_spawn_async(NULL, (char **)argv, NULL,
                      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                          G_SPAWN_STDERR_TO_DEV_NULL,
                      die_with_parent, NULL, &pid, NULL);
    }
    return pid;
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    GPid menagerie;
    int status;

    g_test_init(&argc, &argv, NULL);
    menagerie = menagerie_new(argc > 1 ? argv[1] : NULL);
    collector = haywire_collector_new(&why);
    g_assert_nonnull(collector);
    g_test_add_func("/companion-truth/machine", test_truth);
    status = g_test_run();
    collector->ops->destroy(collector);
    if (menagerie > 0) {
        kill(menagerie, SIGKILL);
        waitpid(menagerie, NULL, 0);
    }
    return status;
}
