/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ps: which processes it lists, in which order, with which columns.
 */
#include <glib.h>
#include <string.h>

#include "cli.h"
#include "scene.h"
#include "server.h"

/* Bash below sshd below init, a kernel thread, two that claim each other. */
#define FAMILY                                                              \
    SCENE_SESSION                                                           \
    "process pid=1 name=\"init\" cmdline=\"/init\" rss=1M utime=3s "        \
    "minor-faults=9 major-faults=0 read-bytes=4096 involuntary-switches=2 " \
    "open-files=3 process-group=1 session=1 terminal=0 priority=20 "        \
    "cgroup=\"/\"\n"                                                        \
    "process pid=2 ppid=0 name=\"kthreadd\" cmdline=\"\" exe=\"\" rss=0\n"  \
    "process pid=30 ppid=1 name=\"sshd\" cmdline=\"sshd\" rss=5M nice=-5\n" \
    "process pid=31 ppid=1 name=\"new\" in=snapshot\n"                      \
    "process pid=32 ppid=30 name=\"bash\" cmdline=\"bash -l\" rss=2M\n"     \
    "process pid=33 ppid=32 name=\"vi\" cmdline=\"vi\" rss=3M nice=10 "     \
    "minor-faults=1000 major-faults=7 process-group=33 session=1 "          \
    "terminal=0x400000001 priority=-51 cgroup=\"/a\\nb\"\n"                 \
    "process pid=34 ppid=30 name=\"bash\" cmdline=\"bash\" rss=2M\n"        \
    "process pid=40 ppid=41 name=\"a\" cmdline=\"a\" rss=1M\n"              \
    "process pid=41 ppid=40 name=\"b\" cmdline=\"b\" rss=1M\n"

static char *path;

static void check(const char *arguments, int status, const char *out,
                  const char *err)
{
    g_autofree char *all = g_strdup_printf("--ram %s %s", path, arguments);

    cli_check(all, status, out, err);
}

/* Nobody beats: the session is stale, and said to be. */
static void shows(const char *arguments, const char *out)
{
    check(arguments, 0, out, "haywire: stale: *");
}

static void test_columns(void)
{
    shows("ps -o pid,comm 30 32", "PID COMMAND\n 30 sshd\n 32 bash\n");
    shows("ps -o PID -o Min_Flt,tty 30", "PID MINFL TTY\n 30     - -\n");
    shows("ps -o rsz,source,exe-deleted 30",
          " RSS SOURCE    EXE-DELETED\n5120 companion no\n");
    shows("ps -o args,pid 32", "COMMAND PID\nbash -l  32\n");
    shows("ps 31 -o stat,ni,time,args",
          "STAT NI TIME COMMAND\nS     -    - [new]\n");
}

/* A heading goes on to the end of its argument; without any, no line. */
static void test_headings(void)
{
    shows("ps -o ppid,pid=A,B 30", "PPID A,B\n   1  30\n");
    shows("ps -o pid= -o ppid=X 30", "   X\n30 1\n");
    shows("ps -o pid= 30 32", "30\n32\n");
    shows("ps -o pid= -o rss= 30", "30 5120\n");
}

static void test_sort(void)
{
    shows("ps -o pid= --sort -rss,+pid",
          "30\n33\n32\n34\n 1\n40\n41\n 2\n31\n");
    shows("ps -o pid= --sort rss 31 32 33", "31\n32\n33\n");
    shows("ps -o pid= --sort=ni,-pid 30 32 33 34", "30\n34\n32\n33\n");
    shows("ps -o pid= --sort comm,-pid 32 33 34 30", "34\n32\n30\n33\n");
    shows("ps -o pid= --sort -time 1 33", " 1\n33\n");
    shows("ps -o pid= --sort args 1 32 34", " 1\n34\n32\n");
}

static void test_forest(void)
{
    shows("ps --forest -o pid,args", "PID COMMAND\n"
                                     "  1 /init\n"
                                     " 30  \\_ sshd\n"
                                     " 32  |   \\_ bash -l\n"
                                     " 33  |   |   \\_ vi\n"
                                     " 34  |   \\_ bash\n"
                                     " 31  \\_ [new]\n"
                                     "  2 [kthreadd]\n"
                                     " 40 a\n"
                                     " 41  \\_ b\n");
    shows("ps --forest --sort -pid -o comm,pid 30 32 33 34",
          "COMMAND    PID\n"
          "sshd        30\n"
          " \\_ bash     34\n"
          " \\_ bash     32\n"
          "     \\_ vi   33\n");
    shows("ps --forest 41 33 -o pid,rss", "PID  RSS\n 33 3072\n 41 1024\n");
}

static void test_pids(void)
{
    shows("ps -o pid= 34,1 7 34", " 1\n34\n");
    check("ps 7 9,8", 1, "",
          "haywire: There is no such process in the guest (pid 7, 8, 9)");
    check("ps 1,x", 2, "", "haywire: \"x\" is not a number for PID");
    check("ps 1,", 2, "", "haywire: \"\" is not a number for PID");
    check("ps 0", 2, "", "haywire: 0 is out of range for PID: *");
}

static void test_unknown(void)
{
    check("ps -o pid,nonsense", 2, "",
          "haywire: Unknown column \"nonsense\"; known are pid, ppid, *, rss, "
          "*, cgroup, stat, time, command");
    check("ps -o ,", 2, "", "haywire: Unknown column \",\"; known are *");
    check("ps --sort -nonsense", 2, "",
          "haywire: Unknown field to sort by \"nonsense\"; known are *");
    check("ps -o", 2, "", "haywire: Option without its value: -o");
    check("status --forest", 2, "",
          "haywire: -o, --sort, --forest and --wait go with ps only");
}

/* What the companion could read is shown; the rest is a dash, and no member. */
static void test_fields(void)
{
    shows("ps -o pid,minflt,majflt,rbytes,nivcsw,fds,pgid,sid,tty,pri,cgroup "
          "--sort -minor-faults,pri 1 2 33",
          "PID MINFL MAJFL RBYTES NIVCSW FDS PGID SID TTY  PRI CGROUP\n"
          " 33  1000     7      -      -   -   33   1 tty1 -51 /a\\x0ab\n"
          "  1     9     0   4096      2   3    1   1 ?     20 /\n"
          "  2     -     -      -      -   -    -   - -      - -\n");
    check("--json ps -o pid,priority,terminal,cgroup,open-files 33", 0,
          "{\n"
          "  \"version\": 1,\n"
          "  \"state\": \"stale\",\n"
          "  \"session\": \"0000000000001234\",\n"
          "  \"processes\": [\n"
          "    {\n"
          "      \"pid\": 33,\n"
          "      \"terminal\": \"tty1\",\n"
          "      \"priority\": -51,\n"
          "      \"cgroup\": \"/a\\\\x0ab\"\n"
          "    }\n"
          "  ]\n"
          "}\n",
          NULL);
}

/* -o chooses members: a column that is none stands for what it is made of. */
static void test_json(void)
{
    static const char chosen[] = "{\n"
                                 "  \"version\": 1,\n"
                                 "  \"state\": \"stale\",\n"
                                 "  \"session\": \"0000000000001234\",\n"
                                 "  \"processes\": [\n"
                                 "    {\n"
                                 "      \"pid\": 33,\n"
                                 "      \"user-time\": 20000000,\n"
                                 "      \"system-time\": 10000000\n"
                                 "    },\n"
                                 "    {\n"
                                 "      \"pid\": 1,\n"
                                 "      \"user-time\": 3000000000,\n"
                                 "      \"system-time\": 10000000\n"
                                 "    }\n"
                                 "  ]\n"
                                 "}\n";

    check("--json ps -o time,pid,wbytes --sort time 1 33", 0, chosen, NULL);
}

#define OVERVIEW                                           \
    "{\"state\": \"live\", \"sessions\": 1, \"session\": " \
    "\"0123456789abcdef\", \"categories\": []}"

#define PROCESS                                                      \
    "{\"pid\": %d, \"ppid\": 0, \"start-time\": 1, \"uid\": 0, "     \
    "\"name\": \"x\", \"name-truncated\": false, \"state\": \"S\", " \
    "\"kernel-thread\": false, \"threads\": 1%s}"

/* What a plugin says of it, and what one says that does not know it. */
static void test_fields_over_qmp(void)
{
    static const char fields[] =
        ", \"source\": \"companion\", \"open-files\": 7, "
        "\"terminal\": \"pts/3\", \"priority\": -100, \"session-id\": 5, "
        "\"read-bytes\": 18446744073709551615, \"cgroup\": \"/a.scope\"";
    g_autofree char *new = g_strdup_printf(PROCESS, 1, fields);
    g_autofree char *old = g_strdup_printf(PROCESS, 2, "");
    g_autofree char *list = g_strdup_printf("[%s, %s]", new, old);
    Server *server = server_start("fields", SERVER_GREETING);
    g_autofree char *text =
        g_strdup_printf("--qmp %s ps -o pid,source,fds,tty,pri,sid,rbytes,"
                        "cgroup --sort -pri",
                        server_path(server));

    server_reply(server, "query-haywire", OVERVIEW);
    server_reply(server, "query-haywire-processes", list);
    cli_check(text, 0,
              "PID SOURCE    FDS TTY    PRI SID               RBYTES CGROUP\n"
              "  1 companion   7 pts/3 -100   5 18446744073709551615 /a.scope\n"
              "  2 companion   - -        -   -                    - -\n",
              NULL);
    server_stop(server);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    path = cli_ram_new("family", FAMILY, SCENE_SIZE);
    g_test_add_func("/cli/ps/columns", test_columns);
    g_test_add_func("/cli/ps/headings", test_headings);
    g_test_add_func("/cli/ps/sort", test_sort);
    g_test_add_func("/cli/ps/forest", test_forest);
    g_test_add_func("/cli/ps/pids", test_pids);
    g_test_add_func("/cli/ps/unknown", test_unknown);
    g_test_add_func("/cli/ps/fields", test_fields);
    g_test_add_func("/cli/ps/json", test_json);
    g_test_add_func("/cli/ps/fields-over-qmp", test_fields_over_qmp);
    failed = g_test_run();
    g_free(path);
    cli_end();
    return failed;
}
