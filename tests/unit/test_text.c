/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Escaping of guest strings.
 */

#include <glib.h>
#include <string.h>

#include "haywire/text.h"

/* Escaped with the room that text.h names, and not a byte more. */
static char *escape(const void *bytes, size_t length)
{
    char *out = g_malloc(4 * length + 1);
    size_t used = haywire_text_escape(bytes, length, out);

    g_assert_cmpuint(used, ==, strlen(out));
    g_assert_cmpuint(used, <=, 4 * length);
    return out;
}

static void check(const void *bytes, size_t length, const char *expected)
{
    g_autofree char *out = escape(bytes, length);

    g_assert_cmpstr(out, ==, expected);
}

static void test_single_bytes(void)
{
    for (int byte = 0; byte < 256; byte++) {
        uint8_t in = (uint8_t)byte;
        gboolean plain = byte >= 0x20 && byte < 0x7f && byte != '\\';
        g_autofree char *expected = plain ? g_strdup_printf("%c", byte)
                                          : g_strdup_printf("\\x%02x", byte);

        check(&in, 1, expected);
    }
}

/* Wherever it stands among others: plain ones are taken many at a time. */
static void test_bytes_among_plain(void)
{
    static const char plain[] = "abcdefghij~lmnop rs!";

    for (int byte = 0; byte < 256; byte++) {
        uint8_t other = (uint8_t)byte;
        g_autofree char *escaped = escape(&other, 1);

        for (size_t i = 0; i < strlen(plain); i++) {
            g_autofree char *in = g_strdup(plain);
            g_autofree char *expected = g_strdup_printf(
                "%.*s%s%s", (int)i, plain, escaped, plain + i + 1);

            in[i] = (char)byte;
            check(in, strlen(plain), expected);
        }
    }
}

typedef struct Sequence {
    const char *bytes;
    const char *expected;
} Sequence;

static const Sequence sequences[] = {
    { "", "" },
    { "plain", "plain" },
    { "a\\x41", "a\\x5cx41" },
    { "caf\xc3\xa9", "caf\xc3\xa9" },
    { "\xe2\x82\xac", "\xe2\x82\xac" },
    { "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
    /* overlong forms of '/', of U+07FF and of U+FFFF */
    { "\xc0\xaf", "\\xc0\\xaf" },
    { "\xc1\xbf", "\\xc1\\xbf" },
    { "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
    { "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
    { "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
    { "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
    /* surrogates, alone and as a pair */
    { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
    { "\xed\xbf\xbf", "\\xed\\xbf\\xbf" },
    { "\xed\xa0\xbd\xed\xb0\x80", "\\xed\\xa0\\xbd\\xed\\xb0\\x80" },
    /* above U+10FFFF, and leads of five and six bytes */
    { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
    { "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
    { "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
    { "\xfc\x84\x80\x80\x80\x80", "\\xfc\\x84\\x80\\x80\\x80\\x80" },
    /* cut off, in the middle and at the end */
    { "\xc3", "\\xc3" },
    { "\xe2\x82", "\\xe2\\x82" },
    { "\xf0\x9f\x90", "\\xf0\\x9f\\x90" },
    { "\xe2\x82z", "\\xe2\\x82z" },
    { "\xe2\xc3\xa9", "\\xe2\xc3\xa9" },
    { "\x80\xbf", "\\x80\\xbf" },
    /* valid, and not to be shown */
    { "\xc2\x85", "\\xc2\\x85" }, /* C1: next line */
    { "\xc2\x9b"
      "31m",
      "\\xc2\\x9b"
      "31m" },                             /* C1: CSI */
    { "\xc2\xad", "\\xc2\\xad" },          /* soft hyphen */
    { "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
    { "\xe2\x80\xae"
      "txt",
      "\\xe2\\x80\\xae"
      "txt" },                                      /* RLO */
    { "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },          /* LRI */
    { "\xd8\x9c", "\\xd8\\x9c" },                   /* Arabic mark */
    { "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },          /* byte order mark */
    { "\xef\xb7\x90", "\\xef\\xb7\\x90" },          /* U+FDD0 */
    { "\xef\xbf\xbe", "\\xef\\xbf\\xbe" },          /* U+FFFE */
    { "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81" }, /* a tag */
    { "\xf4\x8f\xbf\xbf", "\\xf4\\x8f\\xbf\\xbf" }, /* U+10FFFF */
    { "\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd" },     /* private use */
    /* what terminals act on */
    { "\x1b]0;x\x07", "\\x1b]0;x\\x07" },
    { "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
};

static void test_sequences(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sequences); i++) {
        check(sequences[i].bytes, strlen(sequences[i].bytes),
              sequences[i].expected);
    }
}

static void test_embedded_nul(void)
{
    check("a\0b", 3, "a\\x00b");
}

static gboolean is_default_ignorable_gap(gunichar code)
{
    return code == 0x2065 || (code >= 0xe0000 && code <= 0xe0fff);
}

/* Every character, against the Unicode tables of an independent library. */
static void test_all_characters(void)
{
    unsigned kept = 0;

    for (gunichar code = 0; code <= 0x10ffff; code++) {
        gboolean noncharacter =
            (code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
        GUnicodeType type = g_unichar_type(code);
        gboolean hidden = type == G_UNICODE_CONTROL ||
                          type == G_UNICODE_FORMAT ||
                          type == G_UNICODE_LINE_SEPARATOR ||
                          type == G_UNICODE_PARAGRAPH_SEPARATOR;
        char in[6];
        char out[4 * 6 + 1];
        int length;
        gboolean same;

        if (type == G_UNICODE_SURROGATE) {
            continue;
        }
        length = g_unichar_to_utf8(code, in);
        haywire_text_escape((const uint8_t *)in, (size_t)length, out);
        same = strlen(out) == (size_t)length &&
               memcmp(in, out, (size_t)length) == 0;
        kept += same;
        if (is_default_ignorable_gap(code)) {
            g_assert_false(same);
        } else {
            g_assert_cmpint(same, ==, !hidden && !noncharacter && code != '\\');
        }
    }
    g_assert_cmpuint(kept, >, 1000000);
}

/* Back to bytes; every backslash must begin \xNN. */
static GString *unescape(const char *text)
{
    GString *bytes = g_string_new(NULL);

    while (*text) {
        if (*text != '\\') {
            g_string_append_c(bytes, *text++);
            continue;
        }
        g_assert_cmpint(text[1], ==, 'x');
        g_assert_true(g_ascii_isxdigit(text[2]) && g_ascii_isxdigit(text[3]));
        g_string_append_c(bytes, (char)(g_ascii_xdigit_value(text[2]) * 16 +
                                        g_ascii_xdigit_value(text[3])));
        text += 4;
    }
    return bytes;
}

/* Any bytes: valid UTF-8 comes out, on one line, and leads back to them. */
static void test_random_bytes(void)
{
    for (int round = 0; round < 20000; round++) {
        uint8_t in[24];
        size_t length = (size_t)g_test_rand_int_range(0, sizeof(in));
        g_autofree char *out = NULL;
        GString *back;

        for (size_t i = 0; i < length; i++) {
            int byte = g_test_rand_int_range(0, 256);

            /* mostly bytes that make and break sequences */
            in[i] = (uint8_t)(byte % 3 ? byte | 0x80 : byte);
        }
        out = escape(in, length);
        g_assert_true(g_utf8_validate(out, -1, NULL));
        for (const char *p = out; *p; p++) {
            g_assert_true((uint8_t)*p >= 0x20 && *p != 0x7f);
        }
        back = unescape(out);
        g_assert_cmpmem(back->str, back->len, in, length);
        g_string_free(back, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/single-bytes", test_single_bytes);
    g_test_add_func("/text/bytes-among-plain", test_bytes_among_plain);
    g_test_add_func("/text/sequences", test_sequences);
    g_test_add_func("/text/embedded-nul", test_embedded_nul);
    g_test_add_func("/text/all-characters", test_all_characters);
    g_test_add_func("/text/random-bytes", test_random_bytes);
    return g_test_run();
}
