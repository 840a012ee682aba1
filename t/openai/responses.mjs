import assert from 'node:assert';
import { client, test, done, all, open, opened, refusal, user, OpenAI }
    from './lib.mjs';

const { responses } = client();
const model = 'chat';


// Polls until it has that status
async function until(id, status) {
    for (;;) {
        const response = await responses.retrieve(id);
        if (response.status === status) {
            return response;
        }
        assert.ok(['queued', 'in_progress'].includes(response.status),
            response.status);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}


function rising(events, last) {
    for (const { sequence_number } of events) {
        assert.ok(sequence_number > last, `${sequence_number} after ${last}`);
        last = sequence_number;
    }
}


await test('plain', async () => {
    const response = await responses.create({ model, input: 'hello',
        instructions: 'Be brief.' });
    assert.strictEqual(response.object, 'response');
    assert.strictEqual(response.status, 'completed');
    assert.strictEqual(response.output_text, 'You said: hello');
    assert.strictEqual(response.output[0].type, 'message');
    assert.strictEqual(response.output[0].role, 'assistant');
    assert.strictEqual(response.usage.input_tokens, 5);
    assert.strictEqual(response.usage.output_tokens, 3);
    assert.strictEqual(response.usage.total_tokens, 8);
});

await test('a list of messages', async () => {
    const response = await responses.create({ model, input: [
        ...user('first'), { role: 'assistant', content: 'yes' },
        { role: 'user', content: [{ type: 'input_text', text: 'last' }] }] });
    assert.strictEqual(response.output_text, 'You said: last');
});

await test('stream, while the worker works', async () => {
    const stream = await responses.create({ model, stream: true,
        input: 'words response-stream' });
    const events = [];
    let text = '';
    for await (const event of stream) {
        events.push(event);
        if (event.type === 'response.output_text.delta') {
            text += event.delta;
            open('response-stream');
        }
    }
    assert.strictEqual(text, 'one € two three');
    assert.strictEqual(events[0].type, 'response.created');
    assert.strictEqual(events.at(-1).type, 'response.completed');
    assert.strictEqual(events.at(-1).response.output[0].content[0].text,
        text);
    rising(events, -1);
});

await test('stream helper', async () => {
    const runner = responses.stream({ model, input: 'words response-helper' });
    const snapshots = [];
    runner.on('response.output_text.delta', (event) => {
        snapshots.push(event.snapshot);
        open('response-helper');
    });
    const response = await runner.finalResponse();
    assert.strictEqual(response.output_text, 'one € two three');
    assert.ok(snapshots.length > 1, 'in pieces');
    assert.strictEqual(snapshots.at(-1), 'one € two three');
});

await test('background', async () => {
    const response = await responses.create({ model, background: true,
        input: 'words background' });
    assert.ok(['queued', 'in_progress'].includes(response.status));
    assert.strictEqual(response.background, true);
    open('background');
    const finished = await until(response.id, 'completed');
    assert.strictEqual(finished.id, response.id);
    assert.strictEqual(finished.output_text, 'one € two three');
});

await test('background, taken up as a stream in the middle', async () => {
    const stream = await responses.create({ model, background: true,
        stream: true, input: 'words taken-up' });
    let id, seen, text = '';
    for await (const event of stream) {
        id ??= event.response?.id;
        seen = event.sequence_number;
        if (event.type === 'response.output_text.delta') {
            text += event.delta;
            break;
        }
    }
    open('taken-up');
    const events = await all(await responses.retrieve(id, { stream: true,
        starting_after: seen }));
    rising(events, seen);
    for (const event of events) {
        if (event.type === 'response.output_text.delta') {
            text += event.delta;
        }
    }
    assert.strictEqual(text, 'one € two three');
    assert.strictEqual(events.at(-1).type, 'response.completed');
    assert.strictEqual(events.at(-1).response.output[0].content[0].text,
        'one € two three');
});

await test('cancel', async () => {
    const { id } = await responses.create({ model, background: true,
        input: 'endless cancel' });
    await opened('cancel');
    const canceled = await responses.cancel(id);
    assert.strictEqual(canceled.status, 'cancelled');
    assert.strictEqual((await responses.cancel(id)).status, 'cancelled');
    assert.strictEqual((await responses.retrieve(id)).status, 'cancelled');
});

await test('tools', async () => {
    const response = await responses.create({ model, input: 'How is it?',
        tools: [{ type: 'function', name: 'weather', strict: false,
            parameters: { type: 'object', properties: {} } }] });
    const call = response.output.find(({ type }) => type === 'function_call');
    assert.strictEqual(call.name, 'weather');
    assert.strictEqual(call.call_id, 'call_1');
    assert.strictEqual(call.arguments, '{"city":"Berlin"}');
});

await test('one that failed', async () => {
    const { id } = await responses.create({ model, background: true,
        input: 'fail' });
    const failed = await until(id, 'failed');
    assert.match(failed.error.message, /the GPU is on fire/);
});

await test('one that is not there', async () => {
    const error = await refusal(responses.retrieve('resp_nothing'));
    assert.ok(error instanceof OpenAI.NotFoundError);
});

done();
