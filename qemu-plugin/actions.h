/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QMP and the monitor both do, and how it is said when it fails.
 */
#ifndef HAYWIRE_ACTIONS_H
#define HAYWIRE_ACTIONS_H

#include "window.h"

#include "ram_blocks.h"
#include "worker.h"

#define HAYWIRE_ACTION_ERROR haywire_action_error_quark()

GQuark haywire_action_error_quark(void);

/*
 * Point @camera (1 or 2) at @pid, or at nothing if @pid is 0.
 *
 * @ret_camera: the camera after the write; the companion answers later
 *
 * Thread: main, with the big lock held.  Does not wait for the guest.
 * Returns TRUE; or FALSE with @error saying which check failed, its code a
 * HaywireStatus: HAYWIRE_BAD_VALUE (no such camera), HAYWIRE_NO_PROCESS, all
 * of haywire_focus_target() and of haywire_focus().
 */
gboolean haywire_action_focus(HaywireWorker *worker, uint32_t camera,
                              uint32_t pid, HaywireCamera *ret_camera,
                              GError **error);

/*
 * The processes of @model in @window, with what a reply may cost as a bound.
 *
 * @ret_rows, @ret_more: as haywire_window_processes() has them; written on
 * success only
 *
 * Thread: any.  HAYWIRE_OK, HAYWIRE_NO_SESSION, HAYWIRE_NO_PROCESS or
 * HAYWIRE_NOT_SHOWN (pids were given, and none of them is there).
 */
HaywireStatus haywire_action_processes(const HaywireModel *model,
                                       const HaywireListWindow *window,
                                       GArray **ret_rows,
                                       bool *ret_more) HAYWIRE_MUST_CHECK;

/*
 * Where the byte at @address of process @pid lies.
 *
 * @blocks: where guest RAM is; the place borrows the block's name
 *
 * Thread: any.  Returns TRUE; or FALSE with @error, its code a HaywireStatus:
 * all of haywire_model_translate(), and HAYWIRE_NO_LAYOUT when the guest
 * names a frame that is no RAM.
 */
gboolean haywire_action_translate(HaywireWorker *worker,
                                  const HaywireRamBlocks *blocks, uint32_t pid,
                                  HaywireGva address, HaywirePlace *ret_place,
                                  GError **error);

/* Say that something about process @pid failed with @status. */
void haywire_action_fail(GError **error, HaywireStatus status, uint32_t pid);

#endif /* HAYWIRE_ACTIONS_H */
