/*
 * What the parts of the view share. Private to the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_VIEW_INTERNAL_H
#define HAYWIRE_VIEW_INTERNAL_H

#include "haywire/view.h"

/* Candidates noted in a scan; a scan that meets more is done again, for the
   chosen session alone. */
#define HAYWIRE_NOTES_MAX 65536
/* Copies held at a time: 128 MiB. */
#define HAYWIRE_COPIES_MAX 32768

/* Pacing of scans, ns of the host's clock. */
#define HAYWIRE_PACE_FIRST_NS UINT64_C(250000000)
#define HAYWIRE_PACE_LAST_NS  UINT64_C(4000000000)
#define HAYWIRE_PACE_LOST_NS  UINT64_C(1000000000)
#define HAYWIRE_PACE_LIVE_NS  UINT64_C(10000000000)
/* Between two scans at least this many times the length of the last one: a
   twentieth of the time, and a four-hundredth where a live session is shown and
   has all its pages. */
#define HAYWIRE_PACE_SHARE      20
#define HAYWIRE_PACE_SHARE_LIVE 400

/* Hints that wait for the next refresh; newer ones take the oldest's place. */
#define HAYWIRE_HINTS_MAX 4

typedef struct HaywireHints {
    uint32_t given;                   /* atomic: so far */
    uint64_t page[HAYWIRE_HINTS_MAX]; /* atomic; see view_hint.c */
} HaywireHints;

/* A verified page that a scan has met. */
typedef struct HaywireNote {
    HaywirePosition position;
    uint64_t session;
    uint64_t monotonic_ns;
    uint32_t category;
    uint32_t index;
} HaywireNote;

typedef struct HaywireNotes {
    HaywireNote *note;
    size_t count;
    size_t room;
    bool overflow;
} HaywireNotes;

typedef struct HaywireScanLog {
    bool done;         /* there was one */
    uint64_t ended_ns; /* host_ns */
    uint64_t duration_ns;
    uint64_t pages;
    bool paced;        /* there was one, or it was not needed */
    uint64_t since_ns; /* host_ns: then; the next one is paced from here */
    uint64_t pace_ns;  /* while nothing live is there; 0: at once */
} HaywireScanLog;

/* The session that is shown, with the copies of its pages. */
typedef struct HaywireShown {
    bool attached; /* all below need it */
    bool was_live;
    bool copied;            /* the pages were read at least once */
    bool beat_now;          /* its heartbeat grew since the last refresh */
    bool lost;              /* a slot has lost its page: scan for it */
    bool index_moved;       /* the discovery page says so */
    bool limited;           /* HAYWIRE_COPIES_MAX was reached */
    bool layout_known;      /* deduced */
    HaywireSession session; /* as last seen */
    HaywireMap *map;
    uint64_t clashes;                        /* of the map, counted already */
    uint64_t rejected[HAYWIRE_STATUS_COUNT]; /* likewise */
    uint32_t total;                          /* slots */
    uint32_t held_pages;
    HaywireCopy *held;  /* by slot; page NULL: no copy */
    HaywireCopy *dense; /* those with a copy, for the model */
    HaywireLayout layout;
} HaywireShown;

struct HaywireView {
    HaywireSource *source;
    uint64_t began_ns; /* host_ns of the first refresh; 0: none yet */
    HaywireScanProgress progress;
    void *progress_opaque;
    int rescan; /* atomic: asked for */
    HaywireHints hints;
    HaywireSessions sessions;
    HaywireNotes notes;
    HaywireScanLog scan;
    HaywireShown shown;
    HaywireHostCounters host;
    HaywirePage *scratch;
};

/* view_hint.c */
/* Look where the hints say. True when a discovery page was there. */
bool haywire_view_follow_hints(HaywireView *view, HaywireNow now);

/* view_scan.c */
bool haywire_view_scan_due(HaywireView *view, HaywireNow now);
HaywireStatus haywire_view_scan(HaywireView *view, HaywireNow now);
/* All pages were found without: the first scan can wait for its turn. */
void haywire_view_spare_scan(HaywireView *view, HaywireNow now);
/* The verified page in view->scratch to the sessions, if it is one's. */
HaywireStatus haywire_view_add_discovery(HaywireView *view,
                                         HaywirePosition position,
                                         const HaywirePageInfo *info,
                                         uint64_t now_ns);
/* Put the noted pages of the shown session into its map; how many were. */
size_t haywire_view_map_notes(HaywireView *view);
/* Look for the pages of the shown session alone, when notes ran over. */
HaywireStatus haywire_view_scan_session(HaywireView *view);

/* view_copies.c */
void haywire_view_drop_copies(HaywireView *view);
HaywireStatus haywire_view_update_copies(HaywireView *view);
/* The layout to use: the source's or the deduced one; NULL when unknown. */
const HaywireLayout *haywire_view_layout(HaywireView *view);

/* view_model.c */
/* Never paused: that is for users alone. */
HaywireState haywire_view_state(const HaywireView *view);
HaywireStatus haywire_view_model(HaywireView *view, HaywireNow now,
                                 HaywireModel **ret_model);

#endif
