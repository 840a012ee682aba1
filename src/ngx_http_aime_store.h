/*
 * What stays in the zone with a job that is submitted.  Floor 3: knows no
 * requests.
 */

#ifndef NGX_HTTP_AIME_STORE_H_INCLUDED
#define NGX_HTTP_AIME_STORE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "aime_input.h"
#include "ngx_aime_shm_payload.h"


/*
 * The inputs as the members of a JSON object, each with a comma in front: a
 * job's reply to a worker puts its own members before them.  Media that were
 * converted take the places of what they were.  NULL: the zone is full.
 */
ngx_aime_shm_hold_t *ngx_http_aime_store_inputs(ngx_aime_zone_t *zone,
    aime_input_t *input);

/* A text as it is.  NULL: the zone is full. */
ngx_aime_shm_hold_t *ngx_http_aime_store_text(ngx_aime_zone_t *zone,
    const ngx_str_t *text);


#endif /* NGX_HTTP_AIME_STORE_H_INCLUDED */
