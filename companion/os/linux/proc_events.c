/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News of processes from the kernel's process connector.
 *
 * Nobody waits for a message: the socket is emptied now and then. Threads are
 * filtered out by the kernel. Where so many processes come and go that hearing
 * of each would cost more than looking at all, the socket is closed for a
 * while.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/linux/proc_events.h"
#include "os/os.h"

/* Some thousand messages; a busy guest sends as many between two looks. */
#define RECEIVE_SIZE (1 << 20)
/* Messages a second above which it is deaf, and for how long. */
#define FLOOD      1000
#define DEAF_NS    (5 * HAYWIRE_NS_PER_SECOND)
#define BUFFER_MAX 512

/* Where things lie in a message: all of it is 4-aligned, no more. */
#define AT_ID          (NLMSG_HDRLEN + offsetof(struct cn_msg, id))
#define AT_EVENT       (NLMSG_HDRLEN + sizeof(struct cn_msg))
#define AT_WHAT        (AT_EVENT + offsetof(struct proc_event, what))
#define AT_FIELD(name) (AT_EVENT + offsetof(struct proc_event, event_data.name))

/* Kernels 6.6 moved the names into an enum of their own, not the numbers. */
#define WHAT_NONE 0x00000000u
#define WHAT_FORK 0x00000001u
#define WHAT_EXEC 0x00000002u
#define WHAT_UID  0x00000004u
#define WHAT_COMM 0x00000200u
#define WHAT_EXIT 0x80000000u

/* Of each kind of message: whom it is about, as a thread and as a process. */
static const struct {
    uint32_t what;
    HaywireProcMessage meaning;
    size_t thread;
    size_t process;
} kinds[] = {
    { WHAT_FORK, HAYWIRE_PROC_BEGUN, AT_FIELD(fork.child_pid),
      AT_FIELD(fork.child_tgid) },
    { WHAT_EXEC, HAYWIRE_PROC_BEGUN, AT_FIELD(exec.process_pid),
      AT_FIELD(exec.process_tgid) },
    { WHAT_UID, HAYWIRE_PROC_BEGUN, AT_FIELD(id.process_pid),
      AT_FIELD(id.process_tgid) },
    { WHAT_COMM, HAYWIRE_PROC_BEGUN, AT_FIELD(comm.process_pid),
      AT_FIELD(comm.process_tgid) },
    { WHAT_EXIT, HAYWIRE_PROC_ENDED, AT_FIELD(exit.process_pid),
      AT_FIELD(exit.process_tgid) },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t word_at(const uint8_t *message, size_t at)
{
    uint32_t word;

    memcpy(&word, message + at, sizeof(word));
    return word;
}

HaywireProcMessage haywire_proc_message(const uint8_t *message, size_t length,
                                        uint32_t *ret_pid)
{
    uint32_t what;

    if (length < AT_EVENT + sizeof(struct proc_event) ||
        word_at(message, AT_ID) != CN_IDX_PROC ||
        word_at(message, AT_ID + sizeof(uint32_t)) != CN_VAL_PROC) {
        return HAYWIRE_PROC_OTHER;
    }
    what = word_at(message, AT_WHAT);
    if (what == WHAT_NONE) {
        return word_at(message, AT_FIELD(ack.err)) == 0 ? HAYWIRE_PROC_GRANTED
                                                        : HAYWIRE_PROC_REFUSED;
    }
    for (size_t i = 0; i < KINDS; i++) {
        if (what == kinds[i].what && word_at(message, kinds[i].thread) ==
                                         word_at(message, kinds[i].process)) {
            *ret_pid = word_at(message, kinds[i].process);
            return kinds[i].meaning;
        }
    }
    return HAYWIRE_PROC_OTHER;
}

/*
 * Let the kernel keep what haywire_proc_message() would pass over. A filter
 * loads words as big-endian ones.
 */
static void set_filter(int fd)
{
    struct sock_filter code[1 + KINDS * 5 + 3];
    struct sock_fprog program = { 0, code };
    unsigned short n = 0;

    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_WHAT);
    for (size_t i = 0; i < KINDS; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                 htonl(kinds[i].what), 0, 4);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                 kinds[i].thread);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                 kinds[i].process);
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0,
                                                 (KINDS - i - 1) * 5 + 1,
                                                 (KINDS - i - 1) * 5 + 2);
    }
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             WHAT_NONE, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    program.len = n;
    /* Without it all is told: more to read, the same news. */
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                     sizeof(program));
}

static bool ask(int fd)
{
    enum proc_cn_mcast_op listen = PROC_CN_MCAST_LISTEN;
    struct cn_msg request = {
        .id = { .idx = CN_IDX_PROC, .val = CN_VAL_PROC },
        .len = sizeof(listen),
    };
    struct nlmsghdr header = {
        .nlmsg_len = NLMSG_LENGTH(sizeof(request) + sizeof(listen)),
        .nlmsg_type = NLMSG_DONE,
    };
    uint8_t message[NLMSG_SPACE(sizeof(request) + sizeof(listen))] = { 0 };

    memcpy(message, &header, sizeof(header));
    memcpy(message + NLMSG_HDRLEN, &request, sizeof(request));
    memcpy(message + NLMSG_HDRLEN + sizeof(request), &listen, sizeof(listen));
    return send(fd, message, header.nlmsg_len, 0) == (ssize_t)header.nlmsg_len;
}

static int open_socket(void)
{
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = CN_IDX_PROC,
    };
    int size = RECEIVE_SIZE;
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    NETLINK_CONNECTOR);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    set_filter(fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        !ask(fd)) {
        close(fd);
        return -1;
    }
    return fd;
}

void haywire_proc_events_init(HaywireProcEvents *events)
{
    memset(events, 0, sizeof(*events));
    events->socket = -1;
}

void haywire_proc_events_close(HaywireProcEvents *events)
{
    if (events->socket >= 0) {
        close(events->socket);
    }
    events->socket = -1;
    events->trusted = false;
}

static void note_message(HaywireProcEvents *events, const uint8_t *message,
                         size_t length, HaywireHeard *heard)
{
    uint32_t pid;

    switch (haywire_proc_message(message, length, &pid)) {
    case HAYWIRE_PROC_BEGUN:
        haywire_changes_add(&heard->begun, pid);
        break;
    case HAYWIRE_PROC_ENDED:
        haywire_changes_add(&heard->ended, pid);
        break;
    case HAYWIRE_PROC_GRANTED:
        /* What happened before is not known. */
        heard->begun.all = heard->begun.all || !events->trusted;
        events->trusted = true;
        break;
    case HAYWIRE_PROC_REFUSED:
        events->off = !events->trusted;
        break;
    case HAYWIRE_PROC_OTHER:
        break;
    }
}

/* False when it does not go on with this socket. */
static bool receive_all(HaywireProcEvents *events, HaywireHeard *heard)
{
    uint8_t message[BUFFER_MAX];
    struct sockaddr_nl from = { 0 };

    while (events->counted <= FLOOD) {
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(events->socket, message, sizeof(message), 0,
                                  (struct sockaddr *)&from, &size);

        if (length < 0 && errno == ENOBUFS) {
            heard->begun.all = true;
        } else if (length < 0) {
            return errno == EAGAIN || errno == EINTR;
        } else if (from.nl_pid == 0) {
            /* From the kernel, not from a program that sends to us. */
            note_message(events, message, (size_t)length, heard);
        }
        events->counted++;
    }
    return true;
}

static void count_anew(HaywireProcEvents *events, uint64_t now_ns)
{
    if (now_ns - events->count_start_ns >= HAYWIRE_NS_PER_SECOND) {
        events->count_start_ns = now_ns;
        events->counted = 0;
    }
}

static bool reopen(HaywireProcEvents *events, uint64_t now_ns)
{
    if (events->off || now_ns < events->deaf_until_ns) {
        return false;
    }
    events->socket = open_socket();
    events->off = events->socket < 0;
    return !events->off;
}

bool haywire_proc_events_hear(HaywireProcEvents *events, uint64_t now_ns,
                              HaywireHeard *ret_heard)
{
    HaywireHeard heard = { 0 };
    bool fine;

    count_anew(events, now_ns);
    if (events->socket < 0 && !reopen(events, now_ns)) {
        return false;
    }
    fine = receive_all(events, &heard);
    if (!fine || events->off || events->counted > FLOOD) {
        haywire_proc_events_close(events);
        events->deaf_until_ns = now_ns + DEAF_NS;
        return false;
    }
    *ret_heard = heard;
    return events->trusted;
}

void haywire_proc_events_wait(const HaywireProcEvents *events, uint64_t ns)
{
    struct pollfd told = { .fd = events->socket, .events = POLLIN };
    struct timespec timeout = {
        .tv_sec = (time_t)(ns / HAYWIRE_NS_PER_SECOND),
        .tv_nsec = (long)(ns % HAYWIRE_NS_PER_SECOND),
    };

    /* Without a socket it is a sleep, as of any other that is negative. */
    (void)ppoll(&told, 1, &timeout, NULL);
}
