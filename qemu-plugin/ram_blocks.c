/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ram_blocks.h"

#include <string.h>

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

/* Fill in the RAM block and its file. */
static gboolean piece_locate(HaywireRamPiece *piece)
{
    RAMBlock *block;
    Object *backend = region_backend(piece->mr);
    ram_addr_t offset;

    block = qemu_ram_block_from_host(piece->host, false, &offset);
    if (!block) {
        return FALSE;
    }
    piece->block = g_strdup(qemu_ram_get_idstr(block));
    piece->block_offset = offset;
    piece->fd = qemu_ram_get_fd(block);
    piece->file_offset = offset;
    if (piece->fd >= 0 && backend) {
        /* A property of memory-backend-file since 8.1; else reads as 0. */
        piece->file_offset += object_property_get_uint(backend, "offset", NULL);
        piece->path = object_property_get_str(backend, "mem-path", NULL);
    }
    return TRUE;
}

static gboolean piece_init(HaywireRamPiece *piece,
                           const MemoryRegionSection *section)
{
    uint64_t first = section->offset_within_address_space;
    uint64_t start = page_round_up(first);
    uint64_t end = page_round_down(first + (uint64_t)section->size);

    if (start >= end) {
        return FALSE;
    }
    *piece = (HaywireRamPiece){
        .gpa = { start },
        .length = end - start,
        .region_offset = section->offset_within_region + (start - first),
        .mr = section->mr,
        .fd = -1,
    };
    piece->host =
        (uint8_t *)memory_region_get_ram_ptr(piece->mr) + piece->region_offset;
    return piece_locate(piece);
}

static void piece_clear(gpointer data)
{
    HaywireRamPiece *piece = data;

    g_free(piece->block);
    g_free(piece->path);
    memory_region_unref(piece->mr);
}

/* Does @piece go on where the last one ends? Then that one is longer now. */
static gboolean pieces_extend(GArray *pieces, const HaywireRamPiece *piece)
{
    HaywireRamPiece *last;

    if (pieces->len == 0) {
        return FALSE;
    }
    last = &g_array_index(pieces, HaywireRamPiece, pieces->len - 1);
    if (last->mr != piece->mr ||
        last->gpa.value + last->length != piece->gpa.value ||
        last->host + last->length != piece->host) {
        return FALSE;
    }
    last->length += piece->length;
    return TRUE;
}

/* All of the section has memory. */
static int pieces_add(MemoryRegionSection *section, void *opaque)
{
    GArray *pieces = opaque;
    HaywireRamPiece piece;

    if (!piece_init(&piece, section)) {
        return 0;
    }
    memory_region_ref(piece.mr);
    if (pieces_extend(pieces, &piece)) {
        piece_clear(&piece);
    } else {
        g_array_append_val(pieces, piece);
    }
    return 0;
}

static gboolean section_is_ram(const MemoryRegionSection *section)
{
    return memory_region_get_ram_addr(section->mr) !=
               HAYWIRE_QEMU_RAM_ADDR_INVALID &&
           !memory_region_is_ram_device(section->mr) && !section->nonvolatile;
}

/* A device such as virtio-mem says what of its section has memory. */
static void pieces_add_section(GArray *pieces, MemoryRegionSection *section)
{
    RamDiscardManager *manager =
        memory_region_get_ram_discard_manager(section->mr);

    if (manager) {
        ram_discard_manager_replay_populated(manager, section, pieces_add,
                                             pieces);
    } else {
        pieces_add(section, pieces);
    }
}

/*
 * Every piece of memory that QEMU keeps in RAM, video memory, ROMs and flash
 * too.
 */
static GArray *pieces_list(void)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(HaywireRamPiece));
    hwaddr at = 0, next;

    g_array_set_clear_func(pieces, piece_clear);
    for (;; at = next) {
        MemoryRegionSection section =
            memory_region_find(get_system_memory(), at, UINT64_MAX - at);

        if (!section.mr) {
            break;
        }
        if (section_is_ram(&section)) {
            pieces_add_section(pieces, &section);
        }
        memory_region_unref(section.mr);
        next = section.offset_within_address_space + (uint64_t)section.size;
        if (next <= at) {
            break;
        }
    }
    return pieces;
}

static gboolean piece_is_named(const HaywireRamPiece *piece, const char *ram)
{
    Object *backend = region_backend(piece->mr);

    return strcmp(piece->block, ram) == 0 ||
           (backend && strcmp(backend_id(backend), ram) == 0);
}

static gboolean piece_is_main(const HaywireRamPiece *piece,
                              const GPtrArray *foreign)
{
    Object *backend = region_backend(piece->mr);

    return backend && !g_ptr_array_find((GPtrArray *)foreign, backend, NULL);
}

/* The name of the block with the most memory, for boards without backends. */
static char *largest_block(const GArray *pieces)
{
    const HaywireRamPiece *largest = NULL;

    for (guint i = 0; i < pieces->len; i++) {
        const HaywireRamPiece *piece =
            &g_array_index(pieces, HaywireRamPiece, i);

        if (!largest || piece->length > largest->length) {
            largest = piece;
        }
    }
    return largest ? g_strdup(largest->block) : NULL;
}

static void pieces_keep_main(GArray *pieces)
{
    g_autoptr(GPtrArray) foreign = foreign_backends_list();

    for (guint i = pieces->len; i-- > 0;) {
        if (!piece_is_main(&g_array_index(pieces, HaywireRamPiece, i),
                           foreign)) {
            g_array_remove_index(pieces, i);
        }
    }
}

static void pieces_keep_named(GArray *pieces, const char *ram)
{
    for (guint i = pieces->len; i-- > 0;) {
        if (!piece_is_named(&g_array_index(pieces, HaywireRamPiece, i), ram)) {
            g_array_remove_index(pieces, i);
        }
    }
}

static gboolean pieces_have_backend(const GArray *pieces)
{
    for (guint i = 0; i < pieces->len; i++) {
        if (region_backend(g_array_index(pieces, HaywireRamPiece, i).mr)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void pieces_select(GArray *pieces, const char *ram)
{
    g_autofree char *largest = NULL;

    if (!ram && pieces_have_backend(pieces)) {
        pieces_keep_main(pieces);
        return;
    }
    if (!ram) {
        ram = largest = largest_block(pieces);
    }
    if (ram) {
        pieces_keep_named(pieces, ram);
    }
}

HaywireRamBlocks *haywire_ram_blocks_new(const char *ram)
{
    HaywireRamBlocks *blocks = g_new0(HaywireRamBlocks, 1);

    g_atomic_ref_count_init(&blocks->refs);
    blocks->pieces = pieces_list();
    pieces_select(blocks->pieces, ram);
    return blocks;
}

char *haywire_ram_blocks_names(void)
{
    g_autoptr(GArray) pieces = pieces_list();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < pieces->len; i++) {
        const char *name = g_array_index(pieces, HaywireRamPiece, i).block;

        if (g_hash_table_add(seen, (gpointer)name)) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
        }
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
    HaywireRamBlocks *blocks = opaque;

    g_array_unref(blocks->pieces);
    g_free(blocks);
    return G_SOURCE_REMOVE;
}

void haywire_ram_blocks_unref(HaywireRamBlocks *blocks)
{
    if (blocks && g_atomic_ref_count_dec(&blocks->refs)) {
        /* The last user of a region may finalize a device: main loop only. */
        g_idle_add(ram_blocks_free, blocks);
    }
}

static gboolean piece_equal(const HaywireRamPiece *a, const HaywireRamPiece *b)
{
    return a->gpa.value == b->gpa.value && a->length == b->length &&
           a->host == b->host && a->mr == b->mr;
}

gboolean haywire_ram_blocks_equal(const HaywireRamBlocks *a,
                                  const HaywireRamBlocks *b)
{
    if (a->pieces->len != b->pieces->len) {
        return FALSE;
    }
    for (guint i = 0; i < a->pieces->len; i++) {
        if (!piece_equal(&g_array_index(a->pieces, HaywireRamPiece, i),
                         &g_array_index(b->pieces, HaywireRamPiece, i))) {
            return FALSE;
        }
    }
    return TRUE;
}

const HaywireRamPiece *haywire_ram_blocks_find(const HaywireRamBlocks *blocks,
                                               HaywireGpa gpa, uint64_t length)
{
    for (guint i = 0; i < blocks->pieces->len; i++) {
        const HaywireRamPiece *piece =
            &g_array_index(blocks->pieces, HaywireRamPiece, i);

        if (gpa.value >= piece->gpa.value && length <= piece->length &&
            gpa.value - piece->gpa.value <= piece->length - length) {
            return piece;
        }
    }
    return NULL;
}
