/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU that may not open its own /proc/self/pagemap: the plugin finds what is
 * there another way, says which and why, and allocates nothing.
 *
 * HAYWIRE_TEST_UNDUMPABLE: undumpable.c. All is run as a user without rights,
 * for root may open everything.
 */
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "qemus.h"
#include "scene.h"

#define NOBODY 65534

/* Of a machine with that much memory, of which next to nothing is written. */
#define MEMORY       "2G"
#define RESIDENT_MAX (600 * 1024) /* KiB */

static guint64 resident_kib(QemuProcess *process)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/status", qemu_process_id(process));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(strstr(text, "VmRSS:") + 6, NULL, 10);
}

static gboolean may_run(const char *qemu)
{
    g_autofree char *program = g_find_program_in_path(qemu);

    if (geteuid() == 0) {
        g_test_skip("root may open everything");
        return FALSE;
    }
    if (!program || access(program, R_OK | X_OK) != 0 ||
        access(g_getenv("HAYWIRE_PLUGIN"), R_OK) != 0) {
        g_test_skip("not for a user without rights");
        return FALSE;
    }
    return TRUE;
}

static void check(const char *qemu, const char *arguments)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(JsonNode) rescan = NULL;
    JsonObject *status;

    if (!may_run(qemu)) {
        return;
    }
    g_setenv("LD_PRELOAD", g_getenv("HAYWIRE_TEST_UNDUMPABLE"), TRUE);
    scene_start(&scene, qemu, arguments, scene_world);
    g_unsetenv("LD_PRELOAD");
    status = scene_query(&scene, "query-haywire", NULL, &node);
    scene_assert_string(status, "residency", "move-pages");
    scene_assert_string(status, "residency-reason", "Permission denied");
    rescan = qemu_process_qmp(scene.process, "haywire-rescan", NULL);
    scene_await(&scene, "live", "00000000feedface", 0);
    g_assert_cmpuint(resident_kib(scene.process), <, RESIDENT_MAX);
    scene_end(&scene);
}

static void test_anonymous(const char *qemu)
{
    check(qemu, "-m " MEMORY);
}

static void test_memfd(const char *qemu)
{
    check(qemu, "-object memory-backend-memfd,id=m,size=" MEMORY
                " -machine memory-backend=m -m " MEMORY);
}

static void lose_rights(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
                           setuid(NOBODY) != 0)) {
        g_error("cannot become a user without rights");
    }
}

int main(int argc, char **argv)
{
    lose_rights();
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("residency/anonymous", test_anonymous);
    qemus_add_test("residency/memfd", test_memfd);
    return g_test_run();
}
