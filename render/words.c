/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that people type: see words.h.
 */

#include "words.h"

#include <errno.h>
#include <string.h>

/* So many processes of one name are listed, with so much of each command. */
#define MATCHES_MAX    16
#define COMMAND_LENGTH 40

/* strtoull() itself would take blanks, signs and a second 0x. */
bool haywire_word_number(const char *word, bool hex, uint64_t *ret_number)
{
    const char *digits = word;
    uint64_t number;
    char *end;

    if (g_ascii_strncasecmp(word, "0x", 2) == 0) {
        digits += 2;
        hex = true;
    }
    if (!g_ascii_isxdigit(digits[0]) ||
        g_ascii_strncasecmp(digits, "0x", 2) == 0) {
        return false;
    }
    errno = 0;
    number = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    if (end == digits || *end || errno) {
        return false;
    }
    *ret_number = number;
    return true;
}

bool haywire_word_is_name(const char *word)
{
    return word[0] && word[0] != '-' && !g_ascii_isdigit(word[0]);
}

/* Names are cut by the guest's kernel; those of files are not. */
static bool is_called(const HaywireProcess *process, const char *word)
{
    const char *slash = strrchr(process->exe, '/');

    return strcmp(process->name, word) == 0 ||
           (slash && strcmp(slash + 1, word) == 0);
}

static void append_match(GString *why, const HaywireProcess *process)
{
    const char *command =
        process->cmdline[0] ? process->cmdline : process->name;
    g_autofree char *part = g_utf8_substring(
        command, 0, MIN(g_utf8_strlen(command, -1), COMMAND_LENGTH));

    g_string_append_printf(why, "%u (%s)", process->pid, part);
}

HaywireStatus haywire_word_process(const char *word,
                                   const HaywireProcess *process, size_t count,
                                   uint32_t *ret_pid, GString *why)
{
    g_autoptr(GString) matches = g_string_new(NULL);
    uint64_t number;
    size_t found = 0;

    if (haywire_word_number(word, false, &number) && number <= UINT32_MAX) {
        *ret_pid = (uint32_t)number;
        return HAYWIRE_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_called(&process[i], word) && found++ < MATCHES_MAX) {
            *ret_pid = process[i].pid;
            g_string_append(matches, found > 1 ? ", " : "");
            append_match(matches, &process[i]);
        }
    }
    if (found == 1) {
        return HAYWIRE_OK;
    }
    if (found == 0) {
        g_string_append_printf(why, "%s (%s)",
                               haywire_status_text(HAYWIRE_NO_PROCESS), word);
        return HAYWIRE_NO_PROCESS;
    }
    g_string_append_printf(
        why, "%" G_GSIZE_FORMAT " processes are called %s: %s%s", found, word,
        matches->str, found > MATCHES_MAX ? ", ..." : "");
    return HAYWIRE_LIMIT;
}

static const char *const from_words[] = {
    [HAYWIRE_FROM_COMPANION] = "companion",
    [HAYWIRE_FROM_KERNEL] = "kernel",
    [HAYWIRE_FROM_AUTO] = "auto",
};

bool haywire_word_from(const char *word, HaywireFrom *ret_from)
{
    for (size_t i = 0; i < G_N_ELEMENTS(from_words); i++) {
        if (strcmp(word, from_words[i]) == 0) {
            *ret_from = (HaywireFrom)i;
            return true;
        }
    }
    return false;
}

const char *haywire_from_word(HaywireFrom from)
{
    return from_words[from];
}

HaywireMembers haywire_word_members(const char *what, const char *name,
                                    GString *why)
{
    const HaywireTable *table = &haywire_process_table;
    const HaywireField *field = haywire_table_column(table, name);
    const char *comma = "";

    if (field) {
        return haywire_table_members(table, field);
    }
    g_string_append_printf(why, "Unknown %s \"%s\"; known are", what, name);
    for (size_t i = 0; i < table->count + table->extra; i++) {
        if (table->field[i].presence != HAYWIRE_PRESENT_REPLY) {
            g_string_append_printf(why, "%s %s", comma, table->field[i].name);
            comma = ",";
        }
    }
    return 0;
}
