/*
 * Fits a number to its parameter: declared form, bounds and steps.  Integers
 * are exact, whatever their size; floats are compared as doubles and keep
 * their text where nothing has to change.
 */

#include <stdio.h>
#include <string.h>

#include "aime_desc.h"
#include "aime_number.h"


/* beyond, doubles have no fraction and are multiples of any sensible step */
#define AIME_DESC_QUOTIENT   9e15


typedef struct {
    aime_pool_t              *pool;
    const aime_desc_param_t  *param;
    aime_desc_fault_t        *fault;
    unsigned                  unchecked:1;
} aime_desc_fit_t;


static int aime_desc_unfit(aime_desc_fit_t *c, aime_desc_rule_e rule);
static int aime_desc_fit_integer(aime_desc_fit_t *c,
    const aime_number_t *number, aime_str_t *text);
static int aime_desc_fit_big_integer(aime_desc_fit_t *c,
    const aime_number_t *number, long long *value, aime_str_t *text);
static int aime_desc_fit_integer_text(aime_desc_fit_t *c,
    const aime_number_t *number, aime_str_t *text);
static int aime_desc_fit_clamp(aime_desc_fit_t *c, long long *value);
static int aime_desc_fit_align(aime_desc_fit_t *c, long long *value);
static int aime_desc_fit_float(aime_desc_fit_t *c,
    const aime_number_t *number, aime_str_t *text);
static int aime_desc_fit_float_text(aime_desc_fit_t *c,
    const aime_number_t *number, aime_str_t *text);
static int aime_desc_fit_float_align(aime_desc_fit_t *c, double value,
    aime_str_t *text);


int
aime_desc_fit(aime_pool_t *pool, const aime_desc_param_t *param,
    aime_str_t digits, unsigned flags, aime_str_t *text,
    aime_desc_fault_t *fault)
{
    aime_number_t    number;
    aime_desc_fit_t  c;

    c.pool = pool;
    c.param = param;
    c.fault = fault;
    c.unchecked = (flags & AIME_DESC_UNCHECKED) != 0;

    if (aime_number_parse(digits, &number) != AIME_OK) {
        return aime_desc_unfit(&c, AIME_DESC_WRONG_TYPE);
    }

    if (!aime_number_finite(&number)) {
        return aime_desc_unfit(&c, AIME_DESC_TOO_LARGE);
    }

    *text = digits;

    if (param->type == AIME_DESC_FLOAT) {
        return aime_desc_fit_float(&c, &number, text);
    }

    if (!aime_number_integral(&number)
        && (!param->auto_convert || (flags & AIME_DESC_EXACT)))
    {
        return aime_desc_unfit(&c, AIME_DESC_FRACTION);
    }

    return aime_desc_fit_integer(&c, &number, text);
}


static int
aime_desc_unfit(aime_desc_fit_t *c, aime_desc_rule_e rule)
{
    c->fault->rule = rule;

    return AIME_ERROR;
}


/* *text is the number as written and becomes what the worker gets. */

static int
aime_desc_fit_integer(aime_desc_fit_t *c, const aime_number_t *number,
    aime_str_t *text)
{
    int             rc;
    char           *p;
    long long       value, written;

    rc = aime_number_int64(number, &value);

    if (rc == AIME_OK && c->unchecked) {
        return aime_desc_fit_integer_text(c, number, text);
    }

    if (rc == AIME_OK) {
        written = value;
        rc = aime_desc_fit_clamp(c, &value);

        if (rc == AIME_OK) {
            rc = aime_desc_fit_align(c, &value);
        }

        if (rc != AIME_OK) {
            return rc;
        }

        if (value == written) {
            return aime_desc_fit_integer_text(c, number, text);
        }

    } else {
        rc = aime_desc_fit_big_integer(c, number, &value, text);

        if (rc != AIME_DESC_ABSENT) {
            return rc;
        }
    }

    p = c->pool->alloc(c->pool->ctx, AIME_NUMBER_FLOAT_LEN);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    text->len = snprintf(p, AIME_NUMBER_FLOAT_LEN, "%lld", value);
    text->data = (unsigned char *) p;

    return AIME_OK;
}


/*
 * A number beyond 64 bits is beyond any bound, too.  AIME_DESC_ABSENT: the
 * bound, aligned, is in *value and takes its place.
 */

static int
aime_desc_fit_big_integer(aime_desc_fit_t *c, const aime_number_t *number,
    long long *value, aime_str_t *text)
{
    int                       rc;
    const aime_desc_param_t  *param;

    param = c->param;

    if (!c->unchecked
        && (number->negative ? param->has_minimum : param->has_maximum))
    {
        if (!param->auto_convert) {
            return aime_desc_unfit(c, number->negative ? AIME_DESC_BELOW
                                                       : AIME_DESC_ABOVE);
        }

        *value = number->negative ? param->minimum.i : param->maximum.i;

        rc = aime_desc_fit_align(c, value);

        return (rc == AIME_OK) ? AIME_DESC_ABSENT : rc;
    }

    if (!c->unchecked && param->has_align) {
        return aime_desc_unfit(c, AIME_DESC_TOO_LARGE);
    }

    return aime_desc_fit_integer_text(c, number, text);
}


/* The integer as written, or its digits where it was written as 5.0 or 1e3. */

static int
aime_desc_fit_integer_text(aime_desc_fit_t *c, const aime_number_t *number,
    aime_str_t *text)
{
    unsigned char  *p;

    if (number->integer && (number->ndigits || !number->negative)) {
        return AIME_OK;
    }

    p = c->pool->alloc(c->pool->ctx, AIME_NUMBER_INTEGER_LEN);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    text->data = p;
    text->len = aime_number_digits(p, number) - p;

    return AIME_OK;
}


static int
aime_desc_fit_clamp(aime_desc_fit_t *c, long long *value)
{
    const aime_desc_param_t  *param;

    param = c->param;

    if (param->has_minimum && *value < param->minimum.i) {
        if (!param->auto_convert) {
            return aime_desc_unfit(c, AIME_DESC_BELOW);
        }

        *value = param->minimum.i;
    }

    if (param->has_maximum && *value > param->maximum.i) {
        if (!param->auto_convert) {
            return aime_desc_unfit(c, AIME_DESC_ABOVE);
        }

        *value = param->maximum.i;
    }

    return AIME_OK;
}


/* Rounds down to a multiple of align; up where that is below the minimum. */

static int
aime_desc_fit_align(aime_desc_fit_t *c, long long *value)
{
    long long                 rest, aligned;
    const aime_desc_param_t  *param;

    param = c->param;

    if (!param->has_align) {
        return AIME_OK;
    }

    rest = *value % param->align.i;

    if (rest == 0) {
        return AIME_OK;
    }

    if (!param->auto_convert) {
        return aime_desc_unfit(c, AIME_DESC_UNALIGNED);
    }

    if (rest < 0) {
        rest += param->align.i;
    }

    if (!__builtin_sub_overflow(*value, rest, &aligned)
        && (!param->has_minimum || aligned >= param->minimum.i))
    {
        *value = aligned;
        return AIME_OK;
    }

    if (__builtin_add_overflow(*value, param->align.i - rest, &aligned)
        || (param->has_maximum && aligned > param->maximum.i))
    {
        return aime_desc_unfit(c, AIME_DESC_NO_MULTIPLE);
    }

    *value = aligned;

    return AIME_OK;
}


/* *text is the number as written and becomes what the worker gets. */

static int
aime_desc_fit_float(aime_desc_fit_t *c, const aime_number_t *number,
    aime_str_t *text)
{
    double                    value, written;
    unsigned char            *p;
    const aime_desc_param_t  *param;

    param = c->param;

    if (c->unchecked) {
        return aime_desc_fit_float_text(c, number, text);
    }

    written = aime_number_double(number);
    value = written;

    if (param->has_minimum && value < param->minimum.f) {
        if (!param->auto_convert) {
            return aime_desc_unfit(c, AIME_DESC_BELOW);
        }

        value = param->minimum.f;
    }

    if (param->has_maximum && value > param->maximum.f) {
        if (!param->auto_convert) {
            return aime_desc_unfit(c, AIME_DESC_ABOVE);
        }

        value = param->maximum.f;
    }

    if (value == written) {
        if (aime_desc_fit_float_text(c, number, text) != AIME_OK) {
            return AIME_NOMEM;
        }

    } else {
        p = c->pool->alloc(c->pool->ctx, AIME_NUMBER_FLOAT_LEN);
        if (p == NULL) {
            return AIME_NOMEM;
        }

        text->data = p;
        text->len = aime_number_print(p, value) - p;
    }

    return aime_desc_fit_float_align(c, value, text);
}


/* The number as written, with a point where it was written as an integer. */

static int
aime_desc_fit_float_text(aime_desc_fit_t *c, const aime_number_t *number,
    aime_str_t *text)
{
    unsigned char  *p;

    if (!number->integer) {
        return AIME_OK;
    }

    p = c->pool->alloc(c->pool->ctx, text->len + 2);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    memcpy(p, text->data, text->len);
    memcpy(p + text->len, ".0", 2);

    text->data = p;
    text->len += 2;

    return AIME_OK;
}


/*
 * As for integers.  Steps such as 0.1 are no exact doubles: a quotient that
 * misses an integer by the error of a division is one, and what is rounded is
 * counted in steps and written exactly in decimal.
 */

static int
aime_desc_fit_float_align(aime_desc_fit_t *c, double value, aime_str_t *text)
{
    double                    quotient, size, miss;
    long long                 count;
    aime_str_t                aligned;
    unsigned char            *p;
    aime_number_t             number;
    const aime_desc_param_t  *param;

    param = c->param;

    if (!param->has_align) {
        return AIME_OK;
    }

    quotient = value / param->align.f;
    size = quotient < 0 ? -quotient : quotient;

    if (size >= AIME_DESC_QUOTIENT) {
        return AIME_OK;
    }

    count = (long long) (quotient < 0 ? quotient - 0.5 : quotient + 0.5);
    miss = quotient - (double) count;

    if ((miss < 0 ? -miss : miss) <= 1e-9 + size * 1e-15) {
        return AIME_OK;
    }

    if (!param->auto_convert) {
        return aime_desc_unfit(c, AIME_DESC_UNALIGNED);
    }

    if (miss < 0) {
        count--;
    }

    p = c->pool->alloc(c->pool->ctx, AIME_NUMBER_FLOAT_LEN);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    aligned.data = p;

    for ( ;; ) {
        aligned.len = aime_number_multiple(p, param->align.f, count) - p;
        (void) aime_number_parse(aligned, &number);
        value = aime_number_double(&number);

        if (!param->has_minimum || value >= param->minimum.f) {
            break;
        }

        count++;
    }

    if (param->has_maximum && value > param->maximum.f) {
        return aime_desc_unfit(c, AIME_DESC_NO_MULTIPLE);
    }

    *text = aligned;

    return AIME_OK;
}
