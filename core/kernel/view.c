/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading members: see view.h.
 */

#include "view.h"

#include <endian.h>
#include <string.h>

bool haywire_view_bytes(HaywireKernelView *view, uint64_t object, void *to,
                        size_t length)
{
    if (haywire_table_read(view->guest, &view->table, (HaywireGva){ object },
                           to, length) != HAYWIRE_OK) {
        view->lost = true;
        return false;
    }
    return true;
}

uint64_t haywire_view_number(HaywireKernelView *view, uint64_t address,
                             uint32_t size)
{
    uint64_t number = 0;

    if ((size != 1 && size != 2 && size != 4 && size != 8) ||
        !haywire_view_bytes(view, address, &number, size)) {
        view->lost = true;
        return 0;
    }
    return le64toh(number);
}

uint64_t haywire_view_get(HaywireKernelView *view, uint64_t object,
                          HaywireMemberId id)
{
    const HaywireMember *member = &view->members.member[id];

    if (!member->known || object == 0) {
        view->lost = true;
        return 0;
    }
    return haywire_view_number(view, object + member->offset, member->size);
}

uint64_t haywire_view_ask(HaywireKernelView *view, uint64_t object,
                          HaywireMemberId id)
{
    return view->members.member[id].known ? haywire_view_get(view, object, id)
                                          : 0;
}

/* Not read beyond the page that it ends in: the next may not be there. */
size_t haywire_view_text(HaywireKernelView *view, uint64_t address, char *to,
                         size_t room)
{
    size_t length = 0;

    while (length + 1 < room) {
        uint64_t at = address + length;
        size_t step = HAYWIRE_GUEST_PAGE - at % HAYWIRE_GUEST_PAGE;
        const char *end;

        step = room - 1 - length < step ? room - 1 - length : step;
        if (!haywire_view_bytes(view, at, to + length, step)) {
            break;
        }
        end = memchr(to + length, '\0', step);
        if (end) {
            return (size_t)(end - to);
        }
        length += step;
    }
    to[length] = '\0';
    return length;
}
