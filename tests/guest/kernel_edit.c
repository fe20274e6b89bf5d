/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Editing a kernel's memory: see kernel_edit.h.
 */
#include "kernel_edit.h"

#include <fcntl.h>
#include <unistd.h>

#include "locate.h"
#include "tasks.h"

typedef struct Edit {
    HaywireGuest guest;
    HaywireLocate locate;
    HaywireKernelView *view;
    HaywireVector tasks;
    int fd;
} Edit;

static void write_pointer(Edit *edit, uint64_t gva, uint64_t value)
{
    uint64_t word = GUINT64_TO_LE(value);
    HaywirePosition position;
    HaywireMapping mapping;

    g_assert_cmpint(haywire_table_walk(&edit->guest, &edit->view->table,
                                       (HaywireGva){ gva }, &mapping),
                    ==, HAYWIRE_OK);
    g_assert_true(mapping.present);
    g_assert_cmpint(
        haywire_layout_position(&edit->view->layout, mapping.gpa, &position),
        ==, HAYWIRE_OK);
    g_assert_cmpint(
        pwrite(edit->fd, &word, sizeof(word), (off_t)position.value), ==,
        sizeof(word));
}

static uint64_t find_task(const Edit *edit, guint32 pid)
{
    const HaywireTask *task = edit->tasks.data;

    for (size_t i = 0; i < edit->tasks.count; i++) {
        if (task[i].pid == pid) {
            return task[i].address;
        }
    }
    g_error("process %u is not on the kernel's list", pid);
}

static gboolean unlink_task(Edit *edit, guint32 pid)
{
    uint64_t node, next, before;

    g_assert_cmpint(haywire_locate(&edit->locate), ==, HAYWIRE_OK);
    g_assert_cmpuint(edit->locate.count, ==, 1);
    edit->view = &edit->locate.view[0];
    edit->guest.layout = edit->view->layout;
    haywire_guest_begin(&edit->guest);
    if (haywire_tasks_walk(edit->view, &edit->tasks) != HAYWIRE_OK) {
        return FALSE;
    }
    haywire_guest_allow(&edit->guest, 1000, 100);
    node =
        find_task(edit, pid) + haywire_member(edit->view, M_TASK_TASKS).offset;
    next = haywire_view_number(edit->view, node, 8);
    before = haywire_view_number(edit->view, node + 8, 8);
    g_assert_false(edit->view->lost);
    write_pointer(edit, before, next);
    write_pointer(edit, next + 8, before);
    return TRUE;
}

gboolean kernel_edit_unlink_task(const char *path, guint32 pid)
{
    Edit *edit = g_new0(Edit, 1);
    gboolean done;

    edit->fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(edit->fd, >=, 0);
    g_assert_cmpint(
        haywire_memory_file_open(edit->fd, path, &edit->guest.memory), ==,
        HAYWIRE_OK);
    edit->locate.guest = &edit->guest;
    done = unlink_task(edit, pid);
    haywire_vector_clear(&edit->tasks);
    haywire_memory_destroy(edit->guest.memory);
    close(edit->fd);
    g_free(edit);
    return done;
}
