/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Searching a kernel's image: see image.h. Its sections have no names in
 * memory, but two things in it say what they are: BTF has a header, and the
 * first task, whose name is known, points to itself.
 */

#include "image.h"

#include <stdlib.h>
#include <string.h>

/* Images are some 30 to 60 MiB; data lies behind text. */
#define IMAGE_MAX (UINT64_C(128) << 20)

/* Copied at a time, and how much of it is looked at again with the next. */
#define PIECE   (256u << 10)
#define OVERLAP 64u

/* Headers that look like BTF, and first tasks. */
#define CANDIDATES_MAX 64

static const uint8_t btf_start[] = { 0x9f, 0xeb, 0x01, 0x00, 24, 0,
                                     0,    0,    0,    0,    0,  0 };
static const char task_name[] = "swapper/0";

typedef struct Search {
    HaywireKernelView *view;
    const char **missing;
    bool has_members;
    bool has_task;
    bool no_memory;
    int candidates;
} Search;

/* The whole of it, in pieces as they lie. */
static bool copy(const HaywireKernelView *view, uint64_t gpa, uint8_t *to,
                 size_t length)
{
    HaywirePosition where;
    size_t got;

    return haywire_layout_position(&view->layout, (HaywireGpa){ gpa },
                                   &where) == HAYWIRE_OK &&
           haywire_memory_read(view->guest->memory, where, to, length, &got) ==
               HAYWIRE_OK;
}

static void read_members(Search *search, const uint8_t *data, uint32_t size)
{
    HaywireBtf btf;
    HaywireStatus status = haywire_btf_init(&btf, data, size);

    search->no_memory |= status == HAYWIRE_NO_MEMORY;
    if (status == HAYWIRE_OK) {
        search->has_members =
            haywire_members_find(&btf, &search->view->members,
                                 search->missing) == HAYWIRE_OK;
    }
    haywire_btf_clear(&btf);
}

static void try_btf(Search *search, uint64_t gpa)
{
    uint8_t header[HAYWIRE_BTF_HEADER_SIZE], *data;
    uint32_t size;

    if (search->has_members || gpa % 4 != 0 ||
        !copy(search->view, gpa, header, sizeof(header)) ||
        haywire_btf_size(header, &size) != HAYWIRE_OK ||
        search->candidates++ >= CANDIDATES_MAX) {
        return;
    }
    data = malloc(size);
    if (!data) {
        search->no_memory = true;
        return;
    }
    if (copy(search->view, gpa, data, size)) {
        read_members(search, data, size);
    }
    free(data);
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
        search_for(search, piece, got, gpa, btf_start, sizeof(btf_start),
                   try_btf);
    }
    if (search->has_members) {
        search_for(search, piece, got, gpa, task_name, sizeof(task_name),
                   try_task);
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
