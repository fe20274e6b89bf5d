/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of mappings: see section_name.h, and the kernel's fs/proc/task_mmu.c.
 */

#include "section_name.h"

#include <stdio.h>
#include <string.h>

#define ANON_NAME_MAX 80

void haywire_section_names_begin(HaywireKernelView *view, uint64_t mm,
                                 HaywireSectionNames *names)
{
    memset(names, 0, sizeof(*names));
    names->mm = mm;
    names->start_heap = haywire_view_ask(view, mm, M_MM_START_HEAP);
    names->end_heap = haywire_view_ask(view, mm, M_MM_END_HEAP);
    names->stack = haywire_view_ask(view, mm, M_MM_STACK);
    names->vdso = haywire_view_ask(view, mm, M_MM_VDSO);
}

void haywire_section_names_learn(HaywireKernelView *view, uint64_t area,
                                 HaywireSectionNames *names)
{
    if (names->vdso != 0 &&
        haywire_view_get(view, area, M_AREA_START) == names->vdso &&
        haywire_view_ask(view, area, M_AREA_FILE) == 0) {
        names->special = haywire_view_ask(view, area, M_AREA_OPS);
    }
}

static HaywireString text_of(const char *text)
{
    return (HaywireString){ (const uint8_t *)text, strlen(text) };
}

static HaywireString file_name(HaywireKernelView *view, uint64_t file,
                               HaywireSectionNames *names)
{
    static const char mark[] = " (deleted)";
    HaywireString path;

    if (!haywire_path_read(view, file, &names->path)) {
        return text_of("");
    }
    path = haywire_path_text(&names->path);
    if (!names->path.deleted) {
        return path;
    }
    memcpy(names->text, path.data, path.length);
    memcpy(names->text + path.length, mark, sizeof(mark));
    return (HaywireString){ (const uint8_t *)names->text,
                            path.length + sizeof(mark) - 1 };
}

/* The kernel's own: its private data says how it is called. */
static HaywireString special_name(HaywireKernelView *view, uint64_t area,
                                  HaywireSectionNames *names)
{
    uint64_t data = haywire_view_ask(view, area, M_AREA_DATA);
    uint64_t name = data ? haywire_view_ask(view, data, M_SPECIAL_NAME) : 0;

    if (name == 0) {
        return text_of("");
    }
    haywire_view_text(view, name, names->text, ANON_NAME_MAX);
    return text_of(names->text);
}

static HaywireString given_name(HaywireKernelView *view, uint64_t area,
                                HaywireSectionNames *names)
{
    uint64_t name = haywire_view_ask(view, area, M_AREA_ANON_NAME);
    HaywireMember text = haywire_member(view, M_ANON_NAME);
    char given[ANON_NAME_MAX + 1];

    if (name == 0 || !text.known) {
        return text_of("");
    }
    haywire_view_text(view, name + text.offset, given, sizeof(given));
    snprintf(names->text, sizeof(names->text), "[anon:%s]", given);
    return text_of(names->text);
}

HaywireString haywire_section_name(HaywireKernelView *view, uint64_t area,
                                   HaywireSectionNames *names)
{
    uint64_t start = haywire_view_get(view, area, M_AREA_START);
    uint64_t end = haywire_view_get(view, area, M_AREA_END);
    uint64_t file = haywire_view_ask(view, area, M_AREA_FILE);

    if (file != 0) {
        return file_name(view, file, names);
    }
    if (names->special != 0 &&
        haywire_view_ask(view, area, M_AREA_OPS) == names->special) {
        return special_name(view, area, names);
    }
    if (start < names->end_heap && end > names->start_heap) {
        return text_of("[heap]");
    }
    if (start <= names->stack && end >= names->stack) {
        return text_of("[stack]");
    }
    return given_name(view, area, names);
}
