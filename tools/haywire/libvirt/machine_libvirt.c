/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines of libvirt, by libvirt's own library: see machine.h.
 *
 * Each of libvirt's functions may wait for ever for a daemon or a QEMU that
 * hangs. So they run in a thread of their own, and are given up after a while.
 */
#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "domain_xml.h"
#include "exit_status.h"
#include "machine.h"

/*
 * libvirt itself waits for a busy machine for 30 s, then says so. To take new
 * XML it may first have to start QEMU a few times, to see what it can do.
 */
#define MONITOR_TIMEOUT_S 40
#define TIMEOUT_S         180

/* The machines that are named when one is not known. */
#define NAMED_MAX 8

struct HaywireMachine {
    char *uri;  /* as given; NULL */
    char *name; /* as given */
    virConnectPtr connection;
    virDomainPtr domain;
    char *command; /* to the monitor, and its answer */
    char *answer;
    char *xml; /* as it is to be from the next start on */
    const HaywireWish *wish;
    HaywireMachineChange change;
    gboolean is_given_up; /* a thread still works with it: nothing is freed */
};

typedef gboolean MachineWork(HaywireMachine *machine, GError **error);

typedef struct Job {
    HaywireMachine *machine;
    MachineWork *work;
    GError *error;
    gboolean worked;
    GAsyncQueue *done;
} Job;

static gpointer job_run(gpointer opaque)
{
    Job *job = opaque;

    job->worked = job->work(job->machine, &job->error);
    g_async_queue_push(job->done, job);
    return NULL;
}

/* @work, in time. Otherwise the machine is of no use any more. */
static gboolean bounded(HaywireMachine *machine, MachineWork *work,
                        guint seconds, GError **error)
{
    Job *job = g_new0(Job, 1);
    gboolean worked;

    *job = (Job){ machine, work, .done = g_async_queue_new() };
    g_thread_unref(g_thread_new("libvirt", job_run, job));
    if (!g_async_queue_timeout_pop(job->done, seconds * G_USEC_PER_SEC)) {
        machine->is_given_up = TRUE;
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: libvirt did not answer within %u s",
                                 machine->name, seconds);
    }
    worked = job->worked;
    if (!worked) {
        g_propagate_error(error, job->error);
    }
    g_async_queue_unref(job->done);
    g_free(job);
    return worked;
}

/* libvirt's last error in this thread, which it does not print itself. */
static gboolean fail(const char *about, GError **error)
{
    const virError *reason = virGetLastError();
    const gboolean may_not = reason && reason->code == VIR_ERR_SYSTEM_ERROR &&
                             (reason->int1 == EACCES || reason->int1 == EPERM);

    return haywire_exit_fail(
        error, HAYWIRE_EXIT_IO, "%s: %s%s", about, virGetLastErrorMessage(),
        may_not ? "; its socket is for root and, where the distribution says "
                  "so, for the group libvirt"
                : "");
}

static void ignore_error(void *opaque, virErrorPtr error)
{
    (void)opaque;
    (void)error;
}

/* The URI that is in use, to be freed. */
static char *uri_of(virConnectPtr connection)
{
    char *text = virConnectGetURI(connection);
    char *copy = g_strdup(text ? text : "libvirt");

    free(text);
    return copy;
}

/* ": a, b" or ": none", to be freed. */
static char *known_machines(virConnectPtr connection)
{
    g_autoptr(GString) names = g_string_new(NULL);
    virDomainPtr *domain;
    const int count = virConnectListAllDomains(connection, &domain, 0);

    for (int i = 0; i < count; i++) {
        if (i < NAMED_MAX) {
            g_string_append_printf(names, "%s%s", i ? ", " : "",
                                   virDomainGetName(domain[i]));
        }
        virDomainFree(domain[i]);
    }
    if (count > NAMED_MAX) {
        g_string_append(names, ", ...");
    }
    if (count >= 0) {
        free(domain);
    }
    return g_strdup(names->len ? names->str : "none");
}

static gboolean find_domain(HaywireMachine *machine, GError **error)
{
    g_autofree char *uri = uri_of(machine->connection);
    g_autofree char *known = NULL;

    machine->domain = virDomainLookupByName(machine->connection, machine->name);
    if (!machine->domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        return fail(uri, error);
    }
    if (!machine->domain) {
        machine->domain =
            virDomainLookupByUUIDString(machine->connection, machine->name);
    }
    if (machine->domain) {
        return TRUE;
    }
    known = known_machines(machine->connection);
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "%s has no machine \"%s\"; its machines: %s", uri,
                             machine->name, known);
}

static gboolean work_open(HaywireMachine *machine, GError **error)
{
    virSetErrorFunc(NULL, ignore_error);
    machine->connection = virConnectOpen(machine->uri);
    if (!machine->connection) {
        return fail(machine->uri ? machine->uri : "libvirt", error);
    }
    return find_domain(machine, error);
}

static void machine_close(HaywireMachine *machine)
{
    if (!machine || machine->is_given_up) {
        return;
    }
    if (machine->domain) {
        virDomainFree(machine->domain);
    }
    if (machine->connection) {
        virConnectClose(machine->connection);
    }
    g_free(machine->uri);
    g_free(machine->name);
    g_free(machine->command);
    g_free(machine->answer);
    g_free(machine->xml);
    haywire_machine_change_clear(&machine->change);
    g_free(machine);
}

static HaywireMachine *machine_open(const char *uri, const char *name,
                                    GError **error)
{
    HaywireMachine *machine = g_new0(HaywireMachine, 1);

    machine->uri = g_strdup(uri);
    machine->name = g_strdup(name);
    if (!bounded(machine, work_open, TIMEOUT_S, error)) {
        machine_close(machine);
        return NULL;
    }
    return machine;
}

/* The configuration that the next start takes; with passwords, to be kept. */
static char *next_xml(HaywireMachine *machine, GError **error)
{
    char *text = virDomainGetXMLDesc(
        machine->domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
    char *copy = g_strdup(text);

    if (!text) {
        fail(machine->name, error);
    }
    free(text);
    return copy;
}

/* Why a machine does not run may be that its plugin is gone. */
static gboolean fail_not_running(HaywireMachine *machine, GError **error)
{
    g_autofree char *xml = next_xml(machine, NULL);
    g_autofree char *file = xml ? haywire_domain_xml_plugin(xml) : NULL;

    if (file && !g_file_test(file, G_FILE_TEST_EXISTS)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: the machine does not run, and the plugin "
                                 "that its XML names is not there: %s",
                                 machine->name, file);
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                             "%s: the machine does not run", machine->name);
}

static gboolean work_monitor(HaywireMachine *machine, GError **error)
{
    char *answer = NULL;

    if (virDomainIsActive(machine->domain) == 0) {
        return fail_not_running(machine, error);
    }
    if (virDomainQemuMonitorCommand(machine->domain, machine->command, &answer,
                                    0) < 0) {
        return fail(machine->name, error);
    }
    machine->answer = g_strdup(answer);
    free(answer);
    return TRUE;
}

static char *machine_monitor(HaywireMachine *machine, const char *command,
                             GError **error)
{
    if (machine->is_given_up) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: libvirt hangs",
                          machine->name);
        return NULL;
    }
    g_free(machine->command);
    machine->command = g_strdup(command);
    return bounded(machine, work_monitor, MONITOR_TIMEOUT_S, error)
               ? g_steal_pointer(&machine->answer)
               : NULL;
}

/* Of a URI such as qemu+ssh://host/system. */
static gboolean has_host(const char *uri)
{
    g_autoptr(GUri) parts = g_uri_parse(uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
    const char *host = parts ? g_uri_get_host(parts) : NULL;

    return host && *host;
}

static void describe(HaywireMachine *machine, const char *xml)
{
    HaywireMachineChange *change = &machine->change;

    haywire_machine_change_clear(change);
    change->lines = g_string_new(NULL);
    change->connection = uri_of(machine->connection);
    change->is_remote = has_host(change->connection);
    change->running = virDomainIsActive(machine->domain) == 1;
    change->has_saved = virDomainHasManagedSaveImage(machine->domain, 0) == 1;
    change->plugin = haywire_domain_xml_plugin(xml);
}

static gboolean work_plan(HaywireMachine *machine, GError **error)
{
    g_autofree char *xml = NULL;

    if (virDomainIsPersistent(machine->domain) == 0) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: the machine is transient: libvirt keeps "
                                 "no XML of it that could be changed",
                                 machine->name);
    }
    xml = next_xml(machine, error);
    if (!xml) {
        return FALSE;
    }
    describe(machine, xml);
    g_free(machine->xml);
    machine->xml = haywire_domain_xml_change(xml, machine->wish,
                                             machine->change.lines, error);
    return machine->xml != NULL;
}

static gboolean machine_plan(HaywireMachine *machine, const HaywireWish *wish,
                             HaywireMachineChange *ret_change, GError **error)
{
    machine->wish = wish;
    if (!bounded(machine, work_plan, TIMEOUT_S, error)) {
        return FALSE;
    }
    *ret_change = machine->change;
    machine->change = (HaywireMachineChange){ 0 };
    return TRUE;
}

static gboolean work_define(HaywireMachine *machine, GError **error)
{
    virDomainPtr domain = virDomainDefineXML(machine->connection, machine->xml);

    if (!domain) {
        return fail(machine->name, error);
    }
    virDomainFree(domain);
    return TRUE;
}

static gboolean machine_apply(HaywireMachine *machine, GError **error)
{
    return bounded(machine, work_define, TIMEOUT_S, error);
}

extern const HaywireMachineOps haywire_machine_ops;

__attribute__((visibility("default")))
const HaywireMachineOps haywire_machine_ops = {
    .open = machine_open,
    .close = machine_close,
    .monitor = machine_monitor,
    .plan = machine_plan,
    .apply = machine_apply,
};
