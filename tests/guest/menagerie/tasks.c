/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Animals that are odd as tasks: states, threads, names, users.
 */
#include "menagerie.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD_COUNT 16
#define HELD_SIZE    0x800000
#define HUGE_UID     4294967294u
#define HUGE_GID     4294967293u
#define LONG_ARG     6000
#define COPY_PATH    "/tmp/menagerie copy"
#define SETTLE_TRIES 1000
#define SETTLE_US    5000

static void live_zombie(void)
{
    animal_ready("%s", "");
    _exit(7);
}

static void settle_zombie(pid_t pid)
{
    siginfo_t info;

    /* WNOWAIT: look, but leave it unreaped. */
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

static void live_stopped(void)
{
    animal_ready("%s", "");
    raise(SIGSTOP);
    animal_sit();
}

static void settle_stopped(pid_t pid)
{
    siginfo_t info;

    waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT);
}

static void *thread_sit(void *opaque)
{
    (void)opaque;
    animal_sit();
}

static void start_threads(int count)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    for (int i = 0; i < count; i++) {
        if (pthread_create(&thread, &attributes, thread_sit, NULL) != 0) {
            animal_die("pthread_create");
        }
    }
}

static void live_threads(void)
{
    start_threads(THREAD_COUNT - 1);
    animal_ready("threads=%d", THREAD_COUNT);
    animal_sit();
}

static void live_leaderless(void)
{
    char *held = mmap(NULL, HELD_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (held == MAP_FAILED) {
        animal_die("mmap");
    }
    memset(held, 1, HELD_SIZE);
    start_threads(3);
    animal_ready("held=%lx size=%x", (unsigned long)(uintptr_t)held, HELD_SIZE);
    pthread_exit(NULL);
}

/* Wait until the leader shows as Z in the process's own line of /proc. */
static void settle_leaderless(pid_t pid)
{
    char path[64];
    char text[256];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    for (int i = 0; i < SETTLE_TRIES; i++) {
        int fd = open(path, O_RDONLY);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

        close(fd);
        if (n <= 0) {
            return;
        }
        text[n] = '\0';
        if (strstr(text, ") Z ")) {
            return;
        }
        usleep(SETTLE_US);
    }
}

/* Copy this program to @path; the copy can then lose its name. */
static void copy_program(const char *path)
{
    int in = open(menagerie_program, O_RDONLY | O_CLOEXEC);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    ssize_t n;

    if (in < 0 || out < 0) {
        animal_die(path);
    }
    do {
        n = sendfile(out, in, NULL, 1 << 20);
    } while (n > 0);
    close(in);
    close(out);
}

/* Execute @path as a process that reports itself and sits. */
static void execute_sit(const char *path, char *const more[])
{
    char fd[16];
    char *arguments[8] = { (char *)"haywire-menagerie", (char *)"sit", fd };

    snprintf(fd, sizeof(fd), "%d", animal_ready_fd);
    for (int i = 0; i < 4 && more[i]; i++) {
        arguments[3 + i] = more[i];
    }
    execv(path, arguments);
    animal_die(path);
}

static void live_deleted(void)
{
    char *const none[] = { NULL };

    copy_program(COPY_PATH);
    execute_sit(COPY_PATH, none);
}

static void settle_deleted(pid_t pid)
{
    (void)pid;
    unlink(COPY_PATH);
}

static void live_arguments(void)
{
    char *const odd[] = { (char *)"two words", (char *)"",
                          (char *)"\033[31mred\n\377", NULL };

    execute_sit(menagerie_program, odd);
}

static void live_long_arguments(void)
{
    static char argument[LONG_ARG + 1];
    char *const more[] = { argument, NULL };

    memset(argument, 'x', LONG_ARG);
    execute_sit(menagerie_program, more);
}

static void sit_as(const char *comm)
{
    prctl(PR_SET_NAME, comm);
    animal_ready("%s", "");
    animal_sit();
}

static void live_name_spaces(void)
{
    sit_as(" two  words ");
}

static void live_name_parentheses(void)
{
    sit_as("a) R 1 (b) Z 2");
}

static void live_name_newline(void)
{
    sit_as("new\nline\\n\t");
}

static void live_name_escape(void)
{
    sit_as("\033[31mred\a\033[0m");
}

static void live_name_bytes(void)
{
    sit_as("caf\351\377\300\200\"x");
}

static void live_name_empty(void)
{
    sit_as("");
}

static void live_user(void)
{
    if (setgroups(0, NULL) != 0 ||
        setresgid(HUGE_GID, HUGE_GID, HUGE_GID) != 0 ||
        setresuid(HUGE_UID, HUGE_UID, HUGE_UID) != 0) {
        animal_die("setresuid");
    }
    animal_ready("uid=%u gid=%u", HUGE_UID, HUGE_GID);
    animal_sit();
}

/* Real, effective and saved ids that all differ. */
static void live_three_users(void)
{
    if (setresgid(1001, 1002, 1003) != 0 || setresuid(2001, 2002, 2003) != 0) {
        animal_die("setresuid");
    }
    animal_ready("%s", "");
    animal_sit();
}

static void sit_nice(int nice_value)
{
    if (setpriority(PRIO_PROCESS, 0, nice_value) != 0) {
        animal_die("setpriority");
    }
    animal_ready("nice=%d", nice_value);
    animal_sit();
}

static void live_nice(void)
{
    sit_nice(13);
}

static void live_not_nice(void)
{
    sit_nice(-20);
}

/* The parent of a vfork child waits, uninterruptible, until it ends. */
static void live_vfork(void)
{
    if (vfork() == 0) {
        animal_ready("parent=%d", (int)getppid());
        animal_sit();
    }
    animal_sit();
}

/* First process of a pid namespace of its own. */
static void live_pid_namespace(void)
{
    if (unshare(CLONE_NEWPID) != 0) {
        animal_die("unshare");
    }
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_NAME, "namespace-init");
        animal_sit();
    }
    animal_ready("child=%d", (int)pid);
    animal_sit();
}

const Animal menagerie_tasks[] = {
    { "zombie", live_zombie, settle_zombie },
    { "stopped", live_stopped, settle_stopped },
    { "threads", live_threads, NULL },
    { "leaderless", live_leaderless, settle_leaderless },
    { "deleted", live_deleted, settle_deleted },
    { "arguments", live_arguments, NULL },
    { "long-arguments", live_long_arguments, NULL },
    { "name-spaces", live_name_spaces, NULL },
    { "name-parens", live_name_parentheses, NULL },
    { "name-newline", live_name_newline, NULL },
    { "name-escape", live_name_escape, NULL },
    { "name-bytes", live_name_bytes, NULL },
    { "name-empty", live_name_empty, NULL },
    { "user", live_user, NULL },
    { "three-users", live_three_users, NULL },
    { "nice", live_nice, NULL },
    { "not-nice", live_not_nice, NULL },
    { "vfork", live_vfork, NULL },
    { "pid-namespace", live_pid_namespace, NULL },
    { NULL, NULL, NULL },
};
