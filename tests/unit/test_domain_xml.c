/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin put into a domain's XML and taken out again, and nothing else of
 * that XML changed.
 */
#include <string.h>

#include "domain_xml.h"
#include "exit_status.h"

#define SPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define OPEN  "<domain type=\"kvm\">"
#define OPENQ "<domain xmlns:qemu=\"" SPACE "\" type=\"kvm\">"
#define NAME  "<name>web &amp; \"1\"</name>"

static const HaywireWish plugin = { "/lib/haywire.so", "", FALSE };
static const HaywireWish preload = { "/lib/haywire.so", "interval=9", TRUE };

/* Without the line that XML starts with. */
static char *change(const char *xml, const HaywireWish *wish, char **ret_lines)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *changed =
        haywire_domain_xml_change(xml, wish, lines, &error);

    g_assert_no_error(error);
    if (ret_lines) {
        *ret_lines = g_strdup(lines->str);
    }
    return g_strdup(strchr(changed, '\n') + 1);
}

static void check(const char *xml, const HaywireWish *wish,
                  const char *expected, const char *expected_lines)
{
    g_autofree char *lines = NULL;
    g_autofree char *changed = change(xml, wish, &lines);
    g_autofree char *line = g_strconcat(expected, "\n", NULL);

    g_assert_cmpstr(changed, ==, line);
    g_assert_cmpstr(lines, ==, expected_lines);
}

static void check_file(const char *xml, const char *expected)
{
    g_autofree char *file = haywire_domain_xml_plugin(xml);

    g_assert_cmpstr(file, ==, expected);
}

#define IN(what) \
    OPENQ NAME "<qemu:commandline>" what "</qemu:commandline></domain>"
#define ARG(value)       "<qemu:arg value=\"" value "\"/>"
#define ENV(name, value) "<qemu:env name=\"" name "\" value=\"" value "\"/>"
#define OURS             ARG("-plugin") ARG("/lib/haywire.so")

static void test_plugin(void)
{
    check(OPEN NAME "</domain>", &plugin,
          "<domain xmlns:qemu=\"" SPACE "\" type=\"kvm\">" NAME
          "<qemu:commandline>" OURS "</qemu:commandline></domain>",
          "+ <qemu:arg value=\"-plugin\"/>\n"
          "+ <qemu:arg value=\"/lib/haywire.so\"/>\n");
    check_file(IN(OURS), "/lib/haywire.so");
    check(IN(OURS), &plugin, IN(OURS), "");
    check(IN(OURS), NULL, OPENQ NAME "</domain>",
          "- <qemu:arg value=\"-plugin\"/>\n"
          "- <qemu:arg value=\"/lib/haywire.so\"/>\n");
    check(OPEN NAME "</domain>", NULL, OPEN NAME "</domain>", "");
}

/* Another file or other options replace what is there, once or twice. */
static void test_replaced(void)
{
    check(IN(ARG("--plugin") ARG("file=/old/haywire.so,interval=5")
                 OURS ARG("-S")),
          &plugin, IN(ARG("-S") OURS),
          "- <qemu:arg value=\"--plugin\"/>\n"
          "- <qemu:arg value=\"file=/old/haywire.so,interval=5\"/>\n");
}

static void test_others_stay(void)
{
    const char *others = IN(ARG("-plugin") ARG("/lib/libhotblocks.so") ENV(
        "A", "b") ARG("-plugin") ARG("/lib/nohaywire.so"));
    const char *both = IN(ARG("-plugin") ARG("/lib/libhotblocks.so") ENV(
        "A", "b") ARG("-plugin") ARG("/lib/nohaywire.so") OURS);

    check(others, &plugin, both,
          "+ <qemu:arg value=\"-plugin\"/>\n"
          "+ <qemu:arg value=\"/lib/haywire.so\"/>\n");
    check(both, NULL, others,
          "- <qemu:arg value=\"-plugin\"/>\n"
          "- <qemu:arg value=\"/lib/haywire.so\"/>\n");
    check_file(others, NULL);
}

/* What only looks like the plugin, and a prefix of another name. */
static void test_by_namespace(void)
{
    const char *looks =
        OPENQ "<!-- <qemu:arg value='-plugin'/> -->"
              "<title>-plugin /lib/haywire.so</title><metadata>"
              "<x:commandline xmlns:x=\"urn:x\"><x:arg value=\"-plugin\"/>"
              "<x:arg value=\"/lib/haywire.so\"/></x:commandline></metadata>"
              "</domain>";
    const char *other_prefix =
        "<domain xmlns:q=\"" SPACE "\"><q:commandline>"
        "<q:arg value=\"-plugin\"/><q:arg value=\"/lib/haywire.so\"/>"
        "</q:commandline></domain>";

    check(looks, NULL, looks, "");
    check_file(looks, NULL);
    check(other_prefix, &plugin, other_prefix, "");
    check_file(other_prefix, "/lib/haywire.so");
}

/* In a name, QEMU takes two commas for one; XML has its own escapes. */
static void test_odd_names(void)
{
    const HaywireWish wish = { "/a,b/c \"<&'/haywire.so", "ram=x,memory=64",
                               FALSE };
    g_autofree char *changed = change(OPEN "</domain>", &wish, NULL);

    g_assert_nonnull(strstr(changed, "\"/a,,b/c &quot;&lt;&amp;'/haywire.so,"
                                     "ram=x,memory=64\""));
    check_file(changed, wish.file);
    check(changed, NULL, "<domain xmlns:qemu=\"" SPACE "\" type=\"kvm\"/>",
          "- <qemu:arg value=\"-plugin\"/>\n"
          "- <qemu:arg value=\"/a,,b/c &quot;&lt;&amp;'/haywire.so,"
          "ram=x,memory=64\"/>\n");
}

static void test_preload(void)
{
    check(OPEN NAME "</domain>", &preload,
          IN(ENV("LD_PRELOAD", "/lib/haywire.so")
                 ENV("HAYWIRE_OPTIONS", "interval=9")),
          "+ <qemu:env name=\"LD_PRELOAD\" value=\"/lib/haywire.so\"/>\n"
          "+ <qemu:env name=\"HAYWIRE_OPTIONS\" value=\"interval=9\"/>\n");
    check_file(IN(ENV("LD_PRELOAD", "/x.so:/lib/haywire.so")),
               "/lib/haywire.so");
    check(IN(ENV("LD_PRELOAD", "/lib/haywire.so /x.so")
                 ENV("HAYWIRE_OPTIONS", "interval=9") ENV("A", "b")),
          NULL, IN(ENV("A", "b") ENV("LD_PRELOAD", "/x.so")),
          "- <qemu:env name=\"LD_PRELOAD\" "
          "value=\"/lib/haywire.so /x.so\"/>\n"
          "+ <qemu:env name=\"LD_PRELOAD\" value=\"/x.so\"/>\n"
          "- <qemu:env name=\"HAYWIRE_OPTIONS\" value=\"interval=9\"/>\n");
    /* One way in replaces the other. */
    check(IN(OURS ENV("LD_PRELOAD", "/x.so")), &preload,
          IN(ENV("LD_PRELOAD", "/x.so:/lib/haywire.so")
                 ENV("HAYWIRE_OPTIONS", "interval=9")),
          "- <qemu:arg value=\"-plugin\"/>\n"
          "- <qemu:arg value=\"/lib/haywire.so\"/>\n"
          "- <qemu:env name=\"LD_PRELOAD\" value=\"/x.so\"/>\n"
          "+ <qemu:env name=\"LD_PRELOAD\" "
          "value=\"/x.so:/lib/haywire.so\"/>\n"
          "+ <qemu:env name=\"HAYWIRE_OPTIONS\" value=\"interval=9\"/>\n");
}

static void test_no_domain(void)
{
    static const char *const texts[] = { "", "<domain", "<network/>", "x" };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GString) lines = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(
            haywire_domain_xml_change(texts[i], &plugin, lines, &error));
        g_assert_error(error, HAYWIRE_EXIT_ERROR, HAYWIRE_EXIT_IO);
        check_file(texts[i], NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain-xml/plugin", test_plugin);
    g_test_add_func("/domain-xml/replaced", test_replaced);
    g_test_add_func("/domain-xml/others-stay", test_others_stay);
    g_test_add_func("/domain-xml/by-namespace", test_by_namespace);
    g_test_add_func("/domain-xml/odd-names", test_odd_names);
    g_test_add_func("/domain-xml/preload", test_preload);
    g_test_add_func("/domain-xml/no-domain", test_no_domain);
    return g_test_run();
}
