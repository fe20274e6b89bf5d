/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and sentences of the status codes.
 */

#include "haywire/status.h"

typedef struct StatusWords {
    const char *name;
    const char *text;
} StatusWords;

static const StatusWords words[HAYWIRE_STATUS_COUNT] = {
    [HAYWIRE_OK] = { "ok", "No error" },
    [HAYWIRE_BAD_MAGIC] = { "bad-magic", "The page does not start with the "
                                         "beacon magic" },
    [HAYWIRE_BAD_VERSION] = { "bad-version",
                              "The page has an unknown protocol version" },
    [HAYWIRE_BAD_KIND] = { "bad-kind", "The page is of an unexpected kind" },
    [HAYWIRE_BAD_CATEGORY] = { "bad-category",
                               "The page is of an unexpected category" },
    [HAYWIRE_BAD_INDEX] = { "bad-index",
                            "The page has an index out of its category" },
    [HAYWIRE_BAD_LENGTH] = { "bad-length",
                             "The payload is longer than a page can hold" },
    [HAYWIRE_BAD_SESSION] = { "bad-session",
                              "The page belongs to another session" },
    [HAYWIRE_BAD_CHECKSUM] = { "bad-checksum",
                               "The page's checksum does not match" },
    [HAYWIRE_PAGE_BUSY] = { "page-busy",
                            "The page is being written all the time" },
    [HAYWIRE_SHORT_PAYLOAD] = { "short-payload",
                                "The payload ends within a field" },
    [HAYWIRE_BAD_RECORD] = { "bad-record", "A record's length is impossible" },
    [HAYWIRE_BAD_STRING] = { "bad-string",
                             "A string is longer than its limit or record" },
    [HAYWIRE_BAD_COUNT] = { "bad-count", "A count is impossible" },
    [HAYWIRE_BAD_ORDINAL] = { "bad-ordinal",
                              "An ordinal lies outside of its sequence" },
    [HAYWIRE_BAD_RANGE] = { "bad-range",
                            "A range ends before it starts, or wraps" },
    [HAYWIRE_BAD_GEOMETRY] = { "bad-geometry",
                               "The session's sizes or layout are impossible" },
    [HAYWIRE_BAD_VALUE] = { "bad-value", "A value is out of its range" },
    [HAYWIRE_BAD_TIME] = { "bad-time", "A time is later than it can be" },
    [HAYWIRE_NOT_FOUND] = { "not-found", "There is no such thing" },
    [HAYWIRE_NO_SESSION] = { "no-session", "No companion's session was found" },
    [HAYWIRE_NO_PROCESS] = { "no-process",
                             "There is no such process in the guest" },
    [HAYWIRE_NOT_SHOWN] = { "not-shown",
                            "Not all of the guest's processes are shown, and "
                            "this is none of those that are" },
    [HAYWIRE_NO_SECTIONS] = { "no-sections",
                              "The sections of this process are not published "
                              "yet" },
    [HAYWIRE_NO_CAMERA] = { "no-camera", "No camera holds this process" },
    [HAYWIRE_NOT_PRESENT] = { "not-present",
                              "The address has no page in the guest's memory" },
    [HAYWIRE_NOT_HELD] = { "not-held",
                           "The camera holds only a part of this process's "
                           "pages, and none with the address" },
    [HAYWIRE_NO_PFN] = { "no-pfn",
                         "The guest's frame numbers are hidden from the "
                         "companion" },
    [HAYWIRE_NO_LAYOUT] = { "no-layout",
                            "It is not known where guest addresses lie in the "
                            "memory" },
    [HAYWIRE_FOCUS_FOREIGN_PAGE] = { "focus-foreign-page",
                                     "The page is no longer this session's "
                                     "control page" },
    [HAYWIRE_FOCUS_BAD_NONCE] = { "focus-bad-nonce",
                                  "The control word does not carry the "
                                  "session's nonce" },
    [HAYWIRE_FOCUS_LOST_RACE] = { "focus-lost-race",
                                  "The control word changed before it could be "
                                  "written" },
    [HAYWIRE_FOCUS_UNCONFIRMED] = { "focus-unconfirmed",
                                    "The control word was written, but the "
                                    "page read back differs" },
    [HAYWIRE_IO_ERROR] = { "io-error", "The memory could not be read" },
    [HAYWIRE_SOURCE_EMPTY] = { "source-empty", "The memory file is empty" },
    [HAYWIRE_SOURCE_UNALIGNED] = { "source-unaligned",
                                   "The memory file's size is no multiple of "
                                   "the page size" },
    [HAYWIRE_SOURCE_TRUNCATED] = { "source-truncated",
                                   "The memory shrank while it was read" },
    [HAYWIRE_OUT_OF_RANGE] = { "out-of-range",
                               "The position lies outside of the memory" },
    [HAYWIRE_HOLE] = { "hole", "The page was never written: it was not read" },
    [HAYWIRE_NOT_RESIDENT] = { "not-resident",
                               "The page is not in the host's memory: it was "
                               "not read" },
    [HAYWIRE_SWAPPED] = { "swapped",
                          "The host has swapped the page out: it was not "
                          "read" },
    [HAYWIRE_BROKEN_PAGE] = { "broken-page",
                              "The host's memory is broken there, or gone" },
    [HAYWIRE_READ_ONLY] = { "read-only", "The memory cannot be written" },
    [HAYWIRE_NO_MEMORY] = { "no-memory", "Out of memory" },
    [HAYWIRE_LIMIT] = { "limit", "A limit of the reader was reached" },
};

static const StatusWords *find(HaywireStatus status)
{
    static const StatusWords unknown = { "unknown", "Unknown status" };

    if ((unsigned)status >= HAYWIRE_STATUS_COUNT) {
        return &unknown;
    }
    return &words[status];
}

const char *haywire_status_name(HaywireStatus status)
{
    return find(status)->name;
}

const char *haywire_status_text(HaywireStatus status)
{
    return find(status)->text;
}
