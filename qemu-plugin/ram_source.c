/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ram_source.h"

#include <endian.h>

#include "haywire/beacon_protocol.h"

typedef struct HaywireRamSource {
    HaywireMemory base;
    HaywireRamBlocks *blocks;
    GArray *regions; /* of HaywireRegion, one for each piece */
    HaywireLayout layout;
    HaywireResidency *residency;
} HaywireRamSource;

static HaywireRamSource *ram_source(HaywireMemory *source)
{
    return (HaywireRamSource *)source;
}

static const HaywireRamPiece *piece_at(const HaywireRamSource *ram, guint i)
{
    return &g_array_index(ram->blocks->pieces, HaywireRamPiece, i);
}

/*
 * Positions are gpas, so that neighbours share a range.  Should there be more
 * ranges than a layout holds, the last one spans the gaps behind it: a gpa in
 * a gap is then found out by the regions.
 */
static void layout_add(HaywireLayout *layout, const HaywireRamPiece *piece)
{
    HaywireLayoutRange *last =
        layout->count ? &layout->range[layout->count - 1] : NULL;

    if (last && (last->gpa.value + last->length == piece->gpa.value ||
                 layout->count == HAYWIRE_LAYOUT_RANGES_MAX)) {
        last->length = piece->gpa.value + piece->length - last->gpa.value;
        return;
    }
    layout->range[layout->count++] = (HaywireLayoutRange){
        .gpa = piece->gpa,
        .position = { piece->gpa.value },
        .length = piece->length,
    };
}

static void ram_source_index(HaywireRamSource *ram)
{
    g_array_set_size(ram->regions, 0);
    ram->layout.count = 0;
    for (guint i = 0; i < ram->blocks->pieces->len; i++) {
        const HaywireRamPiece *piece = piece_at(ram, i);
        HaywireRegion region = {
            .start = { piece->gpa.value },
            .length = piece->length,
            .host = piece->host,
        };

        g_array_append_val(ram->regions, region);
        layout_add(&ram->layout, piece);
    }
}

static const HaywireRegion *ram_source_regions(HaywireMemory *source,
                                               size_t *ret_count)
{
    GArray *regions = ram_source(source)->regions;

    *ret_count = regions->len;
    return (const HaywireRegion *)regions->data;
}

/* The first resident run in one piece that ends behind @from. */
static HaywireStatus piece_next_resident(HaywireRamSource *ram,
                                         const HaywireRamPiece *piece,
                                         uint64_t from,
                                         HaywirePosition *ret_start,
                                         uint64_t *ret_length)
{
    uint64_t skip = from > piece->gpa.value ? from - piece->gpa.value : 0;
    uint64_t start;
    HaywireStatus status;

    if (skip >= piece->length) {
        return HAYWIRE_NOT_FOUND;
    }
    status = haywire_residency_next(ram->residency, piece->host, piece->length,
                                    piece->fd, piece->file_offset, true, skip,
                                    &start, ret_length);
    if (status == HAYWIRE_OK) {
        ret_start->value = piece->gpa.value + start;
    }
    return status;
}

static HaywireStatus ram_source_next_resident(HaywireMemory *source,
                                              HaywirePosition from,
                                              HaywirePosition *ret_start,
                                              uint64_t *ret_length)
{
    HaywireRamSource *ram = ram_source(source);

    for (guint i = 0; i < ram->blocks->pieces->len; i++) {
        HaywireStatus status = piece_next_resident(
            ram, piece_at(ram, i), from.value, ret_start, ret_length);

        if (status != HAYWIRE_NOT_FOUND) {
            return status;
        }
    }
    return HAYWIRE_NOT_FOUND;
}

/* Pages by themselves: without walking the runs that they lie in. */
static void ram_source_are_resident(HaywireMemory *source,
                                    const HaywireRegion *region,
                                    const HaywirePosition *where, size_t count,
                                    HaywireStatus *ret_status)
{
    HaywireRamSource *ram = ram_source(source);
    const HaywireRamPiece *piece = piece_at(
        ram, (guint)(region - (const HaywireRegion *)ram->regions->data));

    haywire_residency_pages(ram->residency, region, piece->fd,
                            piece->file_offset, true, where, count, ret_status);
}

static HaywireStatus ram_source_compare_and_swap(HaywireMemory *source,
                                                 HaywirePosition where,
                                                 uint64_t expected,
                                                 uint64_t desired)
{
    HaywireGpa gpa = { where.value };
    const HaywireRamPiece *piece;
    uint64_t offset;
    uint64_t old = htole64(expected);

    piece =
        haywire_ram_blocks_find(ram_source(source)->blocks, gpa, sizeof(old));
    if (!piece || where.value % sizeof(old) != 0) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    offset = where.value - piece->gpa.value;
    if (!__atomic_compare_exchange_n((uint64_t *)(piece->host + offset), &old,
                                     htole64(desired), false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        return HAYWIRE_FOCUS_LOST_RACE;
    }
    /* Or migration would leave the old word behind. */
    memory_region_set_dirty(piece->mr, piece->region_offset + offset,
                            sizeof(old));
    return HAYWIRE_OK;
}

/* The blocks are kept by reference: memory never goes away under us. */
static HaywireStatus ram_source_check(HaywireMemory *source)
{
    (void)source;
    return HAYWIRE_OK;
}

static const HaywireLayout *ram_source_layout(HaywireMemory *source)
{
    return &ram_source(source)->layout;
}

static void ram_source_destroy(HaywireMemory *source)
{
    HaywireRamSource *ram = ram_source(source);

    haywire_residency_destroy(ram->residency);
    g_array_unref(ram->regions);
    haywire_ram_blocks_unref(ram->blocks);
    g_free(ram);
}

static const HaywireMemoryOps ram_source_ops = {
    .regions = ram_source_regions,
    .next_resident = ram_source_next_resident,
    .are_resident = ram_source_are_resident,
    .compare_and_swap = ram_source_compare_and_swap,
    .check = ram_source_check,
    .layout = ram_source_layout,
    .destroy = ram_source_destroy,
};

HaywireStatus haywire_ram_source_new(HaywireRamBlocks *blocks,
                                     HaywireMemory **ret_source)
{
    HaywireResidency *residency;
    HaywireRamSource *ram;
    HaywireStatus status;

    status = haywire_residency_new(HAYWIRE_RESIDENCY_AUTO, &residency);
    if (status != HAYWIRE_OK) {
        return status;
    }
    ram = g_new0(HaywireRamSource, 1);
    ram->base.ops = &ram_source_ops;
    ram->residency = residency;
    ram->regions = g_array_new(FALSE, FALSE, sizeof(HaywireRegion));
    ram->blocks = haywire_ram_blocks_ref(blocks);
    ram_source_index(ram);
    *ret_source = &ram->base;
    return HAYWIRE_OK;
}

void haywire_ram_source_set_blocks(HaywireMemory *source,
                                   HaywireRamBlocks *blocks)
{
    HaywireRamSource *ram = ram_source(source);
    HaywireRamBlocks *old = ram->blocks;

    ram->blocks = haywire_ram_blocks_ref(blocks);
    ram_source_index(ram);
    haywire_ram_blocks_unref(old);
}
