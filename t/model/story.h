/*
 * A story of one process with the zone, step by step, in which all happens
 * that makes it take memory or give it back: what the test of scarce memory
 * and the one of sudden deaths (cut.c) have in common.
 */

#ifndef STORY_H_INCLUDED
#define STORY_H_INCLUDED


#include "model.h"


#define STORY_NJOBS     128
#define STORY_NSTEPS    64
#define STORY_SILENCE   10000       /* milliseconds, as all below */
#define STORY_LIFETIME  60000
#define STORY_IDLE      60000       /* sessions */


typedef enum {
    STORY_STRICT = 0,       /* an error leaves all as it was */
    STORY_GROWS,            /* but nodes of a tree, which wait for the next */
    STORY_PLAIN,            /* there is room */
    STORY_LOOSE,            /* it does as much as there is room for */
    STORY_EVICTS,           /* something older gives way to it */
    STORY_FAILS             /* that does not help it */
} story_kind_e;


typedef struct {
    const char    *name;
    ngx_int_t    (*run)(void);
    ngx_int_t      want;    /* where there is room; else NGX_ERROR */
    ngx_uint_t     times;
    story_kind_e   kind;
} story_step_t;


/* What the process was told of its jobs, for who comes after it. */

typedef struct {
    ngx_uint_t     nlocks;      /* how often it had the lock, */
    ngx_uint_t     nsteps;
    ngx_uint_t     steps[STORY_NSTEPS + 1];     /* before each step */
    ngx_uint_t     njobs;
    struct {
        u_char     id[NGX_AIME_ID_LEN];
        unsigned   done;    /* its result was taken */
        unsigned   gone;    /* it may be gone */
    } jobs[STORY_NJOBS];
} story_told_t;


/* Ends with one that has no name. */
extern story_step_t  story_steps[];

/* For each process that tells it; told may be shared memory. */
void story_begin(ngx_aime_zone_t *zone, story_told_t *told);


#endif /* STORY_H_INCLUDED */
