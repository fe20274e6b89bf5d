/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeper of the menagerie: starts every animal, prints a line for each
 *
 *     NAME PID [KEY=VALUE...]
 *
 * then "ready", and stays as their parent. An animal that this kernel cannot
 * have gets a line "NAME failed WHY" instead.
 *
 *     haywire-menagerie run [IDLE]   all animals and IDLE plain processes
 *     haywire-menagerie as ID PROGRAM ...   run a program as user and group
 *                                           ID, without any capability
 *     haywire-menagerie scatter MIB  leave holes all over memory
 *     haywire-menagerie collapse MIB have the kernel make huge pages
 *     haywire-menagerie silent KIND  one that blocks whoever asks for it, and
 *     haywire-menagerie frozen FOLDER   another: stuck.c
 *     haywire-menagerie sit FD ...   (used by animals that execute)
 */
#include "menagerie.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 20000
#define LINE_SIZE        512
#define IDLE_MAX         20000

int animal_ready_fd = -1;
const char *menagerie_program = "/proc/self/exe";

/* Where this process's command line is, to show what an animal is instead. */
static char *title;
static size_t title_size;

void animal_ready(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    int n;

    n = snprintf(line, sizeof(line), "%d ", (int)getpid());
    va_start(arguments, format);
    n += vsnprintf(line + n, sizeof(line) - (size_t)n, format, arguments);
    va_end(arguments);
    if (write(animal_ready_fd, line, (size_t)n) != n) {
        _exit(EXIT_FAILURE);
    }
    close(animal_ready_fd);
}

void animal_sit(void)
{
    for (;;) {
        pause();
    }
}

void animal_die(const char *what)
{
    dprintf(animal_ready_fd, "failed %s: %s", what, strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Read what the animal reports; FALSE (0) when it says nothing in time. */
static int read_report(int fd, char *line, size_t size)
{
    struct pollfd waiting = { .fd = fd, .events = POLLIN };
    ssize_t n;

    if (poll(&waiting, 1, READY_TIMEOUT_MS) != 1) {
        return 0;
    }
    n = read(fd, line, size - 1);
    if (n <= 0) {
        return 0;
    }
    line[n] = '\0';
    return 1;
}

/* The kernel shows what stands here as the command line: see proc(5). */
static void set_title(const char *name)
{
    memset(title, 0, title_size);
    snprintf(title, title_size, "menagerie: %s", name);
}

static pid_t fork_animal(const Animal *animal, int ready_fd)
{
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    animal_ready_fd = ready_fd;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, animal->name);
    set_title(animal->name);
    animal->live();
    _exit(EXIT_FAILURE);
}

static void start_animal(const Animal *animal)
{
    char line[LINE_SIZE] = "failed no report";
    int pipe_fds[2];
    pid_t pid;

    if (pipe(pipe_fds) != 0) {
        printf("%s failed pipe\n", animal->name);
        return;
    }
    pid = fork_animal(animal, pipe_fds[1]);
    close(pipe_fds[1]);
    if (pid > 0 && read_report(pipe_fds[0], line, sizeof(line)) &&
        animal->settle && strncmp(line, "failed", 6) != 0) {
        animal->settle(pid);
    }
    close(pipe_fds[0]);
    printf("%s %s\n", animal->name, line);
    fflush(stdout);
}

static void start_animals(const Animal *table)
{
    for (const Animal *animal = table; animal->name; animal++) {
        start_animal(animal);
    }
}

/* Plain processes, many of them; all that matters is that they are there. */
static void start_idle(long count)
{
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_NAME, "idle");
            animal_sit();
        }
        printf("idle %d\n", (int)pid);
    }
}

static int run(long idle)
{
    start_animals(menagerie_tasks);
    start_animals(menagerie_memory);
    start_idle(idle);
    puts("ready");
    fflush(stdout);
    animal_sit();
}

static int run_as(const char *id_text, char **words)
{
    uid_t id = (uid_t)strtoul(id_text, NULL, 10);

    if (id == 0 || setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 ||
        setresuid(id, id, id) != 0) {
        perror("haywire-menagerie: as");
        return 1;
    }
    execv(words[0], words);
    perror(words[0]);
    return 1;
}

/* The far side of an animal that executes this program anew. */
static int sit(const char *fd)
{
    animal_ready_fd = atoi(fd);
    animal_ready("%s", "");
    animal_sit();
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "sit") == 0) {
        return sit(argv[2]);
    }
    if (argc >= 4 && strcmp(argv[1], "as") == 0) {
        return run_as(argv[2], argv + 3);
    }
    if (argc == 3 && strcmp(argv[1], "scatter") == 0) {
        return menagerie_scatter(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "collapse") == 0) {
        return menagerie_collapse(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "silent") == 0) {
        return menagerie_silent(argv + 2);
    }
    if (argc == 3 && strcmp(argv[1], "frozen") == 0) {
        return menagerie_frozen(argv[2]);
    }
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "run") == 0) {
        long idle = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

        if (idle >= 0 && idle <= IDLE_MAX) {
            title = argv[0];
            title_size = (size_t)(strchr(argv[argc - 1], '\0') + 1 - title);
            return run(idle);
        }
    }
    fputs("usage: haywire-menagerie run [IDLE] | as ID PROGRAM... | "
          "scatter MIB | collapse MIB | silent KIND | frozen FOLDER\n",
          stderr);
    return 2;
}
