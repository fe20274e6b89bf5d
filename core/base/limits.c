/*
 * Dividing a view's memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>

#include "haywire/limits.h"

/*
 * In 64ths. One is left for what is small and of fixed size: sessions, the
 * source's buffers, models' heads, the allocator's own.
 */
#define PARTS        64
#define COPIES_PARTS 31
#define NOTES_PARTS  2
#define MODEL_PARTS  7
#define WORK_PARTS   2
#define SMALL_PARTS  1

_Static_assert(COPIES_PARTS + NOTES_PARTS + HAYWIRE_MODELS_ALIVE * MODEL_PARTS +
                       WORK_PARTS + SMALL_PARTS ==
                   PARTS,
               "the shares make up the whole");

HaywireShares haywire_shares_divide(size_t bytes)
{
    size_t part = bytes / PARTS;

    return (HaywireShares){
        .copies = COPIES_PARTS * part,
        .notes = NOTES_PARTS * part,
        .model = MODEL_PARTS * part,
        .work = WORK_PARTS * part,
    };
}

/* Who is still to be served: a bit each. */
typedef struct Sharing {
    uint32_t open;
    uint32_t parties; /* of these */
    uint32_t left;    /* of the whole */
} Sharing;

static bool is_open(const Sharing *sharing, size_t party)
{
    return sharing->open & UINT32_C(1) << party;
}

static void serve(Sharing *sharing, size_t party, uint32_t amount,
                  uint32_t *ret_share)
{
    ret_share[party] = amount;
    sharing->left -= amount;
    sharing->open &= ~(UINT32_C(1) << party);
    sharing->parties--;
}

/* Serve those who need no more than an equal share; false when none does. */
static bool serve_modest(Sharing *sharing, const uint32_t *need, size_t count,
                         uint32_t *ret_share)
{
    uint32_t equal = sharing->left / sharing->parties;
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (is_open(sharing, i) && need[i] <= equal) {
            serve(sharing, i, need[i], ret_share);
            any = true;
        }
    }
    return any;
}

void haywire_shares_fair(uint32_t whole, const uint32_t *need, size_t count,
                         uint32_t *ret_share)
{
    Sharing sharing = {
        .open = (uint32_t)((UINT64_C(1) << count) - 1),
        .parties = (uint32_t)count,
        .left = whole,
    };

    while (sharing.parties > 0 &&
           serve_modest(&sharing, need, count, ret_share)) {
    }
    for (size_t i = 0; i < count; i++) {
        if (is_open(&sharing, i)) {
            serve(&sharing, i, sharing.left / sharing.parties, ret_share);
        }
    }
}
