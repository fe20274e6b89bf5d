/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a process's addresses to where the bytes lie.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

/*
 * Guest RAM on both sides of the PCI hole, in one file: the offset that is
 * answered is where the byte lies.
 */
static void assert_translates(Scene *scene, guint64 gva, guint64 gpa,
                              const char *ram_file)
{
    g_autofree char *content =
        g_strdup_printf("content of %" G_GINT64_MODIFIER "x", gpa);
    g_autofree char *arguments =
        g_strdup_printf("{'pid':42,'address':%" G_GUINT64_FORMAT "}", gva);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GMappedFile) file = NULL;
    JsonObject *place;

    qemu_process_memwrite(scene->process, gpa, content, strlen(content));
    place = scene_query(scene, "haywire-translate", arguments, &node);
    scene_assert_number(place, "gpa", gpa);
    scene_assert_string(place, "ram-block", "mem0");
    file = g_mapped_file_new(ram_file, FALSE, NULL);
    g_assert_nonnull(file);
    g_assert_cmpmem(g_mapped_file_get_contents(file) +
                        json_object_get_int_member(place, "offset"),
                    strlen(content), content, strlen(content));
}

static void translate_on(const char *qemu, const char *machine)
{
    static const char text[] =
        "place first=0x4000000\n"
        "session id=0xfeedface heartbeat=7 interval=10ms\n" SCENE_SIZES
        "process pid=42 name=\"odd\"\n"
        "camera 1 pid=42 pass=3 nonce=1\n"
        "sections pid=42 camera=1\n"
        "section start=0x400000 end=0x404000 perms=\"r-xp\"\n"
        "run camera=1 gva=0x400000 pfn=0x5000 pages=1\n"
        "run camera=1 gva=0x401000 pfn=0x100010 pages=1\n"
        "run camera=1 gva=0x402000 swap=9 pages=1\n"
        "run camera=1 gva=0x403000 pfn=0xffffff pages=1\n";
    g_autofree char *ram_file = NULL;
    g_autofree char *arguments = NULL;
    Scene scene;
    int fd = g_file_open_tmp("haywire-ram-XXXXXX", &ram_file, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    arguments = g_strdup_printf(
        "-m 4G -object memory-backend-file,id=mem0,size=4G,share=on,mem-path=%s"
        " -machine %s,memory-backend=mem0",
        ram_file, machine);
    scene_start(&scene, qemu, arguments, text);
    assert_translates(&scene, 0x400123, 0x5000123, ram_file);
    assert_translates(&scene, 0x401ff0 - 0xff0, 0x100010000, ram_file);
    scene_assert_error(
        &scene, "haywire-translate", "{'pid':42,'address':4202496}",
        "The address has no page in the guest's memory (pid 42)");
    scene_assert_error(
        &scene, "haywire-translate", "{'pid':42,'address':0}",
        "The address has no page in the guest's memory (pid 42)");
    scene_assert_error(&scene, "haywire-translate",
                       "{'pid':42,'address':4206592}", "(pid 42)");
    scene_end(&scene);
    g_unlink(ram_file);
}

static void test_translate(const char *qemu)
{
    translate_on(qemu, "q35");
    translate_on(qemu, "pc");
    translate_on(qemu, "microvm");
}

/* Without a file there is no offset to name. */
static void test_translate_no_file(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *place;

    scene_start(&scene, qemu, "-m 256", scene_world);
    place = scene_query(&scene, "haywire-translate",
                        "{'pid':42,'address':4198401}", &node);
    scene_assert_number(place, "gpa", 0x5001001);
    scene_assert_string(place, "ram-block", "pc.ram");
    g_assert_false(json_object_has_member(place, "offset"));
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("translate/pci-hole", test_translate);
    qemus_add_test("translate/no-file", test_translate_no_file);
    return g_test_run();
}
