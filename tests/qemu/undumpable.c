/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded first into a QEMU, makes it what a program with rights of its file is
 * that another user starts: its files in /proc belong to root, so that it may
 * not open its own /proc/self/pagemap.
 */
#include <sys/prctl.h>

__attribute__((constructor)) static void become_undumpable(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}
