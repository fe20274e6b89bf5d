/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as people read it: see hex_dump.h.
 */
#include "hex_dump.h"

#include <string.h>

#define LINE 16

static const char *const reasons[HAYWIRE_STATUS_COUNT] = {
    [HAYWIRE_NOT_PRESENT] = "not mapped",
    [HAYWIRE_NO_LAYOUT] = "no RAM there",
    [HAYWIRE_OUT_OF_RANGE] = "no such address",
    [HAYWIRE_HOLE] = "never written",
    [HAYWIRE_NOT_RESIDENT] = "not in the memory of the host",
    [HAYWIRE_SWAPPED] = "swapped out by the host",
    [HAYWIRE_BROKEN_PAGE] = "broken memory of the host",
};

const char *haywire_missing_reason(const HaywireMissing *missing)
{
    if (missing->swapped) {
        return "swapped out by the guest";
    }
    return reasons[missing->why] ? reasons[missing->why]
                                 : haywire_status_text(missing->why);
}

/* The part that holds @address; NULL: it is there. Advances @next. */
static const HaywireMissing *missing_at(const HaywireReadResult *result,
                                        uint64_t address, gsize *next)
{
    while (*next < result->count) {
        const HaywireMissing *part = &result->missing[*next];

        if (address - part->start.value < part->length) {
            return part;
        }
        if (part->start.value > address) {
            return NULL;
        }
        (*next)++;
    }
    return NULL;
}

static void append_reason(GString *out, const HaywireMissing *part)
{
    g_string_append_printf(
        out, "%016" G_GINT64_MODIFIER "x  -- %" G_GUINT64_FORMAT " bytes: %s",
        part->start.value, part->length, haywire_missing_reason(part));
    if (part->level && !part->swapped) {
        g_string_append_printf(out, " (page table ends at level %u)",
                               part->level);
    }
    g_string_append_c(out, '\n');
}

typedef struct Dump {
    const HaywireReadResult *result;
    uint64_t address; /* of the first byte */
    const uint8_t *bytes;
    gsize length;
    gsize next; /* part */
    const HaywireMissing *told;
} Dump;

/* A line from byte @from on. Parts that begin in it are told behind it. */
static void append_line(GString *out, Dump *dump, gsize from)
{
    const gsize count = MIN(LINE, dump->length - from);
    g_autoptr(GString) behind = g_string_new(NULL);
    char letters[LINE + 1] = { 0 };

    g_string_append_printf(out, "%016" G_GINT64_MODIFIER "x ",
                           dump->address + from);
    for (gsize i = 0; i < LINE; i++) {
        const HaywireMissing *part =
            i < count ? missing_at(dump->result, dump->address + from + i,
                                   &dump->next)
                      : NULL;
        const uint8_t byte = i < count ? dump->bytes[from + i] : 0;

        g_string_append(out, i == LINE / 2 ? "  " : " ");
        if (i >= count || part) {
            g_string_append(out, part ? "--" : "  ");
        } else {
            g_string_append_printf(out, "%02x", byte);
        }
        if (i < count) {
            letters[i] = part ? ' ' : g_ascii_isprint(byte) ? (char)byte : '.';
        }
        if (part && part != dump->told) {
            append_reason(behind, part);
            dump->told = part;
        }
    }
    g_string_append_printf(out, "  |%s|\n%s", letters, behind->str);
}

/* As the line before, and all of it is there. */
static gboolean is_repeated(Dump *dump, gsize at)
{
    return at >= LINE && dump->length - at >= LINE &&
           memcmp(dump->bytes + at, dump->bytes + at - LINE, LINE) == 0 &&
           !missing_at(dump->result, dump->address + at + LINE - 1,
                       &dump->next);
}

void haywire_hex_dump(GString *out, uint64_t address, const uint8_t *bytes,
                      gsize length, const HaywireReadResult *result)
{
    Dump dump = { result, address, bytes, length, 0, NULL };
    gboolean whole = FALSE; /* the line before was printed, and all there */
    gboolean starred = FALSE;

    for (gsize at = 0; at < length; at += LINE) {
        const gsize count = MIN(LINE, length - at);
        const HaywireMissing *part =
            missing_at(result, address + at, &dump.next);

        /* A line of which nothing is there is told by its part alone. */
        if (part &&
            part->length - (address + at - part->start.value) >= count) {
            if (part != dump.told) {
                append_reason(out, part);
                dump.told = part;
            }
            whole = FALSE;
        } else if (!part && whole && is_repeated(&dump, at)) {
            g_string_append(out, starred ? "" : "*\n");
            starred = TRUE;
            continue;
        } else {
            whole = !part;
            append_line(out, &dump, at);
            whole = whole &&
                    !missing_at(result, address + at + count - 1, &dump.next);
        }
        starred = FALSE;
    }
}
