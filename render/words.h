/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that people type, in the monitor and in a shell: numbers, and names
 * of processes. Any thread.
 */

#ifndef HAYWIRE_RENDER_WORDS_H
#define HAYWIRE_RENDER_WORDS_H

#include <glib.h>

#include "fields.h"

/*
 * A number: decimal, or hexadecimal after 0x; with @hex hexadecimal in any
 * case. False, and nothing is written, when @word is none.
 */
bool haywire_word_number(const char *word, bool hex, uint64_t *ret_number);

/* Whether it may name a process: no number, right or wrong, and no option. */
bool haywire_word_is_name(const char *word);

/*
 * The process that @word names: by its pid; or by its name, or that of its
 * executable, when one process alone has it.
 *
 * @why: appended to unless HAYWIRE_OK is returned
 *
 * HAYWIRE_OK (there may be no process of this pid), HAYWIRE_NO_PROCESS,
 * HAYWIRE_LIMIT (there are several; @why lists them).
 */
HaywireStatus haywire_word_process(const char *word,
                                   const HaywireProcess *process, size_t count,
                                   uint32_t *ret_pid,
                                   GString *why) HAYWIRE_MUST_CHECK;

/* "companion", "kernel", "auto"; false: neither. */
bool haywire_word_from(const char *word, HaywireFrom *ret_from);
const char *haywire_from_word(HaywireFrom from);

/*
 * The members that the column @name of a process is made of; 0, and @why is
 * appended to, when it is not known. @what: "column", "member".
 */
HaywireMembers haywire_word_members(const char *what, const char *name,
                                    GString *why);

#endif
