/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builder: makes a model of what providers tell. It knows neither pages nor
 * records, escapes all texts, and keeps to the model's share of memory: what
 * does not fit is left out, and counted where that happens.
 *
 * Numbers are set in what the functions return; texts and lists go through
 * functions. A builder belongs to one thread. After @no_memory nothing is
 * worth trying, and finishing says so.
 */

#ifndef HAYWIRE_BUILDER_H
#define HAYWIRE_BUILDER_H

#include "haywire/model.h"
#include "haywire/text.h"

/* Longest text in one piece, before escaping. */
#define HAYWIRE_BUILDER_TEXT_MAX 16000

typedef struct HaywireBuilder {
    HaywireModel *told; /* what was told so far; its numbers are to be set */
    bool fresh;         /* what is refused now was not counted before */
    bool no_memory;
    HaywireShares shares;
    /* The rest is the builder's own. */
    HaywireHostCounters *host;
    const struct HaywireContent *last;
    struct HaywireContent *content;
    struct HaywireArena *arena; /* that is told into */
    struct HaywireTexts *texts;
    HaywireProcess *process;
    size_t process_room;
    HaywireSection *section; /* the open list's */
    size_t section_room;
    HaywirePageRun *run;
    size_t run_room;
    uint64_t limits;
    uint64_t limits_before; /* the lists */
} HaywireBuilder;

/*
 * Begin. @last: the model before this one, of the same session, or NULL: only
 * the limits that this one meets above those of @last are counted in @host,
 * and as much memory is taken at once as @last has used.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus
haywire_builder_init(HaywireBuilder *builder, const HaywireShares *shares,
                     const HaywireModel *last,
                     HaywireHostCounters *host) HAYWIRE_MUST_CHECK;

/* The model, or HAYWIRE_NO_MEMORY. The builder is of no use afterwards. */
HaywireStatus
haywire_builder_finish(HaywireBuilder *builder, const HaywireMoment *moment,
                       HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/* Count what a provider has refused. */
void haywire_builder_reject(HaywireBuilder *builder, HaywireStatus status);
/* True for OK. A limit is counted, lack of memory noted. */
bool haywire_builder_check(HaywireBuilder *builder, HaywireStatus status);

/*
 * What is told next may take its part of the model's share, so that no part of
 * what a lying guest tells keeps the others out. In this order.
 */
typedef enum HaywireBuilderPart {
    HAYWIRE_BUILDER_TABLE, /* processes, and their names: three quarters */
    HAYWIRE_BUILDER_FACTS, /* an eighth */
    HAYWIRE_BUILDER_PASS,  /* of one camera: a quarter */
    HAYWIRE_BUILDER_REST,  /* what is left */
} HaywireBuilderPart;
void haywire_builder_begin(HaywireBuilder *builder, HaywireBuilderPart part);

/* Escaped text; "" with *ret_cut set when there is no room. */
const char *haywire_builder_text(HaywireBuilder *builder, HaywireString bytes,
                                 bool *ret_cut);
/* The same for a text that many have: @bytes stay until the end. */
const char *haywire_builder_shared_text(HaywireBuilder *builder,
                                        HaywireString bytes, bool *ret_cut);
/* Arguments that end with NUL each, joined with spaces. */
const char *haywire_builder_arguments(HaywireBuilder *builder,
                                      HaywireString bytes, bool *ret_cut);

/*
 * The process table: begun once, processes added in any order, ended. Of equal
 * pids the first stays; the others are refused when @count_duplicates.
 *
 * @count: processes to be added at most
 */
bool haywire_builder_begin_table(HaywireBuilder *builder, size_t count);
/*
 * @process: what is known of it, its texts aside. False when there is no room
 * for it or anything.
 */
bool haywire_builder_add_process(HaywireBuilder *builder,
                                 const HaywireProcess *process,
                                 HaywireString name);
void haywire_builder_end_table(HaywireBuilder *builder, bool count_duplicates);

/* This very process, to be told more of; NULL when it is not in the table. */
HaywireProcess *haywire_builder_process(const HaywireBuilder *builder,
                                        uint32_t pid, uint64_t start_time);
/* @number: HAYWIRE_FIELD_COUNT of them */
void haywire_builder_add_fields(HaywireBuilder *builder,
                                HaywireProcess *process, uint64_t known,
                                const uint64_t *number, HaywireString cgroup);

void haywire_builder_set_ram(HaywireBuilder *builder,
                             const HaywireRamRange *ram, size_t count);

/*
 * The lists of processes' sections come last. @digest says what they are made
 * of, with no regard to the table; 0: nothing says so. Take those of the model
 * before if they are the same; else begin with room for @count lists, then add
 * each, in ascending order of pid and start time. NULL when there is no room.
 */
bool haywire_builder_share_lists(HaywireBuilder *builder, uint64_t digest);
void haywire_builder_begin_lists(HaywireBuilder *builder, size_t count,
                                 uint64_t digest);
HaywireSectionList *haywire_builder_add_list(HaywireBuilder *builder,
                                             uint32_t pid, uint64_t start_time);

/*
 * A list of @count sections at most, then each of them, ascending: others are
 * refused. False when there is no room.
 */
bool haywire_builder_begin_sections(HaywireBuilder *builder,
                                    HaywireSectionList *list, size_t count);
void haywire_builder_add_section(HaywireBuilder *builder,
                                 HaywireSectionList *list,
                                 const HaywireSection *section,
                                 HaywireString path);

/* The same for page runs. Adding is false when the list is full. */
void haywire_builder_begin_runs(HaywireBuilder *builder,
                                HaywirePageRunList *list, size_t count);
bool haywire_builder_add_run(HaywireBuilder *builder, HaywirePageRunList *list,
                             const HaywirePageRun *run);

/* What camera 0 or 1 holds; its lists are to be told. */
HaywireCameraPass *haywire_builder_pass(HaywireBuilder *builder, size_t camera);

#endif
