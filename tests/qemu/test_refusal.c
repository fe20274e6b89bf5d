/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the plugin into something that is not a QEMU it knows: a clear
 * message, a refusal, and no crash.  Built twice: as a stranger, which exports
 * nothing, and as an impostor, which exports all that is looked for.
 */
#include <dlfcn.h>

#include "impostor.h"
#include "qemu_internals.h"

typedef int PluginInstall(qemu_plugin_id_t id, const qemu_info_t *info,
                          int argc, char **argv);

static void *plugin_symbol(const char *name)
{
    static void *handle;
    void *symbol;

    if (!handle) {
        /* As QEMU's loader does: every symbol now, none of them shared. */
        handle = dlopen(g_getenv("HAYWIRE_PLUGIN"), RTLD_NOW | RTLD_LOCAL);
    }
    if (!handle) {
        g_error("cannot load the plugin: %s", dlerror());
    }
    symbol = dlsym(handle, name);
    g_assert_nonnull(symbol);
    return symbol;
}

static int plugin_install(bool system_emulation)
{
    qemu_info_t info = {
        .target_name = "x86_64",
        .system_emulation = system_emulation,
    };
    PluginInstall *install =
        (PluginInstall *)plugin_symbol("qemu_plugin_install");

    return install(1, &info, 0, NULL);
}

/* Runs @test in a process of its own and looks at what it says. */
static void expect(const char *test, const char *pattern)
{
    g_test_trap_subprocess(test, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(pattern);
}

static void child_user_mode(void)
{
    g_assert_cmpint(plugin_install(false), ==, -1);
}

static void test_user_mode(void)
{
    expect("/refusal/user-mode/subprocess",
           "haywire: the plugin needs the emulation of a whole system\n");
}

static void child_symbols(void)
{
    g_assert_cmpint(plugin_install(true), ==, -1);
}

static void test_symbols(void)
{
    expect(
        "/refusal/symbols/subprocess",
        "haywire: this QEMU exports none of the internal symbols that the "
        "plugin calls: it was built without modules, *Proxmox*NixOS*haywire --ram\n");
}

#if IMPOSTOR

static int plugin_install_with(char *option)
{
    qemu_info_t info = { .target_name = "x86_64", .system_emulation = true };
    PluginInstall *install =
        (PluginInstall *)plugin_symbol("qemu_plugin_install");

    return install(1, &info, 1, &option);
}

static void child_newer(void)
{
    char off[] = "unknown-qemu=off", on[] = "unknown-qemu=on";

    impostor_version = (ImpostorVersion){ 11, 2 };
    g_assert_cmpint(plugin_install(true), ==, -1);
    g_assert_cmpint(plugin_install_with(off), ==, -1);
    g_assert_cmpint(impostor_notifiers, ==, 0);
    g_assert_cmpint(plugin_install_with(on), ==, 0);
    g_assert_cmpint(impostor_notifiers, ==, 1);
}

static void test_newer(void)
{
    expect("/refusal/newer/subprocess",
           "haywire: QEMU 11.2 is not a version *; unknown-qemu=on tries a "
           "newer one\nhaywire: QEMU 11.2 is not *\nhaywire: this QEMU is "
           "newer than the plugin and is treated as 11.1: *\n");
}

static void child_older(void)
{
    char on[] = "unknown-qemu=on";

    impostor_version = (ImpostorVersion){ 7, 1 };
    g_assert_cmpint(plugin_install_with(on), ==, -1);
    g_assert_cmpint(impostor_notifiers, ==, 0);
}

static void test_older(void)
{
    expect("/refusal/older/subprocess",
           "haywire: QEMU 7.1 is not a version this plugin knows; it knows "
           "7.2 * 11.1\n");
}

static void child_known(void)
{
    impostor_version = (ImpostorVersion){ 10, 0 };
    g_assert_cmpint(plugin_install(true), ==, 0);
    g_assert_cmpint(impostor_notifiers, ==, 1);
    g_assert_cmpint(plugin_install(true), ==, -1);
    g_assert_cmpint(impostor_notifiers, ==, 1);
}

static void test_known(void)
{
    expect("/refusal/known/subprocess",
           "haywire: the plugin is loaded already\n");
}

#endif

/* What QEMU's loader reads: of a program as old as the oldest that we know. */
static void test_interface(void)
{
    int *version = plugin_symbol("qemu_plugin_version");

    g_assert_cmpint(*version, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusal/user-mode/subprocess", child_user_mode);
    g_test_add_func("/refusal/interface", test_interface);
    g_test_add_func("/refusal/user-mode", test_user_mode);
#if IMPOSTOR
    g_test_add_func("/refusal/newer/subprocess", child_newer);
    g_test_add_func("/refusal/older/subprocess", child_older);
    g_test_add_func("/refusal/known/subprocess", child_known);
    g_test_add_func("/refusal/newer", test_newer);
    g_test_add_func("/refusal/older", test_older);
    g_test_add_func("/refusal/known", test_known);
    (void)child_symbols;
    (void)test_symbols;
#else
    g_test_add_func("/refusal/symbols/subprocess", child_symbols);
    g_test_add_func("/refusal/symbols", test_symbols);
#endif
    return g_test_run();
}
