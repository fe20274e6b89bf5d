/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsers of /proc texts, with texts as kernels write them and as they don't.
 */

#include <glib.h>
#include <string.h>

#include "os/linux/kcore.h"
#include "os/linux/proc_parse.h"

#define STAT_TAIL                                                           \
    " S 1 42 42 0 -1 4194560 1 2 3 4 500 600 7 8 20 -5 3 0 7777 8192000 "   \
    "200 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 0 0 0 0 0 0 0 " \
    "0 0 0 0 0 0 0\n"

/* In a block of its own size, so that reading past its end is seen. */
static bool parse_stat(const char *text, HaywireProcStat *stat, char **held)
{
    size_t length = strlen(text);

    *held = g_memdup2(text, length);
    return haywire_parse_stat(*held, length, stat);
}

static void assert_name(const char *text, uint32_t pid, const char *name)
{
    g_autofree char *held = NULL;
    HaywireProcStat stat;

    g_assert_true(parse_stat(text, &stat, &held));
    g_assert_cmpuint(stat.pid, ==, pid);
    g_assert_cmpmem(stat.name, stat.name_length, name, strlen(name));
    g_assert_cmpint(stat.state, ==, 'S');
    g_assert_cmpuint(stat.ppid, ==, 1);
}

static void test_stat(void)
{
    g_autofree char *held = NULL;
    HaywireProcStat stat;

    g_assert_true(parse_stat("42 (cat)" STAT_TAIL, &stat, &held));
    g_assert_cmpuint(stat.pid, ==, 42);
    g_assert_cmpuint(stat.flags, ==, 4194560);
    g_assert_cmpuint(stat.user_ticks, ==, 500);
    g_assert_cmpuint(stat.system_ticks, ==, 600);
    g_assert_cmpint(stat.nice, ==, -5);
    g_assert_cmpuint(stat.threads, ==, 3);
    g_assert_cmpuint(stat.start_ticks, ==, 7777);
    g_assert_cmpuint(stat.vsize, ==, 8192000);
}

/* Number by number, as proc(5) counts them. */
static void test_stat_fields(void)
{
    HaywireProcStat stat;
    const char *text = "1 (a) S 2 -3 4 34817 6 7 8 9 10 11 12 13 14 15 -16 17 "
                       "18 19 20 21 22\n";

    g_assert_true(haywire_parse_stat(text, strlen(text), &stat));
    g_assert_cmpuint(stat.ppid, ==, 2);
    g_assert_cmpint(stat.process_group, ==, -3);
    g_assert_cmpint(stat.session, ==, 4);
    g_assert_cmpint(stat.terminal, ==, 34817);
    g_assert_cmpuint(stat.flags, ==, 7);
    g_assert_cmpuint(stat.minor_faults, ==, 8);
    g_assert_cmpuint(stat.major_faults, ==, 10);
    g_assert_cmpint(stat.priority, ==, -16);
    g_assert_cmpint(stat.nice, ==, 17);
}

static void test_named(void)
{
    const char *text = "Name:\tread_bytes: 5\nread_bytes: 4096\n"
                       "voluntary_ctxt_switches:\t7\nother:\nlast: 1";
    const char *huge = "read_bytes: 18446744073709551616\n";
    size_t length = strlen(text);
    uint64_t value = 0;

    g_assert_true(haywire_parse_named(text, length, "read_bytes:", &value));
    g_assert_cmpuint(value, ==, 4096);
    g_assert_true(
        haywire_parse_named(text, length, "voluntary_ctxt_switches:", &value));
    g_assert_cmpuint(value, ==, 7);
    g_assert_true(haywire_parse_named(text, length, "last:", &value));
    g_assert_cmpuint(value, ==, 1);
    g_assert_false(haywire_parse_named(text, length, "other:", &value));
    g_assert_false(haywire_parse_named(text, length, "write_bytes:", &value));
    g_assert_false(haywire_parse_named(text, length - 1, "last:", &value));
    g_assert_false(
        haywire_parse_named(huge, strlen(huge), "read_bytes:", &value));
    g_assert_false(haywire_parse_named(text, 0, "read_bytes:", &value));
}

static void assert_cgroup(const char *text, const char *path)
{
    g_autofree char *held = g_memdup2(text, strlen(text) + 1);
    size_t start = 0, length = 0;

    g_assert_true(haywire_parse_cgroup(held, strlen(held), &start, &length) ==
                  (path != NULL));
    if (path) {
        g_assert_cmpmem(held + start, length, path, strlen(path));
    }
}

static void test_cgroup(void)
{
    assert_cgroup("0::/user.slice/a b:c\n", "/user.slice/a b:c");
    assert_cgroup("12:cpu,cpuacct:/one\n1:name=systemd:/two\n0::/three\n",
                  "/three");
    assert_cgroup("12:cpu,cpuacct:/one\n1:name=systemd:/two\n", "/one");
    assert_cgroup("0::/", "/");
    assert_cgroup("0::", "");
    assert_cgroup("0:/\n", NULL);
    assert_cgroup("nonsense\n4:x:/y\n", "/y");
    assert_cgroup("", NULL);
}

static void test_stat_names(void)
{
    assert_name("1 ()" STAT_TAIL, 1, "");
    assert_name("7 (a) (b)" STAT_TAIL, 7, "a) (b");
    assert_name("7 ()))((()" STAT_TAIL, 7, ")))(((");
    assert_name("7 (x) R 1 2 3)" STAT_TAIL, 7, "x) R 1 2 3");
    assert_name("7 (new\nline\ttab)" STAT_TAIL, 7, "new\nline\ttab");
    assert_name("7 (kworker/u8:2-events_unbound_long_name)" STAT_TAIL, 7,
                "kworker/u8:2-events_unbound_long_name");
    assert_name("4194304 (\xff\x1b[31m)" STAT_TAIL, 4194304, "\xff\x1b[31m");
}

/* A short read, at each byte: refused until the virtual size is there. */
static void test_stat_short(void)
{
    const char *text = "42 (cat)" STAT_TAIL;
    size_t enough = (size_t)(strstr(text, " 8192000") - text) + 2;
    HaywireProcStat stat;

    for (size_t length = 0; length < enough; length++) {
        g_autofree char *held = g_memdup2(text, length);

        g_assert_false(haywire_parse_stat(held, length, &stat));
    }
    g_assert_true(haywire_parse_stat(text, enough, &stat));
}

static void test_stat_refused(void)
{
    static const char *const bad[] = {
        "",
        ")",
        "(",
        "42",
        "42 cat" STAT_TAIL,
        "42 )cat(" STAT_TAIL,
        "-42 (cat)" STAT_TAIL,
        "4294967296 (cat)" STAT_TAIL,
        "99999999999999999999999 (cat)" STAT_TAIL,
        "42 (cat) S x 42 42 0 -1 1 1 2 3 4 5 6 7 8 9 1 3 0 7 8 9",
        "42 (cat) S 1 42 42 0 -1 1 1 2 3 4 99999999999999999999 6 7 8 9 1 3 "
        "0 7 8 9",
        "42 (cat)S 1 42 42 0 -1 1 1 2 3 4 5 6 7 8 9 1 3 0 7 8 9",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *held = NULL;
        HaywireProcStat stat = { .pid = 1234 };

        g_assert_false(parse_stat(bad[i], &stat, &held));
        g_assert_cmpuint(stat.pid, ==, 1234);
    }
}

static void test_stat_largest(void)
{
    g_autofree char *held = NULL;
    HaywireProcStat stat;

    g_assert_true(parse_stat("42 (cat) S 4294967295 1 1 0 -1 4294967295 1 2 "
                             "3 4 18446744073709551615 "
                             "18446744073709551615 7 8 20 19 1 0 "
                             "18446744073709551615 18446744073709551615 1\n",
                             &stat, &held));
    g_assert_cmpuint(stat.ppid, ==, G_MAXUINT32);
    g_assert_cmpuint(stat.user_ticks, ==, G_MAXUINT64);
    g_assert_cmpuint(stat.start_ticks, ==, G_MAXUINT64);
}

static void test_statm(void)
{
    uint64_t pages = 0;

    g_assert_true(haywire_parse_statm_rss("1000 200 30 4 0 5 0\n", 20, &pages));
    g_assert_cmpuint(pages, ==, 200);
    g_assert_false(haywire_parse_statm_rss("1000", 4, &pages));
    g_assert_false(haywire_parse_statm_rss("1000 ", 5, &pages));
    g_assert_false(haywire_parse_statm_rss("", 0, &pages));
}

static bool parse_maps(const char *text, HaywireGuestSection *section,
                       uint8_t *path)
{
    size_t length = strlen(text);
    g_autofree char *held = g_memdup2(text, length);

    return haywire_parse_maps_line(held, length, path, section);
}

static void test_maps(void)
{
    uint8_t path[HAYWIRE_PATH_MAX];
    HaywireGuestSection section;

    g_assert_true(parse_maps("55d0c8a00000-55d0c8a28000 r-xp 00028000 fe:01 "
                             "1234567                    /usr/bin/busy box",
                             &section, path));
    g_assert_cmphex(section.start, ==, 0x55d0c8a00000);
    g_assert_cmphex(section.end, ==, 0x55d0c8a28000);
    g_assert_cmphex(section.offset, ==, 0x28000);
    g_assert_cmphex(section.device_major, ==, 0xfe);
    g_assert_cmphex(section.device_minor, ==, 1);
    g_assert_cmpuint(section.inode, ==, 1234567);
    g_assert_cmphex(section.flags, ==,
                    HAYWIRE_SECTION_READ | HAYWIRE_SECTION_EXEC);
    g_assert_cmpmem(section.path, section.path_length, "/usr/bin/busy box", 17);
}

static void test_maps_kinds(void)
{
    uint8_t path[HAYWIRE_PATH_MAX];
    HaywireGuestSection section;

    g_assert_true(
        parse_maps("1000-2000 ---p 00000000 00:00 0 ", &section, path));
    g_assert_cmphex(section.flags, ==, 0);
    g_assert_cmpuint(section.path_length, ==, 0);
    g_assert_true(parse_maps("1000-2000 rw-s 00000000 00:01 9      /dev/zero "
                             "(deleted)",
                             &section, path));
    g_assert_cmphex(section.flags, ==,
                    HAYWIRE_SECTION_READ | HAYWIRE_SECTION_WRITE |
                        HAYWIRE_SECTION_SHARED);
    g_assert_cmpmem(section.path, section.path_length, "/dev/zero (deleted)",
                    19);
    g_assert_true(parse_maps("ffffffffff600000-ffffffffff601000 --xp 00000000 "
                             "00:00 0                  [vsyscall]",
                             &section, path));
    g_assert_cmphex(section.end, ==, G_GUINT64_CONSTANT(0xffffffffff601000));
}

static void test_maps_escapes(void)
{
    uint8_t path[HAYWIRE_PATH_MAX];
    HaywireGuestSection section;

    g_assert_true(parse_maps("1000-2000 r--p 00000000 00:01 9      "
                             "/a\\012b\\040c\\\\012\\01",
                             &section, path));
    g_assert_cmpmem(section.path, section.path_length, "/a\nb\\040c\\\n\\01",
                    14);
}

static void test_maps_long_path(void)
{
    g_autoptr(GString) line = g_string_new("1000-2000 r--p 0 00:01 9 /");
    uint8_t path[HAYWIRE_PATH_MAX];
    HaywireGuestSection section;

    for (int i = 1; i < HAYWIRE_PATH_MAX; i++) {
        g_string_append(line, "\\012");
    }
    g_assert_true(parse_maps(line->str, &section, path));
    g_assert_cmpuint(section.path_length, ==, HAYWIRE_PATH_MAX);
    g_assert_cmphex(section.flags, ==, HAYWIRE_SECTION_READ);
    g_string_append(line, "x");
    g_assert_true(parse_maps(line->str, &section, path));
    g_assert_cmpuint(section.path_length, ==, HAYWIRE_PATH_MAX);
    g_assert_cmphex(section.flags, ==,
                    HAYWIRE_SECTION_READ | HAYWIRE_SECTION_PATH_TRUNCATED);
}

static void test_maps_refused(void)
{
    static const char *const bad[] = {
        "",
        "-",
        "2000-1000 r--p 0 00:01 9",
        "1000-1000 r--p 0 00:01 9",
        "1000 2000 r--p 0 00:01 9",
        "1000-2000 r--q 0 00:01 9",
        "1000-2000 rwx 0 00:01 9",
        "1000-2000 r--p 0 00-01 9",
        "1000-2000 r--p 0 00:01 x",
        "1000-2000 r--p 0 00:100000000 9",
        "1000-10000000000000000 r--p 0 00:01 9",
        "1000-2000 r--p",
    };
    uint8_t path[HAYWIRE_PATH_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        HaywireGuestSection section = { .inode = 1234 };

        g_assert_false(parse_maps(bad[i], &section, path));
        g_assert_cmpuint(section.inode, ==, 1234);
    }
}

static void test_lines(void)
{
    const char *text = "one\n\ntwo";
    size_t position = 0;
    size_t start, length;

    g_assert_true(haywire_parse_line(text, 8, &position, &start, &length));
    g_assert_cmpuint(start, ==, 0);
    g_assert_cmpuint(length, ==, 3);
    g_assert_true(haywire_parse_line(text, 8, &position, &start, &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_true(haywire_parse_line(text, 8, &position, &start, &length));
    g_assert_cmpuint(start, ==, 5);
    g_assert_cmpuint(length, ==, 3);
    g_assert_false(haywire_parse_line(text, 8, &position, &start, &length));
}

static void test_rollup(void)
{
    const char *text = "1000-ffff ---p 00000000 00:00 0    [rollup]\n"
                       "Rss:                 884 kB\n"
                       "Pss:                 385 kB\n"
                       "Pss_Anon:             68 kB\n"
                       "Swap:                 12 kB\n"
                       "SwapPss:               0 kB\n";
    const char *huge = "Rss: 18446744073709551615 kB\nPss: 1 kB\nSwap: 0 kB\n";
    HaywireFigures figures = { 0 };

    g_assert_true(haywire_parse_rollup(text, strlen(text), &figures));
    g_assert_cmpuint(figures.rss, ==, 884 * 1024);
    g_assert_cmpuint(figures.pss, ==, 385 * 1024);
    g_assert_cmpuint(figures.swap, ==, 12 * 1024);
    g_assert_false(haywire_parse_rollup(text, 100, &figures));
    g_assert_false(haywire_parse_rollup(huge, strlen(huge), &figures));
    g_assert_cmpuint(figures.rss, ==, 884 * 1024);
}

static void test_iomem(void)
{
    const char *text = "00000000-00000fff : Reserved\n"
                       "00001000-0009fbff : System RAM\n"
                       "00100000-bffdefff : System RAM\n"
                       "  01000000-01ffffff : Kernel code\n"
                       "  02000000-02ffffff : System RAM\n"
                       "c0000000-c0ffffff : System RAM (kmem)\n"
                       "100000000-13fffffff : System RAM";
    HaywireRam ram[4];

    g_assert_cmpuint(haywire_parse_iomem(text, strlen(text), ram, 4), ==, 3);
    g_assert_cmphex(ram[0].start, ==, 0x1000);
    g_assert_cmphex(ram[0].end, ==, 0x9fc00);
    g_assert_cmphex(ram[2].end, ==, 0x140000000);
    g_assert_cmpuint(haywire_parse_iomem(text, strlen(text), ram, 2), ==, 2);
}

static void test_iomem_hidden(void)
{
    const char *text = "00000000-00000000 : System RAM\n"
                       "00000000-00000000 : System RAM\n"
                       "0-ffffffffffffffff : System RAM\n";
    HaywireRam ram[4];

    g_assert_cmpuint(haywire_parse_iomem(text, strlen(text), ram, 4), ==, 0);
}

static void test_vmcoreinfo(void)
{
    uint64_t gpa = 0;
    uint64_t size = 0;

    g_assert_true(
        haywire_parse_vmcoreinfo("0x000000003eb2c000 1024\n", 24, &gpa, &size));
    g_assert_cmphex(gpa, ==, 0x3eb2c000);
    g_assert_cmphex(size, ==, 0x1024);
    g_assert_true(haywire_parse_vmcoreinfo("3eb2d000 fff", 12, &gpa, &size));
    g_assert_cmphex(gpa, ==, 0x3eb2d000);
    g_assert_false(haywire_parse_vmcoreinfo("0x", 2, &gpa, &size));
    g_assert_false(haywire_parse_vmcoreinfo("1234", 4, &gpa, &size));
}

static void test_deleted(void)
{
    size_t length = 16;

    g_assert_true(haywire_parse_deleted("/bin/x (deleted)", &length));
    g_assert_cmpuint(length, ==, 6);
    g_assert_false(haywire_parse_deleted("/bin/x (deleted)", &length));
    length = 10;
    g_assert_false(haywire_parse_deleted(" (deleted)", &length));
}

static void append_note(GByteArray *notes, const char *name, const char *text,
                        uint32_t text_length)
{
    static const uint8_t padding[4];
    uint32_t head[3] = { (uint32_t)strlen(name) + 1, text_length, 0 };

    g_byte_array_append(notes, (uint8_t *)head, sizeof(head));
    g_byte_array_append(notes, (const uint8_t *)name, head[0]);
    g_byte_array_append(notes, padding, -head[0] % 4);
    g_byte_array_append(notes, (const uint8_t *)text, text_length);
    g_byte_array_append(notes, padding, -text_length % 4);
}

static void test_notes(void)
{
    g_autoptr(GByteArray) notes = g_byte_array_new();
    char text[16];

    append_note(notes, "CORE", "12345", 5);
    append_note(notes, "VMCOREINFO", "OSRELEASE=6.1\n\0\0\0", 17);
    g_assert_cmpuint(
        haywire_notes_vmcoreinfo(notes->data, notes->len, text, sizeof(text)),
        ==, 14);
    g_assert_cmpmem(text, 14, "OSRELEASE=6.1\n", 14);
    g_assert_cmpuint(haywire_notes_vmcoreinfo(notes->data, notes->len, text, 4),
                     ==, 4);
    /* Cut anywhere before its padding, the note is not there. */
    for (size_t length = 0; length < notes->len - 3; length++) {
        g_autofree uint8_t *held = g_memdup2(notes->data, length);

        g_assert_cmpuint(
            haywire_notes_vmcoreinfo(held, length, text, sizeof(text)), ==, 0);
    }
}

static void test_notes_lengths(void)
{
    uint8_t notes[64];
    char text[16];

    memset(notes, 0xff, sizeof(notes));
    g_assert_cmpuint(
        haywire_notes_vmcoreinfo(notes, sizeof(notes), text, sizeof(text)), ==,
        0);
    memset(notes, 0, sizeof(notes));
    g_assert_cmpuint(
        haywire_notes_vmcoreinfo(notes, sizeof(notes), text, sizeof(text)), ==,
        0);
}

static void test_run_time(void)
{
    static const char *const bad[] = {
        "", " ", "x", "12", "-1 2 3\n", "18446744073709551616 1 1\n"
    };
    uint64_t ns = 7;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(haywire_parse_run_time(bad[i], strlen(bad[i]), &ns));
        g_assert_cmpuint(ns, ==, 7);
    }
    g_assert_true(haywire_parse_run_time("557920 256681 1\n", 16, &ns));
    g_assert_cmpuint(ns, ==, 557920);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parse/run-time", test_run_time);
    g_test_add_func("/parse/stat", test_stat);
    g_test_add_func("/parse/stat/fields", test_stat_fields);
    g_test_add_func("/parse/named", test_named);
    g_test_add_func("/parse/cgroup", test_cgroup);
    g_test_add_func("/parse/stat/names", test_stat_names);
    g_test_add_func("/parse/stat/short", test_stat_short);
    g_test_add_func("/parse/stat/refused", test_stat_refused);
    g_test_add_func("/parse/stat/largest", test_stat_largest);
    g_test_add_func("/parse/statm", test_statm);
    g_test_add_func("/parse/maps", test_maps);
    g_test_add_func("/parse/maps/kinds", test_maps_kinds);
    g_test_add_func("/parse/maps/escapes", test_maps_escapes);
    g_test_add_func("/parse/maps/long-path", test_maps_long_path);
    g_test_add_func("/parse/maps/refused", test_maps_refused);
    g_test_add_func("/parse/lines", test_lines);
    g_test_add_func("/parse/rollup", test_rollup);
    g_test_add_func("/parse/iomem", test_iomem);
    g_test_add_func("/parse/iomem/hidden", test_iomem_hidden);
    g_test_add_func("/parse/vmcoreinfo", test_vmcoreinfo);
    g_test_add_func("/parse/deleted", test_deleted);
    g_test_add_func("/parse/notes", test_notes);
    g_test_add_func("/parse/notes/lengths", test_notes_lengths);
    return g_test_run();
}
