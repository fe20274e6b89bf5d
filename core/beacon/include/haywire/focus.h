/*
 * Focus: the only writer. docs/protocol.md, section 5.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_FOCUS_H
#define HAYWIRE_FOCUS_H

#include "haywire/decode.h"
#include "haywire/memory.h"
#include "haywire/model.h"

/* Which control page: from a model. */
typedef struct HaywireFocusTarget {
    uint64_t session;
    uint32_t camera;          /* 1 or 2 */
    HaywirePosition position; /* of the control page */
} HaywireFocusTarget;

/*
 * From @model. HAYWIRE_OK, HAYWIRE_NO_SESSION (none, or not live),
 * HAYWIRE_NOT_FOUND (no control page found for this camera),
 * HAYWIRE_BAD_VALUE (camera neither 1 nor 2).
 */
HaywireStatus
haywire_focus_target(const HaywireModel *model, uint32_t camera,
                     HaywireFocusTarget *ret_target) HAYWIRE_MUST_CHECK;

/*
 * Point a camera at a process: verify the page, compare-and-swap the control
 * word, read back and verify all of it.
 *
 * @pid: 0 to unfocus. Whether such a process exists is the caller's check.
 * @ret_control: the page as read back; the companion answers later, in its
 * own fields.
 *
 * HAYWIRE_OK. Nothing was written: HAYWIRE_FOCUS_FOREIGN_PAGE (with why in
 * @diagnosis), HAYWIRE_FOCUS_BAD_NONCE, HAYWIRE_FOCUS_LOST_RACE,
 * HAYWIRE_READ_ONLY, HAYWIRE_OUT_OF_RANGE, HAYWIRE_PAGE_BUSY,
 * HAYWIRE_IO_ERROR, and why the page cannot be had (memory.h). Written but not confirmed: HAYWIRE_FOCUS_UNCONFIRMED.
 */
HaywireStatus haywire_focus(HaywireMemory *memory,
                            const HaywireFocusTarget *target, uint32_t pid,
                            HaywireControl *ret_control,
                            HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

#endif
