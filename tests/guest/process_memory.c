/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory a process uses: see process_memory.h.
 */
#include "process_memory.h"

#include <string.h>

/* "7f00-7f01 rw-p ...": whether it begins a mapping, and of which kind. */
static gboolean begins_mapping(const char *line, gboolean *ret_code)
{
    const char *rights = strchr(line, ' ');

    if (!g_ascii_isxdigit(line[0]) || !rights || !strchr(line, '-') ||
        strchr(line, '-') > rights) {
        return FALSE;
    }
    *ret_code = strncmp(rights, " rwx", 4) == 0;
    return TRUE;
}

guint64 process_memory_private(GPid pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps", (int)pid);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) lines = NULL;
    gboolean code = FALSE;
    guint64 sum = 0;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!begins_mapping(*line, &code) && !code &&
            g_str_has_prefix(*line, "Anonymous:")) {
            sum += g_ascii_strtoull(*line + strlen("Anonymous:"), NULL, 10)
                   << 10;
        }
    }
    return sum;
}
