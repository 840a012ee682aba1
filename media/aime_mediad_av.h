/*
 * Audio and video: checked and converted.  Must not know how media travel.
 */

#ifndef AIME_MEDIAD_AV_H_INCLUDED
#define AIME_MEDIAD_AV_H_INCLUDED


#include "aime_mediad_job.h"


/* Checks the media of the job, and converts them where a rule wants that. */
void aime_mediad_av(aime_mediad_job_t *job);


#endif /* AIME_MEDIAD_AV_H_INCLUDED */
