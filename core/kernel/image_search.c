/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Searching a kernel's image: see image_search.h. Its sections have no names in
 * memory, but two things in it say what they are: BTF has a header, and the
 * first task, whose name is known, points to itself.
 */

#include "image_search.h"

#include <stdlib.h>
#include <string.h>

/* Images are some 30 to 60 MiB; data lies behind text. */
#define IMAGE_MAX (UINT64_C(128) << 20)

/* Copied at a time, and how much of it is looked at again with the next. */
#define PIECE   (256u << 10)
#define OVERLAP 64u

/* Headers that look like BTF, and first tasks. */
#define CANDIDATES_MAX 64

const uint8_t haywire_btf_start[HAYWIRE_BTF_START] = { 0x9f, 0xeb, 1, 0, 24 };

typedef struct Search {
    HaywireKernelView *view;
    const char **missing;
    bool has_members;
    bool has_task;
    bool no_memory;
    int candidates;
} Search;

static HaywireStatus read_members(const uint8_t *data, uint32_t size,
                                  HaywireMembers *ret_members,
                                  const char **ret_missing)
{
    HaywireBtf btf;
    HaywireStatus status = haywire_btf_init(&btf, data, size);

    if (status == HAYWIRE_OK) {
        status = haywire_members_find(&btf, ret_members, ret_missing);
    }
    haywire_btf_clear(&btf);
    return status == HAYWIRE_OK || status == HAYWIRE_NO_MEMORY
               ? status
               : HAYWIRE_NOT_FOUND;
}

HaywireStatus haywire_image_types(HaywireMemory *memory, HaywirePosition where,
                                  HaywireMembers *ret_members,
                                  const char **ret_missing)
{
    uint8_t header[HAYWIRE_BTF_HEADER_SIZE], *data;
    HaywireStatus status = HAYWIRE_NOT_FOUND;
    uint32_t size;
    size_t got;

    if (where.value % 4 != 0 ||
        haywire_memory_read(memory, where, header, sizeof(header), &got) !=
            HAYWIRE_OK ||
        haywire_btf_size(header, &size) != HAYWIRE_OK) {
        return HAYWIRE_NOT_FOUND;
    }
    data = malloc(size);
    if (!data) {
        return HAYWIRE_NO_MEMORY;
    }
    if (haywire_memory_read(memory, where, data, size, &got) == HAYWIRE_OK) {
        status = read_members(data, size, ret_members, ret_missing);
    }
    free(data);
    return status;
}

static void try_btf(Search *search, uint64_t gpa)
{
    HaywireKernelView *view = search->view;
    HaywirePosition where;
    HaywireStatus status;

    if (search->has_members || search->candidates++ >= CANDIDATES_MAX ||
        haywire_layout_position(&view->layout, (HaywireGpa){ gpa }, &where) !=
            HAYWIRE_OK) {
        return;
    }
    status = haywire_image_types(view->guest->memory, where, &view->members,
                                 search->missing);
    search->has_members = status == HAYWIRE_OK;
    search->no_memory = status == HAYWIRE_NO_MEMORY;
}

/* Its parent and its leader are itself. */
static bool is_first_task(HaywireKernelView *view, uint64_t task)
{
    view->lost = false;
    return haywire_view_get(view, task, M_TASK_REAL_PARENT) == task &&
           haywire_view_get(view, task, M_TASK_GROUP_LEADER) == task &&
           haywire_view_get(view, task, M_TASK_PID) == 0 &&
           haywire_view_get(view, task, M_TASK_TGID) == 0 && !view->lost;
}

static void try_task(Search *search, uint64_t gpa)
{
    HaywireKernelView *view = search->view;
    uint64_t task;

    if (!search->has_members || search->has_task ||
        search->candidates++ >= CANDIDATES_MAX) {
        return;
    }
    task = gpa - view->offset - haywire_member(view, M_TASK_COMM).offset;
    if (is_first_task(view, task)) {
        view->init_task = task;
        search->has_task = true;
    }
}

static void search_for(Search *search, const uint8_t *data, size_t length,
                       uint64_t gpa, const void *wanted, size_t size,
                       void (*try)(Search *search, uint64_t gpa))
{
    const uint8_t *at = data, *end = data + length;

    while ((at = memmem(at, (size_t)(end - at), wanted, size))) {
        try(search, gpa + (uint64_t)(at - data));
        at++;
    }
}

static bool is_done(const Search *search)
{
    return search->no_memory || (search->has_members && search->has_task);
}

/* Returns how far to go on. Pages that cannot be read are passed over. */
static uint64_t search_piece(Search *search, uint64_t gpa, uint8_t *piece)
{
    HaywirePosition where;
    size_t got = 0;

    if (haywire_layout_position(&search->view->layout, (HaywireGpa){ gpa },
                                &where) == HAYWIRE_OK) {
        (void)!haywire_memory_read(search->view->guest->memory, where, piece,
                                   PIECE, &got);
    }
    if (!search->has_members) {
        search_for(search, piece, got, gpa, haywire_btf_start,
                   sizeof(haywire_btf_start), try_btf);
    }
    if (search->has_members) {
        search_for(search, piece, got, gpa, HAYWIRE_FIRST_TASK,
                   sizeof(HAYWIRE_FIRST_TASK), try_task);
    }
    return got == PIECE ? PIECE - OVERLAP
                        : got - got % HAYWIRE_GUEST_PAGE + HAYWIRE_GUEST_PAGE -
                              gpa % HAYWIRE_GUEST_PAGE;
}

static HaywireStatus search_pieces(Search *search, uint64_t start,
                                   uint8_t *piece)
{
    uint64_t at = start;

    while (at - start < IMAGE_MAX && !is_done(search)) {
        at += search_piece(search, at, piece);
    }
    if (search->no_memory) {
        return HAYWIRE_NO_MEMORY;
    }
    return search->has_task ? HAYWIRE_OK : HAYWIRE_NOT_FOUND;
}

HaywireStatus haywire_image_search(HaywireKernelView *view, HaywireGpa start,
                                   const char **ret_missing)
{
    Search search = { .view = view, .missing = ret_missing };
    uint8_t *piece = malloc(PIECE);
    HaywireStatus status;

    if (!piece) {
        return HAYWIRE_NO_MEMORY;
    }
    status = search_pieces(&search, start.value, piece);
    free(piece);
    return status;
}
