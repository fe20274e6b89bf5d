/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking all witnesses in a kernel, and what is to be told of each process: see
 * check_witnesses.h.
 */

#include "check_witnesses.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "process.h"

/* Tables that are being changed are walked again at once. */
#define TRIES_MAX 8

/* For each process; honest ones take a third. */
#define PROCESS_READS 2000
#define PROCESS_PAGES 40

/* What a list that shows arguments puts around the name of a kernel thread. */
#define BRACKETS_MAX 64

static const char worker_name[] = "kworker/";

/* Found by at least one of them. */
typedef struct Found {
    HaywireTask task;
    uint16_t witnesses;
} Found;

/* What each has found in the kernel, all in one moment, and how that went. */
typedef struct Witnesses {
    HaywireVector tasks[HAYWIRE_WITNESS_COUNT]; /* of HaywireTask */
    HaywireStatus status[HAYWIRE_WITNESS_COUNT];
} Witnesses;

static void clear(Witnesses *witnesses)
{
    for (int i = 0; i < HAYWIRE_WITNESS_COUNT; i++) {
        haywire_vector_clear(&witnesses->tasks[i]);
    }
}

/* True when there is no use in doing it again. */
static bool walk_all(HaywireKernelView *view, Witnesses *witnesses)
{
    HaywireVector *tasks = witnesses->tasks;
    HaywireStatus *status = witnesses->status;

    haywire_guest_begin(view->guest);
    status[HAYWIRE_WITNESS_TASKS] =
        haywire_tasks_walk(view, &tasks[HAYWIRE_WITNESS_TASKS]);
    status[HAYWIRE_WITNESS_PIDS] =
        haywire_check_pids(view, &tasks[HAYWIRE_WITNESS_PIDS]);
    status[HAYWIRE_WITNESS_CHILDREN] =
        haywire_check_children(view, &tasks[HAYWIRE_WITNESS_CHILDREN]);
    status[HAYWIRE_WITNESS_PROCESSORS] =
        haywire_check_running(view, &tasks[HAYWIRE_WITNESS_TASKS],
                              &tasks[HAYWIRE_WITNESS_PROCESSORS]);
    for (int i = HAYWIRE_WITNESS_TASKS; i < HAYWIRE_WITNESS_COUNT; i++) {
        if (status[i] == HAYWIRE_PAGE_BUSY) {
            return false;
        }
    }
    return true;
}

static int compare_found(const void *left, const void *right)
{
    const HaywireTask *a = &((const Found *)left)->task;
    const HaywireTask *b = &((const Found *)right)->task;

    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    return a->address < b->address ? -1 : a->address > b->address;
}

/* Each process once, with all who have seen it. Returns how many. */
static size_t join(HaywireVector *all)
{
    Found *found = all->data;
    size_t count = 0;

    if (all->count > 0) {
        qsort(found, all->count, sizeof(*found), compare_found);
    }
    for (size_t i = 0; i < all->count; i++) {
        if (count > 0 && compare_found(&found[count - 1], &found[i]) == 0) {
            found[count - 1].witnesses |= found[i].witnesses;
        } else {
            found[count++] = found[i];
        }
    }
    return count;
}

/* Whom nobody could hear to the end has seen what he has seen all the same. */
static HaywireStatus gather(const Witnesses *witnesses, HaywireVector *all,
                            uint16_t *heard)
{
    HaywireStatus status = HAYWIRE_OK;

    haywire_vector_init(all, sizeof(Found),
                        HAYWIRE_WITNESS_COUNT * HAYWIRE_TASKS_MAX);
    for (int i = HAYWIRE_WITNESS_TASKS; i < HAYWIRE_WITNESS_COUNT; i++) {
        const HaywireTask *task = witnesses->tasks[i].data;
        uint16_t bit = HAYWIRE_WITNESS_BIT(i);

        if (witnesses->status[i] == HAYWIRE_NO_MEMORY) {
            return HAYWIRE_NO_MEMORY;
        }
        *heard |= witnesses->status[i] == HAYWIRE_OK ? bit : 0;
        for (size_t j = 0;
             j < witnesses->tasks[i].count && status == HAYWIRE_OK; j++) {
            Found found = { task[j], bit };

            status = haywire_vector_push(all, &found);
        }
    }
    return status;
}

/* Its own memory, not one that it works in for another. */
static bool has_memory(HaywireKernelView *view, uint64_t task, uint64_t mm)
{
    uint64_t owner;

    if (mm == 0 || !haywire_member(view, M_MM_OWNER).known) {
        return false;
    }
    owner = haywire_view_get(view, mm, M_MM_OWNER);
    return owner != 0 &&
           haywire_view_get(view, owner, M_TASK_GROUP_LEADER) == task &&
           !view->lost;
}

/* Its one argument is a name in brackets. */
static bool shows_brackets(HaywireKernelView *view, uint64_t task)
{
    char text[BRACKETS_MAX];
    uint64_t mm, start, length;
    HaywireTable table;

    if (!haywire_process_pages(view, task, &table, &mm)) {
        return false;
    }
    start = haywire_view_ask(view, mm, M_MM_ARG_START);
    length = haywire_view_ask(view, mm, M_MM_ARG_END) - start;
    if (view->lost || length < 4 || length > sizeof(text) ||
        haywire_table_read(view->guest, &table, (HaywireGva){ start }, text,
                           (size_t)length) != HAYWIRE_OK) {
        return false;
    }
    return text[0] == '[' && text[length - 2] == ']' &&
           text[length - 1] == '\0' &&
           memchr(text, '\0', (size_t)length) == text + length - 1 &&
           !memchr(text, ' ', (size_t)length);
}

static void set_facts(HaywireKernelView *view, uint64_t task, bool is_worker,
                      HaywireStatement *statement)
{
    uint64_t mm, file;

    view->lost = false;
    mm = haywire_view_get(view, task, M_TASK_MM);
    if (statement->kernel_thread) {
        statement->no_kernel_thread = has_memory(view, task, mm);
        return;
    }
    statement->no_kernel_thread = is_worker;
    if (view->lost || mm == 0) {
        return; /* a process that ends, or its first thread */
    }
    file = haywire_view_ask(view, mm, M_MM_EXE_FILE);
    statement->no_file =
        haywire_member(view, M_MM_EXE_FILE).known && !view->lost &&
        (file == 0 || haywire_path_is_in_no_folder(view, file));
    view->lost = false;
    statement->no_kernel_thread |= shows_brackets(view, task);
}

/* False: it is gone. What cannot be read of one that is there is left out. */
static bool describe(HaywireKernelView *view, const Found *found,
                     HaywireStatement *ret_statement)
{
    HaywireStatement statement = { .id = found->task.address,
                                   .pid = found->task.pid,
                                   .witnesses = found->witnesses };
    char name[HAYWIRE_NAME_MAX + 1];
    HaywireProcess process;
    HaywireString text;
    bool is_worker;

    haywire_guest_allow(view->guest, PROCESS_READS, PROCESS_PAGES);
    (void)haywire_process_basics(view, &found->task, &process, name,
                                 sizeof(name), &text);
    view->lost = false;
    if (haywire_view_get(view, found->task.address, M_TASK_PID) !=
        found->task.pid) {
        return false;
    }
    statement.start_time = process.start_time;
    statement.kernel_thread = process.kernel_thread;
    haywire_text_escape(text.data, text.length, statement.name);
    is_worker =
        strncmp(statement.name, worker_name, sizeof(worker_name) - 1) == 0;
    set_facts(view, found->task.address, is_worker, &statement);
    *ret_statement = statement;
    return true;
}

HaywireStatus haywire_check_ask(HaywireKernelView *view, HaywireCheck *check,
                                uint16_t *ret_heard)
{
    Witnesses witnesses = { 0 };
    HaywireStatement statement;
    HaywireVector all;
    HaywireStatus status;
    uint16_t heard = 0;
    size_t count;

    for (int i = 0; i < TRIES_MAX && !walk_all(view, &witnesses); i++) {
    }
    status = gather(&witnesses, &all, &heard);
    clear(&witnesses);
    count = join(&all);
    for (size_t i = 0; i < count && status == HAYWIRE_OK; i++) {
        if (describe(view, (const Found *)all.data + i, &statement)) {
            status = haywire_check_add(check, &statement);
        }
    }
    haywire_vector_clear(&all);
    if (status == HAYWIRE_OK) {
        *ret_heard = heard;
    }
    return status;
}
