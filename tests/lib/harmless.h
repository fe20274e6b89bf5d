/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests demand of every text that is shown.
 */

#ifndef HAYWIRE_TEST_HARMLESS_H
#define HAYWIRE_TEST_HARMLESS_H

#include <stdbool.h>

/*
 * NULL when @text is valid UTF-8 without control or format characters
 * (categories Cc, Cf, Zl, Zp), which steer a terminal or let text look like
 * what it is not; else the first place that is at fault. @lines: line ends may
 * be in it.
 */
const char *haywire_text_find_harm(const char *text, bool lines);

#endif
