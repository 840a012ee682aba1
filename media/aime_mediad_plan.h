/*
 * What audio and video are to become.  Must not know where the frames come
 * from.
 */

#ifndef AIME_MEDIAD_PLAN_H_INCLUDED
#define AIME_MEDIAD_PLAN_H_INCLUDED


#include "aime_mediad_scan.h"
#include "aime_mediad_target.h"


typedef struct {
    aime_mediad_job_t         *job;
    const aime_mediad_scan_t  *scan;
    aime_mediad_target_t       target;

    unsigned                   reformat:1;
    unsigned                   recolor:1;
    unsigned                   convert:1;   /* anything at all */
} aime_mediad_plan_t;


/*
 * Looks at the rules: what is violated and cannot be converted is refused.
 * Zeroed before, but for job and scan.
 */
int aime_mediad_plan_rules(aime_mediad_plan_t *plan);

/* Completes the target, if there is anything to convert. */
int aime_mediad_plan(aime_mediad_plan_t *plan);


#endif /* AIME_MEDIAD_PLAN_H_INCLUDED */
