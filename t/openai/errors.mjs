import assert from 'node:assert';
import { client, test, done, open, refusal, submit, user, OpenAI }
    from './lib.mjs';

const hello = { model: 'chat', messages: user('hello') };


// A client that counts its attempts, and what is done after the first one
function counting(options, after) {
    const attempts = [];
    const openai = client({ ...options, fetch: async (url, init) => {
        const answer = await fetch(url, init);
        attempts.push(answer.status);
        if (attempts.length === 1) {
            after?.();
        }
        return answer;
    } });
    return { attempts, chat: openai.chat.completions };
}


await test('a wrong key', async () => {
    const { attempts, chat } = counting({ apiKey: 'wrong', maxRetries: 2 });
    const error = await refusal(chat.create(hello));
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.strictEqual(error.status, 401);
    assert.strictEqual(error.code, 'invalid_api_key');
    assert.ok(error.requestID, 'a request id');
    assert.deepStrictEqual(attempts, [401]);
});

await test('a model of others', async () => {
    const error = await refusal(client().chat.completions.create({ ...hello,
        model: 'theirs' }));
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
});

await test('no such model', async () => {
    const error = await refusal(client().chat.completions.create({ ...hello,
        model: 'nobody' }));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.strictEqual(error.code, 'model_not_found');
    assert.strictEqual(error.type, 'invalid_request_error');
    assert.strictEqual(error.param, 'model');
});

await test('a model that does other things', async () => {
    const error = await refusal(client().chat.completions.create({ ...hello,
        model: 'embed' }));
    assert.ok(error instanceof OpenAI.NotFoundError);
});

await test('no such route', async () => {
    const error = await refusal(client().moderations.create({ input: 'x' }));
    assert.ok(error instanceof OpenAI.NotFoundError);
});

await test('a wrong field, by name', async () => {
    for (const [param, value] of [['temperature', 7], ['logit_bias', { 1: 2 }],
        ['max_tokens', -1], ['messages', 'hello'], ['top_p', 'x']]) {
        const { attempts, chat } = counting({ maxRetries: 2 });
        const error = await refusal(chat.create({ ...hello,
            [param]: value }));
        assert.ok(error instanceof OpenAI.BadRequestError, param);
        assert.strictEqual(error.param, param);
        assert.strictEqual(error.type, 'invalid_request_error');
        assert.deepStrictEqual(attempts, [400]);
    }
});

await test('a job that failed, which is not tried again', async () => {
    const { attempts, chat } = counting({ maxRetries: 2 });
    const error = await refusal(chat.create({ ...hello,
        messages: user('fail') }));
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.match(error.message, /the GPU is on fire/);
    assert.deepStrictEqual(attempts, [500]);
});

await test('an error in a stream', async () => {
    const stream = await client().chat.completions.create({ ...hello,
        messages: user('fail'), stream: true });
    const error = await refusal((async () => {
        for await (const chunk of stream) {
            assert.ok(!chunk.choices[0]?.finish_reason);
        }
    })());
    assert.ok(error instanceof OpenAI.APIError);
    assert.match(error.message, /the GPU is on fire/);
});

for (const [model, status, type] of [['full', 503, 'InternalServerError'],
    ['limited', 429, 'RateLimitError']]) {
    const busy = { model, messages: user('hello') };

    await test(`${model}: ${status}`, async () => {
        await submit(model, { chat_context: user('first') });
        const { attempts, chat } = counting({});
        const error = await refusal(chat.create(busy));
        assert.ok(error instanceof OpenAI[type]);
        assert.strictEqual(error.status, status);
        assert.ok(Number(error.headers.get('retry-after')) > 0);
        assert.deepStrictEqual(attempts, [status]);
    });

    await test(`${model}: again until it is served`, async () => {
        const { attempts, chat } = counting({ maxRetries: 5 },
            () => open(`gated-${model}`));
        const answer = await chat.create(busy);
        assert.strictEqual(answer.choices[0].message.content,
            'You said: hello');
        assert.strictEqual(attempts[0], status);
        assert.strictEqual(attempts.at(-1), 200);
    });
}

done();
