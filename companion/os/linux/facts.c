/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manifest says of a Linux guest, and what the companion may read. */

#include <stdlib.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/linux/kcore.h"
#include "os/linux/linux_collector.h"
#include "os/linux/proc_parse.h"

/* A machine with many small ranges: some hundred lines. */
#define IOMEM_LIMIT     (1u << 20)
#define IOMEM_PATH      "iomem"
#define VMCOREINFO_PATH "/sys/kernel/vmcoreinfo"

static void set_text(HaywireFacts *facts, HaywireTextId id, const char *data,
                     size_t length)
{
    if (length > HAYWIRE_FACT_TEXT_MAX) {
        length = HAYWIRE_FACT_TEXT_MAX;
    }
    memcpy(facts->text[id].data, data, length);
    facts->text[id].length = length;
}

static void facts_names(HaywireFacts *facts)
{
    struct utsname names;

    if (uname(&names) != 0) {
        return;
    }
    set_text(facts, HAYWIRE_TEXT_KERNEL_RELEASE, names.release,
             strlen(names.release));
    set_text(facts, HAYWIRE_TEXT_KERNEL_VERSION, names.version,
             strlen(names.version));
    set_text(facts, HAYWIRE_TEXT_HOST_NAME, names.nodename,
             strlen(names.nodename));
}

static void facts_cmdline(HaywireLinuxCollector *self, HaywireFacts *facts)
{
    size_t length = 0;

    if (haywire_proc_read(self->proc, "cmdline", self->buffer,
                          sizeof(self->buffer),
                          &length) != HAYWIRE_COLLECT_OK) {
        return;
    }
    if (length > 0 && self->buffer[length - 1] == '\n') {
        length--;
    }
    set_text(facts, HAYWIRE_TEXT_KERNEL_CMDLINE, self->buffer, length);
}

static void facts_ram(HaywireLinuxCollector *self, HaywireFacts *facts)
{
    HaywireLinuxProcess none = { .folder = self->proc, .thread = -1 };
    HaywireProcText text = { 0 };

    if (haywire_linux_read_all(self, &none, IOMEM_PATH, IOMEM_LIMIT, &text) ==
        HAYWIRE_COLLECT_OK) {
        facts->ram_count = haywire_parse_iomem(text.data, text.length,
                                               facts->ram, HAYWIRE_RAM_MAX);
    }
    free(text.data);
}

static void facts_vmcoreinfo(HaywireLinuxCollector *self, HaywireFacts *facts)
{
    size_t length = 0;

    if (haywire_proc_read(self->proc, VMCOREINFO_PATH, self->buffer,
                          sizeof(self->buffer),
                          &length) != HAYWIRE_COLLECT_OK ||
        !haywire_parse_vmcoreinfo(self->buffer, length, &facts->vmcoreinfo_gpa,
                                  &facts->vmcoreinfo_size)) {
        facts->vmcoreinfo_gpa = 0;
        facts->vmcoreinfo_size = 0;
    }
    facts->text[HAYWIRE_TEXT_VMCOREINFO].length = haywire_kcore_vmcoreinfo(
        self->proc, facts->text[HAYWIRE_TEXT_VMCOREINFO].data,
        HAYWIRE_FACT_TEXT_MAX);
}

void haywire_linux_facts(HaywireCollector *collector, HaywireFacts *ret_facts)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);

    memset(ret_facts, 0, sizeof(*ret_facts));
    facts_names(ret_facts);
    facts_cmdline(self, ret_facts);
    facts_ram(self, ret_facts);
    facts_vmcoreinfo(self, ret_facts);
}

bool haywire_linux_reads_all(HaywireCollector *collector)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    (void)collector;
    return syscall(SYS_capget, &header, data) == 0 &&
           (data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &
            CAP_TO_MASK(CAP_SYS_PTRACE));
}
