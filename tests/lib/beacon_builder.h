/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builder: beacon pages made from readable text, for tests.
 *
 * A text is lines; `#` starts a comment. A line is a command, words, and
 * KEY=VALUE pairs. Numbers are decimal or 0x hex, with an optional suffix
 * (k M G: binary multiples; us ms s: nanoseconds). Strings stand in double
 * quotes, with \n \t \0 \\ \" and \xNN. FLAGS is a number or a list of names
 * with commas between. CATEGORY is master, roundrobin, pid, camera1, camera2.
 * What is in [brackets] has a default. Unknown words and keys are errors.
 *
 * Where things lie:
 *
 *   layout gpa=N position=N length=N      a piece of guest RAM in the array
 *                                         (several; none: position is gpa)
 *   place [first=GPA] [step=N]            next session's pages, in slot order,
 *                                         from 0x100000 on, next to each other
 *   place seed=N [first=GPA] pages=N      the same, shuffled over N frames
 *
 * A session, and all that follows up to the next one:
 *
 *   session [id=N] [heartbeat=N] [interval=N] [os=N] [arch=N] [state=N]
 *           [features=N] [pid=N] [version="0.1.0"] [boot-id="16 bytes"]
 *           [started=N] [wall-started=N] [time=N] [wall-time=N] [pfns=0|1]
 *           [page-size=N]
 *       time: guest clock of every publication. pfns=0: numbers are hidden
 *       (in the index, and those of the index in the discovery page)
 *   geometry [master=N] [roundrobin=N] [pid=N] [camera1=N] [camera2=N]
 *   part index|stats|request|response|manifest first=N pages=N
 *   counter NAME=N...                     statistics, named as in section 5.3
 *   ram start=N end=N                     manifest
 *   vmcoreinfo gpa=N size=N
 *   text release|version|host|vmcoreinfo|cmdline "..."
 *
 * Processes:
 *
 *   snapshot [generation=N] [taken=N] [total=N] [dropped=N]
 *   cycle [generation=N] [seen=N]         begin the next; the first of each
 *                                         need not be begun
 *   process pid=N [ppid=N] [start=N] [uid=N] [gid=N] [name="..."]
 *           [state="S"] [threads=N] [nice=N] [vsize=N] [rss=N] [utime=N]
 *           [stime=N] [exe="..."] [cmdline="..."] [flags=FLAGS]
 *           [in=both|snapshot|cycle] [FIELD=N]... [cgroup="..."]
 *       flags: kernel name-truncated exe-truncated cmdline-truncated
 *       exe-unreadable exe-deleted ids-unreadable. start: 10 ms times pid.
 *       FIELD: minor-faults and so on, section 5.5; with none of them there
 *       is no record of fields
 *   processes first=N count=N [sections=N] [in=...] [FIELD=N]...
 *       that many processes, pN by name, with so many sections each
 *
 * Sections and page runs. camera=1 or 2 puts them there, else ROUNDROBIN:
 *
 *   sections pid=N [start=N] [generation=N] [total=N] [first=N]
 *            [flags=unreadable,blocked] [camera=N]
 *       begins a set; `section` lines follow. total: as many as follow
 *   section start=N end=N [perms="r-xp"] [offset=N] [inode=N] [major=N]
 *           [minor=N] [path="..."] [flags=path-truncated]
 *   camera N [pid=N] [start=N] [pass=N] [status=N] [target=N] [nonce=N]
 *          [finished=N] [started=N] [taken=N] [rss=N] [pss=N] [swap=N]
 *          [sections-total=N] [runs-total=N] [flags=FLAGS] [first-page=N]
 *       flags: figures no-sections no-page-table no-pfns partly-read
 *   run camera=N gva=N [pfn=N | swap=N] [pages=N] [flags=FLAGS] [type=N]
 *       [shift=N]
 *       flags: present swapped file soft-dirty exclusive pfn; by default
 *       what the other keys say
 *
 * Damage, done to the pages of this session once all are made:
 *
 *   set CATEGORY INDEX FIELD=N...         and set the checksum right again
 *   corrupt CATEGORY INDEX FIELD=N...     and leave the checksum as it was
 *       FIELD: magic kind version category index length session generation
 *       sequence monotonic realtime pfn checksum top bottom control, or
 *       @OFFSET.BYTES within the page, or +OFFSET.BYTES within the payload
 *   drop CATEGORY INDEX                   the page is nowhere
 *   move CATEGORY INDEX gpa=N             the page lies here, whatever its pfn
 */

#ifndef HAYWIRE_BEACON_BUILDER_H
#define HAYWIRE_BEACON_BUILDER_H

#include <glib.h>

#include "haywire/address.h"
#include "haywire/beacon_protocol.h"

typedef struct HaywireBeacons HaywireBeacons;

/* One page: @page is 4096-aligned and belongs to the beacons. */
typedef struct HaywireBeacon {
    HaywireGpa gpa;
    HaywirePosition position; /* of @gpa in the text's layout */
    HaywirePage *page;
    unsigned session;         /* 0 for the text's first */
    HaywireCategory category; /* the slot; what @page says may be damaged */
    uint32_t index;
} HaywireBeacon;

#define HAYWIRE_BEACONS_ERROR (g_quark_from_static_string("beacons"))

/* NULL with @error set ("line 7: ...") when @text is wrong. */
HaywireBeacons *haywire_beacons_new(const char *text, GError **error);

/* For tests: a wrong text ends the program with its message. */
HaywireBeacons *haywire_beacons_make(const char *text);

void haywire_beacons_free(HaywireBeacons *beacons);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireBeacons, haywire_beacons_free)

/* All pages but the dropped ones, in the order of sessions and slots. */
size_t haywire_beacons_count(const HaywireBeacons *beacons);
const HaywireBeacon *haywire_beacons_get(const HaywireBeacons *beacons,
                                         size_t number);

/* By slot; NULL when there is none or it was dropped. */
const HaywireBeacon *haywire_beacons_find(const HaywireBeacons *beacons,
                                          unsigned session,
                                          HaywireCategory category,
                                          uint32_t index);

/*
 * Copy every page to its position in @ram. False with @error when one lies
 * outside of @size bytes.
 */
gboolean haywire_beacons_place(const HaywireBeacons *beacons, uint8_t *ram,
                               size_t size, GError **error);

/*
 * Set the checksum of a page right after its bytes were changed. A payload
 * length that is no length stays unsealed.
 */
void haywire_beacon_reseal(HaywirePage *page);

/*
 * Publish a discovery page again, in place, with one more heartbeat and
 * @elapsed_ns more on both its clocks: what makes a session live.
 */
void haywire_beacon_beat(HaywirePage *discovery, uint64_t elapsed_ns);

#endif
