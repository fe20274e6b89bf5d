/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad input: one clear line and the documented exit status for each.
 */
#include <elf.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "scene.h"

#define NOBODY 65534

static void check_on(const char *path, const char *command, int status,
                     const char *err_pattern)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s %s", path, command);

    cli_check(arguments, status, "", err_pattern);
}

static void test_no_such_file(void)
{
    g_autofree char *path = cli_path("absent");

    check_on(path, "ps", 3, "haywire: */absent: No such file or directory");
}

static void test_empty_file(void)
{
    g_autofree char *path = cli_path("empty");

    g_file_set_contents(path, "", 0, NULL);
    check_on(path, "ps", 3, "haywire: */empty: The memory file is empty");
}

static void test_unaligned_file(void)
{
    static const char bytes[5000];
    g_autofree char *path = cli_path("unaligned");

    g_file_set_contents(path, bytes, sizeof(bytes), NULL);
    check_on(path, "ps", 3, "haywire: */unaligned: * multiple of the page*");
}

/* What people have that is no RAM file: its name, and what to do. */
static void test_other_kinds(void)
{
    static const struct {
        const char *bytes;
        gsize length;
        const char *said;
    } kind[] = {
#define KIND(bytes, said) { bytes, sizeof(bytes), said }
        KIND("\x1f\x8b\x08", "gzip data: unpack it first: gunzip -k"),
        KIND("\x28\xb5\x2f\xfd", "zstd data: unpack it first: unzstd"),
        KIND("\xfd"
             "7zXZ\0",
             "xz data: unpack it first: unxz -k"),
        KIND("QFI\xfb", "a qcow2 disk image: that is no memory; *"),
        KIND("QEVM", "a QEMU migration stream: start a QEMU *"),
        KIND("LibvirtQemudSave", "a libvirt save file: dump-guest-memory *"),
        KIND("KDUMP   ", "a compressed kdump: dump-guest-memory *"),
        KIND("makedumpfile", "a flattened kdump: dump-guest-memory *"),
        KIND("PAGEDU64", "a Windows crash dump: dump-guest-memory *"),
        KIND("\x7f"
             "ELF\2\1\1",
             "The payload ends within a field (ELF header *"),
        KIND("EMiL\2", "a LiME image of a later, packed form: convert *"),
    };
    g_autofree char *bytes = g_malloc0(8192);
    g_autofree char *path = cli_path("other");

    for (gsize i = 0; i < G_N_ELEMENTS(kind); i++) {
        g_autofree char *said =
            g_strdup_printf("haywire: */other: %s", kind[i].said);
        const gboolean is_elf = kind[i].bytes[0] == '\x7f';

        memset(bytes, 0, 8192);
        memcpy(bytes, kind[i].bytes, kind[i].length);
        g_file_set_contents(path, bytes, is_elf ? 40 : 8192, NULL);
        check_on(path, "ps", is_elf ? 4 : 3, said);
    }
    check_on(
        g_getenv("HAYWIRE_TOOL"), "ps", 3,
        "haywire: *: an ELF file, but no memory of a guest: give a core *");
}

static void test_no_regular_file(void)
{
    g_autofree char *fifo = cli_path("fifo");

    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    check_on(cli_folder(), "ps", 3, "haywire: *: Not a regular file");
    check_on("/dev/null", "ps", 3, "haywire: /dev/null: Not a regular file");
    check_on(fifo, "ps", 3, "haywire: */fifo: Not a regular file");
}

static void check_opens(const char *path)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s scan", path);

    cli_check(arguments, 0, NULL, NULL);
}

/* What a name, or a name behind a name, leads to. */
static void test_links(void)
{
    g_autofree char *file = cli_ram_new("linked", SCENE, SCENE_SIZE);
    g_autofree char *first = cli_path("first");
    g_autofree char *second = cli_path("second");
    g_autofree char *loop = cli_path("loop");

    g_assert_cmpint(symlink("linked", first), ==, 0);
    g_assert_cmpint(symlink(first, second), ==, 0);
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    check_opens(second);
    check_on(loop, "ps", 3, "haywire: */loop: Too many levels of symbolic *");
}

/* A memfd has no name but a link in /proc. */
static void test_no_name(void)
{
    g_autofree char *file = cli_ram_new("no-name", SCENE, SCENE_SIZE);
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    g_autofree char *path =
        g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);

    g_assert_cmpint(g_unlink(file), ==, 0);
    check_opens(path);
    close(fd);
}

/* In a folder that is open to all, a link is somebody else's trap. */
static void test_foreign_link(void)
{
    g_autofree char *file = cli_ram_new("target", SCENE, SCENE_SIZE);
    g_autofree char *folder = cli_path("open-to-all");
    g_autofree char *link = g_build_filename(folder, "ram", NULL);
    g_autofree char *mine = cli_path("mine");

    if (geteuid() != 0) {
        g_test_skip("only root can make another user's link");
        return;
    }
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(g_chmod(folder, 01777), ==, 0);
    g_assert_cmpint(symlink(file, link), ==, 0);
    g_assert_cmpint(symlink(link, mine), ==, 0);
    check_opens(link);
    g_assert_cmpint(lchown(link, NOBODY, NOBODY), ==, 0);
    check_on(link, "ps", 3, "haywire: */ram: A symbolic link of another *");
    check_on(mine, "ps", 3, "haywire: */mine: A symbolic link of another *");
    /* Not sticky: who owns the folder answers for what lies in it. */
    g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
    check_opens(link);
}

static void become_nobody(void)
{
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        _exit(126);
    }
}

/* A copy of the tool that everybody may run, wherever it was built. */
static char *public_tool(void)
{
    g_autofree char *bytes = NULL;
    char *path = cli_path("tool");
    gsize length;

    g_assert_true(
        g_file_get_contents(g_getenv("HAYWIRE_TOOL"), &bytes, &length, NULL));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    g_assert_cmpint(g_chmod(cli_folder(), 0755), ==, 0);
    return path;
}

static void test_not_readable(void)
{
    g_autofree char *path = cli_ram_new("secret", SCENE, SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s ps", path);
    g_autofree char *built = g_strdup(g_getenv("HAYWIRE_TOOL"));
    g_autofree char *tool = public_tool();
    CliProcess process;
    CliResult result;

    g_assert_cmpint(g_chmod(path, 0), ==, 0);
    g_setenv("HAYWIRE_TOOL", tool, TRUE);
    process = cli_start(arguments, geteuid() == 0 ? become_nobody : NULL);
    cli_wait(&process, &result);
    g_setenv("HAYWIRE_TOOL", built, TRUE);
    g_assert_true(
        g_pattern_match_simple("haywire: */secret: Permission *", result.err));
    g_assert_cmpstr(result.out, ==, "");
    g_assert_cmpint(result.status, ==, 3);
    cli_result_clear(&result);
}

static void test_no_beacons(void)
{
    g_autofree char *path = cli_path("bare");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    g_assert_cmpint(ftruncate(fd, SCENE_SIZE), ==, 0);
    g_assert_cmpint(pwrite(fd, "something", 9, 8192), ==, 9);
    close(fd);
    check_on(path, "ps", 1, "haywire: No companion's session was found");
    check_on(path, "sections 1", 1, "haywire: No companion's session *");
    check_on(path, "translate 1 0", 1, "haywire: No companion's session *");
    check_on(path, "focus 1", 1, "haywire: No companion's session *");
}

static void test_corrupt(void)
{
    g_autofree char *session = cli_ram_new(
        "session", SCENE "corrupt master 0 checksum=1\n", SCENE_SIZE);
    g_autofree char *list =
        cli_ram_new("list",
                    SCENE_SESSION "process pid=1 in=snapshot\n"
                                  "corrupt pid 0 checksum=1\n",
                    SCENE_SIZE);
    g_autofree char *scan = g_strdup_printf("--ram %s scan", session);

    check_on(session, "ps", 4,
             "haywire: No session, but 1 corrupt beacon page");
    cli_check(scan, 4, NULL, "haywire: No session, but 1 corrupt beacon page");
    check_on(list, "ps", 4, "haywire: No process list: * (bad-checksum)");
}

/* The same file, made good while the tool looks. */
static void test_corrupt_at_first(void)
{
    g_autofree char *path = cli_ram_new(
        "mended", SCENE "corrupt master 0 checksum=1\n", SCENE_SIZE);
    g_autofree char *good = cli_ram_new("good", SCENE, SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s ps", path);
    g_autofree char *bytes = NULL;
    CliProcess process;
    CliResult result;
    gsize length;
    int fd;

    g_assert_true(g_file_get_contents(good, &bytes, &length, NULL));
    process = cli_start(arguments, NULL);
    g_usleep(G_USEC_PER_SEC / 4);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, bytes, length, 0), ==, (gssize)length);
    close(fd);
    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "init"));
    cli_result_clear(&result);
}

static char *write_part(const char *name, const char *bytes, gsize length)
{
    char *path = cli_path(name);

    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    return path;
}

/* A guest whose memory is in two files: both give what one would. */
static void test_two_files(void)
{
    const gsize cut = 1 << 20;
    g_autofree char *whole = cli_ram_new("whole", SCENE, SCENE_SIZE);
    g_autofree char *bytes = NULL;
    g_autofree char *low = NULL;
    g_autofree char *high = NULL;
    g_autofree char *one = g_strdup_printf("--ram %s ps", whole);
    g_autofree char *both = NULL;
    g_autofree char *place = NULL;
    g_autofree char *missing = NULL;
    CliResult expected, found;
    gsize length;

    g_assert_true(g_file_get_contents(whole, &bytes, &length, NULL));
    low = write_part("low", bytes, cut);
    high = write_part("high", bytes + cut, length - cut);
    both = g_strdup_printf("--ram %s --ram %s ps", low, high);
    cli_run(one, &expected);
    cli_run(both, &found);
    g_assert_cmpint(found.status, ==, 0);
    g_assert_cmpstr(found.out, ==, expected.out);
    cli_result_clear(&expected);
    cli_result_clear(&found);

    place = g_strdup_printf("--ram %s --ram %s translate 1 400000", low, high);
    cli_run(place, &found);
    g_assert_nonnull(strstr(found.out, high));
    g_assert_nonnull(strstr(found.out, "0x23000\n"));
    cli_result_clear(&found);

    missing = g_strdup_printf("--ram %s --ram %s.gone ps", low, high);
    cli_check(missing, 3, "", "haywire: *high.gone: No such file *");
}

/* The first @length bytes of the scene's file. */
static char *cut_scene(const char *name, gsize length)
{
    g_autofree char *whole = cli_ram_new("uncut", SCENE, SCENE_SIZE);
    g_autofree char *bytes = NULL;

    g_assert_true(g_file_get_contents(whole, &bytes, NULL, NULL));
    return write_part(name, bytes, length);
}

/* A copy that was cut off says so; what is lost is absent, and not 0. */
static void test_cut_file(void)
{
    g_autofree char *path = cut_scene("cut", 8 << 20);
    g_autofree char *ps = g_strdup_printf("--ram %s ps", path);
    g_autofree char *json = g_strdup_printf("--ram %s --json status", path);
    CliResult found;

    cli_run(ps, &found);
    g_assert_cmpint(found.status, ==, 0);
    g_assert_nonnull(strstr(found.out, "/sbin/init"));
    g_assert_nonnull(
        strstr(found.err, "; shorter than the guest's RAM: 8 MiB missing\n"));
    cli_result_clear(&found);
    cli_run(json, &found);
    g_assert_nonnull(strstr(found.out, "\"ram-missing\": 8388608"));
    g_assert_nonnull(strstr(found.err, "8 MiB missing\n"));
    cli_result_clear(&found);
}

/* Cut behind the session's first pages. */
static void test_cut_session(void)
{
    static const char said[] = "; shorter than the guest's RAM: 15.0 MiB "
                               "missing; 100 of the session's 110 pages "
                               "missing";
    g_autofree char *path = cut_scene("cut-session", (1 << 20) + (10 << 12));
    g_autofree char *status = g_strdup_printf("--ram %s --json status", path);
    g_autofree char *list =
        g_strdup_printf("haywire: The session has no process list%s", said);
    g_autofree char *pid = g_strdup_printf(
        "haywire: There is no such process in the guest (pid 1)%s", said);
    CliResult found;

    cli_run(status, &found);
    g_assert_cmpint(found.status, ==, 0);
    g_assert_null(strstr(found.out, "\"snapshot-"));
    g_assert_null(strstr(found.out, "\"processes"));
    g_assert_nonnull(strstr(found.out, "\"ram-missing\""));
    g_assert_nonnull(strstr(found.err, said));
    cli_result_clear(&found);
    check_on(path, "ps", 1, list);
    check_on(path, "ptes 1", 1, pid);
}

typedef struct LimeHeader {
    guint32 magic;
    guint32 version;
    guint64 start;
    guint64 last;
    guint64 reserved;
} LimeHeader;

/* The scene's memory, in two pieces, as a file that names its addresses. */
static char *write_lime(const char *bytes)
{
    const LimeHeader low = { 0x4c694d45, 1, 0, 0x2fff, 0 };
    const LimeHeader high = { 0x4c694d45, 1, 0x3000, SCENE_SIZE - 1, 0 };
    g_autoptr(GByteArray) image = g_byte_array_new();

    g_byte_array_append(image, (const guint8 *)&low, sizeof(low));
    g_byte_array_append(image, (const guint8 *)bytes, 0x3000);
    g_byte_array_append(image, (const guint8 *)&high, sizeof(high));
    g_byte_array_append(image, (const guint8 *)bytes + 0x3000,
                        SCENE_SIZE - 0x3000);
    return write_part("image.lime", (const char *)image->data, image->len);
}

static char *write_elf(const char *bytes)
{
    const struct {
        Elf64_Ehdr header;
        Elf64_Phdr load[2];
    } head = {
        .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
                    .e_type = ET_CORE,
                    .e_phoff = sizeof(Elf64_Ehdr),
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = 2 },
        .load = { { .p_type = PT_NOTE },
                  { .p_type = PT_LOAD,
                    .p_offset = sizeof(head),
                    .p_filesz = SCENE_SIZE } },
    };
    g_autoptr(GByteArray) image = g_byte_array_new();

    g_byte_array_append(image, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(image, (const guint8 *)bytes, SCENE_SIZE);
    return write_part("image.elf", (const char *)image->data, image->len);
}

/* @offset: what the scene's address 0x123000 has in the file. */
static void check_image(const char *path, const char *expected,
                        const char *offset)
{
    g_autofree char *ps = g_strdup_printf("--ram %s ps", path);
    g_autofree char *place =
        g_strdup_printf("--ram %s translate 1 400000", path);
    g_autofree char *two = g_strdup_printf("--ram %s --ram %s ps", path, path);
    CliResult found;

    cli_run(ps, &found);
    g_assert_cmpint(found.status, ==, 0);
    g_assert_cmpstr(found.out, ==, expected);
    cli_result_clear(&found);
    cli_run(place, &found);
    g_assert_nonnull(strstr(found.out, offset));
    cli_result_clear(&found);
    cli_check(two, 2, "", "haywire: *: holds all of a guest's memory by *");
    check_on(path, "focus 1", 1, "haywire: *");
}

/* LiME images and ELF cores are memory like a RAM file. */
static void test_images(void)
{
    g_autofree char *whole = cli_ram_new("raw", SCENE, SCENE_SIZE);
    g_autofree char *ps = g_strdup_printf("--ram %s ps", whole);
    g_autofree char *bytes = NULL;
    g_autofree char *lime = NULL;
    g_autofree char *elf = NULL;
    CliResult expected;

    g_assert_true(g_file_get_contents(whole, &bytes, NULL, NULL));
    lime = write_lime(bytes);
    elf = write_elf(bytes);
    cli_run(ps, &expected);
    check_image(lime, expected.out, "0x123040\n");
    check_image(elf, expected.out, "0x1230b0\n");
    cli_result_clear(&expected);
}

/* What a running guest's memory begins with, the guest decides. */
static void test_in_use(void)
{
    g_autofree char *path = cli_ram_new("in-use", SCENE, SCENE_SIZE);
    const int fd = open(path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(pwrite(fd, "\x1f\x8b\x08", 3, 0), ==, 3);
    check_opens(path);
    g_assert_cmpint(pwrite(fd,
                           "\x7f"
                           "ELF",
                           4, 0),
                    ==, 4);
    check_opens(path);
    close(fd);
    check_on(path, "ps", 4, "haywire: */in-use: *(ELF class *");
}

static void test_wrong_pid(void)
{
    g_autofree char *path = cli_ram_new("pids", SCENE, SCENE_SIZE);

    check_on(path, "sections 99", 1,
             "haywire: There is no such process in the guest (pid 99)");
    check_on(path, "sections 2", 1, "haywire: * not published yet (pid 2)");
    check_on(path, "ptes 2", 1, "haywire: No camera holds * (pid 2): *");
    check_on(path, "ptes 1 0x10 16", 1, "haywire: No page there * (pid 1)");
    check_on(path, "translate 1 0x10", 1, "haywire: * no page * (pid 1)");
}

static void test_usage(void)
{
    static const char *const lines[] = {
        "",
        "ps",
        "--ram",
        "--ram x --qmp y ps",
        "--ram x nonsense",
        "--ram x --nonsense ps",
        "--ram x -z ps",
        "--ram x status 1",
        "--qmp /nonexistent/socket sections 1x",
        "--qmp /nonexistent/socket ps -o nonsense",
        "--qmp /nonexistent/socket watch 0",
        "--ram x sections",
        "--ram /dev/null sections 1 2",
        "--ram x focus",
        "--ram x focus 1 2 3",
        "--ram x translate 1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        cli_check(lines[i], 2, "", "haywire: *");
    }
}

static void test_numbers(void)
{
    g_autofree char *path = cli_ram_new("numbers", SCENE, SCENE_SIZE);

    check_on(path, "sections 0", 2, "haywire: 0 is out of range for PID*");
    check_on(path, "sections -- -1", 2, "haywire: \"-1\" is not a number *");
    check_on(path, "sections 4294967296", 2, "haywire: * out of range *");
    check_on(path, "sections 1x", 2, "haywire: \"1x\" is not a number *");
    check_on(path, "sections 0x0x1", 2, "haywire: \"0x0x1\" is not *");
    check_on(path, "sections 1a", 2, "haywire: \"1a\" is not a number *");
    check_on(path, "ptes 1 zz", 2, "haywire: \"zz\" is not a number *");
    check_on(path, "ptes 1 0 0", 2, "haywire: 0 is out of range for LENGTH*");
    check_on(path, "translate 1 99999999999999999999", 2,
             "haywire: * is not a number for ADDRESS");
    check_on(path, "focus 1 3", 2,
             "haywire: camera 3 does not exist: there are 1 and 2");
    check_on(path, "focus 1 0", 2, "haywire: camera 0 does not exist*");
    check_on(path, "unfocus 3", 2, "haywire: camera 3 does not exist*");
    check_on(path, "watch 0", 2, "haywire: 0 is out of range for SECONDS*");
}

static void test_help(void)
{
    CliResult result;

    cli_run("--help", &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpstr(result.err, ==, "");
    g_assert_nonnull(strstr(result.out, "translate PID ADDRESS"));
    cli_result_clear(&result);
    cli_run("ps --help", &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "details-generation"));
    cli_result_clear(&result);
    cli_check("--version", 0, "haywire " HAYWIRE_VERSION "\n", NULL);
    cli_check("nonsense --help", 2, "", "haywire: Unknown command*");
}

/* The manual has every command that the usage shows, with its arguments. */
static void test_manual(void)
{
    g_autofree char *manual = NULL;
    g_auto(GStrv) line = NULL;
    CliResult result;
    int commands = 0;

    g_assert_true(
        g_file_get_contents(g_getenv("HAYWIRE_MANUAL"), &manual, NULL, NULL));
    cli_run("--help", &result);
    line = g_strsplit(strstr(result.out, "Commands:\n"), "\n", -1);
    for (int i = 1; line[i][0]; i++) {
        g_auto(GStrv) word = g_strsplit(g_strchug(line[i]), " ", 2);
        g_autofree char *item = g_strdup_printf(".It Cm %s", word[0]);

        g_test_message("%s", word[0]);
        g_assert_nonnull(strstr(manual, item));
        commands++;
    }
    g_assert_cmpint(commands, >=, 16);
    cli_result_clear(&result);
}

/* A full disk: what was asked for was not given. */
static void to_full(void)
{
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
}

static void test_output_fails(void)
{
    g_autofree char *path = cli_ram_new("full", SCENE, SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s --json ps", path);
    CliProcess process = cli_start(arguments, to_full);
    CliResult result;

    cli_wait(&process, &result);
    g_assert_nonnull(strstr(result.err, "standard output: No space left"));
    g_assert_cmpint(result.status, ==, 3);
    cli_result_clear(&result);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/input/no-such-file", test_no_such_file);
    g_test_add_func("/cli/input/empty-file", test_empty_file);
    g_test_add_func("/cli/input/unaligned-file", test_unaligned_file);
    g_test_add_func("/cli/input/other-kinds", test_other_kinds);
    g_test_add_func("/cli/input/no-regular-file", test_no_regular_file);
    g_test_add_func("/cli/input/links", test_links);
    g_test_add_func("/cli/input/no-name", test_no_name);
    g_test_add_func("/cli/input/foreign-link", test_foreign_link);
    g_test_add_func("/cli/input/not-readable", test_not_readable);
    g_test_add_func("/cli/input/no-beacons", test_no_beacons);
    g_test_add_func("/cli/input/corrupt", test_corrupt);
    g_test_add_func("/cli/input/corrupt-at-first", test_corrupt_at_first);
    g_test_add_func("/cli/input/two-files", test_two_files);
    g_test_add_func("/cli/input/cut-file", test_cut_file);
    g_test_add_func("/cli/input/cut-session", test_cut_session);
    g_test_add_func("/cli/input/images", test_images);
    g_test_add_func("/cli/input/in-use", test_in_use);
    g_test_add_func("/cli/input/wrong-pid", test_wrong_pid);
    g_test_add_func("/cli/input/usage", test_usage);
    g_test_add_func("/cli/input/numbers", test_numbers);
    g_test_add_func("/cli/input/help", test_help);
    g_test_add_func("/cli/input/manual", test_manual);
    g_test_add_func("/cli/input/output-fails", test_output_fails);
    failed = g_test_run();
    cli_end();
    return failed;
}
