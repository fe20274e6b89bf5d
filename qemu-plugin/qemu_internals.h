/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that the plugin relies on inside QEMU, in one file.
 *
 * Distribution builds of QEMU with modules enabled export their internal
 * functions.  The plugin calls them directly, without QEMU's own headers, so
 * each prototype and each structure layout it needs is declared here.
 *
 * Compared with the headers of QEMU 7.2 to 11.1, as far as they could be had:
 * tests/qemu-abi has the compiler compare every declaration below with those
 * that are there.  Any other version is refused at start-up: see
 * HAYWIRE_QEMU_VERSIONS and qemu_symbols.c; and what can be checked inside the
 * running QEMU is: see qemu_selftest.c.  To admit a new version, let it pass
 * the compiler's check first; the file named above each group says where to
 * look.
 *
 * Every symbol is a weak reference: the plugin loads whatever the QEMU lacks,
 * names what is missing and refuses cleanly.  A symbol that is declared here
 * must be listed in HAYWIRE_QEMU_FUNCTIONS or HAYWIRE_QEMU_DATA as well, or
 * among those that some versions lack.
 */
#ifndef HAYWIRE_QEMU_INTERNALS_H
#define HAYWIRE_QEMU_INTERNALS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(major, minor, interface, hmp): the versions that are admitted, the oldest
 * first.  Whatever differs between them is chosen by this table:
 *
 * interface: the version of the plugin interface to claim.  The loader takes
 *            0 to 1 up to 8.2, 2 up to 11.0, 7 in 11.1.
 * hmp:       the layout of HMPCommand.
 */
#define HAYWIRE_QEMU_VERSIONS(X) \
    X(7, 2, 1, HAYWIRE_HMP_7_2)  \
    X(8, 0, 1, HAYWIRE_HMP_7_2)  \
    X(8, 1, 1, HAYWIRE_HMP_7_2)  \
    X(8, 2, 1, HAYWIRE_HMP_7_2)  \
    X(9, 0, 2, HAYWIRE_HMP_7_2)  \
    X(9, 1, 2, HAYWIRE_HMP_7_2)  \
    X(9, 2, 2, HAYWIRE_HMP_7_2)  \
    X(10, 0, 2, HAYWIRE_HMP_7_2) \
    X(10, 1, 2, HAYWIRE_HMP_7_2) \
    X(10, 2, 2, HAYWIRE_HMP_7_2) \
    X(11, 0, 2, HAYWIRE_HMP_7_2) \
    X(11, 1, 7, HAYWIRE_HMP_11_1)

#define QEMU_WEAK __attribute__((weak))

/*
 * Opaque types: only pointers to them are handled here.
 */
typedef struct Error Error;
typedef struct MemoryRegion MemoryRegion;
typedef struct MemoryRegionOps MemoryRegionOps;
typedef struct Monitor Monitor;
typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct QBool QBool;
typedef struct QDict QDict;
typedef struct QEnumLookup QEnumLookup;
typedef struct QList QList;
typedef struct QNum QNum;
typedef struct QObject QObject;
typedef struct QString QString;
typedef struct RAMBlock RAMBlock;
typedef struct ReadLineState ReadLineState;
typedef struct Visitor Visitor;
typedef uint64_t hwaddr;
typedef uint64_t ram_addr_t;

/*
 * include/qemu/queue.h: the heads and links as they lie in memory.
 */
typedef struct QTailQLink {
    void *tql_next;
    struct QTailQLink *tql_prev;
} QTailQLink;

/*
 * include/qemu/qemu-plugin.h, the public plugin interface.
 */
typedef uint64_t qemu_plugin_id_t;

typedef struct qemu_info_t {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    struct {
        int smp_vcpus;
        int max_vcpus;
    } system;
} qemu_info_t;

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

/*
 * qapi/control.json as the generator lays it out.
 */
typedef struct VersionTriple {
    int64_t major;
    int64_t minor;
    int64_t micro;
} VersionTriple;

typedef struct VersionInfo {
    VersionTriple *qemu;
    char *package;
} VersionInfo;

VersionInfo *qmp_query_version(Error **errp) QEMU_WEAK;
void qapi_free_VersionInfo(VersionInfo *info) QEMU_WEAK;

/*
 * include/qapi/error.h
 */
void error_setg_internal(Error **errp, const char *src, int line,
                         const char *func, const char *fmt, ...)
    G_GNUC_PRINTF(5, 6) QEMU_WEAK;

#define error_setg(errp, fmt, ...)                                   \
    error_setg_internal((errp), __FILE__, __LINE__, __func__, (fmt), \
                        ##__VA_ARGS__)

/*
 * include/qapi/visitor.h, include/qapi/compat-policy.h
 */
Visitor *qobject_input_visitor_new_qmp(QObject *obj) QEMU_WEAK;
bool visit_start_struct(Visitor *v, const char *name, void **obj, size_t size,
                        Error **errp) QEMU_WEAK;
bool visit_check_struct(Visitor *v, Error **errp) QEMU_WEAK;
void visit_end_struct(Visitor *v, void **obj) QEMU_WEAK;
bool visit_optional(Visitor *v, const char *name, bool *present) QEMU_WEAK;
bool visit_type_uint32(Visitor *v, const char *name, uint32_t *obj,
                       Error **errp) QEMU_WEAK;
bool visit_type_uint64(Visitor *v, const char *name, uint64_t *obj,
                       Error **errp) QEMU_WEAK;
bool visit_type_str(Visitor *v, const char *name, char **obj,
                    Error **errp) QEMU_WEAK;
void visit_free(Visitor *v) QEMU_WEAK;

/*
 * qapi-builtin-types.h and qapi-builtin-visit.h, as the generator makes them.
 */
typedef struct strList {
    struct strList *next;
    char *value;
} strList;

typedef struct uint32List {
    struct uint32List *next;
    uint32_t value;
} uint32List;

bool visit_type_strList(Visitor *v, const char *name, strList **obj,
                        Error **errp) QEMU_WEAK;
bool visit_type_uint32List(Visitor *v, const char *name, uint32List **obj,
                           Error **errp) QEMU_WEAK;
void qapi_free_strList(strList *obj) QEMU_WEAK;
void qapi_free_uint32List(uint32List *obj) QEMU_WEAK;

/*
 * include/qapi/qmp/ in 7.2, include/qobject/ in 10.0.  A QDict, QList, QNum,
 * QBool or QString starts with its QObject.
 */
QDict *qdict_new(void) QEMU_WEAK;
void qdict_put_obj(QDict *dict, const char *key, QObject *value) QEMU_WEAK;
int64_t qdict_get_try_int(const QDict *dict, const char *key,
                          int64_t fallback) QEMU_WEAK;
const char *qdict_get_try_str(const QDict *dict, const char *key) QEMU_WEAK;
QList *qlist_new(void) QEMU_WEAK;
void qlist_append_obj(QList *list, QObject *value) QEMU_WEAK;
QNum *qnum_from_int(int64_t value) QEMU_WEAK;
QNum *qnum_from_uint(uint64_t value) QEMU_WEAK;
QBool *qbool_from_bool(bool value) QEMU_WEAK;
QString *qstring_from_str(const char *str) QEMU_WEAK;

#define HAYWIRE_QEMU_QTYPE_QDICT 4

struct QObject {
    int type;
    size_t refcnt;
};

void qobject_destroy(QObject *obj) QEMU_WEAK;

static inline QObject *haywire_qobject(void *derived)
{
    return derived;
}

/* NULL is fine. */
static inline void haywire_qobject_unref(QObject *obj)
{
    if (obj && --obj->refcnt == 0) {
        qobject_destroy(obj);
    }
}

/*
 * include/qapi/qmp/dispatch.h in 7.2, include/qapi/qmp-registry.h in 10.0.
 * The last parameter grew from unsigned to uint64_t; zero is passed, in a
 * register, which is right for both.
 */
typedef struct QmpCommand QmpCommand;

typedef struct QmpCommandList {
    QTailQLink tqh_circ;
} QmpCommandList;

typedef void(QmpCommandFunc)(QDict *args, QObject **ret, Error **errp);

void qmp_register_command(QmpCommandList *commands, const char *name,
                          QmpCommandFunc *fn, int options,
                          uint64_t features) QEMU_WEAK;
const QmpCommand *qmp_find_command(const QmpCommandList *commands,
                                   const char *name) QEMU_WEAK;
extern QmpCommandList qmp_commands QEMU_WEAK;

/*
 * include/qapi/qmp-event.h, include/qapi/util.h, and the generated
 * qapi/qapi-emit-events.h: events by their number, which differs from build
 * to build and is looked up by name.  The table of names may be absent: 10.2
 * needs it nowhere itself, and only has it with our patches.
 */
QDict *qmp_event_build_dict(const char *event_name) QEMU_WEAK;
void qapi_event_emit(int event, QDict *dict) QEMU_WEAK;
int qapi_enum_parse(const QEnumLookup *lookup, const char *text, int fallback,
                    Error **errp) QEMU_WEAK;
extern const QEnumLookup QAPIEvent_lookup QEMU_WEAK;

/*
 * monitor/monitor-internal.h, include/monitor/monitor.h
 *
 * In 11.1 a handler takes a MonitorHMP, which starts with its Monitor.
 */
typedef void(HMPCompletionFunc)(ReadLineState *rs, int nb_args,
                                const char *str);

typedef enum HaywireHmpLayout {
    HAYWIRE_HMP_7_2,
    HAYWIRE_HMP_11_1,
} HaywireHmpLayout;

typedef struct HMPCommand {
    const char *name;
    const char *args_type;
    const char *params;
    const char *help;
    const char *flags;
    void (*cmd)(Monitor *mon, const QDict *dict);
    void *(*cmd_info_hrt)(Error **errp);
    union {
        struct {
            bool coroutine;
            struct HMPCommand *sub_table;
            HMPCompletionFunc *command_completion;
        } since_7_2;
        struct {
            struct HMPCommand *sub_table;
            HMPCompletionFunc *command_completion;
            uint32_t arch_bitmask; /* 0: any target */
            bool coroutine;
        } since_11_1;
    };
} HMPCommand;

static inline HMPCommand **haywire_hmp_sub_table(HMPCommand *command,
                                                 HaywireHmpLayout layout)
{
    return layout == HAYWIRE_HMP_7_2 ? &command->since_7_2.sub_table
                                     : &command->since_11_1.sub_table;
}

static inline HMPCompletionFunc **
haywire_hmp_completion(HMPCommand *command, HaywireHmpLayout layout)
{
    return layout == HAYWIRE_HMP_7_2 ? &command->since_7_2.command_completion
                                     : &command->since_11_1.command_completion;
}

/* The table of top-level commands: exported up to 10.2, asked for since. */
extern HMPCommand hmp_cmds[] QEMU_WEAK;
HMPCommand *hmp_cmds_for_target(bool info) QEMU_WEAK;

static inline HMPCommand *haywire_hmp_commands(void)
{
    return hmp_cmds_for_target ? hmp_cmds_for_target(false) : hmp_cmds;
}

/* Only compared with what the tables hold, in the self-test. */
void hmp_info_version(Monitor *mon, const QDict *dict) QEMU_WEAK;
void device_add_completion(ReadLineState *rs, int nb_args,
                           const char *str) QEMU_WEAK;

void monitor_register_hmp(const char *name, bool info,
                          void (*cmd)(Monitor *mon,
                                      const QDict *dict)) QEMU_WEAK;
int monitor_puts(Monitor *mon, const char *str) QEMU_WEAK;

/*
 * include/qemu/readline.h
 */
void readline_add_completion(ReadLineState *rs, const char *str) QEMU_WEAK;
void readline_set_completion_index(ReadLineState *rs, int index) QEMU_WEAK;

/*
 * include/exec/memory.h (include/system/memory.h in 10.2),
 * include/exec/address-spaces.h (in 7.2), include/exec/cpu-common.h
 *
 * Not guest_phys_blocks_append(): it puts a listener on its stack into a list
 * that virtual processors walk without a lock, and is for a stopped machine.
 */
#define HAYWIRE_QEMU_RAM_ADDR_INVALID (~(ram_addr_t)0)

typedef struct FlatView FlatView;

/* One member more since 8.2, where there is room. */
typedef struct MemoryRegionSection {
    __int128 size;
    MemoryRegion *mr;
    FlatView *fv;
    hwaddr offset_within_region;
    hwaddr offset_within_address_space;
    bool readonly;
    bool nonvolatile;
} MemoryRegionSection;

/*
 * QEMU returns a MemoryRegionSection through a pointer to room of ours: there
 * is some to spare, should it grow.
 */
typedef union MemoryRegionSectionRoom {
    MemoryRegionSection section;
    uint8_t spare[512];
} MemoryRegionSectionRoom;

MemoryRegion *get_system_memory(void) QEMU_WEAK;
/* The first one that overlaps; its region is referenced, or NULL. */
MemoryRegionSectionRoom memory_region_find(MemoryRegion *mr, hwaddr addr,
                                           uint64_t size) QEMU_WEAK;
ram_addr_t memory_region_get_ram_addr(MemoryRegion *mr) QEMU_WEAK;
bool memory_region_is_ram_device(MemoryRegion *mr) QEMU_WEAK;
/* All ranges of a view, sorted by address. True from @cb: enough. */
void flatview_for_each_range(FlatView *fv,
                             bool (*cb)(__int128 start, __int128 length,
                                        const MemoryRegion *mr,
                                        hwaddr offset_in_region, void *opaque),
                             void *opaque) QEMU_WEAK;
void memory_region_ref(MemoryRegion *mr) QEMU_WEAK;
void memory_region_unref(MemoryRegion *mr) QEMU_WEAK;
Object *memory_region_owner(MemoryRegion *mr) QEMU_WEAK;
void *memory_region_get_ram_ptr(MemoryRegion *mr) QEMU_WEAK;
void memory_region_set_dirty(MemoryRegion *mr, hwaddr offset,
                             hwaddr size) QEMU_WEAK;
RAMBlock *qemu_ram_block_from_host(void *ptr, bool round_offset,
                                   ram_addr_t *offset) QEMU_WEAK;
const char *qemu_ram_get_idstr(RAMBlock *block) QEMU_WEAK;
int qemu_ram_get_fd(RAMBlock *block) QEMU_WEAK;

/*
 * The same headers, and include/exec/ioport.h (system/ioport.h since 10.2):
 * ports.  Handlers are called with the big lock held, by whichever thread runs
 * the processor.  A MemoryRegion is ours to place: QEMU fills it in.
 */
#define HAYWIRE_QEMU_LITTLE_ENDIAN 2

struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
    void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned size);
    void *read_with_attrs;
    void *write_with_attrs;
    int endianness;
    struct {
        unsigned min_access_size;
        unsigned max_access_size; /* 0: of any size */
        bool unaligned;
        void *accepts;
    } valid;
    struct {
        unsigned min_access_size;
        unsigned max_access_size;
        bool unaligned;
    } impl;
};

/* It takes 272 bytes in 7.2; what it leaves untouched is checked. */
typedef union MemoryRegionRoom {
    __int128 align;
    uint8_t bytes[4096];
} MemoryRegionRoom;

MemoryRegion *get_system_io(void) QEMU_WEAK;
void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size) QEMU_WEAK;
void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset,
                                 MemoryRegion *subregion) QEMU_WEAK;
void memory_region_del_subregion(MemoryRegion *mr,
                                 MemoryRegion *subregion) QEMU_WEAK;
uint32_t cpu_inl(uint32_t port) QEMU_WEAK;
void cpu_outl(uint32_t port, uint32_t value) QEMU_WEAK;

/*
 * include/qom/object.h
 */
ObjectClass *object_class_by_name(const char *type) QEMU_WEAK;
Object *object_dynamic_cast(Object *obj, const char *type) QEMU_WEAK;
const char *object_get_canonical_path_component(const Object *obj) QEMU_WEAK;
Object *object_get_root(void) QEMU_WEAK;
Object *object_property_get_link(Object *obj, const char *name,
                                 Error **errp) QEMU_WEAK;
uint64_t object_property_get_uint(Object *obj, const char *name,
                                  Error **errp) QEMU_WEAK;
char *object_property_get_str(Object *obj, const char *name,
                              Error **errp) QEMU_WEAK;
int object_child_foreach_recursive(Object *obj,
                                   int (*fn)(Object *child, void *opaque),
                                   void *opaque) QEMU_WEAK;

/*
 * include/qemu/notify.h; include/sysemu/sysemu.h in 7.2,
 * include/system/system.h in 10.0
 */
typedef struct Notifier Notifier;

struct Notifier {
    void (*notify)(Notifier *notifier, void *data);
    struct {
        Notifier *le_next;
        Notifier **le_prev;
    } node;
};

void qemu_add_machine_init_done_notifier(Notifier *notifier) QEMU_WEAK;
void qemu_add_exit_notifier(Notifier *notifier) QEMU_WEAK;

/*
 * include/qemu/timer.h
 */
#define HAYWIRE_QEMU_CLOCK_VIRTUAL 1

int64_t qemu_clock_get_ns(int clock) QEMU_WEAK;

/*
 * include/sysemu/runstate.h in 7.2, include/system/runstate.h in 10.0.  A
 * handler is called in the main thread, after the state has changed.
 */
#define HAYWIRE_QEMU_RUN_STATE_INMIGRATE 1
#define HAYWIRE_QEMU_RUN_STATE_PRELAUNCH 6

typedef struct VMChangeStateEntry VMChangeStateEntry;
typedef void VMChangeStateHandler(void *opaque, bool running, int state);

extern const QEnumLookup RunState_lookup QEMU_WEAK;
bool runstate_check(int state) QEMU_WEAK;
bool runstate_is_running(void) QEMU_WEAK;
VMChangeStateEntry *qemu_add_vm_change_state_handler(VMChangeStateHandler *cb,
                                                     void *opaque) QEMU_WEAK;

/*
 * include/sysemu/reset.h in 7.2, include/system/reset.h in 10.0.  A handler is
 * called in the main thread, also before a snapshot is loaded.
 */
typedef void QEMUResetHandler(void *opaque);

void qemu_register_reset(QEMUResetHandler *func, void *opaque) QEMU_WEAK;

/*
 * Only looked up, never called: there since plugin interface 2.  It tells which
 * interface a QEMU has that does not export its version.
 */
int qemu_plugin_num_vcpus(void) QEMU_WEAK;

#define HAYWIRE_QEMU_FUNCTIONS(X)          \
    X(qmp_query_version)                   \
    X(qapi_free_VersionInfo)               \
    X(error_setg_internal)                 \
    X(qobject_input_visitor_new_qmp)       \
    X(visit_start_struct)                  \
    X(visit_check_struct)                  \
    X(visit_end_struct)                    \
    X(visit_optional)                      \
    X(visit_type_uint32)                   \
    X(visit_type_uint64)                   \
    X(visit_type_str)                      \
    X(visit_free)                          \
    X(visit_type_strList)                  \
    X(visit_type_uint32List)               \
    X(qapi_free_strList)                   \
    X(qapi_free_uint32List)                \
    X(qobject_destroy)                     \
    X(qdict_new)                           \
    X(qdict_put_obj)                       \
    X(qdict_get_try_int)                   \
    X(qdict_get_try_str)                   \
    X(qlist_new)                           \
    X(qlist_append_obj)                    \
    X(qnum_from_int)                       \
    X(qnum_from_uint)                      \
    X(qbool_from_bool)                     \
    X(qstring_from_str)                    \
    X(qmp_register_command)                \
    X(qmp_find_command)                    \
    X(qmp_event_build_dict)                \
    X(qapi_event_emit)                     \
    X(qapi_enum_parse)                     \
    X(monitor_register_hmp)                \
    X(monitor_puts)                        \
    X(readline_add_completion)             \
    X(readline_set_completion_index)       \
    X(get_system_memory)                   \
    X(memory_region_find)                  \
    X(memory_region_get_ram_addr)          \
    X(memory_region_is_ram_device)         \
    X(flatview_for_each_range)             \
    X(memory_region_ref)                   \
    X(memory_region_unref)                 \
    X(memory_region_owner)                 \
    X(memory_region_get_ram_ptr)           \
    X(memory_region_set_dirty)             \
    X(qemu_ram_block_from_host)            \
    X(qemu_ram_get_idstr)                  \
    X(qemu_ram_get_fd)                     \
    X(object_dynamic_cast)                 \
    X(object_get_canonical_path_component) \
    X(object_get_root)                     \
    X(object_property_get_link)            \
    X(object_property_get_uint)            \
    X(object_property_get_str)             \
    X(object_child_foreach_recursive)      \
    X(qemu_add_machine_init_done_notifier) \
    X(qemu_add_exit_notifier)              \
    X(qemu_clock_get_ns)                   \
    X(runstate_check)                      \
    X(runstate_is_running)                 \
    X(qemu_add_vm_change_state_handler)    \
    X(qemu_register_reset)

#define HAYWIRE_QEMU_DATA(X) X(qmp_commands)

/* A QEMU has one of each pair. */
#define HAYWIRE_QEMU_EITHER(X) X(hmp_cmds, hmp_cmds_for_target)

/* All are needed for the doorbell, and for nothing else. */
#define HAYWIRE_QEMU_DOORBELL(X)   \
    X(get_system_io)               \
    X(memory_region_init_io)       \
    X(memory_region_add_subregion) \
    X(memory_region_del_subregion) \
    X(object_class_by_name)        \
    X(cpu_inl)                     \
    X(cpu_outl)

/* Used where they are there. */
#define HAYWIRE_QEMU_OPTIONAL(X) \
    X(QAPIEvent_lookup)          \
    X(RunState_lookup)           \
    X(hmp_info_version)          \
    X(device_add_completion)     \
    X(qemu_plugin_num_vcpus)

#endif /* HAYWIRE_QEMU_INTERNALS_H */
