/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cross-view of real guests: an honest one that is busy, one whose companion
 * hides a process, one whose kernel does. One boot for each kernel: Debian's own,
 * and those of HAYWIRE_TEST_KERNELS when HAYWIRE_CHECK_KERNELS is set.
 */
#include <string.h>

#include "companions.h"
#include "compare.h"
#include "kernel_edit.h"
#include "view.h"

#define HONEST_US    (15 * G_USEC_PER_SEC)
#define COMPANION_US (60 * G_USEC_PER_SEC) /* until its word was weighed */
#define EDITS_MAX    50
#define SUSPECT      6 /* the tool's exit status */

static const char *folder; /* NULL: Debian's own kernel, with a companion */
static Vm *vm;
static guint32 victim; /* sleeps, and does nothing else */

static void forget(void)
{
    g_clear_pointer(&vm, vm_free);
}

/* A process that takes no part in what goes on. */
static guint32 start_sleeper(void)
{
    return guest_start(vm, "sleep 1000000 >/dev/null 2>&1");
}

static void start(void)
{
    vm = vm_start(
        &(VmOptions){ .guest = folder,
                      .companion = folder ? "none" : "run,--max-cpu,100",
                      .menagerie = "none",
                      .without_plugin = TRUE });
    victim = start_sleeper();
    /* Short lives, several at once, of children and grandchildren. */
    guest_start(vm, "sh -c 'while :; do (sleep 0.1; true) & (true) & "
                    "sleep 0.02; done' >/dev/null 2>&1");
    guest_start(vm, "sh -c 'while :; do sleep 0.3 & sleep 0.2 & wait; done' "
                    ">/dev/null 2>&1");
}

static int check(JsonObject **ret_check, JsonNode **ret_node)
{
    g_autofree char *out = NULL;
    const char *words[] = { "--ram",  vm_ram_path(vm), "--no-hint",
                            "--json", "check",         NULL };
    int status = view_run_tool(words, &out, NULL);

    *ret_node = json_from_string(out, NULL);
    *ret_check = NULL;
    if (*ret_node) {
        *ret_check = json_object_get_object_member(
            json_node_get_object(*ret_node), "check");
    }
    g_test_message("status %d: %s", status, out);
    return status;
}

static gboolean has_heard(JsonObject *answer, const char *name)
{
    JsonArray *heard = json_object_get_array_member(answer, "heard");

    for (guint i = 0; i < json_array_get_length(heard); i++) {
        if (g_str_equal(json_array_get_string_element(heard, i), name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void test_honest(gconstpointer data)
{
    static const char *const kernel[] = { "task-list", "pid-table", "children",
                                          "processors" };
    gboolean told = FALSE;
    gint64 now, began;

    folder = data;
    forget();
    if (!vm_available()) {
        return;
    }
    start();
    began = g_get_monotonic_time();
    do {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *answer;

        g_assert_cmpint(check(&answer, &node), ==, 0);
        g_assert_cmpint(compare_int(answer, "suspicious"), ==, 0);
        g_assert_cmpint(compare_int(answer, "looks"), >=, 3);
        for (gsize i = 0; i < G_N_ELEMENTS(kernel); i++) {
            g_assert_true(has_heard(answer, kernel[i]));
        }
        told |= compare_int(answer, "snapshots") >= 4;
        now = g_get_monotonic_time();
        /* A companion that had no processor for a while looks stale. */
    } while (now < began + HONEST_US ||
             (!folder && !told && now < began + COMPANION_US));
    g_assert_cmpint(told, ==, folder == NULL);
}

/* The one process with a verdict. */
static JsonObject *only_one(JsonObject *answer, guint32 pid,
                            const char *verdict)
{
    JsonArray *list = json_object_get_array_member(answer, "processes");
    JsonObject *one;

    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    one = json_array_get_object_element(list, 0);
    g_assert_cmpint(compare_int(one, "pid"), ==, pid);
    g_assert_cmpstr(compare_string(one, "verdict"), ==, verdict);
    g_assert_cmpstr(compare_string(one, "name"), ==, "sleep");
    return one;
}

/* Nobody beats but the liar. What it hides the kernel has. */
static void test_companion_hides(gconstpointer data)
{
    gint64 limit = g_get_monotonic_time() + COMPANION_US;
    g_autofree char *lie =
        g_strdup_printf("haywire-liar hide %u >/dev/null 2>&1", victim);
    g_autofree char *end = NULL;
    guint32 liar;
    int status;

    (void)data;
    if (!vm) {
        g_test_skip("no guest");
        return;
    }
    g_free(vm_guest_run(vm, "killall haywire-companion", NULL));
    liar = guest_start(vm, lie);
    do {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *answer, *one;

        status = check(&answer, &node);
        if (status == SUSPECT) {
            one = only_one(answer, victim, "hidden from the companion");
            g_assert_false(json_object_get_boolean_member(one, "companion"));
            g_assert_true(json_object_get_boolean_member(one, "task-list"));
        } else {
            /* The liar's first lists may come late. */
            g_assert_cmpint(status, ==, 0);
            g_assert_cmpint(g_get_monotonic_time(), <, limit);
        }
    } while (status != SUSPECT);
    end = g_strdup_printf("kill %u", liar);
    g_free(vm_guest_run(vm, end, NULL));
}

/* Stop it where its list is whole, and take the process off. */
static void hide_in_kernel(void)
{
    gboolean done = FALSE;

    for (int i = 0; i < EDITS_MAX && !done; i++) {
        json_node_unref(vm_qmp(vm, "stop", NULL));
        done = kernel_edit_unlink_task(vm_ram_path(vm), victim);
        json_node_unref(vm_qmp(vm, "cont", NULL));
    }
    g_assert_true(done);
}

static void test_kernel_hides(gconstpointer data)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *answer, *one;

    (void)data;
    if (!vm) {
        g_test_skip("no guest");
        return;
    }
    hide_in_kernel();
    g_assert_cmpint(check(&answer, &node), ==, SUSPECT);
    one = only_one(answer, victim, "hidden from the task list");
    g_assert_false(json_object_get_boolean_member(one, "task-list"));
    g_assert_true(json_object_get_boolean_member(one, "pid-table"));
    g_assert_true(json_object_get_boolean_member(one, "children"));
    forget();
}

static void add_kernel(const char *kernel)
{
    g_autofree char *name =
        kernel ? g_path_get_basename(kernel) : g_strdup("check");
    g_autofree char *honest = g_strdup_printf("/%s/honest", name);
    g_autofree char *hides = g_strdup_printf("/%s/kernel-hides", name);

    g_test_add_data_func(honest, kernel, test_honest);
    if (!kernel) {
        g_test_add_data_func("/check/companion-hides", kernel,
                             test_companion_hides);
    }
    g_test_add_data_func(hides, kernel, test_kernel_hides);
}

int main(int argc, char **argv)
{
    g_auto(GStrv) kernels =
        g_strsplit(g_getenv("HAYWIRE_CHECK_KERNELS")
                       ? g_getenv("HAYWIRE_TEST_KERNELS") ?: ""
                       : "",
                   ":", -1);
    int status;

    g_test_init(&argc, &argv, NULL);
    add_kernel(NULL);
    for (char **kernel = kernels; *kernel && **kernel; kernel++) {
        add_kernel(*kernel);
    }
    status = g_test_run();
    forget();
    return status;
}
