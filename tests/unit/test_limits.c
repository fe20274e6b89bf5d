/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a view's memory is divided.
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/limits/divide", test_divide);
    return g_test_run();
}
