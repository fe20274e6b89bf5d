/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemus.h"

#include <glib.h>
#include <string.h>

#define QEMU_PROGRAM "qemu-system-x86_64"

typedef struct Qemu {
    char *path;
    char *version; /* NULL: it was asked for and does not run */
} Qemu;

typedef struct QemuCase {
    const Qemu *qemu;
    QemuTest *test;
} QemuCase;

/* From "QEMU emulator version 7.2.22 (...)". */
char *qemus_version(const char *path)
{
    const char *argv[] = { path, "--version", NULL };
    g_autofree char *output = NULL;
    char *version;
    int status;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
                      NULL, &output, NULL, &status, NULL) ||
        !g_spawn_check_wait_status(status, NULL)) {
        return NULL;
    }
    version = strstr(output, "version ");
    if (!version) {
        return NULL;
    }
    version += strlen("version ");
    return g_strndup(version, strcspn(version, " \n("));
}

static void qemus_add(GArray *qemus, const char *path)
{
    Qemu qemu = { .path = g_strdup(path), .version = qemus_version(path) };

    g_array_append_val(qemus, qemu);
}

static void qemus_add_if_there(GArray *qemus, const char *path)
{
    g_autofree char *version = qemus_version(path);

    if (version) {
        qemus_add(qemus, path);
    }
}

/* The wrappers that tools/get-qemu leaves in its cache. */
static void qemus_add_fetched(GArray *qemus)
{
    g_autofree char *cache =
        g_build_filename(g_get_user_cache_dir(), "haywire", NULL);
    g_autoptr(GDir) folder = g_dir_open(cache, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *path =
            g_build_filename(cache, name, QEMU_PROGRAM, NULL);

        if (g_str_has_prefix(name, "qemu-") &&
            g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) {
            qemus_add_if_there(qemus, path);
        }
    }
}

static GArray *qemus_list(void)
{
    static GArray *qemus;
    const char *chosen = g_getenv("HAYWIRE_TEST_QEMUS");

    if (qemus) {
        return qemus;
    }
    qemus = g_array_new(FALSE, FALSE, sizeof(Qemu));
    if (chosen) {
        g_auto(GStrv) paths = g_strsplit(chosen, ":", -1);

        for (char **path = paths; *path; path++) {
            qemus_add(qemus, *path);
        }
    } else {
        qemus_add_if_there(qemus, QEMU_PROGRAM);
        qemus_add_fetched(qemus);
    }
    return qemus;
}

static void run_case(gconstpointer data)
{
    const QemuCase *qemu_case = data;

    qemu_case->test(qemu_case->qemu->path);
}

static void skip_case(gconstpointer data)
{
    (void)data;
    g_test_skip("no such QEMU");
}

static void add_case(const Qemu *qemu, const char *name, QemuTest *test)
{
    g_autofree char *path = g_strdup_printf("/%s/%s", qemu->version, name);
    QemuCase *qemu_case = g_new0(QemuCase, 1);

    qemu_case->qemu = qemu;
    qemu_case->test = test;
    g_test_add_data_func_full(path, qemu_case, run_case, g_free);
}

static void add_skipped(const char *group, const char *name)
{
    g_autofree char *path = g_strdup_printf("/%s/%s", group, name);

    g_test_add_data_func(path, NULL, skip_case);
}

void qemus_add_test(const char *name, QemuTest *test)
{
    GArray *qemus = qemus_list();

    if (qemus->len == 0) {
        add_skipped("none", name);
    }
    for (guint i = 0; i < qemus->len; i++) {
        const Qemu *qemu = &g_array_index(qemus, Qemu, i);

        if (qemu->version) {
            add_case(qemu, name, test);
        } else {
            add_skipped(qemu->path, name);
        }
    }
}

/* The build folder of patched QEMU @version, NULL if none is named. */
static const char *patched_build(const char *version)
{
    g_autofree char *name = g_strconcat("HAYWIRE_QEMU_BUILD_", version, NULL);
    const char *build = g_getenv(g_strdelimit(name, ".", '_'));

    return build && *build ? build : NULL;
}

void qemus_add_patched_test(const char *name, QemuTest *test)
{
    static const char *const versions[] = { "7.2", "10.0", "10.2" };
    static GSList *patched; /* of Qemu: cases name them */
    gboolean added = FALSE;

    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        const char *build = patched_build(versions[i]);
        Qemu *qemu;

        if (!build) {
            continue;
        }
        qemu = g_new0(Qemu, 1);
        qemu->version = g_strdup_printf("patched-%s", versions[i]);
        qemu->path = g_build_filename(build, QEMU_PROGRAM, NULL);
        patched = g_slist_prepend(patched, qemu);
        add_case(qemu, name, test);
        added = TRUE;
    }
    if (!added) {
        add_skipped("patched", name);
    }
}
