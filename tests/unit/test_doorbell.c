/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The doorbell's code: what is taken for it, and what is not.
 */
#include <glib.h>
#include <string.h>

#include "../../qemu-plugin/doorbell_code.h"
#include "engine/doorbell.h"

#define BLOCK 64

static const uint8_t x86_call[] = { 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 };
static const uint8_t arm64_calls[2][4] = {
    { 0xdf, 0x59, 0x9f, 0xd2 }, /* 0xd29f59df */
    { 0x5f, 0x28, 0xa6, 0xf2 }, /* 0xf2a6285f */
};

static void test_targets(void)
{
    const HaywireDoorbellCode *x86 = haywire_doorbell_code("x86_64");

    g_assert_nonnull(x86);
    g_assert_true(haywire_doorbell_code("i386") == x86);
    g_assert_cmpuint(x86->count, ==, 1);
    g_assert_cmpuint(haywire_doorbell_code("aarch64")->count, ==, 2);
    g_assert_null(haywire_doorbell_code("arm"));
    g_assert_null(haywire_doorbell_code("aarch64_be"));
    g_assert_null(haywire_doorbell_code(""));
}

/* Each size but the right one, each single bit wrong. */
static void check_call(const HaywireDoorbellCode *code, size_t ordinal,
                       const uint8_t *call, size_t size)
{
    uint8_t bytes[16] = { 0 };

    memcpy(bytes, call, size);
    g_assert_cmpuint(size, ==, code->size);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        g_assert_cmpint(haywire_doorbell_code_is(code, ordinal, bytes, cut), ==,
                        cut == size);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        g_assert_false(haywire_doorbell_code_is(code, ordinal, bytes, size));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    g_assert_true(haywire_doorbell_code_is(code, ordinal, bytes, size));
    g_assert_false(haywire_doorbell_code_is(code, code->count, bytes, size));
}

static void test_calls(void)
{
    const HaywireDoorbellCode *arm64 = haywire_doorbell_code("aarch64");

    check_call(haywire_doorbell_code("x86_64"), 0, x86_call, sizeof(x86_call));
    for (size_t i = 0; i < 2; i++) {
        check_call(arm64, i, arm64_calls[i], sizeof(arm64_calls[i]));
        g_assert_false(haywire_doorbell_code_is(arm64, 1 - i, arm64_calls[i],
                                                sizeof(arm64_calls[i])));
    }
}

/* What assemblers emit to fill space, and the call behind a prefix. */
static void test_other_nops(void)
{
    static const struct {
        size_t size;
        uint8_t bytes[9];
    } nops[] = {
        { 1, { 0x90 } },
        { 2, { 0x66, 0x90 } },
        { 3, { 0x0f, 0x1f, 0x00 } },
        { 4, { 0x0f, 0x1f, 0x40, 0x00 } },
        { 5, { 0x0f, 0x1f, 0x44, 0x00, 0x00 } },
        { 6, { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 } },
        { 7, { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 } },
        { 8, { 0x0f, 0x1f, 0x84, 0x00, 0xce, 0xfa, 0x42, 0x31 } },
        { 8, { 0x66, 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
        { 8, { 0x48, 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
        { 8, { 0x67, 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
        { 8, { 0xf3, 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
        { 7, { 0x0f, 0x1f, 0x05, 0xce, 0xfa, 0x42, 0x31 } },
        { 7, { 0x0f, 0x18, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
        { 7, { 0x48, 0x8d, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
    };
    const HaywireDoorbellCode *code = haywire_doorbell_code("x86_64");

    for (size_t i = 0; i < G_N_ELEMENTS(nops); i++) {
        g_assert_false(
            haywire_doorbell_code_is(code, 0, nops[i].bytes, nops[i].size));
    }
}

/* Ours rings, and does nothing else: the page is as it was. */
static void test_ring(void)
{
    static HaywirePage page, before;

    memset(&page, 0x5a, sizeof(page));
    before = page;
    haywire_doorbell_ring(&page);
    g_assert_cmpmem(&page, sizeof(page), &before, sizeof(before));
}

/* What the companion executes is what the plugin looks for. */
static void test_same(void)
{
#if defined(__x86_64__)
    const uint8_t *start = (const uint8_t *)(uintptr_t)haywire_doorbell_ring;
    const uint8_t *found = memmem(start, 2 * BLOCK, x86_call, sizeof(x86_call));

    g_assert_nonnull(found);
    g_assert_cmpuint((uintptr_t)found % BLOCK, ==, 0);
#else
    g_test_skip("the code of another architecture");
#endif
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/doorbell/targets", test_targets);
    g_test_add_func("/doorbell/calls", test_calls);
    g_test_add_func("/doorbell/other-nops", test_other_nops);
    g_test_add_func("/doorbell/ring", test_ring);
    g_test_add_func("/doorbell/same", test_same);
    return g_test_run();
}
