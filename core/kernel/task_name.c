/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of tasks: see task_name.h. A task keeps 15 bytes; of threads of the kernel
 * /proc shows more (fs/proc/array.c: proc_task_name(), kernel/workqueue.c:
 * wq_worker_comm(), kernel/kthread.c: get_kthread_comm()).
 */

#include "task_name.h"

#include <string.h>

#define KERNEL_THREAD 0x200000 /* PF_KTHREAD */
#define WORKER        0x20     /* PF_WQ_WORKER */

#define WORKER_NAME_MAX 32
#define QUEUE_NAME_MAX  64
#define FULL_NAME_MAX   64 /* /proc shows no more */

/* A kernel that names rescuers so shows the whole name of their queue. */
static const char rescuer[] = "kworker/R-";
#define RESCUER_LENGTH (sizeof(rescuer) - 1)

static size_t append(char *to, size_t length, size_t room, const char *text)
{
    size_t more = strlen(text);

    more = room - length < more ? room - length : more;
    memcpy(to + length, text, more);
    return length + more;
}

/* What it works at, with + while it does. */
static size_t worker_name(HaywireKernelView *view, uint64_t worker, char *to,
                          size_t length, size_t room)
{
    uint64_t queue = haywire_view_ask(view, worker, M_WORKER_RESCUE);
    char text[QUEUE_NAME_MAX];

    if (queue != 0 && length >= RESCUER_LENGTH &&
        memcmp(to, rescuer, RESCUER_LENGTH) == 0) {
        queue += haywire_member(view, M_WORKQUEUE_NAME).offset;
        haywire_view_text(view, queue, text, WORKER_NAME_MAX);
        return append(to, RESCUER_LENGTH, room, text);
    }
    if (!haywire_member(view, M_WORKER_DESC).known ||
        haywire_view_ask(view, worker, M_WORKER_POOL) == 0) {
        return length;
    }
    haywire_view_text(view, worker + haywire_member(view, M_WORKER_DESC).offset,
                      text, WORKER_NAME_MAX);
    if (*text) {
        bool works = haywire_view_ask(view, worker, M_WORKER_WORK) != 0;

        length = append(to, length, room, works ? "+" : "-");
        length = append(to, length, room, text);
    }
    return length;
}

static size_t long_name(HaywireKernelView *view, uint64_t flags,
                        uint64_t thread, char *to, size_t length, size_t room)
{
    char full[FULL_NAME_MAX];
    uint64_t name;

    if (thread == 0) {
        return length;
    }
    if (flags & WORKER) {
        uint64_t worker = haywire_view_ask(view, thread, M_KTHREAD_DATA);

        return worker ? worker_name(view, worker, to, length, room) : length;
    }
    name = haywire_view_ask(view, thread, M_KTHREAD_NAME);
    if (name == 0 || haywire_view_text(view, name, full, sizeof(full)) == 0) {
        return length;
    }
    return append(to, 0, room, full);
}

/* That more cannot be read does not make it a worse one. */
size_t haywire_name_read(HaywireKernelView *view, uint64_t task, char *to,
                         size_t room)
{
    HaywireMember comm = haywire_member(view, M_TASK_COMM);
    uint64_t flags = haywire_view_get(view, task, M_TASK_FLAGS);
    size_t length = haywire_view_text(view, task + comm.offset, to,
                                      comm.size < room ? comm.size : room);
    bool lost = view->lost;

    if (flags & KERNEL_THREAD && !lost) {
        uint64_t thread = haywire_view_ask(view, task, M_TASK_KTHREAD);

        length = long_name(view, flags, thread, to, length, room - 1);
        view->lost = false;
    }
    return length;
}
