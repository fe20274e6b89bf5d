/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests demand of every text that is shown: see harmless.h.
 */

#include "harmless.h"

#include <glib.h>

static bool is_harmless(gunichar character)
{
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
        return false;
    default:
        return true;
    }
}

const char *haywire_text_find_harm(const char *text, bool lines)
{
    const char *end;

    if (!g_utf8_validate(text, -1, &end)) {
        return end;
    }
    for (; *text; text = g_utf8_next_char(text)) {
        if (!(lines && *text == '\n') && !is_harmless(g_utf8_get_char(text))) {
            return text;
        }
    }
    return NULL;
}
