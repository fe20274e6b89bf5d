/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways to give a guest its memory, and to start QEMU: processes are shown
 * and focus is taken.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "qemus.h"
#include "scene.h"

#define MACHINE   "-m 256"
#define NEEDS_MIB 256

/* All of it beyond the first node's 128 MiB. */
static const char second_node[] =
    "place first=0xa000000\n"
    "session id=0xfeedface heartbeat=7 interval=10ms started=5s time=100s\n" SCENE_SIZES
    "process pid=42 name=\"one\"\n"
    "camera 1 nonce=0x5eed1234\n"
    "camera 2 nonce=0x5eed1234\n";

static void check(const char *qemu, const char *arguments, const char *world)
{
    g_autoptr(JsonNode) list = NULL;
    g_autoptr(JsonNode) camera = NULL;
    JsonObject *process;
    Scene scene;

    scene_start(&scene, qemu, arguments, world);
    list = qemu_process_qmp(scene.process, "query-haywire-processes",
                            "{'pid':42}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(list)), ==, 1);
    process = json_array_get_object_element(json_node_get_array(list), 0);
    scene_assert_number(process, "pid", 42);
    scene_assert_number(
        scene_query(&scene, "haywire-focus", "{'pid':42,'camera':2}", &camera),
        "target-pid", 42);
    scene_end(&scene);
}

static void check_file(const char *qemu, const char *options)
{
    g_autofree char *folder = g_dir_make_tmp("haywire-ways-XXXXXX", NULL);
    g_autofree char *arguments = g_strdup_printf(
        MACHINE " -machine q35,memory-backend=ram0 -object "
                "memory-backend-file,id=ram0,size=256M,mem-path=%s%s",
        folder, options);

    check(qemu, arguments, scene_world);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* A folder for a path: QEMU's file in it has no name. */
static void test_private(const char *qemu)
{
    check_file(qemu, ",share=off");
}

static void test_prealloc(const char *qemu)
{
    check_file(qemu, ",share=on,prealloc=on");
}

static void test_anonymous(const char *qemu)
{
    check(qemu,
          MACHINE " -machine q35,memory-backend=ram0 "
                  "-object memory-backend-ram,id=ram0,size=256M,merge=on",
          scene_world);
}

static void test_nodes(const char *qemu)
{
    check(qemu,
          MACHINE " -object memory-backend-ram,id=a,size=128M "
                  "-object memory-backend-memfd,id=b,size=128M,share=on "
                  "-numa node,memdev=a -numa node,memdev=b",
          second_node);
}

static guint64 huge_pages_mib(void)
{
    g_autofree char *text = NULL;
    const char *free_pages;

    g_assert_true(g_file_get_contents("/proc/meminfo", &text, NULL, NULL));
    free_pages = strstr(text, "HugePages_Free:");
    return free_pages && strstr(text, "Hugepagesize:       2048 kB")
               ? 2 * g_ascii_strtoull(strchr(free_pages, ':') + 1, NULL, 10)
               : 0;
}

static void test_hugetlb(const char *qemu)
{
    if (huge_pages_mib() < NEEDS_MIB) {
        g_test_skip("no 256 MiB of huge pages of 2 MiB");
        return;
    }
    check(qemu,
          MACHINE " -machine q35,memory-backend=ram0 "
                  "-object memory-backend-memfd,id=ram0,size=256M,hugetlb=on,"
                  "hugetlbsize=2M",
          scene_world);
}

/* What is started ends, and another process goes on. */
static void test_daemonized(const char *qemu)
{
    check(qemu, MACHINE " -daemonize", scene_world);
}

/* As libvirt has it. */
static void test_sandbox(const char *qemu)
{
    check(qemu,
          MACHINE " -sandbox on,obsolete=deny,elevateprivileges=deny,"
                  "spawn=deny,resourcecontrol=deny "
                  "-object memory-backend-memfd,id=ram0,size=256M,share=on "
                  "-machine q35,memory-backend=ram0",
          scene_world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("ways/private", test_private);
    qemus_add_test("ways/prealloc", test_prealloc);
    qemus_add_test("ways/anonymous", test_anonymous);
    qemus_add_test("ways/nodes", test_nodes);
    qemus_add_test("ways/hugetlb", test_hugetlb);
    qemus_add_test("ways/daemonized", test_daemonized);
    qemus_add_test("ways/sandbox", test_sandbox);
    return g_test_run();
}
