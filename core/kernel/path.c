/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Climbing from a file's name to the root: see path.h.
 */

#include "path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Names and mounts on the way. */
#define STEPS_MAX 300
/* The longest name of a file. */
#define NAME_MAX_BYTES 255

static bool prepend(HaywirePath *path, const void *bytes, size_t length)
{
    if (path->start < length) {
        path->cut = true;
        return false;
    }
    path->start -= length;
    memcpy(path->bytes + path->start, bytes, length);
    return true;
}

static bool prepend_name(HaywireKernelView *view, uint64_t entry,
                         HaywirePath *path)
{
    uint8_t name[NAME_MAX_BYTES];
    uint64_t text = haywire_view_get(view, entry, M_DENTRY_NAME);
    uint64_t length = haywire_view_get(view, entry, M_DENTRY_LENGTH);

    if (view->lost || length > sizeof(name) ||
        !haywire_view_bytes(view, text, name, (size_t)length)) {
        view->lost = true;
        return false;
    }
    return prepend(path, name, (size_t)length) && prepend(path, "/", 1);
}

/* *ret_done: at the root of all. */
static void step(HaywireKernelView *view, uint64_t *mount, uint64_t *entry,
                 HaywirePath *path, bool *ret_done)
{
    uint64_t inner = haywire_member(view, M_MOUNT_MNT).offset;
    uint64_t parent = haywire_view_get(view, *entry, M_DENTRY_PARENT);

    if (*entry != haywire_view_get(view, *mount + inner, M_MNT_ROOT) &&
        parent != *entry) {
        *ret_done = !prepend_name(view, *entry, path);
        *entry = parent;
        return;
    }
    parent = haywire_view_get(view, *mount, M_MOUNT_PARENT);
    *ret_done = parent == *mount;
    *entry = haywire_view_get(view, *mount, M_MOUNT_POINT);
    *mount = parent;
}

static bool is_deleted(HaywireKernelView *view, uint64_t entry)
{
    return haywire_view_get(view, entry, M_DENTRY_PPREV) == 0 &&
           haywire_view_get(view, entry, M_DENTRY_PARENT) != entry;
}

/*
 * A file that is in no folder, as of memfd_create(): its file system makes its
 * name. False: it is an ordinary one.
 */
static bool is_pseudo(HaywireKernelView *view, uint64_t mount, uint64_t entry)
{
    uint64_t inner = mount + haywire_member(view, M_MOUNT_MNT).offset;
    uint64_t ops = haywire_view_ask(view, entry, M_DENTRY_OPS);

    return ops != 0 && haywire_view_ask(view, ops, M_OPS_NAME) != 0 &&
           (haywire_view_get(view, entry, M_DENTRY_PARENT) != entry ||
            haywire_view_get(view, inner, M_MNT_ROOT) != entry);
}

/* What d_dname() of the file systems makes of it. */
static void name_pseudo(HaywireKernelView *view, uint64_t entry,
                        HaywirePath *path)
{
    uint64_t super = haywire_view_ask(view, entry, M_DENTRY_SUPER);
    uint64_t type = haywire_view_ask(view, super, M_SUPER_TYPE);
    uint64_t inode = haywire_view_ask(view, entry, M_DENTRY_INODE);
    char name[32] = "", text[48];
    int length;

    haywire_view_text(view, haywire_view_ask(view, type, M_TYPE_NAME), name,
                      sizeof(name));
    if (strcmp(name, "anon_inodefs") == 0) {
        if (prepend_name(view, entry, path)) {
            path->start++; /* without the slash */
            (void)prepend(path, "anon_inode:", 11);
        }
    } else if (strcmp(name, "pipefs") == 0 || strcmp(name, "sockfs") == 0) {
        inode = haywire_view_ask(view, inode, M_INODE_NUMBER);
        length = snprintf(text, sizeof(text), "%s:[%" PRIu64 "]",
                          *name == 'p' ? "pipe" : "socket", inode);
        (void)prepend(path, text, (size_t)length);
    } else {
        path->deleted = prepend_name(view, entry, path);
    }
}

bool haywire_path_is_in_no_folder(HaywireKernelView *view, uint64_t file)
{
    uint64_t mount = haywire_view_get(view, file, M_FILE_MNT) -
                     haywire_member(view, M_MOUNT_MNT).offset;
    uint64_t entry = haywire_view_get(view, file, M_FILE_DENTRY);

    return !view->lost && is_pseudo(view, mount, entry) && !view->lost;
}

bool haywire_path_read(HaywireKernelView *view, uint64_t file,
                       HaywirePath *ret_path)
{
    bool before = view->lost, done = false;
    uint64_t mount, entry;

    view->lost = false;
    mount = haywire_view_get(view, file, M_FILE_MNT) -
            haywire_member(view, M_MOUNT_MNT).offset;
    entry = haywire_view_get(view, file, M_FILE_DENTRY);
    ret_path->start = sizeof(ret_path->bytes);
    ret_path->cut = false;
    ret_path->deleted = !view->lost && is_deleted(view, entry);
    if (!view->lost && is_pseudo(view, mount, entry)) {
        name_pseudo(view, entry, ret_path);
        done = true;
    }
    for (int i = 0; i < STEPS_MAX && !done && !view->lost; i++) {
        step(view, &mount, &entry, ret_path, &done);
    }
    if (!view->lost && ret_path->start == sizeof(ret_path->bytes)) {
        (void)prepend(ret_path, "/", 1);
    }
    done = done && !view->lost;
    view->lost |= before;
    return done;
}

HaywireString haywire_path_text(const HaywirePath *path)
{
    return (HaywireString){ path->bytes + path->start,
                            sizeof(path->bytes) - path->start };
}
