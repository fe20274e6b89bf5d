/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watch: the one thing that the plugin and the host tool hold. It looks at one
 * memory, again and again, through whoever provides something about the guest
 * in it (what a companion publishes, its kernel's structures), makes models, and says when the
 * next look is due. One thread, but for what says otherwise.
 */

#ifndef HAYWIRE_WATCH_H
#define HAYWIRE_WATCH_H

#include "haywire/kernel.h"
#include "haywire/reader.h"

typedef struct HaywireWatch HaywireWatch;

/* @memory: borrowed until destroy. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_watch_new(HaywireMemory *memory,
                                HaywireWatch **ret_watch) HAYWIRE_MUST_CHECK;
void haywire_watch_destroy(HaywireWatch *watch); /* NULL is fine */

/*
 * Take no more than @bytes of memory from now on, models that are alive
 * included (limits.h says how it is divided); HAYWIRE_MEMORY_DEFAULT at first.
 * What that leaves out of a session is counted. Forgets what was found.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT (less than HAYWIRE_MEMORY_MIN).
 */
HaywireStatus haywire_watch_set_memory(HaywireWatch *watch,
                                       size_t bytes) HAYWIRE_MUST_CHECK;
/* The same, with shares of any size. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_watch_share(HaywireWatch *watch,
                                  HaywireShares shares) HAYWIRE_MUST_CHECK;

/* That which was given. */
HaywireMemory *haywire_watch_memory(const HaywireWatch *watch);

/* Who is to be asked. */
typedef enum HaywireFrom {
    HAYWIRE_FROM_COMPANION, /* at first */
    HAYWIRE_FROM_KERNEL,
    HAYWIRE_FROM_AUTO, /* a companion that is live; else the kernel; else what a
                          companion last said */
} HaywireFrom;

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_watch_set_from(HaywireWatch *watch,
                                     HaywireFrom from) HAYWIRE_MUST_CHECK;

/*
 * The next models have sections and page runs of @pid as well, if they come
 * from the kernel: those of all processes would be many. 0: of none. No camera
 * is needed, and what companions publish is there in any case.
 */
void haywire_watch_want(HaywireWatch *watch, uint32_t pid);

/*
 * One sentence, not escaped, on why no kernel was found; "" when none was
 * looked for, or one was found.
 */
void haywire_watch_explain(const HaywireWatch *watch, char *to, size_t room);

/*
 * The kernel of the guest, for what is not in models (kernel_memory.h): that of
 * the newest look, or, where that one did without, found now. NULL: there is
 * none, or nobody said that kernels are to be asked. Valid until the next look.
 */
HaywireKernel *haywire_watch_kernel(HaywireWatch *watch, HaywireNow now);

/* For a tool with a person in front of it. May be NULL. */
void haywire_watch_set_progress(HaywireWatch *watch,
                                HaywireScanProgress progress, void *opaque);

/* The next look scans everything. Any thread. */
void haywire_watch_request_scan(HaywireWatch *watch);

/*
 * Somebody says that a discovery page lies at @gpa (any address within it). The
 * next look looks there before it scans: at a page that is resident and
 * verifies, one copy; else the reason is counted in `rejected`. Only the newest
 * four that came since the last look are looked at, so hints may be wrong and
 * many. Needs to know where @gpa lies: a memory without a layout refuses hints
 * (HAYWIRE_NO_LAYOUT in `rejected`) until it is known. Any thread; never waits.
 */
void haywire_watch_hint(HaywireWatch *watch, HaywireGpa gpa);

/*
 * Somebody remembers where a discovery page lay in this very file. The next
 * look looks there before it scans; a page that is not that one, of that time,
 * is left alone. All pages of a session that is found so spare the scan.
 */
void haywire_watch_hint_file(HaywireWatch *watch, const HaywireFileHint *hint);

/*
 * Of the session that is shown, what is to be remembered, without late_ns.
 * False: there is none, or it is not known where its pages lie.
 */
bool haywire_watch_recall(const HaywireWatch *watch, HaywireFileHint *ret_hint);

/*
 * Somebody rings, and says that a discovery page lies in the frame @pfn: a hint.
 * 0: it does not say where; while nothing is live, the next look then scans, if
 * the cost of scans allows it. Any thread; never waits. The caller has the next
 * look come after haywire_watch_ring_wait().
 */
void haywire_watch_ring(HaywireWatch *watch, uint64_t pfn);

/* For the statistics: where rings come in. Not during a look. */
void haywire_watch_set_doorbell(HaywireWatch *watch, uint32_t port);

/* The memory's regions changed: forget all positions. */
void haywire_watch_reset(HaywireWatch *watch);

/*
 * Look again. *ret_model: a new reference, to be unreffed; a searching model
 * when no session is there. HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR,
 * HAYWIRE_SOURCE_TRUNCATED.
 *
 * The state is live only once a heartbeat was seen to grow between two looks; a
 * tool that looks once calls it again after haywire_watch_beat_wait().
 */
HaywireStatus haywire_watch_look(HaywireWatch *watch, HaywireNow now,
                                 HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/*
 * One look of the cross-view, whoever else is to be asked: what the companion
 * says, unless HAYWIRE_FROM_KERNEL, and what the kernel's witnesses know, to
 * @check. *ret_model: the companion's while that is current, else the kernel's;
 * as from haywire_watch_look(), and for the same HAYWIRE_* values.
 */
HaywireStatus haywire_watch_check(HaywireWatch *watch, HaywireNow now,
                                  HaywireCheck *check,
                                  HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/*
 * How long (ns) to wait from the newest look for the next one, which should see
 * the chosen session beat; call and look again until it is 0: the session is
 * beating or judged stale, or there is none.
 */
uint64_t haywire_watch_beat_wait(const HaywireWatch *watch, HaywireNow now);

/*
 * When the next look is due, ns after the newest: after @interval_ns; sooner,
 * but for no more than a twentieth of a core, where a beat is waited for.
 */
uint64_t haywire_watch_next(const HaywireWatch *watch, HaywireNow now,
                            uint64_t interval_ns);

/*
 * When a look that a ring brings about may begin, ns after the newest one ended:
 * however often it is rung, looks take a twentieth of a core (pace.h).
 */
uint64_t haywire_watch_ring_wait(const HaywireWatch *watch);

/* For focus.c and its callers: count a write or a failure in the statistics. */
void haywire_watch_count_focus(HaywireWatch *watch, HaywireStatus status);

#endif
