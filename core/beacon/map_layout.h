/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where guest addresses lie in a memory that does not know it itself. Private
 * to this room.
 */

#ifndef HAYWIRE_MAP_LAYOUT_H
#define HAYWIRE_MAP_LAYOUT_H

#include "copy_pool.h"
#include "map.h"

/*
 * Work the layout out from where the session's pages lie and from the RAM
 * ranges of its manifest (@copy: those pages), and tell the memory. It never
 * guesses. HAYWIRE_OK (also when it is not known), HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_map_tell_layout(const HaywireMap *map,
                                      HaywireMemory *memory,
                                      const HaywireCopy *const *copy,
                                      size_t copies) HAYWIRE_MUST_CHECK;

#endif
