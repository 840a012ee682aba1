import assert from 'node:assert';
import { createReadStream, writeFileSync } from 'node:fs';
import { client, test, done, all, refusal, toFile, OpenAI } from './lib.mjs';

const { speech, transcriptions } = client().audio;
const sound = Buffer.concat([Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1'),
    Buffer.from(Array.from({ length: 100000 }, (_, i) => i % 256))]);
const text = `${sound.length} bytes, de`;


function hear(options) {
    return transcriptions.create({ model: 'hear', language: 'de',
        file: new File([sound], 'a.wav', { type: 'audio/wav' }), ...options });
}


await test('speech', async () => {
    const answer = await speech.create({ model: 'speak', voice: 'alloy',
        input: 'hello', response_format: 'wav' });
    assert.strictEqual(answer.headers.get('content-type'), 'audio/wav');
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.strictEqual(bytes.length, 44 + 2 * 'hello'.length);
    assert.strictEqual(bytes.subarray(0, 4).toString(), 'RIFF');
});

await test('speech, to be transcribed again', async () => {
    const answer = await speech.create({ model: 'speak', voice: 'alloy',
        input: 'x'.repeat(50000) });
    const heard = await transcriptions.create({ model: 'hear',
        file: await toFile(answer, 'speech.wav') });
    assert.strictEqual(heard.text, '100044 bytes, unknown');
});

await test('transcription', async () => {
    const answer = await hear({});
    assert.strictEqual(answer.text, text);
    assert.deepStrictEqual(answer.usage, { type: 'duration', seconds: 1.5 });
});

await test('transcription of a file that is read meanwhile', async () => {
    writeFileSync('sound.wav', sound);
    const answer = await hear({ file: createReadStream('sound.wav') });
    assert.strictEqual(answer.text, text);
});

await test('transcription of bytes', async () => {
    const answer = await hear({ file: await toFile(sound, 'a.bin') });
    assert.strictEqual(answer.text, text);
});

await test('transcription, verbose', async () => {
    const answer = await hear({ response_format: 'verbose_json',
        timestamp_granularities: ['word', 'segment'] });
    assert.strictEqual(answer.language, 'german');
    assert.strictEqual(answer.duration, 1.5);
    assert.strictEqual(answer.segments[0].end, 1.5);
    assert.strictEqual(answer.words[0].word, `${sound.length}`);
});

await test('transcription as text and subtitles', async () => {
    assert.strictEqual(await hear({ response_format: 'text' }), `${text}\n`);
    assert.strictEqual(await hear({ response_format: 'srt' }),
        `1\n00:00:00,000 --> 00:00:01,500\n${sound.length}\n\n`);
    assert.strictEqual(await hear({ response_format: 'vtt' }),
        `WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n${sound.length}\n\n`);
});

await test('transcription as a stream', async () => {
    const events = await all(await hear({ stream: true }));
    assert.deepStrictEqual(events.map(({ type }) => type),
        ['transcript.text.delta', 'transcript.text.done']);
    assert.strictEqual(events[0].delta, text);
    assert.strictEqual(events[1].text, text);
});

await test('transcription of what is no sound', async () => {
    const error = await refusal(hear({ file: await toFile(
        Buffer.from('hello'), 'a.txt') }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.strictEqual(error.param, 'file');
});

done();
