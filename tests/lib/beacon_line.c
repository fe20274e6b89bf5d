/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a builder's text.
 */

#include "beacon_line.h"

#include <string.h>

#include "beacon_builder.h"

void beacon_line_fail(BeaconLine *line, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    if (line->error) {
        return;
    }
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    line->error = g_error_new(HAYWIRE_BEACONS_ERROR, 0, "line %u: %s",
                              line->number, message);
}

static void item_free(void *opaque)
{
    BeaconItem *item = opaque;

    g_free(item->key);
    g_string_free(item->value, TRUE);
    g_free(item);
}

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The character that an escape (after its backslash) stands for. */
static char parse_escape(BeaconLine *line, const char **at)
{
    static const char names[] = "nt0\\\"";
    static const char values[] = "\n\t\0\\\"";
    char name = *(*at)++;
    const char *known = name ? strchr(names, name) : NULL;

    if (known) {
        return values[known - names];
    }
    if (name == 'x' && g_ascii_isxdigit((*at)[0]) &&
        g_ascii_isxdigit((*at)[1])) {
        int value = g_ascii_xdigit_value((*at)[0]) * 16 +
                    g_ascii_xdigit_value((*at)[1]);

        *at += 2;
        return (char)value;
    }
    beacon_line_fail(line, "unknown escape");
    (*at)--;
    return 0;
}

static void parse_quoted(BeaconLine *line, const char **at, GString *out)
{
    (*at)++;
    while (**at && **at != '"' && !line->error) {
        if (**at == '\\') {
            (*at)++;
            g_string_append_c(out, parse_escape(line, at));
        } else {
            g_string_append_c(out, *(*at)++);
        }
    }
    if (**at != '"') {
        beacon_line_fail(line, "string without an end");
        return;
    }
    (*at)++;
}

static void parse_item(BeaconLine *line, const char **at)
{
    BeaconItem *item = g_new0(BeaconItem, 1);

    item->value = g_string_new(NULL);
    g_ptr_array_add(line->item, item);
    while (**at && !is_space(**at) && **at != '#' && !line->error) {
        if (**at == '"') {
            parse_quoted(line, at, item->value);
        } else if (**at == '=' && !item->key) {
            item->key = g_strdup(item->value->str);
            g_string_truncate(item->value, 0);
            (*at)++;
        } else {
            g_string_append_c(item->value, *(*at)++);
        }
    }
}

BeaconLine *beacon_line_parse(const char *text, unsigned number)
{
    g_autoptr(BeaconLine) line = g_new0(BeaconLine, 1);

    line->number = number;
    line->item = g_ptr_array_new_with_free_func(item_free);
    while (!line->error) {
        while (is_space(*text)) {
            text++;
        }
        if (*text == '\0' || *text == '#') {
            break;
        }
        parse_item(line, &text);
    }
    if (line->item->len == 0) {
        return NULL;
    }
    return g_steal_pointer(&line);
}

void beacon_line_free(BeaconLine *line)
{
    if (line) {
        g_ptr_array_free(line->item, TRUE);
        g_clear_error(&line->error);
        g_free(line);
    }
}

const char *beacon_line_word(BeaconLine *line)
{
    while (line->next_word < line->item->len) {
        BeaconItem *item = line->item->pdata[line->next_word++];

        if (!item->key) {
            item->used = TRUE;
            return item->value->str;
        }
    }
    beacon_line_fail(line, "a word is missing");
    return "";
}

size_t beacon_line_choice(BeaconLine *line, const char *const *names)
{
    const char *word = beacon_line_word(line);

    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], word) == 0) {
            return i;
        }
    }
    beacon_line_fail(line, "unknown word '%s'", word);
    return 0;
}

static BeaconItem *find_pair(const BeaconLine *line, const char *key)
{
    for (size_t i = 0; i < line->item->len; i++) {
        BeaconItem *item = line->item->pdata[i];

        if (item->key && strcmp(item->key, key) == 0) {
            return item;
        }
    }
    return NULL;
}

gboolean beacon_line_has(const BeaconLine *line, const char *key)
{
    return find_pair(line, key) != NULL;
}

gboolean beacon_number_parse(const char *text, uint64_t *ret_value)
{
    static const struct {
        const char *suffix;
        uint64_t factor;
    } units[] = {
        { "", 1 },           { "k", 1 << 10 }, { "M", 1 << 20 },
        { "G", 1 << 30 },    { "us", 1000 },   { "ms", 1000000 },
        { "s", 1000000000 },
    };
    char *end;
    uint64_t value = g_ascii_strtoull(text, &end, 0);

    if (end == text) {
        return FALSE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(end, units[i].suffix) == 0) {
            *ret_value = value * units[i].factor;
            return TRUE;
        }
    }
    return FALSE;
}

uint64_t beacon_line_number(BeaconLine *line, const char *key,
                            uint64_t otherwise)
{
    BeaconItem *item = find_pair(line, key);
    uint64_t value = otherwise;

    if (item) {
        item->used = TRUE;
        if (!beacon_number_parse(item->value->str, &value)) {
            beacon_line_fail(line, "%s: '%s' is no number", key,
                             item->value->str);
        }
    }
    return value;
}

uint64_t beacon_line_need(BeaconLine *line, const char *key)
{
    if (!beacon_line_has(line, key)) {
        beacon_line_fail(line, "%s= is missing", key);
    }
    return beacon_line_number(line, key, 0);
}

const char *beacon_line_string(BeaconLine *line, const char *key,
                               const char *otherwise, size_t *ret_length)
{
    BeaconItem *item = find_pair(line, key);

    if (!item) {
        *ret_length = strlen(otherwise);
        return otherwise;
    }
    item->used = TRUE;
    *ret_length = item->value->len;
    return item->value->str;
}

static uint64_t flag_bit(BeaconLine *line, const char *name,
                         const BeaconFlag *flags)
{
    for (; flags->name; flags++) {
        if (strcmp(flags->name, name) == 0) {
            return flags->bit;
        }
    }
    beacon_line_fail(line, "unknown flag '%s'", name);
    return 0;
}

uint64_t beacon_line_flags(BeaconLine *line, const char *key,
                           const BeaconFlag *flags, uint64_t otherwise)
{
    BeaconItem *item = find_pair(line, key);
    g_auto(GStrv) names = NULL;
    uint64_t bits = 0;

    if (!item) {
        return otherwise;
    }
    item->used = TRUE;
    if (beacon_number_parse(item->value->str, &bits)) {
        return bits;
    }
    names = g_strsplit(item->value->str, ",", -1);
    for (size_t i = 0; names[i] && *names[i]; i++) {
        bits |= flag_bit(line, names[i], flags);
    }
    return bits;
}

const BeaconItem *beacon_line_next_pair(BeaconLine *line)
{
    for (size_t i = 0; i < line->item->len; i++) {
        BeaconItem *item = line->item->pdata[i];

        if (item->key && !item->used) {
            item->used = TRUE;
            return item;
        }
    }
    return NULL;
}

void beacon_line_finish(BeaconLine *line)
{
    for (size_t i = 0; i < line->item->len; i++) {
        BeaconItem *item = line->item->pdata[i];

        if (!item->used) {
            beacon_line_fail(line, "what is '%s'?",
                             item->key ? item->key : item->value->str);
        }
    }
}
