/*
 * Reads the JSON of a request, tells what the media are by their first bytes,
 * and hands them to those who know that kind.
 */

#include <string.h>

#include "aime_media_data.h"
#include "aime_mediad_ask.h"
#include "aime_mediad_av.h"
#include "aime_mediad_image.h"


/* bounds of requests that name none, or higher ones */
#define AIME_MEDIAD_MAX_PIXELS     (1ull << 29)
#define AIME_MEDIAD_MAX_SIZE       (1ull << 31)
#define AIME_MEDIAD_MAX_DURATION   864000


static double aime_mediad_ask_limit(const cJSON *tree, const char *name,
    double limit);


int
aime_mediad_ask_parse(aime_mediad_job_t *job, const char *json, size_t len)
{
    int                 rc;
    cJSON              *tree;
    aime_str_t          name;
    const cJSON        *kind, *rules;
    aime_media_kind_e   value;
    aime_media_error_t  error;

    tree = cJSON_ParseWithLength(json, len);
    kind = cJSON_GetObjectItemCaseSensitive(tree, "kind");
    rules = cJSON_GetObjectItemCaseSensitive(tree, "rules");

    if (!cJSON_IsString(kind)) {
        cJSON_Delete(tree);
        return aime_mediad_fail(job, "the request is no JSON with a kind");
    }

    name.data = (const unsigned char *) kind->valuestring;
    name.len = strlen(kind->valuestring);

    if (aime_media_kind_named(name, &value) != AIME_OK) {
        cJSON_Delete(tree);
        return aime_mediad_fail(job, "the request has an unknown kind");
    }

    job->max_pixels = (uint64_t) aime_mediad_ask_limit(tree, "max_pixels",
                                                       AIME_MEDIAD_MAX_PIXELS);
    job->max_size = (uint64_t) aime_mediad_ask_limit(tree, "max_size",
                                                     AIME_MEDIAD_MAX_SIZE);
    job->max_duration = aime_mediad_ask_limit(tree, "max_duration",
                                              AIME_MEDIAD_MAX_DURATION);

    rc = aime_media_rules_compile(&job->pool, rules, value, &job->rules, NULL,
                                  NULL, &error);

    cJSON_Delete(tree);

    if (rc == AIME_NOMEM) {
        return aime_mediad_fail(job, "no memory for rules");
    }

    if (rc != AIME_OK) {
        return aime_mediad_fail(job, "rules: %s", error.text);
    }

    return AIME_MEDIAD_OK;
}


static double
aime_mediad_ask_limit(const cJSON *tree, const char *name, double limit)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(tree, name);

    return cJSON_IsNumber(item) && item->valuedouble >= 0
           && item->valuedouble < limit ? item->valuedouble : limit;
}


void
aime_mediad_ask(aime_mediad_job_t *job)
{
    aime_str_t  head;

    head.data = job->data;
    head.len = job->len < AIME_MEDIA_HEAD_LEN ? job->len : AIME_MEDIA_HEAD_LEN;

    job->format = aime_media_sniff(head);

    if (!aime_media_kind_has(job->rules.kind, job->format)) {
        (void) aime_mediad_refuse(job, "is no %s of a known format%s%s",
                                  aime_media_kind_name(job->rules.kind),
                                  job->format ? ", but " : "",
                                  job->format
                                  ? aime_media_format_name(job->format) : "");
        return;
    }

    if (job->rules.kind == AIME_MEDIA_IMAGE) {
        aime_mediad_image(job);

    } else {
        aime_mediad_av(job);
    }
}
