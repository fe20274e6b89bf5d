/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text about the memory of one process: sections and page runs. See text.h.
 */

#include "text.h"

#include "text_format.h"
#include "text_table.h"

/* Where the path starts in a line of /proc/PID/maps. */
#define MAPS_PATH_COLUMN 73

static void append_origin(GString *out, uint32_t pid, const char *source,
                          uint64_t generation)
{
    g_string_append_printf(out, "pid %u, %s generation %" G_GUINT64_FORMAT, pid,
                           source, generation);
}

static void append_section(GString *out, const HaywireSection *section)
{
    const gsize start = out->len;

    g_string_append_printf(
        out,
        "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER
        "x %s %08" G_GINT64_MODIFIER "x %02x:%02x %" G_GUINT64_FORMAT,
        section->start, section->end, section->permissions, section->offset,
        section->device_major, section->device_minor, section->inode);
    if (section->path[0]) {
        do {
            g_string_append_c(out, ' ');
        } while (out->len - start < MAPS_PATH_COLUMN);
        g_string_append(out, section->path);
        if (section->path_truncated) {
            g_string_append(out, "...");
        }
    }
    g_string_append_c(out, '\n');
}

void haywire_text_sections(GString *out, const HaywireSectionList *list)
{
    append_origin(out, list->pid, haywire_origin_name(list->source),
                  list->generation);
    if (!list->readable) {
        g_string_append(out, list->blocked
                                 ? ": not read, since the process is stuck\n"
                                 : ": not readable by the companion\n");
        return;
    }
    g_string_append_printf(out, ": %" G_GSIZE_FORMAT " of %u sections\n",
                           list->count, list->total);
    for (size_t i = 0; i < list->count; i++) {
        append_section(out, &list->section[i]);
    }
}

static void range_cell(GString *out, const void *row)
{
    const HaywirePageRun *run = row;
    const uint64_t length = (uint64_t)run->pages << HAYWIRE_PAGE_SHIFT;

    g_string_append_printf(
        out, "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER "x",
        run->gva.value, run->gva.value + length);
}

/* The frame number, or type:offset of the swap entry. */
static void frame_cell(GString *out, const void *row)
{
    const HaywirePageRun *run = row;

    if (!(run->flags & (HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_SWAPPED))) {
        g_string_append_c(out, '-');
    } else if (!(run->flags & HAYWIRE_RUN_PFN_KNOWN)) {
        g_string_append(out, "hidden");
    } else if (run->flags & HAYWIRE_RUN_SWAPPED) {
        g_string_append_printf(out, "swap %u:0x%" G_GINT64_MODIFIER "x",
                               run->swap_type, run->value);
    } else {
        g_string_append_printf(out, "0x%" G_GINT64_MODIFIER "x", run->value);
    }
}

static void flags_cell(GString *out, const void *row)
{
    static const struct {
        uint16_t flag;
        const char *name;
    } word[] = {
        { HAYWIRE_RUN_PRESENT, "present" },
        { HAYWIRE_RUN_SWAPPED, "swapped" },
        { HAYWIRE_RUN_FILE, "file" },
        { HAYWIRE_RUN_SOFT_DIRTY, "soft-dirty" },
        { HAYWIRE_RUN_EXCLUSIVE, "exclusive" },
        { HAYWIRE_RUN_GUARD, "guard" },
        { HAYWIRE_RUN_UFFD_WP, "uffd-wp" },
        { HAYWIRE_RUN_SPECIAL, "special" },
    };
    const HaywirePageRun *run = row;
    const char *comma = "";

    for (size_t i = 0; i < G_N_ELEMENTS(word); i++) {
        if (run->flags & word[i].flag) {
            g_string_append_printf(out, "%s%s", comma, word[i].name);
            comma = ",";
        }
    }
}

void haywire_text_page_runs(GString *out, const HaywirePageRunList *list,
                            HaywireGvaRange range)
{
    static const HaywireColumn column[] = {
        { .title = "ADDRESS", .cell = range_cell },
        { .title = "PAGES", .field = "pages" },
        { .title = "PFN", .cell = frame_cell, .right = true },
        { .title = "SIZE", .field = "page-size" },
        { .title = "FLAGS", .cell = flags_cell },
    };
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(HaywirePageRun));

    for (size_t i = 0; i < list->count; i++) {
        HaywirePageRun part;

        if (haywire_page_run_clip(&list->run[i], range.start, range.length,
                                  &part)) {
            g_array_append_val(parts, part);
        }
    }
    append_origin(out, list->pid, haywire_origin_name(list->source),
                  list->generation);
    g_string_append_printf(out, ": %u of %u runs%s\n", parts->len, list->total,
                           list->complete ? "" : ", incomplete");
    haywire_table_print(out, &haywire_page_run_table, column,
                        G_N_ELEMENTS(column), parts->data, parts->len, NULL);
    if (list->provider == HAYWIRE_PROVIDER_COMPANION) {
        g_string_append(out, "not known by this source: writable, executable, "
                             "user, accessed, dirty\n");
    }
}
