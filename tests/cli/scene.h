/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that most tests show.
 */
#ifndef HAYWIRE_TEST_CLI_SCENE_H
#define HAYWIRE_TEST_CLI_SCENE_H

#define SCENE_SIZE (16u << 20)

/* Its head: a session with small categories, one page next to the other. */
#define SCENE_SESSION                                                  \
    "session id=0x1234 heartbeat=7 interval=100ms version=\"0.1.0\"\n" \
    "geometry roundrobin=40 pid=20 camera1=20 camera2=20\n"            \
    "text release \"6.1.0-test\"\n"                                    \
    "text host \"guest\"\n"                                            \
    "ram start=0 end=16M\n"

#define SCENE_PROCESSES                                                    \
    "process pid=1 ppid=0 name=\"init\" exe=\"/sbin/init\" "               \
    "cmdline=\"/sbin/init\\0--x\" vsize=4M rss=1M utime=2s stime=1s\n"     \
    "process pid=2 name=\"kthreadd\" flags=kernel cmdline=\"\" exe=\"\"\n" \
    "process pid=300 ppid=1 name=\"a\\x1b[31m\\n (x)\" uid=4294967294 "    \
    "state=\"Z\" threads=5 nice=-5 cmdline=\"\" in=both\n"                 \
    "process pid=301 ppid=1 name=\"new\" in=snapshot\n"

#define SCENE_SECTIONS                                                     \
    "sections pid=300\n"                                                   \
    "section start=0x400000 end=0x401000 perms=\"r-xp\" inode=77 major=8 " \
    "minor=1 path=\"/tmp/odd \\n name\"\n"                                 \
    "section start=0xffffffffff600000 end=0xffffffffff601000 "             \
    "perms=\"--xp\" path=\"[vsyscall]\"\n"

#define SCENE_CAMERA                                                      \
    "camera 1 pid=1 pass=3 status=1 target=1 rss=1M pss=512k swap=4k "    \
    "flags=figures\n"                                                     \
    "sections pid=1 camera=1\n"                                           \
    "section start=0x400000 end=0x402000 perms=\"r-xp\" path=\"/init\"\n" \
    "run camera=1 gva=0x400000 pfn=0x123 pages=2 shift=12 "               \
    "flags=present,file,pfn\n"                                            \
    "run camera=1 gva=0x7ffff000 swap=55 pages=1 type=1\n"

#define SCENE SCENE_SESSION SCENE_PROCESSES SCENE_SECTIONS SCENE_CAMERA

#endif
