/*
 * How a view's memory is divided.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include "haywire/limits.h"

static void test_divide(void)
{
    static const size_t whole[] = {
        HAYWIRE_MEMORY_MIN,
        HAYWIRE_MEMORY_DEFAULT,
        HAYWIRE_MEMORY_DEFAULT + 1,
        HAYWIRE_MEMORY_ROOMY,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
        HaywireShares shares = haywire_shares_divide(whole[i]);

        g_assert_cmpuint(shares.copies + shares.notes + shares.work +
                             HAYWIRE_MODELS_ALIVE * shares.model,
                         <, whole[i]);
        g_assert_cmpuint(shares.copies, >, whole[i] * 3 / 8);
        g_assert_cmpuint(shares.model, >, whole[i] / 16);
        g_assert_cmpuint(shares.notes, >, whole[i] / 64);
        g_assert_cmpuint(shares.work, >, whole[i] / 64);
    }
}

#define PARTIES 4

static void test_fair(void)
{
    static const struct {
        uint32_t whole;
        uint32_t need[PARTIES];
        uint32_t share[PARTIES];
    } rows[] = {
        /* enough for all */
        { 100, { 10, 20, 30, 40 }, { 10, 20, 30, 40 } },
        { 1000, { 10, 20, 30, 40 }, { 10, 20, 30, 40 } },
        /* the modest are served, the rest is equal */
        { 100, { 10, 500, 300, 40 }, { 10, 30, 30, 30 } },
        { 100, { 1, 2, 500, 600 }, { 1, 2, 48, 49 } },
        { 100, { 600, 500, 400, 300 }, { 25, 25, 25, 25 } },
        { 100, { 0, 0, 0, 300 }, { 0, 0, 0, 100 } },
        /* next to nothing */
        { 2, { 5, 5, 5, 5 }, { 0, 0, 1, 1 } },
        { 0, { 5, 0, 5, 5 }, { 0, 0, 0, 0 } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t share[PARTIES];

        haywire_shares_fair(rows[i].whole, rows[i].need, PARTIES, share);
        g_assert_cmpmem(share, sizeof(share), rows[i].share, sizeof(share));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/limits/divide", test_divide);
    g_test_add_func("/limits/fair", test_fair);
    return g_test_run();
}
