/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that no companion runs in, with kernels of several versions: all that
 * is shown is read from their own structures. tools/test says which kernels, in
 * HAYWIRE_TEST_KERNELS: folders as tools/make-guest makes them, parted by
 * colons. Debian's own release is tested in test_processes.c.
 */
#include <string.h>

#include "dumps.h"
#include "from_kernel.h"
#include "view.h"

#define NOTHING_FOUND 1 /* the tool's exit status */

typedef struct {
    Vm *vm;
    GPtrArray *animals;
    char *copy; /* of its RAM file, once it has ended */
    CompareTruth truth;
} Guest;

static Guest guest;
static const char *folder; /* of the guest that is tested */

static void forget(void)
{
    g_clear_pointer(&guest.vm, vm_free);
    g_clear_pointer(&guest.copy, g_free);
    g_clear_pointer(&guest.animals, g_ptr_array_unref);
    g_clear_pointer(&guest.truth.before, g_hash_table_unref);
    g_clear_pointer(&guest.truth.after, g_hash_table_unref);
}

static guint32 find_keeper(GHashTable *processes, guint32 animal)
{
    TruthProcess *process =
        g_hash_table_lookup(processes, GUINT_TO_POINTER(animal));

    g_assert_nonnull(process);
    return process->ppid;
}

static void start(void)
{
    guest.vm = vm_start(&(VmOptions){ .guest = folder, .companion = "none" });
    guest.animals = truth_menagerie(guest.vm);
    guest.truth.before = truth_processes(guest.vm);
    guest.truth.keeper = find_keeper(
        guest.truth.before, truth_animal(guest.animals, "zombie")->pid);
}

/* The whole answer of ps, with its state. */
static JsonObject *ask(const char *path, const char *from, JsonNode **ret_node)
{
    g_autofree char *out = NULL;
    const char *words[] = {
        "--ram", path, "--from", from, "--json", "ps", NULL
    };

    g_assert_cmpint(view_run_tool(words, &out, NULL), ==, 0);
    *ret_node = json_from_string(out, NULL);
    return json_node_get_object(*ret_node);
}

static void test_live(gconstpointer data)
{
    const char *const from[] = { "kernel", "auto" };
    JsonNode *node[G_N_ELEMENTS(from)];

    folder = data;
    forget();
    if (!vm_available()) {
        return;
    }
    start();
    for (gsize i = 0; i < G_N_ELEMENTS(from); i++) {
        JsonObject *answer = ask(vm_ram_path(guest.vm), from[i], &node[i]);

        g_assert_cmpstr(compare_string(answer, "state"), ==, "live");
    }
    guest.truth.after = truth_processes(guest.vm);
    for (gsize i = 0; i < G_N_ELEMENTS(from); i++) {
        compare_processes(from[i],
                          json_object_get_array_member(
                              json_node_get_object(node[i]), "processes"),
                          &guest.truth);
        json_node_unref(node[i]);
    }
    from_kernel_check_sections(guest.vm, guest.animals);
    from_kernel_check_places(guest.vm, guest.animals);
}

/* What it runs on, in our words. */
static const char *guest_machine(void)
{
    g_autofree char *machine = vm_guest_run(guest.vm, "uname -m", NULL);

    return g_str_has_prefix(machine, "x86_64") ? "x86-64" : "arm64";
}

/* Its memory, by address and as dumps. */
static void test_dumps(gconstpointer data)
{
    (void)data;
    if (!guest.vm) {
        g_test_skip("no guest");
        return;
    }
    if (!g_str_equal(guest_machine(), "x86-64")) {
        g_test_skip("dumps are made of guests of x86-64");
        return;
    }
    dumps_check_reads(guest.vm, guest.animals);
    dumps_check_core(guest.vm, guest.animals);
    dumps_check_vmcore(guest.vm, guest.truth.keeper);
}

static gboolean kernel_is_live(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);

    (void)opaque;
    return g_str_equal(compare_string(json_node_get_object(reply), "state"),
                       "live");
}

/* The plugin finds it by itself, and says who tells. */
static void test_plugin(gconstpointer data)
{
    g_autoptr(JsonNode) status = NULL;
    g_autofree char *begin = NULL;
    g_autofree char *text = NULL;
    JsonObject *answer;

    (void)data;
    if (!guest.vm) {
        g_test_skip("no guest");
        return;
    }
    begin = g_strdup_printf("live: linux %s ", guest_machine());
    vm_wait_until(guest.vm, "the kernel", VM_BOOT_TIMEOUT_S, kernel_is_live,
                  NULL);
    status = vm_qmp(guest.vm, "query-haywire", NULL);
    answer = json_node_get_object(status);
    g_assert_cmpstr(compare_string(answer, "source"), ==, "kernel");
    g_assert_false(json_object_has_member(answer, "session"));
    text = vm_hmp(guest.vm, "info haywire");
    g_assert_true(g_str_has_prefix(text, begin));
    g_assert_nonnull(strstr(text, ", from its kernel\n"));
    g_assert_nonnull(strstr(text, "haywire-menagerie"));
}

/* Nobody else says anything there. */
static void test_companion(gconstpointer data)
{
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;

    (void)data;
    if (!guest.vm) {
        g_test_skip("no guest");
        return;
    }
    g_assert_cmpint(
        view_run_tool(
            (const char *[]){ "--ram", vm_ram_path(guest.vm), "ps", NULL },
            NULL, &err),
        ==, NOTHING_FOUND);
    g_assert_nonnull(strstr(err, "No companion's session was found"));
    g_assert_null(vm_qmp_try(guest.vm, "query-haywire-processes",
                             "{\"from\": \"companion\"}", &error));
    g_assert_cmpstr(error->message, ==, "No companion's session was found");
}

/* Once the machine is gone, its last list is there, and not live. */
static void test_copy(gconstpointer data)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *answer;

    (void)data;
    if (!guest.vm) {
        g_test_skip("no guest");
        return;
    }
    json_node_unref(vm_qmp(guest.vm, "stop", NULL));
    guest.copy = vm_private_path(guest.vm, "copy");
    vm_copy_file(vm_ram_path(guest.vm), guest.copy);
    answer = ask(guest.copy, "kernel", &node);
    g_assert_cmpstr(compare_string(answer, "state"), ==, "stale");
    /* A stopped guest is the same, as far as its memory says. */
    json_node_unref(node);
    answer = ask(vm_ram_path(guest.vm), "kernel", &node);
    g_assert_cmpstr(compare_string(answer, "state"), ==, "stale");
}

/* A list that is called live is not the one that the copy has. */
static void check_not_old(const char *path)
{
    g_autofree char *out = NULL;
    int status =
        view_run_tool((const char *[]){ "--ram", path, "--from", "kernel",
                                        "--json", "ps", NULL },
                      &out, NULL);
    g_autoptr(JsonNode) node = json_from_string(out, NULL);
    JsonObject *answer;

    if (status == NOTHING_FOUND) {
        return;
    }
    g_assert_cmpint(status, ==, 0);
    answer = json_node_get_object(node);
    if (g_str_equal(compare_string(answer, "state"), "live")) {
        g_assert_null(
            compare_find(json_object_get_array_member(answer, "processes"),
                         guest.truth.keeper));
    }
}

/* Nor is it live when a machine starts with that memory, and boots anew. */
static void test_leftover(gconstpointer data)
{
    g_autoptr(Vm) next = NULL;

    (void)data;
    if (!guest.copy) {
        g_test_skip("no guest");
        return;
    }
    next = vm_start(&(VmOptions){ .guest = folder,
                                  .companion = "none",
                                  .menagerie = "none",
                                  .without_plugin = TRUE,
                                  .powered_off = TRUE,
                                  .old_ram = guest.copy });
    check_not_old(vm_ram_path(next));
    json_node_unref(vm_qmp(next, "cont", NULL));
    check_not_old(vm_ram_path(next));
    check_not_old(vm_ram_path(next));
    forget();
}

static void add_tests(const char *kernel)
{
    g_autofree char *name = g_path_get_basename(kernel);
    static const struct {
        const char *name;
        GTestDataFunc test;
    } tests[] = {
        { "live", test_live },   { "plugin", test_plugin },
        { "dumps", test_dumps }, { "companion", test_companion },
        { "copy", test_copy },   { "leftover", test_leftover },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s", name, tests[i].name);

        g_test_add_data_func(path, kernel, tests[i].test);
    }
}

static void test_nothing(void)
{
    g_test_skip("no kernels in HAYWIRE_TEST_KERNELS: run tools/test");
}

int main(int argc, char **argv)
{
    g_auto(GStrv) kernels =
        g_strsplit(g_getenv("HAYWIRE_TEST_KERNELS") ?: "", ":", -1);
    int status;

    g_test_init(&argc, &argv, NULL);
    for (char **kernel = kernels; *kernel && **kernel; kernel++) {
        add_tests(*kernel);
    }
    if (!kernels[0] || !*kernels[0]) {
        g_test_add_func("/kernels", test_nothing);
    }
    status = g_test_run();
    forget();
    return status;
}
