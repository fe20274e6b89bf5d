/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire check: what it prints, and its exit statuses, on the kept memory of a
 * made-up kernel. tests/guest/test_check.c has real ones.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "cli.h"
#include "kernel_image.h"

#define VERDICT 6

/* A kernel's threads alone, one of which may be off the list of tasks. */
static char *new_file(const char *name, gboolean hides)
{
    g_autofree char *path = cli_path(name);
    KernelImage *image = kernel_image_new();

    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        kernel_image_set(image, kernel_image_task(i), M_TASK_MM, 0);
    }
    if (hides) {
        kernel_image_unlink(image, 2, M_TASK_TASKS);
    }
    g_assert_true(g_file_set_contents(path, (const char *)image->bytes,
                                      KERNEL_IMAGE_SIZE, NULL));
    kernel_image_free(image);
    return g_steal_pointer(&path);
}

/* Each text stands in the output, or on stderr, in this order. */
static void assert_text(const char *text, const char *const *wanted)
{
    for (const char *at = text; *wanted; wanted++) {
        at = strstr(at, *wanted);
        if (!at) {
            g_error("\"%s\" is missing in: %s", *wanted, text);
        }
    }
}

static void run(const char *path, const char *arguments, int status,
                CliResult *ret_result)
{
    g_autofree char *line =
        g_strdup_printf("--ram %s --no-hint %s", path, arguments);

    cli_run(line, ret_result);
    if (ret_result->status != status) {
        g_error("%s: status %d: %s", line, ret_result->status, ret_result->err);
    }
}

static void test_honest(void)
{
    g_autofree char *path = new_file("honest", FALSE);
    CliResult result;

    run(path, "check", 0, &result);
    g_assert_cmpstr(result.out, ==,
                    "5 processes, 3 looks: 0 with a verdict, 0 ended "
                    "meanwhile; heard: task-list, pid-table, children, "
                    "processors\n");
    cli_result_clear(&result);
    run(path, "check --all", 0, &result);
    assert_text(result.out,
                (const char *[]){ "PID", "NAME", "VERDICT", "WITNESSES",
                                  "process-1", "seen by all",
                                  "task-list, pid-table, children, processors",
                                  "process-5", "seen by all", NULL });
    cli_result_clear(&result);
}

static void test_verdict(void)
{
    g_autofree char *path = new_file("hides", TRUE);
    CliResult result;

    run(path, "check", VERDICT, &result);
    assert_text(result.out,
                (const char *[]){ "process-3", "hidden from the task list",
                                  "pid-table, children\n",
                                  "5 processes, 3 looks: 1 with a verdict",
                                  NULL });
    g_assert_null(strstr(result.out, "process-1"));
    assert_text(result.err,
                (const char *[]){
                    "haywire: 1 of the processes is not what it seems", NULL });
    cli_result_clear(&result);
}

static void test_json(void)
{
    g_autofree char *path = new_file("json", TRUE);
    g_autoptr(JsonNode) node = NULL;
    JsonObject *check, *one;
    CliResult result;

    run(path, "--json check", VERDICT, &result);
    node = json_from_string(result.out, NULL);
    g_assert_nonnull(node);
    check = json_object_get_object_member(json_node_get_object(node), "check");
    g_assert_cmpint(json_object_get_int_member(check, "looks"), ==, 3);
    g_assert_cmpint(json_object_get_int_member(check, "total"), ==, 5);
    g_assert_cmpint(json_object_get_int_member(check, "suspicious"), ==, 1);
    one = json_array_get_object_element(
        json_object_get_array_member(check, "processes"), 0);
    g_assert_cmpint(json_object_get_int_member(one, "pid"), ==, 3);
    g_assert_cmpstr(json_object_get_string_member(one, "verdict"), ==,
                    "hidden from the task list");
    g_assert_false(json_object_get_boolean_member(one, "task-list"));
    g_assert_true(json_object_get_boolean_member(one, "pid-table"));
    g_assert_false(json_object_get_boolean_member(one, "companion"));
    cli_result_clear(&result);
}

static void test_wrong(void)
{
    g_autofree char *path = cli_path("zeros");
    g_autofree char *bytes = g_malloc0(KERNEL_IMAGE_SIZE);
    CliResult result;

    g_file_set_contents(path, bytes, KERNEL_IMAGE_SIZE, NULL);
    run(path, "check", 1, &result);
    assert_text(
        result.err,
        (const char *[]){ "haywire: No Linux kernel in this memory", NULL });
    cli_result_clear(&result);
    cli_check("--ram x ps --all", 2, "", "haywire: --all goes with check only");
    cli_check("--qmp x check", 2, "",
              "haywire: check reads the guest's memory itself: give its file "
              "with --ram");
    cli_check("--ram x check 7", 2, "", "haywire: Usage: haywire * check *");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli-check/honest", test_honest);
    g_test_add_func("/cli-check/verdict", test_verdict);
    g_test_add_func("/cli-check/json", test_json);
    g_test_add_func("/cli-check/wrong", test_wrong);
    status = g_test_run();
    cli_end();
    return status;
}
