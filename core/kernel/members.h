/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of the kernel's structures that this room reads, one row each,
 * and where they lie in one kernel. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_MEMBERS_H
#define HAYWIRE_KERNEL_MEMBERS_H

#include "btf.h"

/*
 * NEEDED(id, structure, member) or ASKED(id, structure, member, other name):
 * without the first kind there are no processes. docs/kernel.md says which
 * version changed what.
 */
/* clang-format off */
#define HAYWIRE_KERNEL_MEMBERS(NEEDED, ASKED)                                  \
    NEEDED(TASK_TASKS, "task_struct", "tasks")                                 \
    NEEDED(TASK_PID, "task_struct", "pid")                                     \
    NEEDED(TASK_TGID, "task_struct", "tgid")                                   \
    NEEDED(TASK_COMM, "task_struct", "comm")                                   \
    NEEDED(TASK_FLAGS, "task_struct", "flags")                                 \
    NEEDED(TASK_EXIT_STATE, "task_struct", "exit_state")                       \
    NEEDED(TASK_REAL_PARENT, "task_struct", "real_parent")                     \
    NEEDED(TASK_GROUP_LEADER, "task_struct", "group_leader")                   \
    NEEDED(TASK_SIGNAL, "task_struct", "signal")                               \
    NEEDED(TASK_MM, "task_struct", "mm")                                       \
    NEEDED(TASK_CRED, "task_struct", "real_cred")                              \
    NEEDED(TASK_THREAD_NODE, "task_struct", "thread_node")                     \
    ASKED(TASK_STATE, "task_struct", "__state", "state")                       \
    ASKED(TASK_START, "task_struct", "start_boottime", "real_start_time")      \
    ASKED(TASK_STATIC_PRIO, "task_struct", "static_prio", NULL)                \
    ASKED(TASK_PRIO, "task_struct", "prio", NULL)                              \
    ASKED(TASK_UTIME, "task_struct", "utime", NULL)                            \
    ASKED(TASK_STIME, "task_struct", "stime", NULL)                            \
    ASKED(TASK_RUNTIME, "task_struct", "se.sum_exec_runtime", NULL)            \
    ASKED(TASK_QUEUE, "task_struct", "se.cfs_rq", NULL)                        \
    ASKED(TASK_NVCSW, "task_struct", "nvcsw", NULL)                            \
    ASKED(TASK_NIVCSW, "task_struct", "nivcsw", NULL)                          \
    ASKED(TASK_MIN_FLT, "task_struct", "min_flt", NULL)                        \
    ASKED(TASK_MAJ_FLT, "task_struct", "maj_flt", NULL)                        \
    ASKED(TASK_READ_BYTES, "task_struct", "ioac.read_bytes", NULL)             \
    ASKED(TASK_WRITE_BYTES, "task_struct", "ioac.write_bytes", NULL)           \
    ASKED(TASK_FILES, "task_struct", "files", NULL)                            \
    ASKED(TASK_KTHREAD, "task_struct", "worker_private", "set_child_tid")      \
    ASKED(TASK_CGROUPS, "task_struct", "cgroups", NULL)                        \
    ASKED(TASK_NSPROXY, "task_struct", "nsproxy", NULL)                        \
    ASKED(TASK_THREAD_PID, "task_struct", "thread_pid", NULL)                  \
    ASKED(TASK_PID_LINKS, "task_struct", "pid_links", NULL)                    \
    ASKED(TASK_CHILDREN, "task_struct", "children", NULL)                      \
    ASKED(TASK_SIBLING, "task_struct", "sibling", NULL)                        \
    ASKED(TASK_STACK, "task_struct", "stack", NULL)                            \
    ASKED(TASK_ON_CPU, "task_struct", "on_cpu", NULL)                          \
    ASKED(TASK_FS_BASE, "task_struct", "thread.fsbase", NULL)                  \
    ASKED(TASK_GS_BASE, "task_struct", "thread.gsbase", NULL)                  \
    NEEDED(SIGNAL_THREADS, "signal_struct", "nr_threads")                      \
    NEEDED(SIGNAL_THREAD_HEAD, "signal_struct", "thread_head")                 \
    ASKED(SIGNAL_PIDS, "signal_struct", "pids", NULL)                          \
    ASKED(SIGNAL_TTY, "signal_struct", "tty", NULL)                            \
    ASKED(SIGNAL_UTIME, "signal_struct", "utime", NULL)                        \
    ASKED(SIGNAL_STIME, "signal_struct", "stime", NULL)                        \
    ASKED(SIGNAL_RUNTIME, "signal_struct", "sum_sched_runtime", NULL)          \
    ASKED(SIGNAL_MIN_FLT, "signal_struct", "min_flt", NULL)                    \
    ASKED(SIGNAL_MAJ_FLT, "signal_struct", "maj_flt", NULL)                    \
    ASKED(SIGNAL_READ_BYTES, "signal_struct", "ioac.read_bytes", NULL)         \
    ASKED(SIGNAL_WRITE_BYTES, "signal_struct", "ioac.write_bytes", NULL)       \
    NEEDED(CRED_EUID, "cred", "euid")                                          \
    NEEDED(CRED_EGID, "cred", "egid")                                          \
    ASKED(NSPROXY_UTS, "nsproxy", "uts_ns", NULL)                              \
    ASKED(PID_NUMBERS, "pid", "numbers", NULL)                                 \
    ASKED(PID_TASKS, "pid", "tasks", NULL)                                     \
    ASKED(UPID_NR, "upid", "nr", NULL)                                         \
    ASKED(UPID_SPACE, "upid", "ns", NULL)                                      \
    ASKED(SPACE_TREE, "pid_namespace", "idr", NULL)                            \
    ASKED(TREE_HEAD, "idr", "idr_rt.xa_head", NULL)                            \
    ASKED(TREE_SHIFT, "xa_node", "shift", NULL)                                \
    ASKED(TREE_SLOTS, "xa_node", "slots", NULL)                                \
    ASKED(QUEUE_PROCESSOR, "cfs_rq", "rq", NULL)                               \
    ASKED(PROCESSOR_RUNS, "rq", "curr", NULL)                                  \
    ASKED(PROCESSOR_IDLE, "rq", "idle", NULL)                                  \
    ASKED(TTY_DRIVER, "tty_struct", "driver", NULL)                            \
    ASKED(TTY_INDEX, "tty_struct", "index", NULL)                              \
    ASKED(DRIVER_MAJOR, "tty_driver", "major", NULL)                           \
    ASKED(DRIVER_MINOR, "tty_driver", "minor_start", NULL)                     \
    NEEDED(MM_PGD, "mm_struct", "pgd")                                         \
    ASKED(MM_EXE_FILE, "mm_struct", "exe_file", NULL)                          \
    ASKED(MM_OWNER, "mm_struct", "owner", NULL)                                \
    ASKED(MM_ARG_START, "mm_struct", "arg_start", NULL)                        \
    ASKED(MM_ARG_END, "mm_struct", "arg_end", NULL)                            \
    ASKED(MM_ENV_END, "mm_struct", "env_end", NULL)                            \
    ASKED(MM_TOTAL_VM, "mm_struct", "total_vm", NULL)                          \
    ASKED(MM_RSS, "mm_struct", "rss_stat", NULL)                               \
    ASKED(MM_TREE, "mm_struct", "mm_mt.ma_root", NULL)                         \
    ASKED(MM_LIST, "mm_struct", "mmap", NULL)                                  \
    ASKED(MM_COUNT, "mm_struct", "map_count", NULL)                            \
    ASKED(MM_START_HEAP, "mm_struct", "start_brk", NULL)                       \
    ASKED(MM_END_HEAP, "mm_struct", "brk", NULL)                               \
    ASKED(MM_STACK, "mm_struct", "start_stack", NULL)                          \
    ASKED(MM_VDSO, "mm_struct", "context.vdso", NULL)                          \
    ASKED(MM_AUXV, "mm_struct", "saved_auxv", NULL)                            \
    ASKED(AREA_START, "vm_area_struct", "vm_start", NULL)                      \
    ASKED(AREA_END, "vm_area_struct", "vm_end", NULL)                          \
    ASKED(AREA_MM, "vm_area_struct", "vm_mm", NULL)                            \
    ASKED(AREA_FLAGS, "vm_area_struct", "vm_flags", NULL)                      \
    ASKED(AREA_FILE, "vm_area_struct", "vm_file", NULL)                        \
    ASKED(AREA_OFFSET, "vm_area_struct", "vm_pgoff", NULL)                     \
    ASKED(AREA_OPS, "vm_area_struct", "vm_ops", NULL)                          \
    ASKED(AREA_DATA, "vm_area_struct", "vm_private_data", NULL)                \
    ASKED(AREA_NEXT, "vm_area_struct", "vm_next", NULL)                        \
    ASKED(AREA_ANON_NAME, "vm_area_struct", "anon_name", NULL)                 \
    ASKED(RANGE_PIVOT, "maple_range_64", "pivot", NULL)                        \
    ASKED(RANGE_SLOT, "maple_range_64", "slot", NULL)                          \
    ASKED(ARANGE_PIVOT, "maple_arange_64", "pivot", NULL)                      \
    ASKED(ARANGE_SLOT, "maple_arange_64", "slot", NULL)                        \
    ASKED(ANON_NAME, "anon_vma_name", "name", NULL)                            \
    ASKED(SPECIAL_NAME, "vm_special_mapping", "name", NULL)                    \
    ASKED(COUNTER_COUNT, "percpu_counter", "count", NULL)                      \
    ASKED(FILES_TABLE, "files_struct", "fdt", NULL)                            \
    ASKED(TABLE_MAX, "fdtable", "max_fds", NULL)                               \
    ASKED(TABLE_OPEN, "fdtable", "open_fds", NULL)                             \
    ASKED(FILE_MNT, "file", "f_path.mnt", NULL)                                \
    ASKED(FILE_DENTRY, "file", "f_path.dentry", NULL)                          \
    ASKED(FILE_INODE, "file", "f_inode", NULL)                                 \
    ASKED(DENTRY_PARENT, "dentry", "d_parent", NULL)                           \
    ASKED(DENTRY_NAME, "dentry", "d_name.name", NULL)                          \
    ASKED(DENTRY_LENGTH, "dentry", "d_name.len", NULL)                         \
    ASKED(DENTRY_PPREV, "dentry", "d_hash.pprev", NULL)                        \
    ASKED(DENTRY_OPS, "dentry", "d_op", NULL)                                  \
    ASKED(DENTRY_SUPER, "dentry", "d_sb", NULL)                                \
    ASKED(DENTRY_INODE, "dentry", "d_inode", NULL)                             \
    ASKED(OPS_NAME, "dentry_operations", "d_dname", NULL)                      \
    ASKED(INODE_NUMBER, "inode", "i_ino", NULL)                                \
    ASKED(INODE_SUPER, "inode", "i_sb", NULL)                                  \
    ASKED(SUPER_DEVICE, "super_block", "s_dev", NULL)                          \
    ASKED(SUPER_TYPE, "super_block", "s_type", NULL)                           \
    ASKED(TYPE_NAME, "file_system_type", "name", NULL)                         \
    ASKED(MNT_ROOT, "vfsmount", "mnt_root", NULL)                              \
    ASKED(MOUNT_MNT, "mount", "mnt", NULL)                                     \
    ASKED(MOUNT_PARENT, "mount", "mnt_parent", NULL)                           \
    ASKED(MOUNT_POINT, "mount", "mnt_mountpoint", NULL)                        \
    ASKED(KTHREAD_DATA, "kthread", "data", NULL)                               \
    ASKED(KTHREAD_NAME, "kthread", "full_name", NULL)                          \
    ASKED(WORKER_DESC, "worker", "desc", NULL)                                 \
    ASKED(WORKER_WORK, "worker", "current_work", NULL)                         \
    ASKED(WORKER_POOL, "worker", "pool", NULL)                                 \
    ASKED(WORKER_RESCUE, "worker", "rescue_wq", NULL)                          \
    ASKED(WORKQUEUE_NAME, "workqueue_struct", "name", NULL)                    \
    ASKED(CSS_SET_CGROUP, "css_set", "dfl_cgrp", NULL)                         \
    ASKED(CGROUP_NODE, "cgroup", "kn", NULL)                                   \
    ASKED(NODE_PARENT, "kernfs_node", "__parent", "parent")                    \
    ASKED(NODE_NAME, "kernfs_node", "name", NULL)                              \
    NEEDED(UTS_RELEASE, "uts_namespace", "name.release")                       \
    ASKED(UTS_HOST_NAME, "uts_namespace", "name.nodename", NULL)
/* clang-format on */

#define HAYWIRE_MEMBER_NEEDED(id, type, name)       M_##id,
#define HAYWIRE_MEMBER_ASKED(id, type, name, other) M_##id,
typedef enum HaywireMemberId {
    HAYWIRE_KERNEL_MEMBERS(HAYWIRE_MEMBER_NEEDED, HAYWIRE_MEMBER_ASKED)
    HAYWIRE_MEMBERS,
} HaywireMemberId;

typedef struct HaywireMembers {
    HaywireMember member[HAYWIRE_MEMBERS];
    uint32_t upid_size; /* elements of pid.numbers */
} HaywireMembers;

/*
 * Look all of them up. HAYWIRE_OK, or HAYWIRE_NOT_FOUND: one that is needed is
 * not there (*ret_missing, as "structure.member").
 */
HaywireStatus haywire_members_find(const HaywireBtf *btf,
                                   HaywireMembers *ret_members,
                                   const char **ret_missing) HAYWIRE_MUST_CHECK;

#endif
