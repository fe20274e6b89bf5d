/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read, core and vmcore on a file with a small made-up kernel: what they
 * print, what they write, what they refuse, and that a file that is not
 * finished is not there. Real guests are for tests/guest.
 */
#include <elf.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "kernel_image.h"
#include "scene.h"

#define PAGE 4096

/* Bytes from the beginning of each process's page to its arguments. */
#define MARKS 0xc8

/* Of files whose last writer is gone. */
#define STALE "haywire: stale: *"

static char *ram; /* of which process 2 has a page, and another in swap */

static void make_ram(void)
{
    KernelImage *image = kernel_image_new();
    const guint64 swapped = GUINT64_TO_LE(0x123400);
    g_autoptr(GError) error = NULL;

    memcpy(image->bytes + kernel_image_page(1) - PAGE + 8, &swapped,
           sizeof(swapped));
    kernel_image_set(image, kernel_image_mm(1), M_MM_AUXV, AT_PAGESZ);
    kernel_image_set(image, kernel_image_area(1), M_AREA_END,
                     KERNEL_IMAGE_USER + 2 * PAGE);
    ram = cli_path("kernel.ram");
    g_file_set_contents(ram, (const char *)image->bytes, KERNEL_IMAGE_SIZE,
                        &error);
    g_assert_no_error(error);
    kernel_image_free(image);
}

static char *with_ram(const char *arguments)
{
    return g_strdup_printf("--ram %s %s", ram, arguments);
}

static void test_text(void)
{
    g_autofree char *arguments = with_ram("read process-2 0x4000c8 16");
    g_autofree char *across = with_ram("read 2 400ff8 32");

    cli_check(arguments, 0,
              "00000000004000c8  61 6e 00 61 72 67 75 6d  "
              "65 6e 74 00 00 00 00 00  |an.argument.....|\n",
              STALE);
    cli_check(across, 0,
              "0000000000400ff8  00 00 00 00 00 00 00 00  "
              "-- -- -- -- -- -- -- --  |........        |\n"
              "0000000000401000  -- 24 bytes: swapped out by the guest\n",
              STALE);
}

/* Lines that are alike are told once, as by hexdump -C. */
static void test_repeated(void)
{
    g_autofree char *arguments = with_ram("read 2 400f90 0x60");

    cli_check(arguments, 0,
              "0000000000400f90  00 00 00 00 00 00 00 00  "
              "00 00 00 00 00 00 00 00  |................|\n*\n",
              STALE);
}

static JsonObject *member(JsonNode *node, const char *name)
{
    return json_object_get_object_member(json_node_get_object(node), name);
}

static void test_json(void)
{
    g_autofree char *arguments = with_ram("--json read 2 0x3ffffc 0x2004");
    g_autofree guchar *data = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *memory, *part;
    CliResult result;
    JsonArray *missing;
    gsize length;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    node = json_from_string(result.out, NULL);
    memory = member(node, "memory");
    g_assert_cmpstr(json_object_get_string_member(memory, "whose"), ==,
                    "process");
    g_assert_cmpstr(json_object_get_string_member(memory, "source"), ==,
                    "kernel");
    g_assert_cmpint(json_object_get_int_member(memory, "present"), ==, PAGE);
    data =
        g_base64_decode(json_object_get_string_member(memory, "data"), &length);
    g_assert_cmpuint(length, ==, 0x2004);
    g_assert_cmpstr((char *)data + 4 + MARKS + 3, ==, "argument");
    missing = json_object_get_array_member(memory, "missing");
    g_assert_cmpuint(json_array_get_length(missing), ==, 2);
    part = json_array_get_object_element(missing, 0);
    g_assert_cmpstr(json_object_get_string_member(part, "reason"), ==,
                    "not-mapped");
    g_assert_cmpint(json_object_get_int_member(part, "level"), ==, 2);
    g_assert_cmpint(json_object_get_int_member(part, "length"), ==, 4);
    part = json_array_get_object_element(missing, 1);
    g_assert_cmpstr(json_object_get_string_member(part, "reason"), ==,
                    "swapped-by-guest");
    cli_result_clear(&result);
}

static void test_bytes(void)
{
    g_autofree char *path = cli_path("bytes");
    g_autofree char *words = g_strdup_printf("-o %s read 2 4000cb 8", path);
    g_autofree char *to_file = with_ram(words);
    g_autofree char *raw = with_ram("read --raw 2 4000cb 8");
    g_autofree char *kernel =
        with_ram("read --raw --kernel ffff888000000000 4096");
    g_autofree char *physical = with_ram("read --raw --physical 0 4096");
    g_autofree char *content = NULL;
    CliResult one, other;
    gsize length;

    cli_check(raw, 0, "argument", STALE);
    cli_check(to_file, 0, "", STALE);
    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    g_assert_cmpmem(content, length, "argument", 8);
    cli_check(to_file, 3, "", "haywire: */bytes: exists already: *");
    cli_run(kernel, &one);
    cli_run(physical, &other);
    g_assert_cmpint(one.status, ==, 0);
    g_assert_cmpstr(one.out, ==, other.out);
    cli_result_clear(&one);
    cli_result_clear(&other);
}

/* Without a kernel, where a camera says that pages lie: at 0x123000. */
static void test_camera(void)
{
    g_autofree char *path = cli_ram_new("camera", SCENE, SCENE_SIZE);
    g_autofree char *held =
        g_strdup_printf("--ram %s --json read 1 400010 0x2000", path);
    g_autofree char *other = g_strdup_printf("--ram %s read 301 0 1", path);
    g_autofree char *content = NULL;
    g_autofree guchar *data = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *memory;
    CliResult result;
    gsize length;

    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    cli_run(held, &result);
    g_assert_cmpint(result.status, ==, 0);
    node = json_from_string(result.out, NULL);
    memory = member(node, "memory");
    g_assert_cmpstr(json_object_get_string_member(memory, "source"), ==,
                    "companion");
    g_assert_cmpint(json_object_get_int_member(memory, "present"), ==, 0x1ff0);
    data =
        g_base64_decode(json_object_get_string_member(memory, "data"), &length);
    g_assert_cmpuint(length, ==, 0x2000);
    g_assert_cmpmem(data, 0x1ff0, content + 0x123010, 0x1ff0);
    cli_result_clear(&result);
    cli_run(other, &result);
    g_assert_cmpint(result.status, ==, 1);
    cli_result_clear(&result);
}

static void test_refused(void)
{
    static const struct {
        const char *arguments;
        int status;
        const char *error;
    } wrong[] = {
        { "read 2 400000", 2, "haywire: Usage: *" },
        { "read 2 400000 16 16", 2, "haywire: Usage: *" },
        { "read --kernel 2 400000 16", 2, "haywire: Usage: *" },
        { "read 2 400000 0", 2, "haywire: 0 is out of range for LENGTH: *" },
        { "read 2 400000 0x100001", 2, "haywire: LENGTH is at most 1048576 *" },
        { "read 2 ffffffffffffffff 2", 2, "haywire: ADDRESS and LENGTH *" },
        { "read --kernel --physical 0 1", 2, "haywire: Either --kernel *" },
        { "read --raw --json 2 400000 1", 2, "haywire: Only one of --raw*" },
        { "ps --raw", 2, "haywire: --kernel, --physical and --raw *" },
        { "read --info 2 400000 1", 2, "haywire: --info and --format *" },
        { "vmcore", 2, "haywire: vmcore takes either FILE or --info" },
        { "vmcore --info x", 2, "haywire: vmcore takes either *" },
        { "vmcore --format raw x", 2, "haywire: --format is elf or lime*" },
        { "--from companion core 2 x", 2,
          "haywire: core needs the guest's k*" },
        { "read 99 400000 1", 1, "haywire: There is no such process *" },
        { "read 2 500000 16", 1, "haywire: Nothing of it can be read: not m*" },
        { "read --physical 100000000 1", 1, "haywire: Nothing of it *" },
        { "core 2 /nowhere/core", 3, "haywire: /nowhere/core: No such file*" },
        { "core 2 /dev/null", 3, "haywire: /dev/null: exists already*" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *arguments = with_ram(wrong[i].arguments);

        cli_check(arguments, wrong[i].status, "", wrong[i].error);
    }
    cli_check("--qmp /nowhere read 1 0 1", 2, "",
              "haywire: read needs the guest's RAM file: --ram FILE");
}

/* Nothing of this name, nor one that begins so. */
static void assert_nothing(const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(cli_folder(), 0, NULL);
    const char *entry;

    while ((entry = g_dir_read_name(folder))) {
        g_assert_false(g_str_has_prefix(entry, name));
    }
}

static void to_small_files(void)
{
    const struct rlimit limit = { PAGE, PAGE };

    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* As on a full disk: what cannot be written as a whole is not there. */
static void test_no_room(void)
{
    g_autofree char *path = cli_path("large");
    g_autofree char *words = g_strdup_printf("vmcore %s", path);
    g_autofree char *arguments = with_ram(words);
    CliProcess process = cli_start(arguments, to_small_files);
    CliResult result;

    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, 3);
    assert_nothing("large");
    cli_result_clear(&result);
}

static gboolean has_begun(const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(cli_folder(), 0, NULL);
    const char *entry;

    while ((entry = g_dir_read_name(folder))) {
        if (g_str_has_prefix(entry, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * While somebody may write to the memory the tool waits for its kernel to go
 * on, for three seconds: it is ended then.
 */
static void test_interrupted(void)
{
    g_autofree char *path = cli_path("ended");
    g_autofree char *words = g_strdup_printf("core 2 %s", path);
    g_autofree char *arguments = with_ram(words);
    const int writer = open(ram, O_RDWR | O_CLOEXEC);
    CliProcess process = cli_start(arguments, NULL);
    CliResult result;

    g_assert_cmpint(writer, >=, 0);
    while (!has_begun("ended")) {
        g_usleep(10000);
    }
    g_assert_cmpint(kill(process.pid, SIGTERM), ==, 0);
    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, -SIGTERM);
    assert_nothing("ended");
    cli_result_clear(&result);
    close(writer);
}

/* The segment of this type; NULL: there is none. */
static const Elf64_Phdr *segment(const char *file, guint32 type)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    const Elf64_Phdr *all = (const Elf64_Phdr *)(file + header->e_phoff);

    for (int i = 0; i < header->e_phnum; i++) {
        if (all[i].p_type == type) {
            return &all[i];
        }
    }
    return NULL;
}

/* How many notes there are of @type. */
static int count_notes(const char *file, guint32 type)
{
    const Elf64_Phdr *notes = segment(file, PT_NOTE);
    gsize at = notes->p_offset, end = at + notes->p_filesz;
    int count = 0;

    while (at < end) {
        const Elf64_Nhdr *note = (const Elf64_Nhdr *)(file + at);

        count += note->n_type == type;
        at += sizeof(*note) + ((note->n_namesz + 3) & ~3u) +
              ((note->n_descsz + 3) & ~3u);
    }
    g_assert_cmpuint(at, ==, end);
    return count;
}

/* One section of two pages, the second of which is in swap. */
static void test_core(void)
{
    g_autofree char *path = cli_path("two.core");
    g_autofree char *words = g_strdup_printf("--json core 2 %s", path);
    g_autofree char *arguments = with_ram(words);
    g_autofree char *content = NULL;
    g_autoptr(JsonNode) node = NULL;
    const Elf64_Phdr *load;
    JsonObject *core;
    CliResult result;
    struct stat found;
    gsize length;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    node = json_from_string(result.out, NULL);
    core = member(node, "core");
    g_assert_cmpint(json_object_get_int_member(core, "present"), ==, PAGE);
    g_assert_cmpint(json_object_get_int_member(core, "absent"), ==, PAGE);
    g_assert_cmpint(json_object_get_int_member(core, "threads"), ==, 1);
    g_assert_cmpint(json_object_get_int_member(core, "without-registers"), ==,
                    1);
    cli_result_clear(&result);
    g_assert_cmpint(stat(path, &found), ==, 0);
    g_assert_cmpint(found.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    g_assert_cmpmem(content, SELFMAG, ELFMAG, SELFMAG);
    load = segment(content, PT_LOAD);
    g_assert_cmphex(load->p_vaddr, ==, KERNEL_IMAGE_USER);
    g_assert_cmphex(load->p_filesz, ==, PAGE);
    g_assert_cmphex(load->p_memsz, ==, 2 * PAGE);
    g_assert_cmpint(load->p_flags, ==, PF_R | PF_X);
    g_assert_cmpuint(length, ==, load->p_offset + load->p_filesz);
    g_assert_cmpstr(content + load->p_offset + MARKS + 3, ==, "argument");
    g_assert_cmpint(count_notes(content, NT_PRSTATUS), ==, 1);
    g_assert_cmpint(count_notes(content, NT_PRPSINFO), ==, 1);
    g_assert_cmpint(count_notes(content, NT_AUXV), ==, 1);
    g_assert_cmpint(count_notes(content, NT_FILE), ==, 1);
}

static char *processes_of(const char *path)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram %s --from kernel ps", path);
    CliResult result;
    char *out;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    out = g_steal_pointer(&result.out);
    cli_result_clear(&result);
    return out;
}

/* Read again, both hold the same guest. */
static void test_vmcore(void)
{
    static const char *const formats[] = { "elf", "lime" };
    g_autofree char *wanted = processes_of(ram);

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *path = cli_path(formats[i]);
        g_autofree char *words =
            g_strdup_printf("vmcore --format %s %s", formats[i], path);
        g_autofree char *arguments = with_ram(words);
        g_autofree char *found = NULL;
        CliResult result;

        cli_run(arguments, &result);
        g_assert_cmpint(result.status, ==, 0);
        cli_result_clear(&result);
        found = processes_of(path);
        g_assert_cmpstr(found, ==, wanted);
    }
}

static void test_note(void)
{
    g_autofree char *arguments = with_ram("--json vmcore --info");
    g_autoptr(JsonNode) node = NULL;
    JsonObject *note;
    CliResult result;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    node = json_from_string(result.out, NULL);
    note = member(node, "vmcoreinfo");
    g_assert_cmpint(json_object_get_int_member(note, "address"), ==,
                    KERNEL_IMAGE_NOTE);
    g_assert_true(g_str_has_prefix(json_object_get_string_member(note, "text"),
                                   "OSRELEASE=" KERNEL_IMAGE_RELEASE
                                   "\nPAGESIZE=4096\n"));
    cli_result_clear(&result);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    make_ram();
    g_test_add_func("/dumps/text", test_text);
    g_test_add_func("/dumps/repeated", test_repeated);
    g_test_add_func("/dumps/json", test_json);
    g_test_add_func("/dumps/bytes", test_bytes);
    g_test_add_func("/dumps/camera", test_camera);
    g_test_add_func("/dumps/refused", test_refused);
    g_test_add_func("/dumps/no-room", test_no_room);
    g_test_add_func("/dumps/interrupted", test_interrupted);
    g_test_add_func("/dumps/core", test_core);
    g_test_add_func("/dumps/vmcore", test_vmcore);
    g_test_add_func("/dumps/note", test_note);
    status = g_test_run();
    g_free(ram);
    cli_end();
    return status;
}
