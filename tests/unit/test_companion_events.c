/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News of processes from the kernel: messages one by one, and the real socket
 * where it may be used.
 */

#include <glib.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/linux/proc_events.h"
#include "os/os.h"

#define MESSAGE_SIZE \
    (NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(struct proc_event))
#define WHAT_FORK 1u
#define WHAT_EXEC 2u
#define WHAT_UID  4u
#define WHAT_SID  0x80u
#define WHAT_COMM 0x200u
#define WHAT_EXIT 0x80000000u

/* Only the fields that say who. */
typedef struct Message {
    uint8_t bytes[MESSAGE_SIZE];
} Message;

/* @words: the event's own fields. */
static Message message_of(guint32 what, const guint32 *words, gsize count)
{
    struct cn_msg head = { .id = { CN_IDX_PROC, CN_VAL_PROC },
                           .len = sizeof(struct proc_event) };
    Message message = { { 0 } };
    uint8_t *event = message.bytes + NLMSG_HDRLEN + sizeof(head);

    memcpy(message.bytes + NLMSG_HDRLEN, &head, sizeof(head));
    memcpy(event, &what, sizeof(what));
    memcpy(event + offsetof(struct proc_event, event_data), words,
           count * sizeof(*words));
    return message;
}

static void test_messages(void)
{
    static const struct {
        guint32 what;
        guint32 word[4];
        HaywireProcMessage meaning;
    } cases[] = {
        { WHAT_FORK, { 7, 7, 100, 100 }, HAYWIRE_PROC_BEGUN },
        { WHAT_FORK, { 7, 7, 101, 100 }, HAYWIRE_PROC_OTHER },
        { WHAT_EXEC, { 100, 100 }, HAYWIRE_PROC_BEGUN },
        { WHAT_UID, { 100, 100 }, HAYWIRE_PROC_BEGUN },
        { WHAT_UID, { 101, 100 }, HAYWIRE_PROC_OTHER },
        { WHAT_COMM, { 100, 100 }, HAYWIRE_PROC_BEGUN },
        { WHAT_COMM, { 101, 100 }, HAYWIRE_PROC_OTHER },
        { WHAT_EXIT, { 100, 100 }, HAYWIRE_PROC_ENDED },
        { WHAT_EXIT, { 101, 100 }, HAYWIRE_PROC_OTHER },
        { WHAT_SID, { 100, 100 }, HAYWIRE_PROC_OTHER },
        { 0, { 0 }, HAYWIRE_PROC_GRANTED },
        { 0, { 1 }, HAYWIRE_PROC_REFUSED },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Message message = message_of(cases[i].what, cases[i].word, 4);
        guint32 pid = 0;
        HaywireProcMessage meaning =
            haywire_proc_message(message.bytes, sizeof(message.bytes), &pid);

        g_assert_cmpint(meaning, ==, cases[i].meaning);
        g_assert_cmpuint(
            pid, ==,
            meaning == HAYWIRE_PROC_BEGUN || meaning == HAYWIRE_PROC_ENDED ? 100
                                                                           : 0);
    }
}

static void test_not_ours(void)
{
    const guint32 words[] = { 7, 7, 100, 100 };
    Message message = message_of(WHAT_FORK, words, 4);
    guint32 pid;

    for (gsize length = 0; length < sizeof(message.bytes); length++) {
        g_assert_cmpint(haywire_proc_message(message.bytes, length, &pid), ==,
                        HAYWIRE_PROC_OTHER);
    }
    message.bytes[NLMSG_HDRLEN] ^= 4;
    g_assert_cmpint(
        haywire_proc_message(message.bytes, sizeof(message.bytes), &pid), ==,
        HAYWIRE_PROC_OTHER);
}

/* Twice as many as there is room for, in an order of their own. */
static void test_changes(void)
{
    HaywireChanges changes = { 0 };

    g_assert_false(haywire_changes_any(&changes));
    for (guint32 i = 0; i < HAYWIRE_CHANGES_MAX; i++) {
        haywire_changes_add(&changes, i * 37 % 101 + 1);
        haywire_changes_add(&changes, i * 37 % 101 + 1);
    }
    g_assert_cmpuint(changes.count, ==, HAYWIRE_CHANGES_MAX);
    g_assert_false(changes.all);
    g_assert_true(haywire_changes_has(&changes, 38));
    g_assert_false(haywire_changes_has(&changes, 1000));
    haywire_changes_add(&changes, 1000);
    g_assert_true(changes.all);
    g_assert_false(haywire_changes_has(&changes, 1000));
    g_assert_true(haywire_changes_any(&changes));
}

/* The kernel's news, where they may be had; NULL after a skip. */
static HaywireProcEvents *listen_to_kernel(void)
{
    HaywireProcEvents *events = g_new0(HaywireProcEvents, 1);
    HaywireHeard heard;

    haywire_proc_events_init(events);
    for (int i = 0; i < 20 && !events->off; i++) {
        if (haywire_proc_events_hear(events, haywire_os_monotonic_ns(),
                                     &heard)) {
            /* What happened before nobody told. */
            g_assert_true(heard.begun.all);
            return events;
        }
        g_usleep(20000);
    }
    g_test_skip("the kernel tells nothing here");
    g_free(events);
    return NULL;
}

typedef struct Told {
    bool begun;
    bool ended;
    bool too_much; /* other programs keep the kernel busy, too */
} Told;

/* Gather what is told of @pid for a moment. */
static Told told_of(HaywireProcEvents *events, guint32 pid)
{
    Told told = { 0 };

    for (int i = 0; i < 10; i++) {
        HaywireHeard heard = { 0 };
        bool hears =
            haywire_proc_events_hear(events, haywire_os_monotonic_ns(), &heard);

        told.begun |= haywire_changes_has(&heard.begun, pid);
        told.ended |= haywire_changes_has(&heard.ended, pid);
        told.too_much |= !hears || heard.begun.all || heard.ended.all;
        g_usleep(5000);
    }
    return told;
}

static gpointer sleep_in_thread(gpointer ret_tid)
{
    g_atomic_int_set((gint *)ret_tid, gettid());
    g_usleep(20000);
    return NULL;
}

static void test_thread(void)
{
    HaywireProcEvents *events = listen_to_kernel();
    gint tid = 0;
    Told told;

    if (!events) {
        return;
    }
    g_thread_join(g_thread_new("thread", sleep_in_thread, &tid));
    g_assert_cmpint(tid, !=, 0);
    told = told_of(events, (guint32)tid);
    g_assert_false(told.begun);
    g_assert_false(told.ended);
    haywire_proc_events_close(events);
    g_free(events);
}

static void test_process(void)
{
    HaywireProcEvents *events = listen_to_kernel();
    Told told;
    pid_t pid;

    if (!events) {
        return;
    }
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    told = told_of(events, (guint32)pid);
    g_assert_true(told.begun || told.too_much);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    told = told_of(events, (guint32)pid);
    g_assert_true(told.ended || told.too_much);
    haywire_proc_events_close(events);
    g_free(events);
}

/* Too much at once: the socket is closed, and opened again later. */
static void test_flood(void)
{
    HaywireProcEvents *events = listen_to_kernel();
    uint64_t now = haywire_os_monotonic_ns();
    HaywireHeard heard;

    if (!events) {
        return;
    }
    for (int i = 0; i < 1200; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    g_assert_false(haywire_proc_events_hear(events, now, &heard));
    g_assert_cmpint(events->socket, ==, -1);
    g_assert_false(events->off);
    g_assert_false(haywire_proc_events_hear(events, now + 1, &heard));
    now += 6 * HAYWIRE_NS_PER_SECOND;
    g_assert_true(haywire_proc_events_hear(events, now, &heard));
    g_assert_true(heard.begun.all);
    haywire_proc_events_close(events);
    g_free(events);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/events/messages", test_messages);
    g_test_add_func("/events/not-ours", test_not_ours);
    g_test_add_func("/events/changes", test_changes);
    g_test_add_func("/events/thread", test_thread);
    g_test_add_func("/events/process", test_process);
    g_test_add_func("/events/flood", test_flood);
    return g_test_run();
}
