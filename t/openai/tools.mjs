import assert from 'node:assert';
import { client, test, done, refusal, user, OpenAI } from './lib.mjs';

const { responses, chat } = client();
const model = 'agent';
const degrees = { Berlin: '20', Paris: '25 °C' };

const parameters = { type: 'object', properties: { city: { type: 'string' } },
    required: ['city'], additionalProperties: false };
const tools = [{ type: 'function', name: 'weather', strict: true,
    parameters }];


function weather({ city }) {
    return degrees[city];
}


// What the calls of a response give, as items of the next request
function outputs(response) {
    return response.output.filter(({ type }) => type === 'function_call')
        .map(({ call_id, name, arguments: text }) => {
            assert.strictEqual(name, 'weather');
            return { type: 'function_call_output', call_id,
                output: weather(JSON.parse(text)) };
        });
}


// As agents do it: until there is nothing left to call
async function loop(create) {
    const input = user('Berlin Paris');
    const turns = [];
    for (;;) {
        const response = await create({ model, tools, input });
        turns.push(response);
        const called = outputs(response);
        if (!called.length) {
            return turns;
        }
        input.push(...response.output, ...called);
    }
}


function check(turns) {
    assert.strictEqual(turns.length, 2);
    assert.deepStrictEqual(turns[0].output.map(({ type }) => type),
        ['message', 'reasoning', 'function_call', 'function_call']);
    assert.strictEqual(turns[1].output_text, 'Berlin: 20, Paris: 25 °C');
    assert.strictEqual(turns[1].usage.input_tokens, 2);
}


await test('an agent', async () => {
    check(await loop((body) => responses.create(body)));
});

await test('an agent that parses', async () => {
    check(await loop((body) => responses.parse(body)));
});

await test('an agent that streams', async () => {
    check(await loop(async (body) => {
        const stream = await responses.create({ ...body, stream: true });
        let response, text = '';
        const items = [];
        for await (const event of stream) {
            if (event.type === 'response.output_item.done') {
                items.push(event.item);
            } else if (event.type === 'response.output_text.delta') {
                text += event.delta;
            }
            response = event.response ?? response;
        }
        assert.strictEqual(response.status, 'completed');
        assert.deepStrictEqual(items, response.output);
        return { ...response, output_text: text };
    }));
});

await test('an agent by the stream helper', async () => {
    check(await loop((body) => responses.stream(body).finalResponse()));
});

await test('an agent in the background', async () => {
    check(await loop(async (body) => {
        let response = await responses.create({ ...body, background: true });
        while (['queued', 'in_progress'].includes(response.status)) {
            response = await responses.retrieve(response.id);
        }
        return response;
    }));
});

for (const stream of [false, true]) {
    await test(`an agent that chats, stream: ${stream}`, async () => {
        const runner = chat.completions.runTools({ model, stream,
            messages: user('Berlin Paris'), tools: [{ type: 'function',
            function: { name: 'weather', function: weather,
            parse: JSON.parse, parameters } }] });
        assert.strictEqual(await runner.finalContent(),
            'Berlin: 20, Paris: 25 °C');
    });
}

await test('what nobody has called', async () => {
    const error = await refusal(responses.create({ model, tools, input: [
        ...user('Berlin'), { type: 'function_call_output', call_id: 'call_1',
        output: '20' }] }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.strictEqual(error.param, 'input[1].call_id');
});

await test('a model that can call nothing', async () => {
    const error = await refusal(responses.create({ model: 'chat', input: [
        { type: 'function_call', call_id: 'c', name: 'f',
        arguments: '{}' }] }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.strictEqual(error.param, 'input[0].type');
});

done();
