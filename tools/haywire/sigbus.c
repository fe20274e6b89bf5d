/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGBUS: see sigbus.h.
 */
#include "sigbus.h"

#include <signal.h>
#include <unistd.h>

#include "exit_status.h"

/* Only what a handler may do. */
static void on_sigbus(int number)
{
    static const char line[] =
        "haywire: The memory shrank or broke while it was looked at\n";

    (void)number;
    (void)!write(STDERR_FILENO, line, sizeof(line) - 1);
    _exit(HAYWIRE_EXIT_IO);
}

void haywire_sigbus_install(void)
{
    const struct sigaction action = { .sa_handler = on_sigbus };

    sigaction(SIGBUS, &action, NULL);
}
