/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads that may never return: see helper.h. */

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "haywire/clock.h"
#include "os/linux/helper.h"
#include "os/linux/proc_file.h"
#include "os/linux/proc_parse.h"

/*
 * How long a job that waits may take: half as long after each that was given
 * up, and a little longer again after each that was not. Many processes that
 * block then cost little more than one. A helper that has a processor, or
 * waits for one, is given longer.
 */
#define PATIENCE_MOST_NS  (200 * HAYWIRE_NS_PER_MS)
#define PATIENCE_LEAST_NS (10 * HAYWIRE_NS_PER_MS)
#define PATIENCE_GROWTH   16
#define WORKING_MOST_NS   (1000 * HAYWIRE_NS_PER_MS)
#define TICK_NS           (10 * HAYWIRE_NS_PER_MS)

#define PAUSE_FIRST_NS HAYWIRE_NS_PER_SECOND
#define PAUSE_MOST_NS  (30 * HAYWIRE_NS_PER_SECOND)

#define STAT_SIZE 2048

enum {
    IDLE,
    POSTED
};

struct HaywireHelperJob {
    _Atomic uint32_t state; /* a futex */
    HaywireHelperWork *work;
    uint64_t cpu_ns; /* used by the helper so far */
    size_t size;     /* of all of this */
    HaywireProcOpened opened;
    _Alignas(64) uint8_t shared[];
};

static uint64_t helpers_cpu_ns;

uint64_t haywire_helper_cpu_ns(void)
{
    return helpers_cpu_ns;
}

static void futex_wait(_Atomic uint32_t *futex, uint32_t value,
                       const struct timespec *timeout)
{
    (void)syscall(SYS_futex, futex, FUTEX_WAIT, value, timeout, NULL, 0);
}

static void set_state(HaywireHelperJob *job, uint32_t state)
{
    atomic_store(&job->state, state);
    (void)syscall(SYS_futex, &job->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The helper's whole life. */
static _Noreturn void serve(HaywireHelperJob *job, HaywireCollector *context,
                            pid_t parent)
{
    context->tick = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "haywire-reader");
    haywire_proc_note_opened(&job->opened);
    while (getppid() == parent) {
        if (atomic_load(&job->state) == IDLE) {
            futex_wait(&job->state, IDLE, NULL);
            continue;
        }
        job->work(context, job->shared);
        /* What is still open goes to whoever asked. */
        haywire_proc_opened_init(&job->opened);
        job->cpu_ns = haywire_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        set_state(job, IDLE);
    }
    _exit(0);
}

static void start(HaywireHelper *helper, HaywireCollector *collector,
                  size_t size)
{
    pid_t parent = getpid();
    HaywireHelperJob *job =
        mmap(NULL, sizeof(*job) + size, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (job == MAP_FAILED) {
        return;
    }
    job->size = sizeof(*job) + size;
    haywire_proc_opened_init(&job->opened);
    /* As fork() does, but with one table of descriptors for both. */
    helper->pid =
        (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);
    if (helper->pid == 0) {
        serve(job, collector, parent);
    }
    if (helper->pid < 0) {
        helper->pid = 0;
        helper->none = errno == EINVAL || errno == ENOSYS || errno == EPERM;
        if (!helper->none) {
            munmap(job, job->size);
            return;
        }
    }
    helper->job = job;
}

static uint64_t ns_of(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * HAYWIRE_NS_PER_SECOND +
           (uint64_t)time->tv_usec * 1000;
}

/* Has it ended? What it did since its last answer is counted then. */
static bool reap(pid_t helper, const HaywireHelperJob *job)
{
    struct rusage usage;
    pid_t ended = wait4(helper, NULL, WNOHANG, &usage);
    uint64_t used;

    if (ended > 0) {
        used = ns_of(&usage.ru_utime) + ns_of(&usage.ru_stime);
        helpers_cpu_ns += used > job->cpu_ns ? used - job->cpu_ns : 0;
    }
    return ended != 0;
}

static void reap_left(HaywireHelper *helper)
{
    for (size_t i = helper->left_count; i-- > 0;) {
        HaywireHelperLeft *left = &helper->left[i];

        if (reap(left->helper, left->job)) {
            munmap(left->job, left->job->size);
            *left = helper->left[--helper->left_count];
        }
    }
}

/* Kill it; mostly it has ended by the time that another one is needed. */
static void leave(HaywireHelper *helper)
{
    kill(helper->pid, SIGKILL);
    haywire_proc_close_opened(&helper->job->opened);
    helper->left[helper->left_count++] =
        (HaywireHelperLeft){ helper->pid, helper->job };
    helper->pid = 0;
    helper->job = NULL;
}

void *haywire_helper_shared(HaywireHelper *helper, HaywireCollector *collector,
                            size_t size)
{
    if (helper->pid != 0 && reap(helper->pid, helper->job)) {
        /* Somebody has killed it. */
        munmap(helper->job, helper->job->size);
        helper->pid = 0;
    }
    reap_left(helper);
    if (helper->pid == 0 && !helper->none &&
        helper->left_count < HAYWIRE_HELPERS_LEFT_MAX) {
        start(helper, collector, size);
    }
    return helper->pid != 0 || helper->none ? helper->job->shared : NULL;
}

static bool same(const HaywireAsking *a, const HaywireAsking *b)
{
    return a->pid == b->pid && a->start_time_ns == b->start_time_ns &&
           a->asked == b->asked;
}

/* Its place, or the one that is best given up for it. */
static HaywireBlocked *find_blocked(HaywireHelper *helper,
                                    const HaywireAsking *asking)
{
    HaywireBlocked *best = &helper->blocked[0];

    for (size_t i = 0; i < HAYWIRE_BLOCKED_MAX; i++) {
        HaywireBlocked *blocked = &helper->blocked[i];

        if (same(&blocked->asking, asking)) {
            return blocked;
        }
        best = blocked->next_ns < best->next_ns ? blocked : best;
    }
    return best;
}

static void note_blocked(HaywireHelper *helper, HaywireBlocked *blocked,
                         const HaywireAsking *asking)
{
    uint64_t pause =
        same(&blocked->asking, asking) ? 2 * blocked->pause_ns : PAUSE_FIRST_NS;

    blocked->asking = *asking;
    blocked->pause_ns = pause < PAUSE_MOST_NS ? pause : PAUSE_MOST_NS;
    blocked->next_ns = haywire_clock_ns(CLOCK_BOOTTIME) + blocked->pause_ns;
    helper->patience_ns /= 2;
    if (helper->patience_ns < PATIENCE_LEAST_NS) {
        helper->patience_ns = PATIENCE_LEAST_NS;
    }
}

static void note_done(HaywireHelper *helper, HaywireBlocked *blocked,
                      const HaywireAsking *asking)
{
    if (same(&blocked->asking, asking)) {
        *blocked = (HaywireBlocked){ 0 };
    }
    helper->patience_ns += helper->patience_ns / PATIENCE_GROWTH;
    if (helper->patience_ns > PATIENCE_MOST_NS) {
        helper->patience_ns = PATIENCE_MOST_NS;
    }
}

/* Has it a processor, or waits for one? */
static bool is_working(pid_t helper)
{
    char text[STAT_SIZE];
    char path[32];
    size_t length = 0;
    HaywireProcStat stat;

    snprintf(path, sizeof(path), "/proc/%d/stat", helper);
    return haywire_proc_read(-1, path, text, sizeof(text), &length) ==
               HAYWIRE_COLLECT_OK &&
           haywire_parse_stat(text, length, &stat) && stat.state == 'R';
}

/* False: it does not answer. */
static bool wait_for(HaywireHelper *helper, HaywireCollector *collector)
{
    static const struct timespec tick = { .tv_nsec = TICK_NS };
    uint64_t begun = haywire_clock_ns(CLOCK_BOOTTIME);
    uint64_t waited = 0;

    while (waited < helper->patience_ns ||
           (waited < WORKING_MOST_NS && is_working(helper->pid))) {
        futex_wait(&helper->job->state, POSTED, &tick);
        if (atomic_load(&helper->job->state) == IDLE) {
            return true;
        }
        haywire_collector_tick(collector);
        waited = haywire_clock_ns(CLOCK_BOOTTIME) - begun;
    }
    return false;
}

HaywireCollect haywire_helper_do(HaywireHelper *helper,
                                 HaywireCollector *collector,
                                 const HaywireAsking *asking,
                                 HaywireHelperWork *work)
{
    HaywireBlocked *blocked = find_blocked(helper, asking);
    uint64_t before;

    if (same(&blocked->asking, asking) &&
        haywire_clock_ns(CLOCK_BOOTTIME) < blocked->next_ns) {
        return HAYWIRE_COLLECT_BLOCKED;
    }
    if (helper->none) {
        work(collector, helper->job->shared);
        return HAYWIRE_COLLECT_OK;
    }
    if (helper->pid == 0) {
        return helper->left_count == HAYWIRE_HELPERS_LEFT_MAX
                   ? HAYWIRE_COLLECT_BLOCKED
                   : HAYWIRE_COLLECT_FAILED;
    }
    if (helper->patience_ns == 0) {
        helper->patience_ns = PATIENCE_MOST_NS;
    }
    before = helper->job->cpu_ns;
    helper->job->work = work;
    set_state(helper->job, POSTED);
    if (!wait_for(helper, collector)) {
        leave(helper);
        note_blocked(helper, blocked, asking);
        collector->given_up++;
        return HAYWIRE_COLLECT_BLOCKED;
    }
    helpers_cpu_ns += helper->job->cpu_ns - before;
    note_done(helper, blocked, asking);
    return HAYWIRE_COLLECT_OK;
}

void haywire_helper_end(HaywireHelper *helper)
{
    if (helper->pid != 0) {
        kill(helper->pid, SIGKILL);
        waitpid(helper->pid, NULL, 0);
    }
    if (helper->pid != 0 || helper->none) {
        munmap(helper->job, helper->job->size);
        helper->pid = 0;
        helper->none = false;
    }
    reap_left(helper);
}
