/*
 * What a request asks, and who does it.  Must not know how it came.
 */

#ifndef AIME_MEDIAD_ASK_H_INCLUDED
#define AIME_MEDIAD_ASK_H_INCLUDED


#include "aime_mediad_job.h"


/* Fills rules and limits from the JSON. */
int aime_mediad_ask_parse(aime_mediad_job_t *job, const char *json,
    size_t len);

/* Checks and converts job->data; the job's status says what became of it. */
void aime_mediad_ask(aime_mediad_job_t *job);


#endif /* AIME_MEDIAD_ASK_H_INCLUDED */
