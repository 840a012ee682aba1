import assert from 'node:assert';
import { client, test, done, all, open, opened, refusal, user, OpenAI }
    from './lib.mjs';

const openai = client();
const chat = openai.chat.completions;
const model = 'chat';

const tools = [{ type: 'function', function: { name: 'weather',
    description: 'Weather of a city', parameters: { type: 'object',
    properties: { city: { type: 'string' } } } } }];


// What the worker saw of the job before
async function report() {
    const answer = await chat.create({ model, messages: user('report') });
    return JSON.parse(answer.choices[0].message.content);
}


await test('plain', async () => {
    const { data, request_id } = await chat.create({ model, temperature: 0,
        messages: [{ role: 'developer', content: 'Be brief.' },
            { role: 'user', content: 'grüß dich €' }] }).withResponse();
    assert.strictEqual(data.object, 'chat.completion');
    assert.strictEqual(data.choices.length, 1);
    assert.deepStrictEqual(data.choices[0], { index: 0, logprobs: null,
        finish_reason: 'stop', message: { role: 'assistant', refusal: null,
        content: 'You said: grüß dich €' } });
    assert.strictEqual(data._request_id, request_id);
    assert.ok(request_id, 'a request id');
    const { job } = await report();
    assert.strictEqual(job.chat_context[0].role, 'system');
    assert.strictEqual(job.temperature, 0);
});

await test('usage', async () => {
    const { usage } = await chat.create({ model, messages: user('hi') });
    assert.strictEqual(usage.prompt_tokens, 5);
    assert.strictEqual(usage.completion_tokens, 3);
    assert.strictEqual(usage.total_tokens, 8);
});

await test('stream, while the worker works', async () => {
    const stream = await chat.create({ model, stream: true,
        messages: user('words chat-stream') });
    const deltas = [], reasons = [];
    for await (const chunk of stream) {
        assert.strictEqual(chunk.object, 'chat.completion.chunk');
        assert.strictEqual(chunk.choices.length, 1);
        const { delta, finish_reason } = chunk.choices[0];
        deltas.push(delta);
        if (delta.content) {
            open('chat-stream');
        }
        if (finish_reason) {
            reasons.push(finish_reason);
        }
    }
    assert.strictEqual(deltas[0].role, 'assistant');
    assert.strictEqual(deltas.map((delta) => delta.content ?? '').join(''),
        'one € two three');
    assert.ok(deltas.filter((delta) => delta.content).length > 1, 'in pieces');
    assert.deepStrictEqual(reasons, ['stop']);
});

await test('stream with usage', async () => {
    const chunks = await all(await chat.create({ model, stream: true,
        stream_options: { include_usage: true }, messages: user('hi') }));
    const last = chunks.pop();
    assert.deepStrictEqual(last.choices, []);
    assert.strictEqual(last.usage.total_tokens, 8);
    for (const chunk of chunks) {
        assert.strictEqual(chunk.usage, null);
        assert.strictEqual(chunk.id, last.id);
    }
});

await test('stream helper', async () => {
    const runner = chat.stream({ model, messages: user('words helper'),
        stream_options: { include_usage: true } });
    const snapshots = [];
    runner.on('content', (delta, snapshot) => {
        snapshots.push(snapshot);
        open('helper');
    });
    assert.strictEqual(await runner.finalContent(), 'one € two three');
    assert.strictEqual(snapshots.at(-1), 'one € two three');
    assert.ok(snapshots.length > 1, 'in pieces');
    assert.strictEqual((await runner.totalUsage()).total_tokens, 8);
});

await test('abort in the middle cancels the job', async () => {
    const stream = await chat.create({ model, stream: true,
        messages: user('endless stream') });
    for await (const chunk of stream) {
        if (chunk.choices[0].delta.content) {
            break;
        }
    }
    assert.ok(stream.controller.signal.aborted, 'aborted');
    assert.strictEqual((await report()).canceled, true);
});

await test('abort of one that waits cancels it, too', async () => {
    const controller = new AbortController();
    const waiting = chat.create({ model, messages: user('endless wait') },
        { signal: controller.signal });
    waiting.catch(() => { });
    await opened('wait');
    controller.abort();
    assert.ok(await refusal(waiting) instanceof OpenAI.APIUserAbortError);
    const { job, canceled } = await report();
    assert.strictEqual(job.chat_context[0].content, 'endless wait');
    assert.strictEqual(canceled, true);
});

await test('tools', async () => {
    const answer = await chat.create({ model, tools, tool_choice: 'auto',
        seed: 7, messages: user('How is it in Berlin?') });
    const [choice] = answer.choices;
    assert.strictEqual(choice.finish_reason, 'tool_calls');
    assert.deepStrictEqual(choice.message.tool_calls, [{ id: 'call_1',
        type: 'function', function: { name: 'weather',
        arguments: '{"city":"Berlin"}' } }]);
    const { job } = await report();
    assert.deepStrictEqual(job.tools, tools);
    assert.strictEqual(job.tool_choice, 'auto');
    assert.strictEqual(job.seed, 7);
});

await test('tools by the stream helper', async () => {
    const runner = chat.stream({ model, tools, messages: user('And now?') });
    const { choices } = await runner.finalChatCompletion();
    assert.strictEqual(choices[0].finish_reason, 'tool_calls');
    assert.strictEqual(choices[0].message.tool_calls[0].function.arguments,
        '{"city":"Berlin"}');
});

await test('what a tool gave goes back', async () => {
    await chat.create({ model, messages: [
        { role: 'user', content: 'How is it in Berlin?' },
        { role: 'assistant', content: 'I look.' },
        { role: 'user', content: 'Well?' }] });
    const { job } = await report();
    assert.strictEqual(job.chat_context.length, 3);
});

await test('response_format', async () => {
    const response_format = { type: 'json_schema', json_schema: {
        name: 'answer', strict: true, schema: { type: 'object',
        properties: { answer: { type: 'number' } } } } };
    const answer = await chat.parse({ model, response_format,
        messages: user('?') });
    assert.deepStrictEqual(answer.choices[0].message.parsed, { answer: 42 });
    assert.deepStrictEqual((await report()).job.response_format,
        response_format);
});

await test('many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        chat.create({ model, messages: user(`number ${i}`) })));
    answers.forEach((answer, i) => assert.strictEqual(
        answer.choices[0].message.content, `You said: number ${i}`));
});

done();
