
/*
 * Tool calls, see ngx_http_aime_openai_tool.h.
 *
 * Workers give {id, type, function: {name, arguments}}, or name and arguments
 * alone, and arguments as an object or as its text.
 */


#include "ngx_http_aime_openai_tool.h"
#include "ngx_aime_id.h"


static ngx_uint_t ngx_http_aime_openai_tool_list(
    ngx_http_aime_openai_call_t *call, ngx_uint_t choice,
    aime_json_elements_t *calls);


static ngx_uint_t
ngx_http_aime_openai_tool_list(ngx_http_aime_openai_call_t *call,
    ngx_uint_t choice, aime_json_elements_t *calls)
{
    aime_json_value_t     *value;
    aime_json_elements_t  *list;

    value = ngx_http_aime_openai_choice(call, "tool_calls", choice);

    list = value ? ngx_http_aime_openai_elements(call, value) : NULL;

    if (list == NULL || list->nelts == 0
        || list->elts[0].type != AIME_JSON_OBJECT)
    {
        return 0;
    }

    *calls = *list;

    return 1;
}


ngx_uint_t
ngx_http_aime_openai_ntools(ngx_http_aime_openai_call_t *call,
    ngx_uint_t choice)
{
    aime_json_elements_t  calls;

    return ngx_http_aime_openai_tool_list(call, choice, &calls)
           ? calls.nelts : 0;
}


void
ngx_http_aime_openai_tool(ngx_http_aime_openai_call_t *call,
    ngx_uint_t choice, ngx_uint_t index, ngx_http_aime_openai_tool_t *tool)
{
    aime_json_error_t      mistake;
    aime_json_value_t     *value;
    aime_json_member_t    *member;
    aime_json_elements_t   calls;
    ngx_http_aime_args_t   args, inner;

    ngx_memzero(tool, sizeof(ngx_http_aime_openai_tool_t));

    tool->choice = choice;
    tool->index = index;

    if (!ngx_http_aime_openai_tool_list(call, choice, &calls)
        || index >= calls.nelts)
    {
        return;
    }

    value = &calls.elts[index];

    if (value->type != AIME_JSON_OBJECT
        || ngx_http_aime_openai_members(call, value->text, &args, &mistake)
           != NGX_OK)
    {
        return;
    }

    member = ngx_http_aime_arg(&args, "id");

    if (member && member->value.type == AIME_JSON_STRING) {
        tool->id = &member->value;
    }

    member = ngx_http_aime_arg(&args, "function");

    if (member && member->value.type == AIME_JSON_OBJECT
        && ngx_http_aime_openai_members(call, member->value.text, &inner,
                                        &mistake)
           == NGX_OK)
    {
        args = inner;
    }

    member = ngx_http_aime_arg(&args, "name");
    tool->name = member ? &member->value : NULL;

    member = ngx_http_aime_arg(&args, "arguments");
    tool->arguments = member ? &member->value : NULL;
}


void
ngx_http_aime_openai_tool_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_tool_t *tool)
{
    u_char  *p;

    if (tool->id) {
        ngx_http_aime_openai_value(reply, tool->id);
        return;
    }

    ngx_http_aime_reply_chars(reply, "\"call_");

    p = ngx_http_aime_reply_room(reply, NGX_AIME_UUID_LEN + 2 * NGX_INT_T_LEN
                                        + 3);
    if (p) {
        p = ngx_aime_id_print(p, call->id);
        p = ngx_sprintf(p, "-%ui-%ui\"", tool->choice, tool->index);
        ngx_http_aime_reply_wrote(reply, p);
    }
}


void
ngx_http_aime_openai_arguments(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_tool_t *tool)
{
    ngx_str_t  text;

    if (tool->arguments == NULL) {
        ngx_http_aime_reply_chars(reply, "\"{}\"");

    } else if (tool->arguments->type == AIME_JSON_STRING) {
        ngx_http_aime_openai_value(reply, tool->arguments);

    } else {
        text.data = (u_char *) tool->arguments->text.data;
        text.len = tool->arguments->text.len;
        ngx_http_aime_reply_string(reply, &text);
    }
}


void
ngx_http_aime_openai_tools(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t choice, ngx_uint_t chunk)
{
    ngx_uint_t                   i, n;
    ngx_http_aime_openai_tool_t  tool;

    n = ngx_http_aime_openai_ntools(call, choice);

    ngx_http_aime_reply_chars(reply, "[");

    for (i = 0; i < n; i++) {
        ngx_http_aime_openai_tool(call, choice, i, &tool);

        ngx_http_aime_reply_chars(reply, i ? ",{" : "{");

        if (chunk) {
            ngx_http_aime_reply_chars(reply, "\"index\":");
            ngx_http_aime_reply_integer(reply, i);
            ngx_http_aime_reply_chars(reply, ",");
        }

        ngx_http_aime_reply_chars(reply, "\"id\":");
        ngx_http_aime_openai_tool_id(call, reply, &tool);
        ngx_http_aime_reply_chars(reply, ",\"type\":\"function\","
                                         "\"function\":{\"name\":");
        ngx_http_aime_openai_value(reply, tool.name);
        ngx_http_aime_reply_chars(reply, ",\"arguments\":");
        ngx_http_aime_openai_arguments(reply, &tool);
        ngx_http_aime_reply_chars(reply, "}}");
    }

    ngx_http_aime_reply_chars(reply, "]");
}
