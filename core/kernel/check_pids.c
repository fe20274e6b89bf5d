/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the table of pids: see check_witnesses.h.
 */

#include <endian.h>

#include "check_witnesses.h"

/* What each node, and each pid, may cost: honest ones take a third. */
#define STEP_READS 64
#define STEP_PAGES 12

/* Above each pid stand few nodes; while there is none yet, as many as here. */
#define NODES_EACH 4
#define NODES_MORE 16

/* A node has so many places at most; no pid needs more bits. */
#define SLOTS_MAX 64
#define PID_BITS  31

/* In a pointer: what marks a node; numbers of this kind are no pointers. */
#define MARK_MASK      UINT64_C(3)
#define NODE_MARK      UINT64_C(2)
#define LOWEST_POINTER 4096

typedef struct Tree {
    HaywireKernelView *view;
    HaywireVector *tasks;
    uint64_t space; /* gva of the first name space of pids */
    uint32_t slots; /* of each node */
    uint64_t nodes; /* that were met */
    uint64_t pids;
} Tree;

static bool has_members(const HaywireKernelView *view)
{
    static const HaywireMemberId wanted[] = {
        M_TASK_THREAD_PID, M_TASK_PID_LINKS, M_PID_NUMBERS, M_PID_TASKS,
        M_UPID_NR,         M_UPID_SPACE,     M_SPACE_TREE,  M_TREE_HEAD,
        M_TREE_SHIFT,      M_TREE_SLOTS,
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!haywire_member(view, wanted[i]).known) {
            return false;
        }
    }
    return haywire_member(view, M_PID_TASKS).size >=
               8 * (HAYWIRE_PID_OF_PROCESS + 1) &&
           haywire_member(view, M_TREE_SLOTS).size <= 8 * SLOTS_MAX;
}

/* It says itself which number it is, so that no node can be met twice. */
static HaywireStatus take(Tree *tree, uint64_t pid, uint64_t number)
{
    HaywireKernelView *view = tree->view;
    uint64_t numbers = pid + haywire_member(view, M_PID_NUMBERS).offset, link;
    HaywireTask task = { 0, (uint32_t)number };

    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    if (haywire_view_get(view, numbers, M_UPID_NR) != number ||
        haywire_view_get(view, numbers, M_UPID_SPACE) != tree->space) {
        return HAYWIRE_PAGE_BUSY;
    }
    tree->pids++;
    link = haywire_view_number(view,
                               pid + haywire_member(view, M_PID_TASKS).offset +
                                   8 * HAYWIRE_PID_OF_PROCESS,
                               8);
    if (view->lost || link == 0) { /* a thread's, or one that has ended */
        return view->lost ? HAYWIRE_PAGE_BUSY : HAYWIRE_OK;
    }
    task.address = link - haywire_member(view, M_TASK_PID_LINKS).offset -
                   16 * HAYWIRE_PID_OF_PROCESS;
    if (haywire_view_get(view, task.address, M_TASK_PID) != number ||
        haywire_view_get(view, task.address, M_TASK_TGID) != number ||
        view->lost) {
        return HAYWIRE_PAGE_BUSY;
    }
    return haywire_vector_push(tree->tasks, &task);
}

/* @above: the bits that its parent has left; so the depth is bounded. */
static HaywireStatus walk_node(Tree *tree, uint64_t node, uint64_t first,
                               uint64_t above)
{
    HaywireKernelView *view = tree->view;
    HaywireStatus status = HAYWIRE_OK;
    uint64_t slot[SLOTS_MAX], shift;

    if (tree->nodes++ > NODES_EACH * tree->pids + NODES_MORE) {
        return HAYWIRE_PAGE_BUSY;
    }
    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    shift = haywire_view_get(view, node, M_TREE_SHIFT);
    if (shift >= above ||
        !haywire_view_bytes(view,
                            node + haywire_member(view, M_TREE_SLOTS).offset,
                            slot, 8 * tree->slots)) {
        return HAYWIRE_PAGE_BUSY;
    }
    for (uint32_t i = 0; i < tree->slots && status == HAYWIRE_OK; i++) {
        uint64_t entry = le64toh(slot[i]);
        uint64_t number = first + ((uint64_t)i << shift);

        if (entry == 0) {
            continue;
        }
        if (entry < LOWEST_POINTER) {
            status = HAYWIRE_PAGE_BUSY; /* it is being moved */
        } else if ((entry & MARK_MASK) == NODE_MARK) {
            status = walk_node(tree, entry - NODE_MARK, number, shift);
        } else {
            status = shift == 0 ? take(tree, entry, number) : HAYWIRE_PAGE_BUSY;
        }
    }
    return status;
}

HaywireStatus haywire_check_pids(HaywireKernelView *view, HaywireVector *tasks)
{
    Tree tree = { .view = view, .tasks = tasks };
    uint64_t head;

    haywire_vector_clear(tasks);
    haywire_vector_init(tasks, sizeof(HaywireTask), HAYWIRE_TASKS_MAX);
    if (!has_members(view)) {
        return HAYWIRE_NOT_FOUND;
    }
    view->lost = false;
    tree.slots = haywire_member(view, M_TREE_SLOTS).size / 8;
    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    head = haywire_view_get(view, view->init_task, M_TASK_THREAD_PID);
    head += haywire_member(view, M_PID_NUMBERS).offset;
    tree.space = haywire_view_get(view, head, M_UPID_SPACE);
    head = tree.space + haywire_member(view, M_SPACE_TREE).offset;
    head = haywire_view_get(view, head, M_TREE_HEAD);
    if (view->lost || head < LOWEST_POINTER ||
        (head & MARK_MASK) != NODE_MARK) {
        return HAYWIRE_PAGE_BUSY;
    }
    return walk_node(&tree, head - NODE_MARK, 0, PID_BITS);
}
