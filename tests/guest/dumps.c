/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for people, against the guest's own words: see dumps.h.
 */
#include "dumps.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "view.h"

#define NOTHING_FOUND 1 /* the tool's exit status */
#define WORDS_MAX     12

/* As the thread animal has them. */
#define THREADS 16

/* Run the tool on the machine's RAM file with @words (NULL-terminated). */
static int run_tool(Vm *vm, const char *const *words, char **ret_out)
{
    const char *all[WORDS_MAX + 3] = { "--ram", vm_ram_path(vm) };
    g_autofree char *unread = NULL;
    gsize count = 2;

    for (; *words; words++) {
        g_assert_cmpuint(count, <, WORDS_MAX + 2);
        all[count++] = *words;
    }
    return view_run_tool(all, ret_out ? ret_out : &unread, NULL);
}

/* The content of an address is what the guest has put there. */
static void check_content(guint32 pid, guint64 address, gpointer vm)
{
    g_autofree char *wanted = truth_content(address);
    g_autofree char *where =
        g_strdup_printf("%" G_GINT64_MODIFIER "x", address);
    g_autofree char *process = g_strdup_printf("%u", pid);
    g_autofree char *out = NULL;
    const char *words[] = { "read", "--raw", process, where, "32", NULL };

    G_STATIC_ASSERT(TRUTH_CONTENT_SIZE == 32);
    g_assert_cmpint(run_tool(vm, words, &out), ==, 0);
    if (memcmp(out, wanted, TRUTH_CONTENT_SIZE) != 0) {
        g_error("process %u: other content at %s", pid, where);
    }
}

/* The reason why the page at @address is missing; g_free() it. */
static char *missing_reason(Vm *vm, guint32 pid, guint64 address)
{
    g_autofree char *where =
        g_strdup_printf("%" G_GINT64_MODIFIER "x", address);
    g_autofree char *process = g_strdup_printf("%u", pid);
    g_autofree char *out = NULL;
    const char *words[] = { "read", "--json", process, where, "4096", NULL };
    g_autoptr(JsonNode) node = NULL;
    JsonObject *memory;
    JsonArray *missing;

    g_assert_cmpint(run_tool(vm, words, &out), ==, NOTHING_FOUND);
    node = json_from_string(out, NULL);
    memory =
        json_object_get_object_member(json_node_get_object(node), "memory");
    missing = json_object_get_array_member(memory, "missing");
    g_assert_cmpuint(json_array_get_length(missing), ==, 1);
    return g_strdup(
        compare_string(json_array_get_object_element(missing, 0), "reason"));
}

static void check_missing(Vm *vm, GPtrArray *animals)
{
    const TruthAnimal *plain = truth_animal(animals, "plain");
    const TruthAnimal *swapped = truth_animal(animals, "swapped");
    g_autofree char *absent = NULL;
    guint64 address;

    g_assert_true(truth_animal_address(plain, "absent", 0, &address));
    absent = missing_reason(vm, plain->pid, address);
    g_assert_cmpstr(absent, ==, "not-mapped");
    if (truth_animal_address(swapped, "swapped", 0, &address) &&
        truth_pagemap(vm, swapped->pid, address) & TRUTH_PAGEMAP_SWAPPED) {
        g_autofree char *away = missing_reason(vm, swapped->pid, address);

        g_assert_cmpstr(away, ==, "swapped-by-guest");
    }
}

/* The value of a symbol in the kernel's note: hexadecimal; g_free() it. */
static char *note_symbol(Vm *vm, const char *name)
{
    const char *words[] = { "vmcore", "--info", NULL };
    g_autofree char *key = g_strdup_printf("SYMBOL(%s)=", name);
    g_autofree char *out = NULL;
    const char *found;

    g_assert_cmpint(run_tool(vm, words, &out), ==, 0);
    found = strstr(out, key);
    g_assert_nonnull(found);
    found += strlen(key);
    return g_strndup(found, strcspn(found, "\n"));
}

/* What `uname -r` says stands at an address that the kernel gives. */
static void check_kernel(Vm *vm)
{
    g_autofree char *release = vm_guest_run(vm, "uname -r", NULL);
    g_autofree char *address = note_symbol(vm, "init_uts_ns");
    g_autofree char *out = NULL;
    const char *words[] = { "--from",   "kernel", "--json", "read",
                            "--kernel", address,  "400",    NULL };
    g_autoptr(JsonNode) node = NULL;
    g_autofree guchar *bytes = NULL;
    JsonObject *memory;
    gsize length;

    g_strstrip(release);
    g_assert_cmpint(run_tool(vm, words, &out), ==, 0);
    node = json_from_string(out, NULL);
    memory =
        json_object_get_object_member(json_node_get_object(node), "memory");
    bytes = g_base64_decode(compare_string(memory, "data"), &length);
    g_assert_cmpuint(length, ==, 400);
    g_assert_nonnull(memmem(bytes, length, release, strlen(release) + 1));
}

/* Where an address of a process lies in the machine, it reads the same. */
static void check_physical(Vm *vm, guint32 pid, guint64 address)
{
    View view = { "haywire --ram --from kernel", VIEW_TOOL_RAM, vm,
                  vm_ram_path(vm), "kernel" };
    g_autoptr(JsonNode) place =
        view_ask_ok(&view, VIEW_TRANSLATE, pid, address);
    g_autofree char *wanted = truth_content(address);
    g_autofree char *where = g_strdup_printf(
        "%" G_GINT64_MODIFIER "x",
        (guint64)compare_int(json_node_get_object(place), "gpa"));
    g_autofree char *out = NULL;
    const char *words[] = { "read", "--physical", "--raw", where, "32", NULL };

    g_assert_cmpint(run_tool(vm, words, &out), ==, 0);
    g_assert_cmpmem(out, TRUTH_CONTENT_SIZE, wanted, TRUTH_CONTENT_SIZE);
}

void dumps_check_reads(Vm *vm, GPtrArray *animals)
{
    const TruthAnimal *plain = truth_animal(animals, "plain");
    guint64 address;

    truth_each_content(animals, check_content, vm);
    check_missing(vm, animals);
    check_kernel(vm);
    g_assert_true(truth_animal_address(plain, "at", 0, &address));
    check_physical(vm, plain->pid, address);
}

/* What a program prints, which must end well. */
static char *run_program(const char *const *words)
{
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    int status;

    g_spawn_sync(NULL, (char **)words, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                 &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_spawn_check_wait_status(status, &error);
    g_assert_no_error(error);
    return out;
}

/* Write the core of an animal; its path is to be freed, and removed. */
static char *write_core(Vm *vm, const TruthAnimal *animal)
{
    char *path = vm_private_path(vm, "core");
    g_autofree char *process = g_strdup_printf("%u", animal->pid);
    const char *words[] = { "core", process, path, NULL };

    g_assert_cmpint(run_tool(vm, words, NULL), ==, 0);
    return path;
}

/* Whether @address is in one of the lines "START END SIZE OFFSET FILE". */
static gboolean is_in_file(const char *mappings, guint64 address,
                           const char *file)
{
    g_auto(GStrv) lines = g_strsplit(mappings, "\n", -1);

    for (char **line = lines; *line; line++) {
        guint64 start = 0, end = 0;

        if (sscanf(*line,
                   " 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x",
                   &start, &end) == 2 &&
            address >= start && address < end &&
            g_str_has_suffix(*line, file)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A process that sleeps: it has called pause(), from its own program. */
static void check_sleeper(Vm *vm, const TruthAnimal *animal)
{
    g_autofree char *path = write_core(vm, animal);
    g_autofree char *wanted = NULL, *string = NULL, *out = NULL;
    guint64 address, pc = 0;
    const char *found;

    g_assert_true(truth_animal_address(animal, "at", 0, &address));
    wanted = truth_content(address);
    string = g_strdup_printf("output (char[32]) *0x%" G_GINT64_MODIFIER "x",
                             address);
    out = run_program((const char *[]){
        "gdb", "-nx", "-batch", "-ex", "info registers rip orig_rax", "-ex",
        "info proc mappings", "-ex", "info auxv", "-ex", string, "-c", path,
        NULL });
    found = strstr(out, "\nrip ");
    g_assert_nonnull(found);
    g_assert_cmpint(sscanf(found, " rip 0x%" G_GINT64_MODIFIER "x", &pc), ==,
                    1);
    if (!is_in_file(out, pc, "/bin/haywire-menagerie")) {
        g_error("the pc is not in the program: %s", out);
    }
    g_assert_nonnull(strstr(out, "AT_ENTRY"));
    g_assert_nonnull(memmem(out, strlen(out), wanted, TRUTH_CONTENT_SIZE));
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void check_threads(Vm *vm, const TruthAnimal *animal)
{
    g_autofree char *path = write_core(vm, animal);
    g_autofree char *out = run_program((const char *[]){
        "gdb", "-nx", "-batch", "-ex", "info threads", "-c", path, NULL });
    const char *at = strstr(out, " Frame ");
    int threads = 0;

    while (at && (at = strstr(at, "LWP "))) {
        threads++;
        at++;
    }
    g_assert_cmpint(threads, ==, THREADS);
    g_assert_cmpint(g_remove(path), ==, 0);
}

void dumps_check_core(Vm *vm, GPtrArray *animals)
{
    check_sleeper(vm, truth_animal(animals, "plain"));
    check_threads(vm, truth_animal(animals, "threads"));
}

/* Without debug symbols: what stands at an address of the kernel. */
static void check_drgn(Vm *vm, const char *path, const char *release)
{
    g_autofree char *address = note_symbol(vm, "init_uts_ns");
    g_autofree char *out = run_program((const char *[]){
        "/usr/bin/python3", "-c",
        "import sys, drgn\n"
        "program = drgn.Program()\n"
        "program.set_core_dump(sys.argv[1])\n"
        "print(program.read(int(sys.argv[2], 16), 400).split(b'\\0'))\n",
        path, address, NULL });

    g_assert_nonnull(strstr(out, release));
}

/* It is of one moment only when the guest stands still. */
void dumps_check_vmcore(Vm *vm, guint32 keeper)
{
    CompareTruth truth = { .before = truth_processes(vm), .keeper = keeper };
    g_autofree char *release = vm_guest_run(vm, "uname -r", NULL);
    g_autofree char *path = vm_private_path(vm, "vmcore");
    View view = { "haywire --ram VMCORE", VIEW_TOOL_RAM, vm, path, "kernel" };
    const char *words[] = { "vmcore", path, NULL };
    g_autoptr(JsonNode) answer = NULL;

    g_strstrip(release);
    json_node_unref(vm_qmp(vm, "stop", NULL));
    g_assert_cmpint(run_tool(vm, words, NULL), ==, 0);
    json_node_unref(vm_qmp(vm, "cont", NULL));
    truth.after = truth_processes(vm);
    answer = view_ask_ok(&view, VIEW_PROCESSES, 0, 0);
    compare_processes(view.name, json_node_get_array(answer), &truth);
    check_drgn(vm, path, release);
    g_assert_cmpint(g_remove(path), ==, 0);
    g_hash_table_unref(truth.before);
    g_hash_table_unref(truth.after);
}
