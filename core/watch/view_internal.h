/*
 * What the parts of the view share. Private to the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_VIEW_INTERNAL_H
#define HAYWIRE_VIEW_INTERNAL_H

#include "haywire/copy_pool.h"
#include "haywire/beacon_fill.h"
#include "haywire/limits.h"
#include "haywire/map.h"
#include "haywire/view.h"

/* Pacing of scans, ns of the host's clock. */
#define HAYWIRE_PACE_FIRST_NS UINT64_C(250000000)
#define HAYWIRE_PACE_LAST_NS  UINT64_C(4000000000)
#define HAYWIRE_PACE_LOST_NS  UINT64_C(1000000000)
#define HAYWIRE_PACE_LIVE_NS  UINT64_C(10000000000)
/* Between two scans at least this many times the processor time of the last one:
   a twentieth of a core, and a four-hundredth where a live session is shown and
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

/*
 * A scan that meets more than there is room for is done again, for the chosen
 * session alone.
 */
typedef struct HaywireNotes {
    HaywireNote *note; /* room of them; NULL before the first */
    size_t count;
    size_t room;
    bool overflow;
} HaywireNotes;

typedef struct HaywireScanLog {
    bool done;         /* there was one */
    uint64_t ended_ns; /* host_ns */
    uint64_t duration_ns;
    uint64_t pages;
    uint64_t cost_ns;  /* processor time */
    bool paced;        /* there was one, or it was not needed */
    uint64_t since_ns; /* host_ns: then; the next one is paced from here */
    uint64_t pace_ns;  /* while nothing live is there; 0: at once */
} HaywireScanLog;

/* What is known of a slot's page. */
enum {
    HAYWIRE_SLOT_UNREAD,   /* nothing: not found, or not good yet */
    HAYWIRE_SLOT_UNNEEDED, /* it says nothing that the model shows */
    HAYWIRE_SLOT_LEFT_OUT, /* there was no memory for a copy */
    HAYWIRE_SLOT_HELD,     /* this and above: copy 0 and so on */
};

typedef struct HaywireSlot {
    uint32_t lock; /* of the page when it was last read */
    uint32_t copy;
} HaywireSlot;

/* All that is kept of a slot: here, in the map, and while that follows the
   index. */
#define HAYWIRE_SLOT_BYTES (sizeof(HaywireSlot) + 16 + 8)

/* The session that is shown, with the copies of its pages. */
typedef struct HaywireShown {
    bool attached; /* all below need it */
    bool was_live;
    bool copied;            /* the pages were read at least once */
    bool beat_now;          /* its heartbeat grew since the last refresh */
    bool lost;              /* a slot has lost its page: scan for it */
    bool lost_now;          /* since the index was last asked */
    bool index_moved;       /* the discovery page says so */
    bool layout_known;      /* deduced */
    HaywireSession session; /* as last seen */
    HaywireMap *map;
    uint64_t clashes;                        /* of the map, counted already */
    uint64_t rejected[HAYWIRE_STATUS_COUNT]; /* likewise */
    uint32_t total;                          /* slots */
    HaywireSlot *slot;
    uint32_t left_out;         /* slots without a copy for want of memory */
    uint32_t left_out_counted; /* of these, known to the statistics */
    HaywireModel *newest;      /* made of the copies; NULL: none yet */
    bool changed;              /* the copies, since then */
    HaywireDiscovery decoded;  /* what it was made by */
    HaywireSighting *sighting; /* by slot, to work the layout out; or NULL */
    HaywireLayout layout;
} HaywireShown;

struct HaywireView {
    HaywireMemory *source;
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
    HaywireShares shares;
    HaywireCopyPool pool;
    HaywirePage *scratch; /* the pool's spare page */
};

/* view.c */
/* As haywire_view_set_memory(), with shares of any size. */
HaywireStatus haywire_view_share(HaywireView *view, HaywireShares shares);

/* view.c */
/* The shown session as last observed; NULL when none is shown or known. */
const HaywireSession *haywire_view_find_shown(const HaywireView *view);
/* Read the shown session's index again; true when it leads to all pages. */
bool haywire_view_map_by_index(HaywireView *view);

/* view_hint.c */
/* Look where the hints say. True when a discovery page was there. */
bool haywire_view_follow_hints(HaywireView *view, HaywireNow now);

/*
 * Where the shown session's discovery page has gone, by its index: while the
 * old copy of it still stands, or when it is not there any more.
 */
void haywire_view_follow_move(HaywireView *view, HaywireNow now);

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
/* Make room for what is kept of each of the session's pages; its map is there.
   HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_view_begin_copies(HaywireView *view);
/* Give that back. */
void haywire_view_drop_copies(HaywireView *view);
HaywireStatus haywire_view_update_copies(HaywireView *view);
/* The copies in order of their slots; valid until they are next updated. */
const HaywireCopy *const *haywire_view_list_copies(HaywireView *view,
                                                   size_t *ret_count);

/* A model was made of them: what is wrong with them is counted. */
void haywire_view_settle_copies(HaywireView *view);

/* view_layout.c */
/* The layout to use: the source's or the deduced one; NULL when unknown. */
const HaywireLayout *haywire_view_layout(HaywireView *view);
/* Work it out from the sightings and the manifest. */
HaywireStatus haywire_view_deduce_layout(HaywireView *view);

/* view_model.c */
/* Never paused: that is for users alone. */
HaywireState haywire_view_state(const HaywireView *view);
HaywireStatus haywire_view_model(HaywireView *view, HaywireNow now,
                                 HaywireModel **ret_model);

#endif
