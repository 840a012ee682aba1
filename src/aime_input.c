/*
 * The inputs of one request: pairs arguments with declared parameters, fills
 * in defaults and words the messages.  What a single value must look like is
 * aime_desc_convert()'s business.
 *
 * Everything is linear in the request: arguments are looked up once, in a hash
 * whose names are the operator's, and no pair of them is ever compared.
 */

#include <string.h>

#include "aime_input.h"
#include "aime_number.h"


/* characters of an unknown parameter's name that are repeated */
#define AIME_INPUT_NAME_CHARS   100


/* What was given for one parameter. */

typedef struct {
    const aime_json_member_t  *arg;         /* NULL: nothing */
    unsigned                   twice:1;
} aime_input_slot_t;


typedef struct {
    aime_pool_t              *pool;
    const aime_desc_t        *desc;
    aime_input_t             *input;
    aime_input_slot_t        *slots;        /* as desc->params */
    const aime_desc_param_t  *chat;         /* that has messages, or NULL */
} aime_input_ctx_t;


static int aime_input_init(aime_input_ctx_t *ctx, aime_pool_t *pool,
    const aime_desc_t *desc, aime_input_t *input);
static int aime_input_assign(aime_input_ctx_t *ctx,
    const aime_json_member_t *args, size_t nargs);
static int aime_input_unknown(aime_input_ctx_t *ctx,
    const aime_json_member_t *args, size_t nargs, size_t nunknown);
static void aime_input_chat(aime_input_ctx_t *ctx);
static int aime_input_param(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, const aime_input_slot_t *slot);
static int aime_input_given(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, const aime_json_member_t *arg);
static int aime_input_value(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, const aime_json_value_t *value,
    const aime_json_member_t *arg);
static int aime_input_accept(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, aime_str_t text);
static int aime_input_absent(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param);
static int aime_input_query(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, aime_str_t text,
    aime_json_value_t *value);
static int aime_input_query_selection(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, aime_str_t text,
    aime_json_value_t *value);
static aime_json_type_e aime_input_word(aime_str_t text);
static int aime_input_is_empty(const aime_json_member_t *arg);

static int aime_input_fault(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, const aime_json_member_t *arg,
    const aime_desc_fault_t *fault);
static int aime_input_refused(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, const char *reason);


int
aime_input_validate(aime_pool_t *pool, const aime_desc_t *desc,
    const aime_json_member_t *args, size_t nargs, aime_input_t *input)
{
    size_t            i;
    aime_input_ctx_t  ctx;

    if (aime_input_init(&ctx, pool, desc, input) != AIME_OK) {
        return AIME_NOMEM;
    }

    if (aime_input_assign(&ctx, args, nargs) != AIME_OK) {
        return AIME_NOMEM;
    }

    aime_input_chat(&ctx);

    for (i = 0; i < desc->nparams; i++) {
        if (aime_input_param(&ctx, &desc->params[i], &ctx.slots[i])
            != AIME_OK)
        {
            return AIME_NOMEM;
        }
    }

    return AIME_OK;
}


static int
aime_input_init(aime_input_ctx_t *ctx, aime_pool_t *pool,
    const aime_desc_t *desc, aime_input_t *input)
{
    size_t  n;

    memset(input, 0, sizeof(aime_input_t));
    memset(ctx, 0, sizeof(aime_input_ctx_t));

    input->wait_for_result = 1;

    ctx->pool = pool;
    ctx->desc = desc;
    ctx->input = input;

    /* one more, for no request of 0 bytes where nothing is declared */

    n = (desc->nparams + 1) * sizeof(aime_input_slot_t);

    ctx->slots = pool->alloc(pool->ctx, n);
    if (ctx->slots == NULL) {
        return AIME_NOMEM;
    }

    memset(ctx->slots, 0, n);

    input->members = pool->alloc(pool->ctx, (desc->nparams + 1)
                                            * sizeof(aime_json_member_t));

    return input->members ? AIME_OK : AIME_NOMEM;
}


static int
aime_input_assign(aime_input_ctx_t *ctx, const aime_json_member_t *args,
    size_t nargs)
{
    size_t              i, nunknown;
    aime_desc_param_t  *param;
    aime_input_slot_t  *slot;

    nunknown = 0;

    for (i = 0; i < nargs; i++) {
        param = aime_desc_find(ctx->desc, args[i].name);

        if (param == NULL) {
            nunknown++;
            continue;
        }

        slot = &ctx->slots[param - ctx->desc->params];

        if (slot->arg && args[i].value.plain) {
            slot->twice = 1;
        }

        slot->arg = &args[i];
    }

    return nunknown ? aime_input_unknown(ctx, args, nargs, nunknown) : AIME_OK;
}


/* One message names them all, also those that are null. */

static int
aime_input_unknown(aime_input_ctx_t *ctx, const aime_json_member_t *args,
    size_t nargs, size_t nunknown)
{
    size_t       i, n;
    aime_str_t  *parts;

    parts = ctx->pool->alloc(ctx->pool->ctx,
                             2 * nunknown * sizeof(aime_str_t));
    if (parts == NULL) {
        return AIME_NOMEM;
    }

    n = 0;

    for (i = 0; i < nargs; i++) {

        if (aime_desc_find(ctx->desc, args[i].name)) {
            continue;
        }

        parts[n] = aime_input_str(n ? ", " : nunknown > 1
                                           ? "Unknown parameters: "
                                           : "Unknown parameter: ");
        n++;

        if (aime_input_clip(ctx->pool, args[i].name, AIME_INPUT_NAME_CHARS,
                            &parts[n++])
            != AIME_OK)
        {
            return AIME_NOMEM;
        }
    }

    return aime_input_message(ctx->pool, &ctx->input->errors, parts, n);
}


/* Finds the chat context that excludes text contexts. */

static void
aime_input_chat(aime_input_ctx_t *ctx)
{
    size_t                    i;
    const aime_desc_param_t  *param;

    for (i = 0; i < ctx->desc->nparams; i++) {
        param = &ctx->desc->params[i];

        if (param->type == AIME_DESC_CHAT_CONTEXT
            && !aime_input_is_empty(ctx->slots[i].arg))
        {
            ctx->chat = param;
            return;
        }
    }
}


static int
aime_input_param(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    const aime_input_slot_t *slot)
{
    const aime_json_member_t  *arg;

    arg = slot->arg;

    if (slot->twice) {
        return aime_input_refused(ctx, param, "was given more than once");
    }

    if (arg == NULL
        || (!arg->value.plain && arg->value.type == AIME_JSON_NULL))
    {
        return aime_input_absent(ctx, param);
    }

    if (arg->value.plain && !aime_json_utf8(arg->value.text)) {
        return aime_input_refused(ctx, param,
                                  "holds bytes that are not UTF-8");
    }

    return aime_input_given(ctx, param, arg);
}


static int
aime_input_given(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    const aime_json_member_t *arg)
{
    int                rc;
    aime_str_t         parts[4];
    aime_json_value_t  value;

    if (param->type == AIME_DESC_TEXT_CONTEXT && ctx->chat) {
        parts[0] = aime_input_str("Parameter ");
        parts[1] = param->name;
        parts[2] = aime_input_str(": cannot be given together with parameter ");
        parts[3] = ctx->chat->name;

        if (aime_input_message(ctx->pool, &ctx->input->errors, parts, 4)
            != AIME_OK)
        {
            return AIME_NOMEM;
        }
    }

    if (!arg->value.plain) {
        return aime_input_value(ctx, param, &arg->value, arg);
    }

    rc = aime_input_query(ctx, param, arg->value.text, &value);

    return (rc == AIME_OK) ? aime_input_value(ctx, param, &value, arg) : rc;
}


static int
aime_input_value(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    const aime_json_value_t *value, const aime_json_member_t *arg)
{
    int                rc;
    aime_str_t         text;
    aime_desc_fault_t  fault;

    rc = aime_desc_convert(ctx->pool, param, value, 0, &text, &fault);

    switch (rc) {

    case AIME_OK:
        if (param->role == AIME_DESC_WITHHELD) {
            return AIME_OK;
        }

        rc = aime_input_media(ctx->pool, ctx->desc, param, text,
                              ctx->input->nmembers, &ctx->input->media,
                              &ctx->input->errors);

        return (rc == AIME_OK) ? aime_input_accept(ctx, param, text) : rc;

    case AIME_DESC_ABSENT:
        return aime_input_absent(ctx, param);

    case AIME_ERROR:
        return aime_input_fault(ctx, param, arg, &fault);

    default:
        return rc;
    }
}


static int
aime_input_accept(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    aime_str_t text)
{
    aime_json_member_t  *member;

    switch (param->role) {

    case AIME_DESC_WITHHELD:
    case AIME_DESC_KEY:
    case AIME_DESC_SESSION_KEY:
        return AIME_OK;

    case AIME_DESC_WAIT_FOR_RESULT:
        ctx->input->wait_for_result = (text.data[0] == 't');
        return AIME_OK;

    default:
        break;
    }

    member = &ctx->input->members[ctx->input->nmembers++];

    member->name = param->name;
    member->value.text = text;

    switch (text.data[0]) {

    case '"':
        member->value.type = AIME_JSON_STRING;
        break;

    case '{':
        member->value.type = AIME_JSON_OBJECT;
        break;

    case '[':
        member->value.type = AIME_JSON_ARRAY;
        break;

    case 't':
        member->value.type = AIME_JSON_TRUE;
        break;

    case 'f':
        member->value.type = AIME_JSON_FALSE;
        break;

    default:
        member->value.type = AIME_JSON_NUMBER;
    }

    return AIME_OK;
}


static int
aime_input_absent(aime_input_ctx_t *ctx, const aime_desc_param_t *param)
{
    if (param->required) {
        return aime_input_refused(ctx, param, "is required");
    }

    if (param->default_value.len) {
        return aime_input_accept(ctx, param, param->default_value);
    }

    return AIME_OK;
}


/*
 * Nothing, null, the empty string, or a list without anything in it, also as
 * the JSON that a string holds.  Spaces do not count: where they make it no
 * JSON at all, it is refused for that.
 */

static int
aime_input_is_empty(const aime_json_member_t *arg)
{
    char                  word[4];
    size_t                n;
    uint32_t              c;
    const unsigned char  *p, *end;

    if (arg == NULL) {
        return 1;
    }

    p = arg->value.text.data;
    end = p + arg->value.text.len;

    if (!arg->value.plain && arg->value.type == AIME_JSON_STRING) {
        p++;
        end--;
    }

    n = 0;

    while (p < end) {

        if (*p == '\\' && !arg->value.plain) {
            c = aime_json_escaped(&p, end);

        } else {
            c = *p++;
        }

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            continue;
        }

        if (c > 0x7f || n == sizeof(word)) {
            return 0;
        }

        word[n++] = (char) c;
    }

    return n == 0
           || (n == 2 && memcmp(word, "[]", 2) == 0)
           || (n == 4 && memcmp(word, "null", 4) == 0);
}


/*
 * Makes a JSON value of the declared type from the text of a query argument.
 * What does not look like that type becomes a string, which is then refused.
 */

static int
aime_input_query(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    aime_str_t text, aime_json_value_t *value)
{
    aime_json_type_e  type;

    value->text = text;
    value->type = aime_input_word(text);
    type = value->type;

    switch (param->type) {

    case AIME_DESC_INTEGER:
    case AIME_DESC_FLOAT:
        if (type == AIME_JSON_NUMBER) {
            return AIME_OK;
        }

        break;

    case AIME_DESC_BOOL:
        if (type == AIME_JSON_TRUE
            || type == AIME_JSON_FALSE
            || (type == AIME_JSON_NUMBER && param->auto_convert))
        {
            return AIME_OK;
        }

        break;

    case AIME_DESC_SELECTION:
        return aime_input_query_selection(ctx, param, text, value);

    default:
        break;
    }

    value->type = AIME_JSON_STRING;

    return aime_json_quoted(ctx->pool, text, &value->text);
}


/* A string, unless only a number or bool of that spelling is supported. */

static int
aime_input_query_selection(aime_input_ctx_t *ctx,
    const aime_desc_param_t *param, aime_str_t text, aime_json_value_t *value)
{
    aime_json_value_t         string;
    const aime_json_value_t  *found;

    string.type = AIME_JSON_STRING;

    if (aime_json_quoted(ctx->pool, text, &string.text) != AIME_OK
        || aime_desc_supported(ctx->pool, param, &string, &found) != AIME_OK)
    {
        return AIME_NOMEM;
    }

    if (found == NULL) {
        if (aime_desc_supported(ctx->pool, param, value, &found) != AIME_OK) {
            return AIME_NOMEM;
        }
    }

    *value = found ? *found : string;

    return AIME_OK;
}


/*
 * What the text of a query argument is by itself: a number, a bool, or
 * AIME_JSON_NULL for anything else.  Python's spelling of bools is what its
 * HTTP libraries send.
 */

static aime_json_type_e
aime_input_word(aime_str_t text)
{
    aime_number_t  number;

    if (aime_number_parse(text, &number) == AIME_OK) {
        return AIME_JSON_NUMBER;
    }

    if (text.len == 4
        && (text.data[0] | 0x20) == 't'
        && memcmp(text.data + 1, "rue", 3) == 0)
    {
        return AIME_JSON_TRUE;
    }

    if (text.len == 5
        && (text.data[0] | 0x20) == 'f'
        && memcmp(text.data + 1, "alse", 4) == 0)
    {
        return AIME_JSON_FALSE;
    }

    return AIME_JSON_NULL;
}


static int
aime_input_fault(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    const aime_json_member_t *arg, const aime_desc_fault_t *fault)
{
    char        reason[AIME_DESC_FAULT_LEN];
    aime_str_t  value;

    aime_desc_fault_text(param, fault, reason);

    /* a secret, or what was meant to be one, belongs into no message */

    if (param->role == AIME_DESC_KEY || param->role == AIME_DESC_SESSION_KEY) {
        return aime_input_refused(ctx, param, reason);
    }

    if (aime_input_quote(ctx->pool, &arg->value, arg->value.plain, &value)
        != AIME_OK)
    {
        return AIME_NOMEM;
    }

    return aime_input_refuse(ctx->pool, &ctx->input->errors, param, NULL,
                             &value, reason);
}


static int
aime_input_refused(aime_input_ctx_t *ctx, const aime_desc_param_t *param,
    const char *reason)
{
    return aime_input_refuse(ctx->pool, &ctx->input->errors, param, NULL,
                             NULL, reason);
}
