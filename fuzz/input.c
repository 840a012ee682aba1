/*
 * Inputs against a description: a TOML text, a line that is --, then the
 * arguments.  These are a JSON object if they begin with a brace, else a query
 * string.  The first byte says how many allocations succeed (0xff: all).
 */

#include "aime_desc.h"
#include "aime_input.h"
#include "aime_toml.h"
#include "fuzz.h"


#define MAX_ARGS  64


static void fuzz_validate(const aime_desc_t *desc, aime_str_t args, int left);
static size_t fuzz_query(aime_str_t query, aime_json_member_t *args);
static void fuzz_result(const aime_desc_t *desc, const aime_input_t *input,
    const aime_json_members_t *args);
static void fuzz_again(const aime_desc_t *desc, const aime_input_t *input,
    const aime_json_members_t *args);
static int fuzz_stays(const aime_desc_param_t *param);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON              *tree;
    aime_str_t          toml, args;
    aime_desc_t         desc;
    fuzz_pool_t         memory;
    aime_toml_error_t   toml_error;
    aime_desc_error_t   error;

    if (size == 0) {
        return 0;
    }

    fuzz_split(data + 1, size - 1, &toml, &args);

    tree = aime_toml_parse((const char *) toml.data, toml.len, &toml_error);

    memset(&desc, 0, sizeof(aime_desc_t));
    (void) fuzz_pool(&memory, -1);

    if (tree
        && aime_desc_compile(&memory.face, tree, &desc, NULL, NULL, &error)
           == AIME_OK)
    {
        fuzz_validate(&desc, args, data[0] == 0xff ? -1 : data[0]);
    }

    fuzz_pool_free(&memory);
    cJSON_Delete(tree);
    fuzz_free(toml);
    fuzz_free(args);

    return 0;
}


static void
fuzz_validate(const aime_desc_t *desc, aime_str_t text, int left)
{
    int                  rc;
    fuzz_pool_t          memory;
    aime_input_t         input;
    aime_json_error_t    error;
    aime_json_member_t   query[MAX_ARGS];
    aime_json_members_t  args;

    (void) fuzz_pool(&memory, left);

    if (text.len && text.data[0] == '{') {
        rc = aime_json_members(&memory.face, text, &args, &error);

    } else {
        args.elts = query;
        args.nelts = fuzz_query(text, query);
        rc = AIME_OK;
    }

    if (rc == AIME_OK) {
        rc = aime_input_validate(&memory.face, desc, args.elts, args.nelts,
                                 &input);
        fuzz_must(rc == AIME_OK || left != -1);

        if (rc == AIME_OK) {
            fuzz_result(desc, &input, &args);
        }
    }

    fuzz_pool_free(&memory);
}


/* Slices of the text, as the module cuts them; escapes are not its matter. */

static size_t
fuzz_query(aime_str_t query, aime_json_member_t *args)
{
    size_t                n;
    const unsigned char  *p, *end, *next, *equal;

    if (!aime_json_utf8(query)) {
        return 0;
    }

    p = query.data;
    end = p + query.len;

    for (n = 0; p < end && n < MAX_ARGS; n++) {
        next = memchr(p, '&', end - p);
        next = next ? next : end;
        equal = memchr(p, '=', next - p);
        equal = equal ? equal : next;

        memset(&args[n], 0, sizeof(aime_json_member_t));
        args[n].name.data = p;
        args[n].name.len = equal - p;
        args[n].value.text.data = equal < next ? equal + 1 : next;
        args[n].value.text.len = equal < next ? next - equal - 1 : 0;
        args[n].value.type = AIME_JSON_STRING;
        args[n].value.plain = 1;

        p = next + 1;
    }

    return n;
}


static void
fuzz_result(const aime_desc_t *desc, const aime_input_t *input,
    const aime_json_members_t *args)
{
    size_t  i;

    fuzz_must(input->errors.nelts <= AIME_INPUT_MAX_ERRORS + 1);

    for (i = 0; i < input->errors.nelts; i++) {
        fuzz_must(aime_json_utf8(input->errors.elts[i]));
    }

    if (input->errors.nelts) {
        return;
    }

    fuzz_must(input->media.nelts <= AIME_INPUT_MAX_MEDIA);

    for (i = 0; i < input->nmembers; i++) {
        fuzz_must(aime_json_utf8(input->members[i].name));
        fuzz_must(fuzz_is_json(input->members[i].value.text));
    }

    fuzz_again(desc, input, args);
}


/*
 * What the worker gets of arguments that the client gave complies with the
 * description: given as arguments it must be accepted and come out the same.
 */

static void
fuzz_again(const aime_desc_t *desc, const aime_input_t *input,
    const aime_json_members_t *args)
{
    size_t               i, n;
    fuzz_pool_t          memory;
    aime_desc_param_t   *param;
    aime_json_error_t    error;
    aime_json_value_t    value;
    aime_str_t           text;
    aime_desc_fault_t    fault;

    for (i = 0; i < input->nmembers; i++) {
        param = aime_desc_find(desc, input->members[i].name);
        fuzz_must(param != NULL);

        if (!fuzz_stays(param)
            || aime_json_member(args, param->name) == NULL)
        {
            continue;
        }

        text = input->members[i].value.text;

        if (fuzz_same(text, param->default_value)) {
            continue;
        }

        n = aime_json_scan(text, &value, &error);
        fuzz_must(n == AIME_OK);

        (void) fuzz_pool(&memory, -1);
        fuzz_must(aime_desc_convert(&memory.face, param, &value, 0, &text,
                                    &fault)
                  == AIME_OK);
        fuzz_must(fuzz_same(text, input->members[i].value.text));
        fuzz_pool_free(&memory);
    }
}


/* Strings may have been cut so that a pattern does not match any more. */

static int
fuzz_stays(const aime_desc_param_t *param)
{
    return param->type == AIME_DESC_INTEGER
           || param->type == AIME_DESC_FLOAT
           || param->type == AIME_DESC_BOOL
           || (param->type == AIME_DESC_STRING && param->pattern == NULL)
           || param->type == AIME_DESC_SELECTION;
}
