// What the scripts share: the official client, set up for the server under
// test, and tests that say ok or not ok.  See t/lib/AimeSdk.pm.

import * as buffer from 'node:buffer';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// older releases of node have it, but not where the client looks for it
globalThis.File ??= buffer.File;

const sdk = await import('openai');

export const OpenAI = sdk.default;
export const toFile = sdk.toFile;

const url = process.env.AIME_URL;
const key = process.env.AIME_KEY;
const seconds = Number(process.env.AIME_SECONDS);

let tests = 0;

// lest it waits for a worker that has died
setTimeout(() => {
    console.log(`not ok - in ${seconds} seconds`);
    process.exit(1);
}, 1000 * seconds).unref();


export function client(options = {}) {
    return new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0,
        timeout: 1000 * seconds, ...options });
}


export async function test(name, body) {
    tests++;
    try {
        await body();
        console.log(`ok - ${name}`);
    } catch (error) {
        process.exitCode = 1;
        console.log(`not ok - ${name}`);
        console.log(String(error.stack).replace(/^/gm, '  '));
    }
}


export function done() {
    console.log(`1..${tests}`);
}


// Lets a worker go on
export function open(gate) {
    writeFileSync(join(process.env.AIME_GATES, gate), '');
}


// Waits until a worker opens one
export async function opened(gate) {
    while (!existsSync(join(process.env.AIME_GATES, gate))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}


// Submits a job by the other API; gives its id
export async function submit(endpoint, inputs) {
    const answer = await fetch(`${url}/${endpoint}`, { method: 'POST',
        body: JSON.stringify({ key, wait_for_result: false, ...inputs }) });
    return (await answer.json()).job_id;
}


export function user(content) {
    return [{ role: 'user', content }];
}


export async function all(stream) {
    const items = [];
    for await (const item of stream) {
        items.push(item);
    }
    return items;
}


// What a promise is refused with
export async function refusal(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('it was not refused');
}
