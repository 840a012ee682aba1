/*
 * Endpoint and server files: TOML to a tree, its [INPUTS] to a description.
 */

#include "aime_desc.h"
#include "aime_toml.h"
#include "fuzz.h"


static void fuzz_tree(const cJSON *tree);
static void fuzz_notice(void *ctx, const char *param, const char *attribute,
    unsigned int line);
static void fuzz_compile(const cJSON *inputs);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               *text;
    cJSON              *tree;
    const cJSON        *inputs;
    aime_str_t          json;
    aime_toml_error_t   error;

    memset(&error, 0, sizeof(aime_toml_error_t));

    tree = aime_toml_parse((const char *) data, size, &error);

    if (tree == NULL) {
        fuzz_must(error.line > 0);
        fuzz_must(strlen(error.text) < AIME_TOML_ERROR_LEN);
        fuzz_must(strchr(error.text, '\n') == NULL);
        return 0;
    }

    text = cJSON_PrintUnformatted(tree);
    fuzz_must(text != NULL);

    json.data = (const unsigned char *) text;
    json.len = strlen(text);
    fuzz_must(fuzz_is_json(json));
    cJSON_free(text);

    fuzz_tree(tree);

    inputs = cJSON_GetObjectItemCaseSensitive(tree, "INPUTS");

    if (inputs) {
        fuzz_compile(inputs);
    }

    cJSON_Delete(tree);

    return 0;
}


/* The nesting is bounded, so it may be followed. */

static void
fuzz_tree(const cJSON *tree)
{
    double        real;
    long long     n;
    const cJSON  *item;

    if (aime_toml_is_number(tree)) {
        fuzz_must(aime_toml_double(tree, &real) == AIME_TOML_OK);

    } else {
        fuzz_must(aime_toml_integer(tree, &n) == AIME_TOML_ERROR);
    }

    cJSON_ArrayForEach(item, tree) {
        fuzz_tree(item);
    }
}


static void
fuzz_notice(void *ctx, const char *param, const char *attribute,
    unsigned int line)
{
    fuzz_must(attribute != NULL);
}


static void
fuzz_compile(const cJSON *inputs)
{
    size_t              i;
    unsigned            allowed[AIME_MEDIA_NKINDS];
    aime_desc_t         desc;
    fuzz_pool_t         memory;
    aime_desc_error_t   error;

    (void) fuzz_pool(&memory, -1);

    if (aime_desc_compile(&memory.face, inputs, &desc, fuzz_notice, NULL,
                          &error)
        == AIME_OK)
    {
        for (i = 0; i < desc.nparams; i++) {
            fuzz_must(aime_desc_find(&desc, desc.params[i].name) != NULL);
            fuzz_must(desc.params[i].default_value.len == 0
                      || fuzz_is_json(desc.params[i].default_value));
        }

    } else {
        fuzz_must(strlen(error.text) < AIME_DESC_ERROR_LEN);
    }

    (void) aime_desc_allowed(inputs, allowed, fuzz_notice, NULL, &error);

    fuzz_pool_free(&memory);
}
