/*
 * Uploads to OpenAI's API: the parts of a form (multipart/form-data) as fields
 * of a request.  Floor 3: knows no kind of requests.
 */

#ifndef NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED


#include "ngx_http_aime_openai_field.h"


/* The part file, a slice of the request's body. */

typedef struct {
    aime_str_t                   body;
    ngx_str_t                    type;      /* after the slash: "wav" */
} ngx_http_aime_openai_file_t;


/*
 * Makes fields of the request's body: texts as they are (value.plain), several
 * of a name that ends with [] as an array under the name without that, stream
 * as a boolean.  The part file is a field without a value, and call->data an
 * ngx_http_aime_openai_file_t.  As the handlers of a kind.
 */
ngx_int_t ngx_http_aime_openai_form_fields(
    ngx_http_aime_openai_call_t *call);

/*
 * Gives the file to its input as a data URL of its own type, and the body back:
 * all other fields outlive it.  As the handlers of a kind.
 */
ngx_int_t ngx_http_aime_openai_form_put(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_openai_file_t *file);


#endif /* NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED */
