/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the doorbell looks like in guest code: protocol, section 8.
 */
#ifndef HAYWIRE_DOORBELL_CODE_H
#define HAYWIRE_DOORBELL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAYWIRE_DOORBELL_CALLS_MAX 2
#define HAYWIRE_DOORBELL_CALL_MAX  7

/*
 * The instructions that call, one behind the other; what follows them is a
 * load from the discovery page.
 */
typedef struct HaywireDoorbellCode {
    size_t count; /* of instructions */
    size_t size;  /* of each, bytes */
    uint8_t bytes[HAYWIRE_DOORBELL_CALLS_MAX][HAYWIRE_DOORBELL_CALL_MAX];
} HaywireDoorbellCode;

/*
 * The doorbell of an architecture, @target as QEMU names it (qemu_info_t).
 * Static. NULL: it has none.
 */
const HaywireDoorbellCode *haywire_doorbell_code(const char *target);

/*
 * Is instruction @ordinal (from 0) of the doorbell the one in @bytes, which
 * has @size bytes?
 */
bool haywire_doorbell_code_is(const HaywireDoorbellCode *code, size_t ordinal,
                              const uint8_t *bytes, size_t size);

#endif /* HAYWIRE_DOORBELL_CODE_H */
