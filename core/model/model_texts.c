/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Texts that many have in common: programs and libraries. Each is escaped and
 * kept once, as far as a table of fixed size remembers it.
 */

#include "model_private.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TEXTS 1024

typedef struct KnownText {
    HaywireString bytes; /* in a copy */
    const char *text;    /* in the arena; NULL: nothing is here */
} KnownText;

struct HaywireTexts {
    KnownText known[TEXTS];
};

HaywireTexts *haywire_texts_new(void)
{
    return calloc(1, sizeof(HaywireTexts));
}

static bool is_same(const KnownText *known, HaywireString bytes)
{
    return known->text && known->bytes.length == bytes.length &&
           memcmp(known->bytes.data, bytes.data, bytes.length) == 0;
}

const char *haywire_builder_shared_text(HaywireModelBuilder *builder,
                                        HaywireString bytes, bool *ret_cut)
{
    KnownText *known;
    bool cut = false;
    const char *text;

    if (bytes.length == 0) {
        return "";
    }
    known =
        &builder->texts->known[XXH3_64bits(bytes.data, bytes.length) % TEXTS];
    if (is_same(known, bytes)) {
        return known->text;
    }
    text = haywire_builder_text(builder, bytes.data, bytes.length, &cut);
    if (cut) {
        *ret_cut = true;
    } else {
        *known = (KnownText){ bytes, text };
    }
    return text;
}
