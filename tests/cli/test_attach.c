/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire attach and --vm with libvirt's own mock, test:///default, which needs
 * no daemon and no QEMU. A real libvirt is in tests/guest/test-libvirt.
 */
#include <glib.h>

#include "cli.h"

#define MOCK "-c test:///default "

static void test_usage(void)
{
    cli_check("attach", 2, "", "haywire: Usage: haywire * attach VM");
    cli_check("attach a b", 2, "", "haywire: Usage: haywire * attach VM");
    cli_check("--json attach a", 2, "", "haywire: attach takes none of *");
    cli_check("--qmp x attach a", 2, "", "haywire: attach takes none of *");
    cli_check("attach a --wait", 2, "", "haywire: -o, * go with ps only");
    cli_check("attach a --detach --preload", 2, "",
              "haywire: --detach takes the plugin out, *");
    cli_check("attach a --plugin /bin/true", 2, "",
              "haywire: --plugin /bin/true: the file is always called "
              "haywire.so, *");
    cli_check("--ram x ps --yes", 2, "",
              "haywire: --yes, --detach, --preload and --plugin go with "
              "attach only");
    cli_check("--ram x -c y ps", 2, "",
              "haywire: -c goes with --vm and attach only");
    cli_check("--ram x --vm y ps", 2, "",
              "haywire: Exactly one of --ram, --qmp and --vm is needed");
    cli_check("-c", 2, "", "haywire: Option without its value: -c");
}

static void test_unknown_machine(void)
{
    cli_check(MOCK "attach nobody", 3, "",
              "haywire: test:///default has no machine \"nobody\"; its "
              "machines: test");
    cli_check(MOCK "--vm nobody ps", 3, "",
              "haywire: test:///default has no machine \"nobody\"; *");
}

static void test_no_monitor(void)
{
    cli_check(MOCK "--vm test ps", 3, "",
              "haywire: test: *not supported* virDomainQemuMonitorCommand");
}

static void test_no_connection(void)
{
    cli_check("-c nothing:///x --vm a ps", 3, "", "haywire: nothing:///x: *");
    cli_check("-c qemu+unix:///system?socket=/nonexistent attach a", 3, "",
              "haywire: qemu+unix:///system?socket=/nonexistent: Failed to "
              "connect socket to '/nonexistent': No such file or directory");
}

static void test_missing_plugin(void)
{
    cli_check(MOCK "attach test --plugin /nonexistent/haywire.so --yes", 3, "",
              "haywire: /nonexistent/haywire.so: No such file or directory "
              "(the plugin; --plugin FILE names another one)");
}

/* Shown only; that there was nothing to take out is status 1. */
static void test_shown(void)
{
    g_autofree char *plugin = cli_path("haywire.so");
    g_autofree char *words =
        g_strdup_printf(MOCK "attach test --plugin %s,interval=99", plugin);
    g_autofree char *out = g_strdup_printf(
        "In the XML of test (test:///default), <qemu:commandline>:\n"
        "+ <qemu:arg value=\"-plugin\"/>\n"
        "+ <qemu:arg value=\"%s,interval=99\"/>\n"
        "Nothing was changed: --yes does it.\n",
        plugin);

    g_file_set_contents(plugin, "", 0, NULL);
    cli_check(words, 0, out, NULL);
    cli_check(MOCK "attach --detach test", 1, "",
              "haywire: test has no Haywire plugin in its XML "
              "(test:///default)");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attach/usage", test_usage);
    g_test_add_func("/attach/unknown-machine", test_unknown_machine);
    g_test_add_func("/attach/no-monitor", test_no_monitor);
    g_test_add_func("/attach/no-connection", test_no_connection);
    g_test_add_func("/attach/missing-plugin", test_missing_plugin);
    g_test_add_func("/attach/shown", test_shown);
    status = g_test_run();
    cli_end();
    return status;
}
