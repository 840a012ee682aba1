#include "aime_mediad_av.h"
void
aime_mediad_av(aime_mediad_job_t *job)
{
    (void) aime_mediad_fail(job, "not yet");
}
