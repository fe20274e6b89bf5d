/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a process: see process.h. Each is what the kernel's own
 * fs/proc/array.c and base.c make of the same members.
 */

#include "process.h"

#include <string.h>

#include "task_name.h"
#include "threads.h"

#define KERNEL_THREAD 0x200000 /* PF_KTHREAD */

#define TICK_NS 10000000 /* USER_HZ is 100 */

/* The element of signal_struct.pids for a group and a session. */
enum {
    PIDS_GROUP = 2,
    PIDS_SESSION = 3,
    PIDS = 4
};

static char state_of(HaywireKernelView *view, uint64_t task)
{
    static const char letters[] = "RSDTtXZP";
    uint64_t state = haywire_view_ask(view, task, M_TASK_STATE);
    uint64_t reported =
        (state | haywire_view_get(view, task, M_TASK_EXIT_STATE)) & 0x7f;
    int bits = 0;

    if ((state & 0x402) == 0x402) {
        return 'I';
    }
    while (reported) {
        reported >>= 1;
        bits++;
    }
    return letters[bits];
}

uint64_t haywire_process_start(uint64_t start_ns)
{
    return start_ns - start_ns % TICK_NS;
}

bool haywire_process_basics(HaywireKernelView *view, const HaywireTask *task,
                            HaywireProcess *ret_process, char *name,
                            size_t room, HaywireString *ret_name)
{
    uint64_t at = task->address, parent, signal, credentials;
    HaywireProcess process = { .pid = task->pid,
                               .source = HAYWIRE_PROVIDER_KERNEL };

    view->lost = false;
    parent = haywire_view_get(view, at, M_TASK_REAL_PARENT);
    signal = haywire_view_get(view, at, M_TASK_SIGNAL);
    credentials = haywire_view_get(view, at, M_TASK_CRED);
    process.ppid = (uint32_t)haywire_view_get(view, parent, M_TASK_TGID);
    process.uid = (uint32_t)haywire_view_get(view, credentials, M_CRED_EUID);
    process.threads =
        (uint32_t)haywire_view_get(view, signal, M_SIGNAL_THREADS);
    process.start_time =
        haywire_process_start(haywire_view_ask(view, at, M_TASK_START));
    process.state = state_of(view, at);
    process.kernel_thread =
        haywire_view_get(view, at, M_TASK_FLAGS) & KERNEL_THREAD;
    ret_name->data = (uint8_t *)name;
    ret_name->length = haywire_name_read(view, at, name, room);
    *ret_process = process;
    return !view->lost && haywire_view_get(view, at, M_TASK_PID) == task->pid;
}

bool haywire_process_pages(HaywireKernelView *view, uint64_t task,
                           HaywireTable *ret_table, uint64_t *ret_mm)
{
    uint64_t living = haywire_threads_living(view, task);
    uint64_t mm = haywire_view_get(view, living, M_TASK_MM), pgd;
    HaywireMapping mapping;

    *ret_mm = mm;
    if (mm == 0) {
        return false;
    }
    pgd = haywire_view_get(view, mm, M_MM_PGD);
    if (haywire_table_walk(view->guest, &view->table, (HaywireGva){ pgd },
                           &mapping) != HAYWIRE_OK ||
        !mapping.present) {
        return false;
    }
    *ret_table = view->table;
    ret_table->root = mapping.gpa;
    ret_table->user = true;
    return true;
}

/* Pages of files, anonymous ones, shared memory: not those in swap. */
static uint64_t resident_pages(HaywireKernelView *view, uint64_t mm)
{
    static const int resident[] = { 0, 1, 3 };
    HaywireMember stat = haywire_member(view, M_MM_RSS);
    uint32_t each = stat.size / 4;
    uint64_t pages = 0;

    for (size_t i = 0; i < sizeof(resident) / sizeof(resident[0]); i++) {
        uint64_t at = mm + stat.offset + (uint64_t)resident[i] * each;
        int64_t count;

        if (each > 8) { /* since 6.2: a counter for each processor as well */
            at += haywire_member(view, M_COUNTER_COUNT).offset;
        }
        count = (int64_t)haywire_view_number(view, at, 8);
        pages += count > 0 ? (uint64_t)count : 0;
    }
    return pages;
}

static void read_memory(HaywireKernelView *view, uint64_t mm,
                        HaywireProcess *process)
{
    process->vsize =
        haywire_view_ask(view, mm, M_MM_TOTAL_VM) * haywire_view_page(view);
    if (haywire_member(view, M_MM_RSS).known) {
        process->rss = resident_pages(view, mm) * haywire_view_page(view);
    }
}

/* What is there from @start on; returns how much. */
static size_t read_user(HaywireKernelView *view, const HaywireTable *table,
                        uint64_t start, uint8_t *to, size_t length)
{
    size_t got = 0;

    while (got < length) {
        uint64_t at = start + got;
        size_t step = HAYWIRE_GUEST_PAGE - at % HAYWIRE_GUEST_PAGE;

        step = length - got < step ? length - got : step;
        if (haywire_table_read(view->guest, table, (HaywireGva){ at }, to + got,
                               step) != HAYWIRE_OK) {
            break;
        }
        got += step;
    }
    return got;
}

/*
 * A process that writes a longer title over its arguments goes on into its
 * environment: then it is a text that ends with NUL.
 */
static size_t with_title(const uint8_t *bytes, size_t arguments, size_t got)
{
    const uint8_t *end;

    if (arguments == 0 || arguments >= got || bytes[arguments - 1] == '\0') {
        return arguments < got ? arguments : got;
    }
    end = memchr(bytes, '\0', got);
    return end ? (size_t)(end - bytes) : got;
}

static void read_arguments(HaywireKernelView *view, const HaywireTable *table,
                           uint64_t mm, HaywireProcess *process,
                           HaywireProcessTexts *texts)
{
    uint64_t start = haywire_view_ask(view, mm, M_MM_ARG_START);
    uint64_t length = haywire_view_ask(view, mm, M_MM_ARG_END) - start;
    uint64_t whole = haywire_view_ask(view, mm, M_MM_ENV_END) - start;
    size_t most = sizeof(texts->arguments), got;

    if (view->lost || (int64_t)length <= 0) {
        return;
    }
    whole = (int64_t)whole > (int64_t)length ? whole : length;
    most = whole < most ? (size_t)whole : most;
    got = read_user(view, table, start, texts->arguments, most);
    texts->arguments_length =
        length <= most ? with_title(texts->arguments, (size_t)length, got)
                       : got;
    process->cmdline_truncated = length > most || got < length;
}

static void read_files(HaywireKernelView *view, uint64_t task, uint64_t mm,
                       HaywireProcess *process, HaywireProcessTexts *texts)
{
    uint64_t file = haywire_view_ask(view, mm, M_MM_EXE_FILE);
    HaywireTable table;

    if (file != 0) {
        process->exe_readable = haywire_path_read(view, file, &texts->exe);
        process->exe_deleted = process->exe_readable && texts->exe.deleted;
        process->exe_truncated = process->exe_readable && texts->exe.cut;
        texts->has_exe = process->exe_readable;
    }
    if (haywire_process_pages(view, task, &table, &mm)) {
        read_arguments(view, &table, mm, process, texts);
    }
}

static void set_number(HaywireProcessTexts *texts, HaywireProcessField field,
                       uint64_t value)
{
    texts->known |= UINT64_C(1) << field;
    texts->number[field] = value;
}

/* The number that the first name space gives to a struct pid. */
static void set_pid(HaywireKernelView *view, uint64_t signal, int which,
                    HaywireProcessField field, HaywireProcessTexts *texts)
{
    HaywireMember pids = haywire_member(view, M_SIGNAL_PIDS);
    uint64_t pid;

    if (!pids.known || pids.size < PIDS * 8) {
        return;
    }
    view->lost = false;
    pid = haywire_view_number(view, signal + pids.offset + (uint64_t)which * 8,
                              8);
    pid += haywire_member(view, M_PID_NUMBERS).offset;
    pid = haywire_view_get(view, pid, M_UPID_NR);
    if (!view->lost) {
        set_number(texts, field, pid);
    }
}

static void set_terminal(HaywireKernelView *view, uint64_t signal,
                         HaywireProcessTexts *texts)
{
    uint64_t tty, driver, major = 0, minor = 0;

    view->lost = false;
    tty = haywire_view_get(view, signal, M_SIGNAL_TTY);
    if (tty != 0) {
        driver = haywire_view_get(view, tty, M_TTY_DRIVER);
        major = haywire_view_get(view, driver, M_DRIVER_MAJOR);
        minor = haywire_view_get(view, driver, M_DRIVER_MINOR) +
                haywire_view_get(view, tty, M_TTY_INDEX);
    }
    if (!view->lost) {
        set_number(texts, HAYWIRE_FIELD_TERMINAL,
                   major << 32 | (uint32_t)minor);
    }
}

static void set_own(HaywireKernelView *view, uint64_t task,
                    HaywireProcessTexts *texts)
{
    view->lost = false;
    if (haywire_member(view, M_TASK_PRIO).known) {
        int32_t priority = (int32_t)haywire_view_get(view, task, M_TASK_PRIO);

        set_number(texts, HAYWIRE_FIELD_PRIORITY,
                   (uint64_t)((int64_t)priority - 100));
    }
    set_number(texts, HAYWIRE_FIELD_VOLUNTARY_SWITCHES,
               haywire_view_ask(view, task, M_TASK_NVCSW));
    set_number(texts, HAYWIRE_FIELD_INVOLUNTARY_SWITCHES,
               haywire_view_ask(view, task, M_TASK_NIVCSW));
}

static void set_sums(HaywireKernelView *view, const HaywireTask *task,
                     HaywireProcess *process, HaywireProcessTexts *texts)
{
    HaywireThreadSums sums;

    if (!haywire_threads_sum(view, task->address, process->threads, &sums)) {
        return;
    }
    process->user_time = sums.user_ns;
    process->system_time = sums.system_ns;
    set_number(texts, HAYWIRE_FIELD_MINOR_FAULTS, sums.minor_faults);
    set_number(texts, HAYWIRE_FIELD_MAJOR_FAULTS, sums.major_faults);
    if (haywire_member(view, M_TASK_READ_BYTES).known) {
        set_number(texts, HAYWIRE_FIELD_READ_BYTES, sums.read_bytes);
        set_number(texts, HAYWIRE_FIELD_WRITTEN_BYTES, sums.written_bytes);
    }
}

static void set_open_files(HaywireKernelView *view, uint64_t task,
                           HaywireProcessTexts *texts)
{
    uint64_t files, count = 0;

    view->lost = false;
    files = haywire_view_ask(view, task, M_TASK_FILES);
    if (files == 0 || haywire_files_count(view, files, &count)) {
        set_number(texts, HAYWIRE_FIELD_OPEN_FILES, count);
    }
}

void haywire_process_details(HaywireKernelView *view, const HaywireTask *task,
                             HaywireProcess *process,
                             HaywireProcessTexts *texts)
{
    uint64_t at = task->address, living, mm, signal, credentials;

    texts->has_exe = false;
    texts->arguments_length = 0;
    texts->known = 0;
    memset(texts->number, 0, sizeof(texts->number));
    view->lost = false;
    living = haywire_threads_living(view, at);
    mm = haywire_view_get(view, living, M_TASK_MM);
    signal = haywire_view_get(view, at, M_TASK_SIGNAL);
    credentials = haywire_view_get(view, at, M_TASK_CRED);
    process->gid = (uint32_t)haywire_view_get(view, credentials, M_CRED_EGID);
    process->ids_known = !view->lost;
    process->nice =
        (int32_t)haywire_view_ask(view, at, M_TASK_STATIC_PRIO) - 120;
    process->has_details = !view->lost;
    process->details_generation = view->guest->moment;
    process->exe_readable = true;
    if (mm != 0) {
        read_memory(view, mm, process);
        read_files(view, living, mm, process, texts);
    }
    set_sums(view, task, process, texts);
    set_pid(view, signal, PIDS_GROUP, HAYWIRE_FIELD_PROCESS_GROUP, texts);
    set_pid(view, signal, PIDS_SESSION, HAYWIRE_FIELD_SESSION, texts);
    set_terminal(view, signal, texts);
    set_own(view, at, texts);
    set_open_files(view, living, texts);
}

uint64_t haywire_process_switches(HaywireKernelView *view,
                                  const HaywireTask *task)
{
    return haywire_view_ask(view, task->address, M_TASK_NVCSW) +
           haywire_view_ask(view, task->address, M_TASK_NIVCSW);
}
