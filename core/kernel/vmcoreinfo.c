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

static bool read_x86(const char *text, HaywireNote *note)
{
    uint64_t base, five_levels = 0;

    if (!find_number(text, "NUMBER(phys_base)", 10, &base)) {
        return false;
    }
    (void)find_number(text, "NUMBER(pgtable_l5_enabled)", 10, &five_levels);
    note->offset = base - HAYWIRE_X86_IMAGE; /* signed: may have wrapped */
    return haywire_table_shaped(&haywire_table_x86, 4096,
                                five_levels == 1 ? 57 : 48, &note->table);
}

/*
 * A kernel built for 52 bits may run with fewer, which TCR_EL1 says. Its table
 * then has fewer levels; but with pages of 64 KiB a root that is still as long.
 */
static bool read_arm64(const char *text, HaywireNote *note)
{
    uint64_t base, page, bits, unused;

    if (!find_number(text, "NUMBER(kimage_voffset)", 0, &base) ||
        !find_number(text, "PAGESIZE", 10, &page) ||
        !find_number(text, "NUMBER(VA_BITS)", 10, &bits)) {
        return false;
    }
    if (page < 65536 && find_number(text, "NUMBER(TCR_EL1_T1SZ)", 0, &unused)) {
        bits = 64 - unused;
    }
    note->offset = -base;
    return haywire_table_shaped(&haywire_table_arm64, page, bits, &note->table);
}

HaywireStatus haywire_note_parse(const uint8_t *page, HaywireNote *ret_note)
{
    const uint8_t *start = find_text(page);
    char text[HAYWIRE_GUEST_PAGE + 1];
    HaywireNote note = { 0 };
    size_t length;

    if (!start) {
        return HAYWIRE_BAD_MAGIC;
    }
    length = HAYWIRE_GUEST_PAGE - (size_t)(start - page);
    memcpy(text, start, length);
    text[length] = '\0';
    if (!copy_release(text, &note) ||
        !find_number(text, "SYMBOL(_stext)", 16, &note.stext) ||
        !find_number(text, "SYMBOL(swapper_pg_dir)", 16, &note.page_table) ||
        !find_number(text, "SYMBOL(init_uts_ns)", 16, &note.uts)) {
        return HAYWIRE_BAD_VALUE;
    }
    (void)(read_x86(text, &note) || read_arm64(text, &note));
    *ret_note = note;
    return HAYWIRE_OK;
}
