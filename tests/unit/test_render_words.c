/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that people type: numbers, and names of processes and members.
 */
#include "words.h"

static const HaywireProcess processes[] = {
    { .pid = 1, .name = "init", .exe = "/bin/busybox", .cmdline = "init" },
    { .pid = 7,
      .name = "a-very-long-nam",
      .exe = "/opt/a-very-long-name",
      .cmdline = "" },
    { .pid = 9, .name = "sh", .exe = "/bin/busybox", .cmdline = "sh -c x" },
};

static void test_numbers(void)
{
    static const struct {
        const char *word;
        bool hex;
        bool good;
        uint64_t number;
    } number[] = {
        { "42", false, true, 42 },
        { "42", true, true, 0x42 },
        { "0x2A", false, true, 42 },
        { "7f74", true, true, 0x7f74 },
        { "18446744073709551615", false, true, UINT64_MAX },
        { "18446744073709551616", false, false, 0 },
        { "1a", false, false, 0 },
        { "0x0x1", true, false, 0 },
        { "-1", true, false, 0 },
        { " 1", false, false, 0 },
        { "0x", false, false, 0 },
        { "", true, false, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(number); i++) {
        uint64_t found = 99;

        g_assert_cmpint(
            haywire_word_number(number[i].word, number[i].hex, &found), ==,
            number[i].good);
        g_assert_cmpuint(found, ==, number[i].good ? number[i].number : 99);
    }
}

static void check_process(const char *word, HaywireStatus status, uint32_t pid,
                          const char *why)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint32_t found = 0;

    g_assert_cmpint(haywire_word_process(word, processes,
                                         G_N_ELEMENTS(processes), &found, text),
                    ==, status);
    if (status == HAYWIRE_OK) {
        g_assert_cmpuint(found, ==, pid);
    }
    g_assert_cmpstr(text->str, ==, why);
}

static void test_processes(void)
{
    check_process("9", HAYWIRE_OK, 9, "");
    check_process("0x10", HAYWIRE_OK, 16, "");
    check_process("init", HAYWIRE_OK, 1, "");
    check_process("a-very-long-name", HAYWIRE_OK, 7, "");
    check_process("Init", HAYWIRE_NO_PROCESS, 0,
                  "There is no such process in the guest (Init)");
    check_process("busybox", HAYWIRE_LIMIT, 0,
                  "2 processes are called busybox: 1 (init), 9 (sh -c x)");
    g_assert_true(haywire_word_is_name("init"));
    g_assert_false(haywire_word_is_name("1x"));
    g_assert_false(haywire_word_is_name("-x"));
    g_assert_false(haywire_word_is_name(""));
}

/* Many of one name, with long commands: one line that is not long. */
static void test_many(void)
{
    static const char command[] =
        "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266"
        "\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244"
        "\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274"
        "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266"
        "\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244";
    g_autoptr(GString) why = g_string_new(NULL);
    HaywireProcess many[100];
    uint32_t pid;

    for (guint i = 0; i < G_N_ELEMENTS(many); i++) {
        many[i] = (HaywireProcess){
            .pid = i + 1, .name = "x", .exe = "", .cmdline = command
        };
    }
    g_assert_cmpint(
        haywire_word_process("x", many, G_N_ELEMENTS(many), &pid, why), ==,
        HAYWIRE_LIMIT);
    g_assert_true(
        g_str_has_prefix(why->str, "100 processes are called x: 1 ("));
    g_assert_true(g_str_has_suffix(why->str, "), ..."));
    g_assert_true(g_utf8_validate(why->str, -1, NULL));
    g_assert_cmpuint(why->len, <, 2048);
}

static void test_members(void)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_cmpuint(haywire_word_members("member", "PID", why), ==, 1);
    g_assert_cmpint(
        __builtin_popcountll(haywire_word_members("member", "cpu-time", why)),
        ==, 2);
    g_assert_cmpstr(why->str, ==, "");
    g_assert_cmpuint(haywire_word_members("member", "more", why), ==, 0);
    g_assert_true(g_str_has_prefix(
        why->str, "Unknown member \"more\"; known are pid, ppid, "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/numbers", test_numbers);
    g_test_add_func("/words/processes", test_processes);
    g_test_add_func("/words/many", test_many);
    g_test_add_func("/words/members", test_members);
    return g_test_run();
}
