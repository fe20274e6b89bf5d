/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugin believes about QEMU's internals, compared with QEMU's own
 * headers by the compiler.  Nothing of this is ever run.
 *
 * declarations.h is qemu-plugin/qemu_internals.h made by declarations.awk.
 */
#include "qemu_headers.h"

/*
 * Prototypes that differ in form, not in how they are called.  They are
 * declared under another name, and compared one by one below.
 */
#define qmp_register_command haywire_qmp_register_command
#define qapi_event_emit      haywire_qapi_event_emit
#define qemu_clock_get_ns    haywire_qemu_clock_get_ns
#define runstate_check       haywire_runstate_check
#define VMChangeStateHandler haywire_VMChangeStateHandler
#define qemu_add_vm_change_state_handler \
    haywire_qemu_add_vm_change_state_handler
#define qemu_plugin_num_vcpus haywire_qemu_plugin_num_vcpus
#define memory_region_find    haywire_memory_region_find
#define HMPCompletionFunc     haywire_HMPCompletionFunc

/* And those that take a constant region, section or block in later versions. */
#define memory_region_get_ram_addr  haywire_memory_region_get_ram_addr
#define memory_region_get_ram_ptr   haywire_memory_region_get_ram_ptr
#define memory_region_is_ram_device haywire_memory_region_is_ram_device
#define memory_region_owner         haywire_memory_region_owner
#define qemu_ram_get_fd             haywire_qemu_ram_get_fd
#define qemu_ram_get_idstr          haywire_qemu_ram_get_idstr
#include "declarations.h"
#undef qmp_register_command
#undef qapi_event_emit
#undef qemu_clock_get_ns
#undef runstate_check
#undef VMChangeStateHandler
#undef qemu_add_vm_change_state_handler
#undef memory_region_find
#undef HMPCompletionFunc
#undef memory_region_get_ram_addr
#undef memory_region_get_ram_ptr
#undef memory_region_is_ram_device
#undef memory_region_owner
#undef qemu_ram_get_fd
#undef qemu_ram_get_idstr

#define QEMU_SINCE(major, minor)     \
    (QEMU_VERSION_MAJOR > (major) || \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#define SAME_TYPE(object, type)                                            \
    _Static_assert(__builtin_types_compatible_p(__typeof__(object), type), \
                   #object " has another type")

#define SAME_SIZE(name)                                           \
    _Static_assert(sizeof(struct haywire_##name) == sizeof(name), \
                   #name " has another size")

#define PLACED_AS(name, ours, theirs)                               \
    _Static_assert(offsetof(struct haywire_##name, ours) ==         \
                       offsetof(name, theirs),                      \
                   #name "." #ours " has moved");                   \
    _Static_assert(sizeof(((struct haywire_##name *)NULL)->ours) == \
                       sizeof(((name *)NULL)->theirs),              \
                   #name "." #ours " has another size")

#define PLACED(name, member) PLACED_AS(name, member, member)

/* An enumeration is passed like the int that the plugin passes. */
SAME_TYPE(&qemu_clock_get_ns, int64_t (*)(QEMUClockType));
_Static_assert(sizeof(QEMUClockType) == sizeof(int), "another size");
SAME_TYPE(&qapi_event_emit, void (*)(QAPIEvent, QDict *));
_Static_assert(sizeof(QAPIEvent) == sizeof(int), "another size");
_Static_assert(QEMU_CLOCK_VIRTUAL == HAYWIRE_QEMU_CLOCK_VIRTUAL, "renumbered");
SAME_TYPE(&runstate_check, bool (*)(RunState));
SAME_TYPE(VMChangeStateHandler, void(void *, bool, RunState));
SAME_TYPE(&qemu_add_vm_change_state_handler,
          VMChangeStateEntry *(*)(VMChangeStateHandler *, void *));
_Static_assert(sizeof(RunState) == sizeof(int), "another size");
_Static_assert(RUN_STATE_INMIGRATE == HAYWIRE_QEMU_RUN_STATE_INMIGRATE,
               "renumbered");
_Static_assert(RUN_STATE_PRELAUNCH == HAYWIRE_QEMU_RUN_STATE_PRELAUNCH,
               "renumbered");

/* The last parameter is a zero in a register, whatever its width. */
_Static_assert(
    __builtin_types_compatible_p(__typeof__(&qmp_register_command),
                                 void (*)(QmpCommandList *, const char *,
                                          QmpCommandFunc *, QmpCommandOptions,
                                          unsigned)) ||
        __builtin_types_compatible_p(__typeof__(&qmp_register_command),
                                     void (*)(QmpCommandList *, const char *,
                                              QmpCommandFunc *,
                                              QmpCommandOptions, uint64_t)),
    "qmp_register_command has another type");
_Static_assert(sizeof(QmpCommandOptions) == sizeof(int), "another size");

/* Heads and links of lists. */
typedef struct QTailQLink QTailQLink;
SAME_SIZE(QTailQLink);
PLACED(QTailQLink, tql_next);
PLACED(QTailQLink, tql_prev);
SAME_SIZE(QmpCommandList);
PLACED(QmpCommandList, tqh_circ);

/* The public plugin interface. */
SAME_SIZE(qemu_info_t);
PLACED(qemu_info_t, target_name);
PLACED(qemu_info_t, version);
PLACED(qemu_info_t, version.min);
PLACED(qemu_info_t, version.cur);
PLACED(qemu_info_t, system_emulation);
PLACED(qemu_info_t, system.smp_vcpus);
PLACED(qemu_info_t, system.max_vcpus);

/* query-version. */
SAME_SIZE(VersionTriple);
PLACED(VersionTriple, major);
PLACED(VersionTriple, minor);
PLACED(VersionTriple, micro);
SAME_SIZE(VersionInfo);
PLACED(VersionInfo, qemu);
PLACED(VersionInfo, package);
SAME_SIZE(strList);
PLACED(strList, next);
PLACED(strList, value);
SAME_SIZE(uint32List);
PLACED(uint32List, next);
PLACED(uint32List, value);

/* Objects: each kind starts with its QObject, as it is cast. */
SAME_SIZE(QObject);
PLACED_AS(QObject, type, base.type);
PLACED_AS(QObject, refcnt, base.refcnt);
_Static_assert(QTYPE_QDICT == HAYWIRE_QEMU_QTYPE_QDICT, "renumbered");
_Static_assert(offsetof(QDict, base) == 0, "QDict");
_Static_assert(offsetof(QList, base) == 0, "QList");
_Static_assert(offsetof(QNum, base) == 0, "QNum");
_Static_assert(offsetof(QBool, base) == 0, "QBool");
_Static_assert(offsetof(QString, base) == 0, "QString");

/* The monitor's tables. */
SAME_SIZE(HMPCommand);
PLACED(HMPCommand, name);
PLACED(HMPCommand, args_type);
PLACED(HMPCommand, params);
PLACED(HMPCommand, help);
PLACED(HMPCommand, flags);
PLACED(HMPCommand, cmd);
PLACED(HMPCommand, cmd_info_hrt);
#if QEMU_SINCE(11, 1)
PLACED_AS(HMPCommand, since_11_1.arch_bitmask, arch_bitmask);
PLACED_AS(HMPCommand, since_11_1.coroutine, coroutine);
PLACED_AS(HMPCommand, since_11_1.sub_table, sub_table);
PLACED_AS(HMPCommand, since_11_1.command_completion, command_completion);
#else
PLACED_AS(HMPCommand, since_7_2.coroutine, coroutine);
PLACED_AS(HMPCommand, since_7_2.sub_table, sub_table);
PLACED_AS(HMPCommand, since_7_2.command_completion, command_completion);
#endif
SAME_TYPE(((HMPCommand *)NULL)->command_completion,
          haywire_HMPCompletionFunc *);

/* A pointer to what is constant is passed like any other. */
#if QEMU_SINCE(11, 0)
#define CONST_11_0 const
#else
#define CONST_11_0
#endif
#define SAME_BUT_CONST(name, result, ours, theirs) \
    SAME_TYPE(&haywire_##name, result(*) ours);    \
    SAME_TYPE(&name, result(*) theirs)
SAME_BUT_CONST(memory_region_get_ram_addr, ram_addr_t, (MemoryRegion *),
               (CONST_11_0 MemoryRegion *));
SAME_BUT_CONST(memory_region_get_ram_ptr, void *, (MemoryRegion *),
               (CONST_11_0 MemoryRegion *));
SAME_BUT_CONST(memory_region_is_ram_device, bool, (MemoryRegion *),
               (CONST_11_0 MemoryRegion *));
SAME_BUT_CONST(memory_region_owner, Object *, (MemoryRegion *),
               (CONST_11_0 MemoryRegion *));
SAME_BUT_CONST(qemu_ram_get_fd, int, (RAMBlock *), (CONST_11_0 RAMBlock *));
SAME_BUT_CONST(qemu_ram_get_idstr, const char *, (RAMBlock *),
               (CONST_11_0 RAMBlock *));

/* Guest RAM. */
SAME_SIZE(MemoryRegionSection);
PLACED(MemoryRegionSection, size);
PLACED(MemoryRegionSection, mr);
PLACED(MemoryRegionSection, fv);
PLACED(MemoryRegionSection, offset_within_region);
PLACED(MemoryRegionSection, offset_within_address_space);
PLACED(MemoryRegionSection, readonly);
PLACED(MemoryRegionSection, nonvolatile);
/* Returned through a pointer to room that is larger: the same call. */
SAME_TYPE(&memory_region_find,
          MemoryRegionSection (*)(MemoryRegion *, hwaddr, uint64_t));
_Static_assert(sizeof(MemoryRegionSectionRoom) > sizeof(MemoryRegionSection),
               "no room to spare");
_Static_assert(sizeof(MemoryRegionSection) > 16, "returned in registers");
_Static_assert(RAM_ADDR_INVALID == HAYWIRE_QEMU_RAM_ADDR_INVALID, "changed");

/* Ports. */
SAME_SIZE(MemoryRegionOps);
PLACED(MemoryRegionOps, read);
PLACED(MemoryRegionOps, write);
PLACED(MemoryRegionOps, read_with_attrs);
PLACED(MemoryRegionOps, write_with_attrs);
PLACED(MemoryRegionOps, endianness);
PLACED(MemoryRegionOps, valid.min_access_size);
PLACED(MemoryRegionOps, valid.max_access_size);
PLACED(MemoryRegionOps, valid.unaligned);
PLACED(MemoryRegionOps, valid.accepts);
PLACED(MemoryRegionOps, impl.min_access_size);
PLACED(MemoryRegionOps, impl.max_access_size);
PLACED(MemoryRegionOps, impl.unaligned);
SAME_TYPE(((MemoryRegionOps *)NULL)->read,
          __typeof__(((struct haywire_MemoryRegionOps *)NULL)->read));
SAME_TYPE(((MemoryRegionOps *)NULL)->write,
          __typeof__(((struct haywire_MemoryRegionOps *)NULL)->write));
_Static_assert(DEVICE_LITTLE_ENDIAN == HAYWIRE_QEMU_LITTLE_ENDIAN,
               "renumbered");
_Static_assert(sizeof(MemoryRegion) <= sizeof(MemoryRegionRoom) / 2 &&
                   _Alignof(MemoryRegion) <= _Alignof(MemoryRegionRoom),
               "no room for a MemoryRegion");

SAME_SIZE(Notifier);
PLACED(Notifier, notify);
PLACED(Notifier, node);
PLACED(Notifier, node.le_next);
PLACED(Notifier, node.le_prev);
