/*
 * Uploads to OpenAI's API: the parts of a form (multipart/form-data) as fields
 * of a request.  Floor 3: knows no kind of requests.
 */

#ifndef NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED


#include "ngx_http_aime_openai_field.h"


/*
 * Makes fields of the request's body: texts as they are (value.plain), several
 * of a name that ends with [] as an array under the name without that, stream
 * as a boolean, and the part file as a data URL of its own type.  The body is
 * given back.  As the handlers of a kind.
 */
ngx_int_t ngx_http_aime_openai_form_fields(
    ngx_http_aime_openai_call_t *call);


#endif /* NGX_HTTP_AIME_OPENAI_FORM_H_INCLUDED */
