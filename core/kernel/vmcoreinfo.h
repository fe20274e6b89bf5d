/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel notes for those who read its crash dumps
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst). Private to the room.
 */

#ifndef HAYWIRE_KERNEL_VMCOREINFO_H
#define HAYWIRE_KERNEL_VMCOREINFO_H

#include <stdbool.h>

#include "haywire/status.h"
#include "view.h"

typedef struct HaywireNote {
    char release[HAYWIRE_RELEASE_SIZE];
    uint64_t stext; /* gva, as are the next two */
    uint64_t page_table;
    uint64_t uts;
    uint64_t offset;    /* of the image: gpa minus gva */
    HaywireTable table; /* no format: of a machine that is not read */
} HaywireNote;

/* Whether a page, its copy or it itself, begins with the note or its text. */
bool haywire_note_begins(const uint8_t *page);

/* Where in a copy of such a page the text begins; false: it is none. */
bool haywire_note_text(const uint8_t *page, size_t *ret_start);

/*
 * @page: 4096 bytes. HAYWIRE_OK; HAYWIRE_BAD_MAGIC: it does not begin with the
 * note; HAYWIRE_BAD_VALUE: what is needed is missing, or no number.
 */
HaywireStatus haywire_note_parse(const uint8_t *page,
                                 HaywireNote *ret_note) HAYWIRE_MUST_CHECK;

#endif
