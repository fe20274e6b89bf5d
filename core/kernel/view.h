/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One kernel that was found, and reading members of its structures. Private to
 * the room.
 */

#ifndef HAYWIRE_KERNEL_VIEW_H
#define HAYWIRE_KERNEL_VIEW_H

#include "members.h"
#include "table.h"

#define HAYWIRE_RELEASE_SIZE 65

/* Where x86-64 maps the kernel's image, before it is moved. */
#define HAYWIRE_X86_IMAGE UINT64_C(0xffffffff80000000)

typedef struct HaywireKernelView {
    HaywireGuest *guest;
    HaywireLayout layout;
    HaywireTable table;
    uint64_t offset;    /* of the image: gpa minus gva */
    uint64_t init_task; /* gva */
    uint64_t uts;       /* gva of init_uts_ns; 0: not known */
    HaywireMembers members;
    char release[HAYWIRE_RELEASE_SIZE];
    bool lost; /* something could not be read since this was last cleared */
} HaywireKernelView;

/* Bytes of a page, as this kernel counts them. */
static inline uint64_t haywire_view_page(const HaywireKernelView *view)
{
    return UINT64_C(1) << view->table.page_shift;
}

static inline HaywireMember haywire_member(const HaywireKernelView *view,
                                           HaywireMemberId id)
{
    return view->members.member[id];
}

/* False, and view->lost, when it cannot be read. @object: gva. */
bool haywire_view_bytes(HaywireKernelView *view, uint64_t object, void *to,
                        size_t length);

/* 1, 2, 4 or 8 bytes, not signed; 0 when they cannot be read. */
uint64_t haywire_view_number(HaywireKernelView *view, uint64_t address,
                             uint32_t size);

/* A member of an object that is not NULL; 0 when it cannot be read. */
uint64_t haywire_view_get(HaywireKernelView *view, uint64_t object,
                          HaywireMemberId id);

/* The same, but for a member that this kernel does not have: then 0. */
uint64_t haywire_view_ask(HaywireKernelView *view, uint64_t object,
                          HaywireMemberId id);

/*
 * A text that ends within @room bytes, the end included; cut there if not.
 * Returns its length; 0 when it cannot be read.
 */
size_t haywire_view_text(HaywireKernelView *view, uint64_t address, char *to,
                         size_t room);

#endif
