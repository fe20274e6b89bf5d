/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for the locale: see locale_text.h.
 */
#include "locale_text.h"

void haywire_locale_text(GString *text)
{
    g_autoptr(GString) out = NULL;

    if (g_get_charset(NULL) || g_str_is_ascii(text->str)) {
        return;
    }
    out = g_string_sized_new(text->len * 2);
    for (gsize i = 0; i < text->len; i++) {
        const guchar byte = (guchar)text->str[i];

        g_string_append_printf(out, byte < 0x80 ? "%c" : "\\x%02x", byte);
    }
    g_string_assign(text, out->str);
}
