/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status codes: 0 is fine, each other value names one reason.
 */

#ifndef HAYWIRE_STATUS_H
#define HAYWIRE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#define HAYWIRE_MUST_CHECK __attribute__((warn_unused_result))
#define HAYWIRE_PUBLIC     __attribute__((visibility("default")))

typedef enum HaywireStatus {
    HAYWIRE_OK = 0,

    /* A page is not a good beacon page (docs/protocol.md, section 2). */
    HAYWIRE_BAD_MAGIC,
    HAYWIRE_BAD_VERSION,
    HAYWIRE_BAD_KIND,
    HAYWIRE_BAD_CATEGORY,
    HAYWIRE_BAD_INDEX,
    HAYWIRE_BAD_LENGTH,
    HAYWIRE_BAD_SESSION,
    HAYWIRE_BAD_CHECKSUM,
    HAYWIRE_PAGE_BUSY, /* the seqlock never came to rest */

    /* A payload is malformed (section 5). */
    HAYWIRE_SHORT_PAYLOAD, /* a read went past the end */
    HAYWIRE_BAD_RECORD,    /* record length: small, unaligned, too long */
    HAYWIRE_BAD_STRING,    /* string longer than limit or record */
    HAYWIRE_BAD_COUNT,
    HAYWIRE_BAD_ORDINAL,
    HAYWIRE_BAD_RANGE,    /* ends before it starts, or wraps */
    HAYWIRE_BAD_GEOMETRY, /* sizes or master layout impossible */
    HAYWIRE_BAD_VALUE,    /* an enumeration out of its range */
    HAYWIRE_BAD_TIME,     /* ahead of the clock, or later than it may be */

    /* Nothing there. */
    HAYWIRE_NOT_FOUND, /* end of an iteration, no such slot */
    HAYWIRE_NO_SESSION,
    HAYWIRE_NO_PROCESS,
    HAYWIRE_NOT_SHOWN,   /* process not in the list, which lacks some */
    HAYWIRE_NO_SECTIONS, /* process known, sections not published */
    HAYWIRE_NO_CAMERA,   /* no camera holds this process */
    HAYWIRE_NOT_PRESENT, /* the gva has no page in RAM */
    HAYWIRE_NOT_HELD,    /* no page known at the gva, but not all were read */
    HAYWIRE_NO_PFN,      /* page present, frame number hidden */
    HAYWIRE_NO_LAYOUT,   /* gpa cannot be placed in the source */

    /* Focus: the step that failed. Nothing was written but for the last. */
    HAYWIRE_FOCUS_FOREIGN_PAGE, /* page is not this session's control page */
    HAYWIRE_FOCUS_BAD_NONCE,    /* control word does not carry the nonce */
    HAYWIRE_FOCUS_LOST_RACE,    /* compare-and-swap met another value */
    HAYWIRE_FOCUS_UNCONFIRMED,  /* written, but the read-back differs */

    /* The memory source. */
    HAYWIRE_IO_ERROR, /* errno says more where documented */
    HAYWIRE_SOURCE_EMPTY,
    HAYWIRE_SOURCE_UNALIGNED, /* size is no multiple of the page size */
    HAYWIRE_SOURCE_TRUNCATED, /* shrank while mapped */
    HAYWIRE_OUT_OF_RANGE,     /* position outside of the source */
    HAYWIRE_HOLE,             /* nothing was ever written there: not read */
    HAYWIRE_NOT_RESIDENT,     /* not in the host's memory: not read */
    HAYWIRE_SWAPPED,          /* swapped out on the host: not read */
    HAYWIRE_BROKEN_PAGE,      /* the host's memory is broken there, or gone */
    HAYWIRE_READ_ONLY,

    HAYWIRE_NO_MEMORY,
    HAYWIRE_LIMIT, /* a named limit of the reader was reached */
    HAYWIRE_STATUS_COUNT
} HaywireStatus;

/*
 * Where in a page something was wrong. Optional for the caller of each
 * function that takes one; written only on failure.
 *
 * @offset: bytes from the start of the page
 * @field: name of the field in docs/protocol.md's words; static string
 * @value: what was found there
 */
typedef struct HaywireDiagnosis {
    size_t offset;
    const char *field;
    uint64_t value;
} HaywireDiagnosis;

/* Name in lower-case-with-dashes, as statistics show it. Never NULL. */
const char *haywire_status_name(HaywireStatus status);

/* One plain English sentence without a full stop. Never NULL. */
const char *haywire_status_text(HaywireStatus status);

#endif
