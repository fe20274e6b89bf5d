/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check QMP replies and events against the QMP schema
 */

#ifndef TESTS_QTEST_HAYWIRE_SCHEMA_H
#define TESTS_QTEST_HAYWIRE_SCHEMA_H

#include "libqtest.h"

typedef struct HaywireSchema HaywireSchema;

HaywireSchema *haywire_schema_new(QTestState *qts);
void haywire_schema_free(HaywireSchema *schema);

/* Whether the schema has a command or event of this name */
bool haywire_schema_declares(HaywireSchema *schema, const char *name);

/*
 * Assert that what a command has returned is of the type that it is declared
 * to return: each member is declared, and none that must be there is missing.
 */
void haywire_schema_check_return(HaywireSchema *schema, const char *command,
                                 QObject *value);

/* The same for the data of an event. */
void haywire_schema_check_event(HaywireSchema *schema, const char *event,
                                QDict *data);

#endif
