/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companion's command line. */

#include <glib.h>
#include <string.h>

#include "options.h"
#include "os/os.h"

static bool parse(const char *line, HaywireOptions *options, char *error)
{
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);

    return haywire_options_parse((int)g_strv_length(argv), argv, options,
                                 error);
}

static HaywireOptions parsed(const char *line)
{
    char error[HAYWIRE_OPTION_ERROR_SIZE] = "";
    HaywireOptions options;

    g_assert_true(parse(line, &options, error));
    g_assert_cmpstr(error, ==, "");
    return options;
}

static void test_defaults(void)
{
    HaywireOptions options = parsed("companion");

    g_assert_cmpint(options.mode, ==, HAYWIRE_MODE_RUN);
    g_assert_cmphex(options.only, ==, HAYWIRE_ONLY_ALL);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_ROUNDROBIN], ==, 500);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_PID], ==, 100);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_CAMERA2], ==, 200);
    g_assert_cmpuint(options.setup.heartbeat_ns, ==, 100 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.setup.pid_interval_ns, ==,
                     500 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.setup.roundrobin_interval_ns, ==,
                     1000 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.setup.camera_interval_ns, ==,
                     500 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.hold_ns, ==, HAYWIRE_HOLD_FOREVER);
    g_assert_cmpuint(options.cpu_budget, ==, HAYWIRE_NS_PER_SECOND / 100);
}

static void test_max_cpu(void)
{
    static const struct {
        const char *line;
        uint64_t ns; /* a second */
    } cases[] = {
        { "c --max-cpu 100", HAYWIRE_NS_PER_SECOND },
        { "c --max-cpu 100.000", HAYWIRE_NS_PER_SECOND },
        { "c --max-cpu 2", 20000000 },
        { "c run --max-cpu=0.25", 2500000 },
        { "c --max-cpu 12.345678", 123456780 },
        { "c --max-cpu 0.0000015", 10 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpuint(parsed(cases[i].line).cpu_budget, ==, cases[i].ns);
    }
}

static void test_all(void)
{
    HaywireOptions options =
        parsed("companion --only pid once --only=camera --interval 50 "
               "--pages pid=32768 --pages camera1=5 --hold 0 --rounds 7");

    g_assert_cmpint(options.mode, ==, HAYWIRE_MODE_ONCE);
    g_assert_cmphex(options.only, ==, HAYWIRE_ONLY_PID | HAYWIRE_ONLY_CAMERA);
    g_assert_cmpuint(options.setup.pid_interval_ns, ==, 50 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.setup.heartbeat_ns, ==, 20 * HAYWIRE_NS_PER_MS);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_PID], ==, 32768);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_CAMERA1], ==, 5);
    g_assert_cmpuint(options.setup.pages[HAYWIRE_CATEGORY_CAMERA2], ==, 200);
    g_assert_cmpuint(options.hold_ns, ==, 0);
    g_assert_cmpuint(options.rounds, ==, 7);
}

static void test_modes(void)
{
    g_assert_cmpint(parsed("c run").mode, ==, HAYWIRE_MODE_RUN);
    g_assert_cmpint(parsed("c selftest").mode, ==, HAYWIRE_MODE_SELFTEST);
    g_assert_cmpint(parsed("c benchmark").mode, ==, HAYWIRE_MODE_BENCHMARK);
    g_assert_cmpint(parsed("c --help --wrong").mode, ==, HAYWIRE_MODE_HELP);
    g_assert_cmpint(parsed("c run --version").mode, ==, HAYWIRE_MODE_VERSION);
}

static void test_refused(void)
{
    static const char *const bad[] = {
        "c walk",
        "c run once",
        "c --frobnicate",
        "c -x",
        "c --only",
        "c --only everything",
        "c --interval",
        "c --interval 0",
        "c --interval 19",
        "c --interval -5",
        "c --interval 10x",
        "c --interval 99999999999999999999",
        "c --pages",
        "c --pages pid",
        "c --pages pid=",
        "c --pages pid=1",
        "c --pages pid=32769",
        "c --pages master=10",
        "c --pages pi=10",
        "c --pages =10",
        "c --max-cpu",
        "c --max-cpu 0",
        "c --max-cpu 0.0",
        "c --max-cpu 0.0000001",
        "c --max-cpu -1",
        "c --max-cpu +1",
        "c --max-cpu .5",
        "c --max-cpu 5.",
        "c --max-cpu 1.2.3",
        "c --max-cpu 1e1",
        "c --max-cpu 0x1",
        "c --max-cpu nan",
        "c --max-cpu 1%",
        "c --max-cpu 100.000001",
        "c --max-cpu 101",
        "c --max-cpu 99999999999999999999999999",
        "c --hold -1",
        "c --rounds 0",
        "c --help=yes",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char error[HAYWIRE_OPTION_ERROR_SIZE] = "";
        HaywireOptions options = { .rounds = 4321 };

        g_assert_false(parse(bad[i], &options, error));
        g_assert_cmpstr(error, !=, "");
        g_assert_null(strchr(error, '\n'));
        g_assert_cmpuint(options.rounds, ==, 4321);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/defaults", test_defaults);
    g_test_add_func("/options/max-cpu", test_max_cpu);
    g_test_add_func("/options/all", test_all);
    g_test_add_func("/options/modes", test_modes);
    g_test_add_func("/options/refused", test_refused);
    return g_test_run();
}
