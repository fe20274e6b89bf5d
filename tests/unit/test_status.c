/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every status has a name and a sentence of its own.
 */

#include <glib.h>

#include "haywire/status.h"

static void test_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    int status;

    for (status = 0; status < HAYWIRE_STATUS_COUNT; status++) {
        const char *name = haywire_status_name(status), *p;

        g_assert_nonnull(name);
        for (p = name; *p; p++) {
            g_assert_true(g_ascii_islower(*p) || *p == '-');
        }
        g_assert_true(g_hash_table_add(seen, (char *)name));
    }
}

static void test_texts(void)
{
    int status;

    for (status = 0; status < HAYWIRE_STATUS_COUNT; status++) {
        const char *text = haywire_status_text(status);

        g_assert_nonnull(text);
        g_assert_true(g_ascii_isupper(text[0]));
        g_assert_false(g_str_has_suffix(text, "."));
        g_assert_null(strstr(text, "  "));
    }
}

static void test_out_of_range(void)
{
    g_assert_cmpstr(haywire_status_name(HAYWIRE_STATUS_COUNT), ==, "unknown");
    g_assert_cmpstr(haywire_status_name((HaywireStatus)-1), ==, "unknown");
    g_assert_nonnull(haywire_status_text((HaywireStatus)-1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/status/names", test_names);
    g_test_add_func("/status/texts", test_texts);
    g_test_add_func("/status/out-of-range", test_out_of_range);
    return g_test_run();
}
