/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ram_blocks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"

/*
 * The memory backends that ivshmem devices expose: RAM of another purpose,
 * often shared with another guest whose beacons are none of ours.
 */
static int foreign_backend_collect(Object *child, void *opaque)
{
    GPtrArray *foreign = opaque;

    if (object_dynamic_cast(child, "ivshmem-plain")) {
        Object *backend = object_property_get_link(child, "memdev", NULL);

        if (backend) {
            g_ptr_array_add(foreign, backend);
        }
    }
    return 0;
}

static GPtrArray *foreign_backends_list(void)
{
    GPtrArray *foreign = g_ptr_array_new();

    object_child_foreach_recursive(object_get_root(), foreign_backend_collect,
                                   foreign);
    return foreign;
}

/* NULL if @mr does not belong to a memory backend. */
static Object *region_backend(MemoryRegion *mr)
{
    Object *owner = memory_region_owner(mr);

    return owner ? object_dynamic_cast(owner, "memory-backend") : NULL;
}

/* What -object memory-backend-*,id= said, or the default RAM's name. */
static const char *backend_id(Object *backend)
{
    return object_get_canonical_path_component(backend);
}

static uint64_t page_round_up(uint64_t value)
{
    return (value + HAYWIRE_PAGE_SIZE - 1) & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
}

static uint64_t page_round_down(uint64_t value)
{
    return value & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
}

/* May mincore(2) tell us what is in memory of it? */
static gboolean owns_file(int fd)
{
    struct stat found;

    return geteuid() == 0 ||
           (fstat(fd, &found) == 0 && found.st_uid == geteuid());
}

/* Fill in the RAM block and its file. */
static gboolean piece_locate(HaywireRamPiece *piece, HaywireRegion *region)
{
    Object *backend = region_backend(piece->mr);
    ram_addr_t offset;
    RAMBlock *block = qemu_ram_block_from_host((void *)(uintptr_t)region->host,
                                               false, &offset);

    if (!block) {
        return FALSE;
    }
    piece->block = qemu_ram_get_idstr(block);
    piece->fd = qemu_ram_get_fd(block);
    piece->file_offset = offset;
    region->has_file = piece->fd >= 0;
    region->owns_file = region->has_file && owns_file(piece->fd);
    if (region->has_file && backend) {
        /* A property of memory-backend-file since 8.1; else reads as 0. */
        piece->file_offset += object_property_get_uint(backend, "offset", NULL);
    }
    return TRUE;
}

/* Whole pages of a section, without what takes a look-up. */
static gboolean piece_init(HaywireRamPiece *piece, HaywireRegion *region,
                           const MemoryRegionSection *section)
{
    uint64_t first = section->offset_within_address_space;
    uint64_t start = page_round_up(first);
    uint64_t end = page_round_down(first + (uint64_t)section->size);

    if (start >= end) {
        return FALSE;
    }
    *piece = (HaywireRamPiece){
        .mr = section->mr,
        .region_offset = section->offset_within_region + (start - first),
    };
    *region = (HaywireRegion){
        .start = { start },
        .length = end - start,
        .host = (uint8_t *)memory_region_get_ram_ptr(piece->mr) +
                piece->region_offset,
        .read_only = section->readonly,
    };
    return TRUE;
}

/* Does the new piece go on where the last one ends? Then that one grows. */
static gboolean pieces_extend(HaywireRamBlocks *blocks,
                              const HaywireRamPiece *piece,
                              const HaywireRegion *region)
{
    HaywireRegion *last;

    if (blocks->count == 0) {
        return FALSE;
    }
    last = &blocks->region[blocks->count - 1];
    if (last->read_only != region->read_only ||
        blocks->piece[blocks->count - 1].mr != piece->mr ||
        last->start.value + last->length != region->start.value ||
        last->host + last->length != region->host) {
        return FALSE;
    }
    last->length += region->length;
    return TRUE;
}

static void pieces_add(HaywireRamBlocks *blocks,
                       const MemoryRegionSection *section)
{
    HaywireRamPiece piece;
    HaywireRegion region;

    if (!piece_init(&piece, &region, section) ||
        pieces_extend(blocks, &piece, &region)) {
        return;
    }
    if (blocks->count == HAYWIRE_RAM_PIECES_MAX) {
        blocks->is_cut = TRUE;
        return;
    }
    if (piece_locate(&piece, &region)) {
        memory_region_ref(piece.mr);
        blocks->piece[blocks->count] = piece;
        blocks->region[blocks->count++] = region;
    }
}

static gboolean region_is_ram(MemoryRegion *mr)
{
    return memory_region_get_ram_addr(mr) != HAYWIRE_QEMU_RAM_ADDR_INVALID &&
           !memory_region_is_ram_device(mr);
}

/* All ranges of guest memory as it lies now, in order. */
static void each_range(bool (*range)(__int128 start, __int128 length,
                                     const MemoryRegion *mr,
                                     hwaddr offset_in_region, void *opaque),
                       void *opaque)
{
    MemoryRegionSectionRoom room =
        memory_region_find(get_system_memory(), 0, UINT64_MAX);

    if (room.section.mr) {
        flatview_for_each_range(room.section.fv, range, opaque);
        memory_region_unref(room.section.mr);
    }
}

/*
 * Memory that QEMU keeps in RAM, video memory, ROMs and flash too. Of a device
 * such as virtio-mem all that it may ever have: what it has not is in nobody's
 * memory, and so is never read.
 */
static bool range_add(__int128 start, __int128 length, const MemoryRegion *mr,
                      hwaddr offset_in_region, void *opaque)
{
    MemoryRegionSectionRoom room;
    MemoryRegionSection *section = &room.section;

    (void)offset_in_region;
    if (!region_is_ram((MemoryRegion *)mr)) {
        return false;
    }
    /* It alone knows what may not be written there. */
    room = memory_region_find(get_system_memory(), (hwaddr)start,
                              (uint64_t)length);
    if (section->mr && !section->nonvolatile) {
        pieces_add(opaque, section);
    }
    if (section->mr) {
        memory_region_unref(section->mr);
    }
    return false;
}

static void pieces_list(HaywireRamBlocks *blocks)
{
    each_range(range_add, blocks);
}

/* FNV-1a of words: enough to tell two lists of one QEMU apart. */
static void digest_add(uint64_t *digest, uint64_t word)
{
    *digest = (*digest ^ word) * UINT64_C(0x100000001b3);
    *digest ^= *digest >> 32;
}

static bool range_digest(__int128 start, __int128 length,
                         const MemoryRegion *mr, hwaddr offset_in_region,
                         void *opaque)
{
    if (region_is_ram((MemoryRegion *)mr)) {
        digest_add(opaque, (uint64_t)start);
        digest_add(opaque, (uint64_t)length);
        digest_add(opaque, (uintptr_t)mr);
        digest_add(opaque, offset_in_region);
    }
    return false;
}

uint64_t haywire_ram_blocks_digest(void)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    each_range(range_digest, &digest);
    return digest;
}

/* What is wanted of all pieces. */
typedef struct Choice {
    const char *ram;          /* a name; NULL: whatever has a backend */
    const GPtrArray *foreign; /* but for these */
} Choice;

static gboolean piece_is_chosen(const HaywireRamPiece *piece,
                                const Choice *choice)
{
    Object *backend = region_backend(piece->mr);

    if (!choice->ram) {
        return backend &&
               !g_ptr_array_find((GPtrArray *)choice->foreign, backend, NULL);
    }
    return strcmp(piece->block, choice->ram) == 0 ||
           (backend && strcmp(backend_id(backend), choice->ram) == 0);
}

static void pieces_keep(HaywireRamBlocks *blocks, const Choice *choice)
{
    size_t count = 0;

    for (size_t i = 0; i < blocks->count; i++) {
        if (!piece_is_chosen(&blocks->piece[i], choice)) {
            memory_region_unref(blocks->piece[i].mr);
            continue;
        }
        blocks->piece[count] = blocks->piece[i];
        blocks->region[count++] = blocks->region[i];
    }
    blocks->count = count;
}

/* The name of the block with the most memory, for boards without backends. */
static const char *largest_block(const HaywireRamBlocks *blocks)
{
    size_t largest = 0;

    for (size_t i = 1; i < blocks->count; i++) {
        if (blocks->region[i].length > blocks->region[largest].length) {
            largest = i;
        }
    }
    return blocks->count > 0 ? blocks->piece[largest].block : "";
}

static gboolean pieces_have_backend(const HaywireRamBlocks *blocks)
{
    for (size_t i = 0; i < blocks->count; i++) {
        if (region_backend(blocks->piece[i].mr)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void pieces_select(HaywireRamBlocks *blocks, const char *ram)
{
    g_autoptr(GPtrArray) foreign = foreign_backends_list();
    Choice choice = { ram, foreign };

    if (!ram && !pieces_have_backend(blocks)) {
        choice.ram = largest_block(blocks);
    }
    pieces_keep(blocks, &choice);
}

HaywireRamBlocks *haywire_ram_blocks_new(const char *ram)
{
    HaywireRamBlocks *blocks = calloc(1, sizeof(*blocks));

    if (!blocks) {
        return NULL;
    }
    g_atomic_ref_count_init(&blocks->refs);
    pieces_list(blocks);
    pieces_select(blocks, ram);
    for (size_t i = 0; i < blocks->count; i++) {
        haywire_layout_append(&blocks->layout, blocks->region[i].start,
                              blocks->region[i].length);
    }
    return blocks;
}

static void ram_blocks_clear(HaywireRamBlocks *blocks)
{
    for (size_t i = 0; i < blocks->count; i++) {
        memory_region_unref(blocks->piece[i].mr);
    }
    free(blocks);
}

char *haywire_ram_blocks_names(void)
{
    HaywireRamBlocks *blocks = calloc(1, sizeof(*blocks));
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GString *names = g_string_new(NULL);

    if (blocks) {
        pieces_list(blocks);
        for (size_t i = 0; i < blocks->count; i++) {
            const char *name = blocks->piece[i].block;

            if (g_hash_table_add(seen, (gpointer)name)) {
                g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                       name);
            }
        }
        ram_blocks_clear(blocks);
    }
    return g_string_free(names, FALSE);
}

HaywireRamBlocks *haywire_ram_blocks_ref(HaywireRamBlocks *blocks)
{
    g_atomic_ref_count_inc(&blocks->refs);
    return blocks;
}

static gboolean ram_blocks_free(gpointer opaque)
{
    ram_blocks_clear(opaque);
    return G_SOURCE_REMOVE;
}

void haywire_ram_blocks_unref(HaywireRamBlocks *blocks)
{
    if (blocks && g_atomic_ref_count_dec(&blocks->refs)) {
        /* The last user of a region may finalize a device: main loop only. */
        g_idle_add(ram_blocks_free, blocks);
    }
}

gboolean haywire_ram_blocks_equal(const HaywireRamBlocks *a,
                                  const HaywireRamBlocks *b)
{
    if (a->count != b->count) {
        return FALSE;
    }
    for (size_t i = 0; i < a->count; i++) {
        const HaywireRegion *ours = &a->region[i], *theirs = &b->region[i];

        if (ours->start.value != theirs->start.value ||
            ours->length != theirs->length || ours->host != theirs->host ||
            ours->read_only != theirs->read_only ||
            a->piece[i].mr != b->piece[i].mr) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean haywire_ram_blocks_locate(const HaywireRamBlocks *blocks,
                                   HaywireGpa gpa, HaywireRamPlace *ret_place)
{
    for (size_t i = 0; i < blocks->count; i++) {
        const HaywireRegion *region = &blocks->region[i];
        const HaywireRamPiece *piece = &blocks->piece[i];
        uint64_t inside = gpa.value - region->start.value;

        if (gpa.value >= region->start.value && inside < region->length) {
            ret_place->block = piece->block;
            ret_place->has_file = region->has_file;
            ret_place->file_offset = piece->file_offset + inside;
            return TRUE;
        }
    }
    return FALSE;
}
