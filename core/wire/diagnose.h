/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to the room.
 */

#ifndef HAYWIRE_DIAGNOSE_H
#define HAYWIRE_DIAGNOSE_H

#include "haywire/status.h"

/* Fill @diagnosis unless it is NULL; returns @status. */
static inline HaywireStatus haywire_diagnose(HaywireDiagnosis *diagnosis,
                                             HaywireStatus status,
                                             size_t offset, const char *field,
                                             uint64_t value)
{
    if (diagnosis) {
        *diagnosis = (HaywireDiagnosis){ offset, field, value };
    }
    return status;
}

#endif
