/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of the memory that is being looked at.
 */
#ifndef HAYWIRE_TOOL_SIGBUS_H
#define HAYWIRE_TOOL_SIGBUS_H

/*
 * From now on, SIGBUS ends the program with a line on stderr and
 * HAYWIRE_EXIT_IO: a file that is cut off between the kernel's word that a page
 * is there and our touching it.  Reads say so themselves (haywire/memory.h).
 */
void haywire_sigbus_install(void);

#endif
