/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's doorbell, by the processor's own instructions for ports.
 *
 * Only inside a virtual machine are ports read that nobody has told us of.
 */

#include "haywire/beacon_protocol.h"
#include "os/os.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <sys/io.h>

#define CPUID_FEATURES   1
#define CPUID_HYPERVISOR (1u << 31)

static uint32_t found; /* port; 0: none */

static bool is_virtual(void)
{
    unsigned eax, ebx, ecx = 0, edx;

    return __get_cpuid(CPUID_FEATURES, &eax, &ebx, &ecx, &edx) &&
           (ecx & CPUID_HYPERVISOR);
}

static bool answers(uint32_t port)
{
    return inl((unsigned short)port) == HAYWIRE_MAGIC;
}

/* Needs CAP_SYS_RAWIO, and a kernel that is not locked down. */
static bool try_port(uint32_t port)
{
    if (ioperm(port, HAYWIRE_DOORBELL_SIZE, 1) != 0) {
        return false;
    }
    if (answers(port)) {
        found = port;
        return true;
    }
    (void)ioperm(port, HAYWIRE_DOORBELL_SIZE, 0);
    return false;
}

bool haywire_os_doorbell_find(uint32_t port)
{
    static const uint32_t usual[] = HAYWIRE_DOORBELL_PORTS;

    if (found && answers(found)) {
        return true;
    }
    found = 0;
    if (port || !is_virtual()) {
        return port && try_port(port);
    }
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (try_port(usual[i])) {
            return true;
        }
    }
    return false;
}

void haywire_os_doorbell_ring(uint32_t pfn)
{
    if (found) {
        outl(pfn, (unsigned short)found);
    }
}

#else

bool haywire_os_doorbell_find(uint32_t port)
{
    (void)port;
    return false;
}

void haywire_os_doorbell_ring(uint32_t pfn)
{
    (void)pfn;
}

#endif
