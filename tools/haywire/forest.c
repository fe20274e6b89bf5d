/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes as a tree: see forest.h. Without recursion, and in time that grows
 * with the number of processes: the guest says who is whose parent.
 */
#include "forest.h"

#include "haywire/model.h"

#define NONE G_MAXUINT

/* Deeper ones are drawn as if they were at this depth. */
#define DEPTH_MAX 64

/* Columns of one level. */
#define STEP 4

typedef struct Node {
    guint parent; /* indices; NONE for none */
    guint child;  /* the first */
    guint next;   /* sibling */
    guint walk;   /* in which search for a circle it was met; 0: in none */
    gboolean placed;
} Node;

typedef struct Forest {
    Node *node;
    guint count;
    const HaywireProcess *process;
    GArray *order; /* of HaywireProcess */
    GPtrArray *branch;
} Forest;

static void link_nodes(Forest *forest)
{
    g_autoptr(GHashTable) by_pid = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < forest->count; i++) {
        forest->node[i] = (Node){ NONE, NONE, NONE, 0, FALSE };
        g_hash_table_insert(by_pid, GUINT_TO_POINTER(forest->process[i].pid),
                            GUINT_TO_POINTER(i));
    }
    /* From the last, so that the first is found first. */
    for (guint i = forest->count; i-- > 0;) {
        Node *node = &forest->node[i];
        gpointer parent;

        if (forest->process[i].ppid != forest->process[i].pid &&
            g_hash_table_lookup_extended(
                by_pid, GUINT_TO_POINTER(forest->process[i].ppid), NULL,
                &parent)) {
            node->parent = GPOINTER_TO_UINT(parent);
            node->next = forest->node[node->parent].child;
            forest->node[node->parent].child = i;
        }
    }
}

static void place(Forest *forest, guint i, const GString *branch, guint depth)
{
    g_array_append_val(forest->order, forest->process[i]);
    g_ptr_array_add(forest->branch,
                    depth ? g_strconcat(branch->str, " \\_ ", NULL)
                          : g_strdup(""));
    forest->node[i].placed = TRUE;
}

/* What its descendants have before them, for the level of @i itself. */
static void deepen(const Forest *forest, guint i, GString *branch, guint depth)
{
    if (depth > 0 && depth < DEPTH_MAX) {
        g_string_append(branch, forest->node[i].next == NONE ? "    " : " |  ");
    }
}

/* Children, then siblings, then those of the parents. */
static void place_tree(Forest *forest, guint root)
{
    g_autoptr(GString) branch = g_string_new(NULL);
    guint depth = 0;
    guint i = root;

    place(forest, root, branch, 0);
    while (TRUE) {
        if (forest->node[i].child != NONE) {
            deepen(forest, i, branch, depth++);
            i = forest->node[i].child;
        } else {
            while (i != root && forest->node[i].next == NONE) {
                i = forest->node[i].parent;
                depth--;
            }
            if (i == root) {
                return;
            }
            i = forest->node[i].next;
        }
        g_string_truncate(branch, MIN(depth - 1, DEPTH_MAX - 1) * STEP);
        place(forest, i, branch, depth);
    }
}

/* Of the circle that is above @i, one: made a root. */
static guint break_circle(Forest *forest, guint i, guint walk)
{
    guint *link;

    while (forest->node[i].walk != walk) {
        forest->node[i].walk = walk;
        i = forest->node[i].parent;
    }
    link = &forest->node[forest->node[i].parent].child;
    while (*link != i) {
        link = &forest->node[*link].next;
    }
    *link = forest->node[i].next;
    forest->node[i].next = NONE;
    forest->node[i].parent = NONE;
    return i;
}

char **haywire_forest_order(GArray *process)
{
    Forest forest = {
        .node = g_new(Node, process->len),
        .count = process->len,
        .process = (const HaywireProcess *)process->data,
        .order = g_array_new(FALSE, FALSE, sizeof(HaywireProcess)),
        .branch = g_ptr_array_new(),
    };

    link_nodes(&forest);
    for (guint i = 0; i < forest.count; i++) {
        if (forest.node[i].parent == NONE) {
            place_tree(&forest, i);
        }
    }
    for (guint i = 0; i < forest.count; i++) {
        if (!forest.node[i].placed) {
            place_tree(&forest, break_circle(&forest, i, i + 1));
        }
    }
    g_array_set_size(process, 0);
    g_array_append_vals(process, forest.order->data, forest.order->len);
    g_array_unref(forest.order);
    g_free(forest.node);
    g_ptr_array_add(forest.branch, NULL);
    return (char **)g_ptr_array_free(forest.branch, FALSE);
}
