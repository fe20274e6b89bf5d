/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies and errors held against docs/qmp.md: what users are told they get.
 */
#ifndef HAYWIRE_TESTS_DOCUMENTED_H
#define HAYWIRE_TESTS_DOCUMENTED_H

#include <json-glib/json-glib.h>

/* The document. Constant once loaded: any thread. */
typedef struct Documented Documented;

/* Fails the test when there is no such file or no command in it. */
Documented *documented_load(const char *path);
void documented_free(Documented *documented);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Documented, documented_free)

/*
 * Fail the test unless each object in the reply fits one table of the
 * command's section: all members that are never absent, and no others than
 * the table's, each of its type; and unless each string is harmless.
 */
void documented_check_reply(const Documented *documented, const char *command,
                            JsonNode *reply);

/*
 * Fail the test unless the error's message is one of those that the document
 * lists for what a guest may be the reason of.
 */
void documented_check_error(const Documented *documented, const char *message);

/* Fail the test unless @text is UTF-8 and harmless to a terminal. */
void documented_check_text(const char *text);

#endif
