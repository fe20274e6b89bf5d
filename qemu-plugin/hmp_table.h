/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info haywire` in the monitor's command table.
 */
#ifndef HAYWIRE_HMP_TABLE_H
#define HAYWIRE_HMP_TABLE_H

#include "qemu_internals.h"

typedef void HaywireHmpHandler(Monitor *mon, const QDict *args);

/*
 * Offers what @text, the last of @count words, may become.  The command's own
 * name is the first word, without the `info`.
 */
typedef void HaywireHmpCompletion(ReadLineState *rs, int count,
                                  const char *text);

/* The argument of `info haywire` with all words after it; may be absent. */
#define HAYWIRE_HMP_WORDS "words"

/*
 * Make @handler answer `info haywire`, and @completion complete it.
 *
 * A QEMU built with our patches declares the command and only lacks a
 * handler.  In any other the table of info commands, which has no room, is
 * replaced by a copy with one entry more.
 *
 * Thread: main.  Returns false, changing nothing, if the table is not as it
 * should be or the command is taken.
 */
bool haywire_hmp_table_install(HaywireHmpHandler *handler,
                               HaywireHmpCompletion *completion);

/*
 * Give @handler, and @completion unless NULL, to a top-level command that this
 * QEMU declares without a handler.  Thread: main.  Returns false if it
 * declares none of this name.
 */
bool haywire_hmp_table_fill(const char *name, HaywireHmpHandler *handler,
                            HaywireHmpCompletion *completion);

/*
 * Handlers that modules loaded later put into QEMU's own table are wanted in
 * the copy.  Cheap; call it now and then.  Thread: main.
 */
void haywire_hmp_table_sync(void);

#endif /* HAYWIRE_HMP_TABLE_H */
