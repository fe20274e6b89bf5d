/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the kernel's note: see vmcoreinfo.h.
 */

#include "vmcoreinfo.h"

#include <stdlib.h>
#include <string.h>

/* The text alone, or behind the header and the name of an ELF note. */
static const char text_start[] = "OSRELEASE=";
#define NOTE_NAME        "VMCOREINFO"
#define NOTE_NAME_OFFSET 12
#define NOTE_TEXT_OFFSET 24

#define TEXT_START_LENGTH (sizeof(text_start) - 1)

static const uint8_t *find_text(const uint8_t *page)
{
    if (memcmp(page, text_start, TEXT_START_LENGTH) == 0) {
        return page;
    }
    if (memcmp(page + NOTE_NAME_OFFSET, NOTE_NAME, sizeof(NOTE_NAME)) == 0 &&
        memcmp(page + NOTE_TEXT_OFFSET, text_start, TEXT_START_LENGTH) == 0) {
        return page + NOTE_TEXT_OFFSET;
    }
    return NULL;
}

bool haywire_note_begins(const uint8_t *page)
{
    return find_text(page) != NULL;
}

bool haywire_note_text(const uint8_t *page, size_t *ret_start)
{
    const uint8_t *text = find_text(page);

    if (text) {
        *ret_start = (size_t)(text - page);
    }
    return text != NULL;
}

/* The value of a line; NULL: there is no such line. Ends at \n. */
static const char *find_line(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line;) {
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            return line + length + 1;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

static bool find_number(const char *text, const char *key, int base,
                        uint64_t *ret_number)
{
    const char *line = find_line(text, key);
    char *end;

    if (!line || *line == '\n') {
        return false;
    }
    *ret_number = strtoull(line, &end, base);
    return end != line && (*end == '\n' || *end == '\0');
}

static bool copy_release(const char *text, HaywireNote *note)
{
    const char *line = find_line(text, "OSRELEASE");
    size_t length = line ? strcspn(line, "\n") : 0;

    if (length == 0 || length >= sizeof(note->release)) {
        return false;
    }
    memcpy(note->release, line, length);
    note->release[length] = '\0';
    return true;
}

HaywireStatus haywire_note_parse(const uint8_t *page, HaywireNote *ret_note)
{
    const uint8_t *start = find_text(page);
    char text[HAYWIRE_GUEST_PAGE + 1];
    HaywireNote note = { 0 };
    uint64_t ignored, levels = 0;
    size_t length;

    if (!start) {
        return HAYWIRE_BAD_MAGIC;
    }
    length = HAYWIRE_GUEST_PAGE - (size_t)(start - page);
    memcpy(text, start, length);
    text[length] = '\0';
    note.x86 = find_number(text, "NUMBER(phys_base)", 10, &note.phys_base);
    note.arm64 = find_number(text, "NUMBER(kimage_voffset)", 0, &ignored);
    (void)find_number(text, "NUMBER(pgtable_l5_enabled)", 10, &levels);
    note.five_levels = levels == 1;
    if (!copy_release(text, &note) ||
        !find_number(text, "SYMBOL(_stext)", 16, &note.stext) ||
        !find_number(text, "SYMBOL(swapper_pg_dir)", 16, &note.page_table) ||
        !find_number(text, "SYMBOL(init_uts_ns)", 16, &note.uts)) {
        return HAYWIRE_BAD_VALUE;
    }
    *ret_note = note;
    return HAYWIRE_OK;
}
