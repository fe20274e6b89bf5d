/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzzing found, one test each.
 */

#include <json-glib/json-glib.h>

#include "exit_status.h"
#include "options.h"
#include "reply_parse.h"

/* A whole answer to haywire-translate but for the name of the RAM block. */
#define PLACE                                         \
    "{\"pid\": 1, \"address\": 4096, \"gpa\": 8192, " \
    "\"source\": \"camera1\", \"generation\": 1, \"ram-block\": \"%s\"}"

static gboolean parse_block(const char *name, HaywirePlace *ret_place,
                            JsonNode **ret_node, GError **error)
{
    g_autofree char *text = g_strdup_printf(PLACE, name);

    *ret_node = json_from_string(text, NULL);
    g_assert_nonnull(*ret_node);
    return haywire_parse_place(*ret_node, ret_place, error);
}

/*
 * A QMP peer that does not escape: right-to-left override, zero-width space,
 * line separator, a C1 control.
 */
static void test_reply_with_format_characters(void)
{
    static const char *const bad[] = {
        "\\u202e", "\\u200b", "\\u2028", "\\u2066", "\\u009b", "\\u001b",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(JsonNode) node = NULL;
        g_autoptr(GError) error = NULL;
        HaywirePlace place;

        g_assert_false(parse_block(bad[i], &place, &node, &error));
        g_assert_cmpint(haywire_exit_of_error(error), ==, HAYWIRE_EXIT_IO);
    }
}

static void test_reply_with_other_scripts(void)
{
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) error = NULL;
    HaywirePlace place;

    g_assert_true(parse_block("\\u00e9\\u05d0\\\\x1b", &place, &node, &error));
    g_assert_cmpstr(place.ram_block, ==, "\303\251\327\220\\x1b");
}

/* A parse that ends within a word of short options, then another one. */
static void test_options_twice(void)
{
    char *bad[] = { (char *)"haywire", (char *)"-xyz", NULL };
    char *good[] = { (char *)"haywire", NULL };
    g_autoptr(GError) error = NULL;
    HaywireOptions options;

    g_assert_false(haywire_options_parse(2, bad, &options, &error));
    g_assert_cmpint(haywire_exit_of_error(error), ==, HAYWIRE_EXIT_USAGE);
    g_clear_error(&error);
    g_assert_true(haywire_options_parse(1, good, &options, &error));
    g_assert_no_error(error);
    g_assert_null(options.command);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/findings/reply/format-characters",
                    test_reply_with_format_characters);
    g_test_add_func("/findings/reply/other-scripts",
                    test_reply_with_other_scripts);
    g_test_add_func("/findings/options/twice", test_options_twice);
    return g_test_run();
}
