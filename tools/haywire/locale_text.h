/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for the locale: terminals that know no UTF-8 take some of its bytes for
 * commands.
 */
#ifndef HAYWIRE_TOOL_LOCALE_TEXT_H
#define HAYWIRE_TOOL_LOCALE_TEXT_H

#include <glib.h>

/* Unless the locale is of UTF-8, write bytes that are not ASCII as \xNN. */
void haywire_locale_text(GString *text);

#endif
