/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Working out where guest addresses lie in a RAM file.
 *
 * Machines place one RAM block in the guest in one piece or two:
 *   one:  gpa = position + delta        (small x86 machines: 0, arm64: 1 GiB)
 *   two:  gpa = position                below the hole, length `low`
 *         gpa = position + hole - low   above it, from the gpa `hole` on
 * (x86: q35, pc and microvm differ in `low`; `hole` is 4 GiB, or 1 TiB for big
 * guests on AMD hosts: QEMU's hw/i386/pc.c, pc_memory_init()).
 *
 * Each beacon votes: its own frame number against its position. The manifest's
 * RAM ranges say where the guest's RAM begins and ends. The end of the low
 * part cannot be read off the manifest, because firmware keeps some of it back;
 * the end of the high part can: nothing is reserved there. So `low` follows
 * from the file's size and the last range, or from any beacon in the high part,
 * which is exact too. What contradicts any of this is refused.
 *
 * A file that is shorter than the RAM that the manifest names is a part of it,
 * cut off or one file of several: then only what beacons vote for is placed,
 * as far as the manifest's RAM goes on.
 */

#include <stdbool.h>

#include "haywire/beacon_protocol.h"
#include "haywire/layout.h"

#define GIB      (UINT64_C(1) << 30)
#define HOLE_END (4 * GIB)
/* No machine has physical addresses from here on: nothing below wraps. */
#define GPA_END (UINT64_C(1) << 52)

/* Different answers that are looked into; real ones have most votes. */
#define DELTAS_MAX 16
/* A low part ends at a multiple of this unless beacons show otherwise... */
#define LOW_ALIGN (UINT64_C(64) << 20)
/* ...and firmware keeps back less than this at the end of a piece. */
#define RESERVED_MAX (UINT64_C(64) << 20)
/* Beacons in the high part that must agree when only they speak for it. */
#define HIGH_VOTES_MIN 2
/* One in this many sightings may be of a page that has moved since. */
#define STRAY_SHARE 4

typedef struct Evidence {
    uint64_t size;
    const HaywireSighting *sighting;
    size_t sightings;
    const HaywireRamRange *ram;
    size_t ram_count;
    /* From the manifest; all 0 without one. */
    uint64_t first;    /* start of the lowest range */
    uint64_t low_end;  /* end of the last range that starts below hole */
    uint64_t high_end; /* end of the last range above it; 0: none */
    uint64_t hole;     /* where the high part starts */
    bool is_short;     /* there is more RAM than the file has */
} Evidence;

typedef struct Delta {
    uint64_t value; /* gpa - position, modulo 2^64 */
    size_t votes;
} Delta;

static bool usable(const Evidence *evidence, const HaywireSighting *sighting,
                   uint64_t *ret_delta)
{
    uint64_t position = sighting->position.value;

    if (sighting->pfn == 0 || sighting->pfn >= GPA_END >> HAYWIRE_PAGE_SHIFT ||
        position % HAYWIRE_PAGE_SIZE != 0 || position >= evidence->size) {
        return false;
    }
    *ret_delta = (sighting->pfn << HAYWIRE_PAGE_SHIFT) - position;
    return true;
}

/*
 * The deltas that many sightings share: Misra and Gries' frequent items, so
 * that one with more than one vote in DELTAS_MAX is never missed, whatever
 * the order and however many different ones there are. Votes are lower bounds.
 */
static size_t collect_deltas(const Evidence *evidence, Delta *delta)
{
    size_t i, j, count = 0;
    uint64_t value;

    for (i = 0; i < evidence->sightings; i++) {
        if (!usable(evidence, &evidence->sighting[i], &value)) {
            continue;
        }
        for (j = 0; j < count && delta[j].value != value; j++) {
            continue;
        }
        if (j < count) {
            delta[j].votes++;
        } else if (count < DELTAS_MAX) {
            delta[count++] = (Delta){ value, 1 };
        } else {
            for (j = count; j-- > 0;) {
                if (--delta[j].votes == 0) {
                    delta[j] = delta[--count];
                }
            }
        }
    }
    return count;
}

/* At least one sighting, and few strays among those within the range. */
static bool votes_agree(const Evidence *evidence,
                        const HaywireLayoutRange *range, size_t *ret_agreeing)
{
    uint64_t delta, wanted = range->gpa.value - range->position.value;
    size_t i, agreeing = 0, strays = 0;

    for (i = 0; i < evidence->sightings; i++) {
        const HaywireSighting *sighting = &evidence->sighting[i];

        if (!usable(evidence, sighting, &delta) ||
            sighting->position.value < range->position.value ||
            sighting->position.value - range->position.value >= range->length) {
            continue;
        }
        if (delta == wanted) {
            agreeing++;
        } else {
            strays++;
        }
    }
    *ret_agreeing = agreeing;
    return strays <= (agreeing + strays) / STRAY_SHARE;
}

static bool read_manifest(Evidence *evidence)
{
    uint64_t low_end = 0, high_end = 0, total = 0;
    size_t i;

    evidence->hole = HOLE_END;
    evidence->first = evidence->ram_count > 0 ? UINT64_MAX : 0;
    for (i = 0; i < evidence->ram_count; i++) {
        const HaywireRamRange *ram = &evidence->ram[i];

        if (ram->end.value <= ram->start.value || ram->end.value > GPA_END) {
            return false;
        }
        total += ram->end.value - ram->start.value;
        if (ram->start.value < evidence->first) {
            evidence->first = ram->start.value;
        }
        if (ram->start.value < HOLE_END) {
            low_end = ram->end.value > low_end ? ram->end.value : low_end;
            continue;
        }
        if (high_end == 0 || ram->start.value < evidence->hole) {
            evidence->hole = ram->start.value;
        }
        high_end = ram->end.value > high_end ? ram->end.value : high_end;
    }
    evidence->low_end = low_end;
    evidence->high_end = high_end;
    evidence->is_short = total > evidence->size;
    return true;
}

/* gpa = position + delta, for the whole file or as far as the guest knows. */
static bool try_one_piece(const Evidence *evidence, uint64_t delta,
                          HaywireLayout *ret_layout, size_t *ret_agreeing)
{
    uint64_t end = evidence->high_end ? evidence->high_end : evidence->low_end;
    HaywireLayoutRange *range = &ret_layout->range[0];

    /* Without a manifest there may be a high part that no beacon lies in. */
    if (evidence->ram_count == 0 || evidence->first < delta ||
        end - delta > evidence->size) {
        return false;
    }
    range->gpa.value = delta;
    range->position.value = 0;
    range->length = evidence->size;
    if (evidence->size - (end - delta) > RESERVED_MAX) {
        /* The guest was told to use less (mem=): no word about the rest. */
        range->length = (end - delta) & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    }
    ret_layout->count = 1;
    return votes_agree(evidence, range, ret_agreeing) && *ret_agreeing > 0;
}

/* gpa = position + delta, up to the end of the part that holds @delta. */
static bool try_short_piece(const Evidence *evidence, uint64_t delta,
                            HaywireLayout *ret_layout, size_t *ret_agreeing)
{
    uint64_t end =
        delta < evidence->hole ? evidence->low_end : evidence->high_end;
    HaywireLayoutRange *range = &ret_layout->range[0];

    if (!evidence->is_short || delta >= end) {
        return false;
    }
    end = (end - delta) & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    range->gpa.value = delta;
    range->position.value = 0;
    range->length = end < evidence->size ? end : evidence->size;
    ret_layout->count = 1;
    return votes_agree(evidence, range, ret_agreeing) && *ret_agreeing > 0;
}

static bool try_two_pieces(const Evidence *evidence, uint64_t low,
                           HaywireLayout *ret_layout, size_t *ret_agreeing,
                           size_t *ret_high_votes)
{
    HaywireLayoutRange *range = ret_layout->range;
    uint64_t high = evidence->size - low;
    size_t low_votes;

    if (low == 0 || low >= evidence->size || low > evidence->hole ||
        low < evidence->low_end) {
        return false;
    }
    if (!evidence->is_short && evidence->high_end &&
        evidence->high_end - evidence->hole > high) {
        return false;
    }
    range[0] = (HaywireLayoutRange){ { 0 }, { 0 }, low };
    range[1] = (HaywireLayoutRange){ { evidence->hole }, { low }, high };
    ret_layout->count = 2;
    if (!votes_agree(evidence, &range[0], &low_votes) ||
        !votes_agree(evidence, &range[1], ret_high_votes)) {
        return false;
    }
    *ret_agreeing = low_votes + *ret_high_votes;
    return *ret_agreeing > 0;
}

/* The manifest alone tells how long the low part is. */
static bool low_from_manifest(const Evidence *evidence, uint64_t *ret_low)
{
    uint64_t high = evidence->high_end - evidence->hole;

    if (evidence->is_short || evidence->high_end == 0 ||
        high >= evidence->size) {
        return false;
    }
    *ret_low = evidence->size - high;
    return *ret_low % LOW_ALIGN == 0 && *ret_low >= evidence->low_end &&
           *ret_low - evidence->low_end < RESERVED_MAX;
}

/* The best answer so far; @tied when another one is as good. */
typedef struct Best {
    HaywireLayout layout;
    size_t agreeing;
    bool tied;
} Best;

static bool same_layout(const HaywireLayout *a, const HaywireLayout *b)
{
    size_t i;

    if (a->count != b->count) {
        return false;
    }
    for (i = 0; i < a->count; i++) {
        if (a->range[i].gpa.value != b->range[i].gpa.value ||
            a->range[i].position.value != b->range[i].position.value ||
            a->range[i].length != b->range[i].length) {
            return false;
        }
    }
    return true;
}

static void offer(Best *best, const HaywireLayout *layout, size_t agreeing)
{
    if (best->layout.count > 0 && same_layout(&best->layout, layout)) {
        return;
    }
    if (agreeing > best->agreeing) {
        best->layout = *layout;
        best->agreeing = agreeing;
        best->tied = false;
    } else if (agreeing == best->agreeing) {
        best->tied = true;
    }
}

static void try_delta(const Evidence *evidence, uint64_t delta, Best *best)
{
    HaywireLayout layout = { 0 };
    size_t agreeing, high_votes;

    if (try_one_piece(evidence, delta, &layout, &agreeing) ||
        try_short_piece(evidence, delta, &layout, &agreeing)) {
        offer(best, &layout, agreeing);
    }
    /* A delta of the high part, which shows where the low one ends. */
    if (delta == 0 || delta >= evidence->hole) {
        return;
    }
    if (!try_two_pieces(evidence, evidence->hole - delta, &layout, &agreeing,
                        &high_votes) ||
        high_votes < HIGH_VOTES_MIN) {
        return;
    }
    /* Without a manifest: a beacon in the low part must show it is there. */
    if (evidence->ram_count > 0 || agreeing > high_votes) {
        offer(best, &layout, agreeing);
    }
}

HaywireStatus haywire_layout_deduce(uint64_t size,
                                    const HaywireSighting *sightings,
                                    size_t sighting_count,
                                    const HaywireRamRange *ram,
                                    size_t ram_count, HaywireLayout *ret_layout)
{
    Evidence evidence = { .size = size,
                          .sighting = sightings,
                          .sightings = sighting_count,
                          .ram = ram,
                          .ram_count = ram_count };
    HaywireLayout layout = { 0 };
    Delta delta[DELTAS_MAX];
    size_t i, count, agreeing, high_votes;
    Best best = { .agreeing = 0 };
    uint64_t low;

    if (size > GPA_END || !read_manifest(&evidence)) {
        return HAYWIRE_NO_LAYOUT;
    }
    if (low_from_manifest(&evidence, &low) &&
        try_two_pieces(&evidence, low, &layout, &agreeing, &high_votes)) {
        offer(&best, &layout, agreeing);
    }
    count = collect_deltas(&evidence, delta);
    for (i = 0; i < count; i++) {
        try_delta(&evidence, delta[i].value, &best);
    }
    if (best.layout.count == 0 || best.tied) {
        return HAYWIRE_NO_LAYOUT;
    }
    *ret_layout = best.layout;
    return HAYWIRE_OK;
}
