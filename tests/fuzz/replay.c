/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target on files, and on the files in folders, without libFuzzer:
 * for kept inputs, for debuggers, and for compilers that have no fuzzer.
 */

#include <stdio.h>

#include "fuzz.h"

static gboolean replay_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return FALSE;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    printf("# %s: %zu bytes\n", path, size);
    return TRUE;
}

static gboolean replay(const char *path, unsigned *count)
{
    g_autoptr(GDir) folder = NULL;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        (*count)++;
        return replay_file(path);
    }
    folder = g_dir_open(path, 0, NULL);
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        if (!replay(file, count)) {
            return FALSE;
        }
    }
    return folder != NULL;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        if (!replay(argv[i], &count)) {
            return 1;
        }
    }
    printf("# %u inputs\n", count);
    if (count == 0) {
        fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
        return 2;
    }
    return 0;
}
