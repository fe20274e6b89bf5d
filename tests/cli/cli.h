/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the built host tool, and what it is run on. For tests: what goes
 * wrong here ends the program.
 */
#ifndef HAYWIRE_TEST_CLI_H
#define HAYWIRE_TEST_CLI_H

#include <glib.h>
#include <sys/types.h>

/* A private folder that cli_end() removes, with all that is in it. */
const char *cli_folder(void);
char *cli_path(const char *name);
void cli_end(void);

/* A RAM file of @size bytes made from a builder's text; its path. */
char *cli_ram_new(const char *name, const char *text, guint64 size);

typedef struct CliResult {
    int status; /* exit status; -signal when one ended it */
    char *out;
    char *err;
    guint64 peak_kib; /* most memory that it had, shared pages included */
} CliResult;

/* The tool being run in the background. */
typedef struct CliProcess {
    pid_t pid;
    char *out;
    char *err;
} CliProcess;

/* How a test may change the process before the tool starts. */
typedef void (*CliSetup)(void);

/*
 * Start the tool with these arguments, words separated by blanks. It dies
 * after 30 s. @setup runs in the child; may be NULL.
 */
CliProcess cli_start(const char *arguments, CliSetup setup);

/* Wait until it has printed something to stdout. */
void cli_wait_output(const CliProcess *process);

/* Wait for its end. */
void cli_wait(CliProcess *process, CliResult *ret_result);

/* Both in one. */
void cli_run(const char *arguments, CliResult *ret_result);
void cli_result_clear(CliResult *result);

/*
 * Run, and check: exit status, all of stdout, and stderr as a pattern (see
 * g_pattern_match_simple) of one line without its end; NULL for nothing.
 */
void cli_check(const char *arguments, int status, const char *out,
               const char *err_pattern);

#endif
