/*
 * What a worker's report gives to an answer of OpenAI's API (PROTOCOL section
 * 6).  Floor 3: knows no kind of requests.
 */

#ifndef NGX_HTTP_AIME_OPENAI_OUTPUT_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_OUTPUT_H_INCLUDED


#include "ngx_http_aime_openai_call.h"
#include "aime_media_data.h"


/*
 * The outputs of a payload: members with a comma in front of each, or an
 * object, from offset on.
 */
ngx_int_t ngx_http_aime_openai_read(ngx_http_aime_openai_call_t *call,
    ngx_aime_shm_payload_t *payload, size_t offset);

/* The value of what the API calls so among the outputs, or NULL. */
aime_json_member_t *ngx_http_aime_openai_out(
    ngx_http_aime_openai_call_t *call, const char *name);

/* A number of tokens among the outputs; 0: none, or it is not told. */
ngx_uint_t ngx_http_aime_openai_tokens(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *told);

/* As ngx_http_aime_members_args(), with the call's memory. */
ngx_int_t ngx_http_aime_openai_members(ngx_http_aime_openai_call_t *call,
    aime_str_t text, ngx_http_aime_args_t *args,
    aime_json_error_t *mistake);

/* What a string stands for.  NGX_DECLINED: it is no string. */
ngx_int_t ngx_http_aime_openai_decode(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, ngx_str_t *text);

/*
 * A picture or sound that a worker gives as a data URL, or as its base64 alone
 * (type and format of the url are empty then): valid base64 that is not empty.
 * NGX_DECLINED: it is none.  And what its first bytes say that it is.
 */
ngx_int_t ngx_http_aime_openai_media(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, aime_media_url_t *url);
aime_media_format_e ngx_http_aime_openai_media_format(aime_media_url_t *url);

/* The worker's error, decoded; NGX_DECLINED: it tells none. */
ngx_int_t ngx_http_aime_openai_failure(ngx_http_aime_openai_call_t *call,
    ngx_str_t *text);

/*
 * The i-th choice's share of what the API calls so among the outputs: an array
 * has one for each.  NULL: there is none.
 */
aime_json_value_t *ngx_http_aime_openai_choice(
    ngx_http_aime_openai_call_t *call, const char *name, ngx_uint_t i);

/* The elements of a list among the outputs, or NULL. */
aime_json_elements_t *ngx_http_aime_openai_elements(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value);

/* A value as it was written, or null. */
void ngx_http_aime_openai_value(ngx_http_aime_reply_t *reply,
    aime_json_value_t *value);


#endif /* NGX_HTTP_AIME_OPENAI_OUTPUT_H_INCLUDED */
