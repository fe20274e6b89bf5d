/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the mappings of a process: a maple tree since Linux 6.1
 * (lib/maple_tree.c), a list before.
 */

#include "mappings.h"

/* What each mapping, and each node of the tree, may cost. */
#define STEP_READS 160
#define STEP_PAGES 16

#define DEPTH_MAX 16
#define SLOTS_MAX 32

/* In a pointer to a node: its type, and what marks the root's. */
#define NODE_MASK      UINT64_C(0xff)
#define ROOT_MARK      UINT64_C(2)
#define TYPE_SHIFT     3
#define LOWEST_POINTER 4096
enum {
    LEAF_64 = 1,
    RANGE_64 = 2,
    ARANGE_64 = 3
};

typedef struct Walk {
    HaywireKernelView *view;
    uint64_t mm;
    HaywireMappings *mappings;
    uint64_t end;   /* of the mapping before */
    uint64_t nodes; /* that were met */
} Walk;

/* Memory of mappings is used again: this one must be of this process. */
static HaywireStatus take(Walk *walk, uint64_t area)
{
    HaywireKernelView *view = walk->view;
    uint64_t start, end;

    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    start = haywire_view_get(view, area, M_AREA_START);
    end = haywire_view_get(view, area, M_AREA_END);
    if (haywire_view_get(view, area, M_AREA_MM) != walk->mm || view->lost ||
        start < walk->end || end <= start) {
        return HAYWIRE_PAGE_BUSY;
    }
    walk->end = end;
    return haywire_vector_push(&walk->mappings->area, &area);
}

static HaywireStatus walk_list(Walk *walk)
{
    HaywireKernelView *view = walk->view;
    uint64_t area = haywire_view_get(view, walk->mm, M_MM_LIST);
    HaywireStatus status = HAYWIRE_OK;

    while (area != 0 && status == HAYWIRE_OK) {
        status = take(walk, area);
        area = haywire_view_get(view, area, M_AREA_NEXT);
    }
    return view->lost ? HAYWIRE_PAGE_BUSY : status;
}

typedef struct Node {
    uint64_t address;
    uint64_t first; /* gva of the slots */
    uint64_t pivot; /* and of the pivots */
    uint32_t slots;
    bool leaf;
} Node;

static bool begin_node(Walk *walk, uint64_t entry, Node *node)
{
    HaywireKernelView *view = walk->view;
    uint32_t type = entry >> TYPE_SHIFT & 15;
    bool wide = type == ARANGE_64;
    HaywireMember slot =
        haywire_member(view, wide ? M_ARANGE_SLOT : M_RANGE_SLOT);
    HaywireMember pivot =
        haywire_member(view, wide ? M_ARANGE_PIVOT : M_RANGE_PIVOT);

    node->address = entry & ~NODE_MASK;
    node->first = node->address + slot.offset;
    node->pivot = node->address + pivot.offset;
    node->slots = slot.size / 8;
    node->leaf = type == LEAF_64;
    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    /* One that was taken out of the tree is its own parent. */
    return slot.known && pivot.known && node->slots > 0 &&
           node->slots <= SLOTS_MAX && type >= LEAF_64 && type <= ARANGE_64 &&
           (haywire_view_number(view, node->address, 8) & ~NODE_MASK) !=
               node->address &&
           !view->lost;
}

/* More nodes than mappings is no tree. */
static HaywireStatus walk_node(Walk *walk, uint64_t entry, uint64_t max,
                               int depth)
{
    HaywireKernelView *view = walk->view;
    HaywireStatus status = HAYWIRE_OK;
    Node node;

    if (depth > DEPTH_MAX ||
        walk->nodes++ > walk->mappings->count + DEPTH_MAX ||
        !begin_node(walk, entry, &node)) {
        return HAYWIRE_PAGE_BUSY;
    }
    for (uint32_t i = 0; i < node.slots && status == HAYWIRE_OK; i++) {
        uint64_t last = i + 1 < node.slots
                            ? haywire_view_number(view, node.pivot + i * 8, 8)
                            : max;
        uint64_t slot;

        if (last == 0 && i > 0) {
            break;
        }
        slot = haywire_view_number(view, node.first + i * 8, 8);
        if (view->lost) {
            return HAYWIRE_PAGE_BUSY;
        }
        if (slot >= LOWEST_POINTER) {
            status = node.leaf ? take(walk, slot)
                               : walk_node(walk, slot, last, depth + 1);
        }
        if (last >= max) {
            break;
        }
    }
    return status;
}

static HaywireStatus walk_tree(Walk *walk)
{
    uint64_t root = haywire_view_get(walk->view, walk->mm, M_MM_TREE);

    if (walk->view->lost) {
        return HAYWIRE_PAGE_BUSY;
    }
    if (!(root & ROOT_MARK) || root < LOWEST_POINTER) {
        return root < LOWEST_POINTER ? HAYWIRE_OK : take(walk, root);
    }
    return walk_node(walk, root, UINT64_MAX, 0);
}

HaywireStatus haywire_mappings_walk(HaywireKernelView *view, uint64_t mm,
                                    HaywireMappings *mappings)
{
    Walk walk = { .view = view, .mm = mm, .mappings = mappings };
    HaywireStatus status;

    haywire_vector_clear(&mappings->area);
    haywire_vector_init(&mappings->area, sizeof(uint64_t),
                        HAYWIRE_MAPPINGS_MAX);
    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    view->lost = false;
    mappings->count = (uint32_t)haywire_view_get(view, mm, M_MM_COUNT);
    status = haywire_member(view, M_MM_TREE).known ? walk_tree(&walk)
                                                   : walk_list(&walk);
    if (status == HAYWIRE_OK && mappings->area.count != mappings->count) {
        status = HAYWIRE_PAGE_BUSY;
    }
    return status;
}
