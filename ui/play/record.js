// A button that records from the microphone, and what makes a wav file of it.

import { el, fill, icon } from '../dom.js';
import { Medium } from './values.js';

// done(Medium) when a recording is there, failed(text) when there is none
export function record({ wav, done, failed }) {
    if (!navigator.mediaDevices || !window.MediaRecorder) {
        return null;            // needs TLS, or a page of this very machine
    }
    let recorder, clock;
    const button = el('button', {
        type: 'button', class: 'quiet record', 'aria-pressed': 'false',
        onclick: () => (recorder ? recorder.stop() : start()),
    });
    show(false);
    return button;

    function show(on) {
        const time = el('span', { class: 'time' });
        const began = Date.now();
        clearInterval(clock);
        clock = on && setInterval(() => {
            time.textContent = `${Math.floor((Date.now() - began) / 1000)} s`;
        }, 250);
        button.setAttribute('aria-pressed', String(on));
        fill(button, icon(on ? 'stop' : 'microphone'),
            on ? ['Stop recording', time] : 'Record');
    }

    async function start() {
        const chunks = [];
        let input;
        try {
            input = await navigator.mediaDevices.getUserMedia({ audio: true });
            recorder = new MediaRecorder(input);
        } catch (error) {
            failed(`No microphone: ${error.message}`);
            return;
        }
        recorder.ondataavailable = ({ data }) => chunks.push(data);
        recorder.onstop = async () => {
            input.getTracks().forEach((track) => track.stop());
            const type = recorder.mimeType.split(';')[0] || 'audio/webm';
            recorder = undefined;
            show(false);
            try {
                const blob = new Blob(chunks, { type });
                done(wav ? new Medium('audio', await toWav(blob),
                    'recording.wav')
                    : new Medium('audio', blob,
                        `recording.${type.split('/')[1]}`));
            } catch (error) {
                failed(`The recording cannot be used: ${error.message}`);
            }
        };
        recorder.start();
        show(true);
    }
}

// 16 bits per sample, as many channels as there are
async function toWav(blob) {
    const context = new AudioContext();
    const audio = await context.decodeAudioData(await blob.arrayBuffer());
    await context.close();
    const { numberOfChannels: channels, length, sampleRate } = audio;
    const view = new DataView(new ArrayBuffer(44 + 2 * channels * length));
    const word = (at, text) => [...text].forEach((c, i) =>
        view.setUint8(at + i, c.charCodeAt(0)));

    word(0, 'RIFF');
    view.setUint32(4, view.byteLength - 8, true);
    word(8, 'WAVEfmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true);
    view.setUint16(22, channels, true);
    view.setUint32(24, sampleRate, true);
    view.setUint32(28, 2 * channels * sampleRate, true);
    view.setUint16(32, 2 * channels, true);
    view.setUint16(34, 16, true);
    word(36, 'data');
    view.setUint32(40, view.byteLength - 44, true);

    const data = Array.from({ length: channels }, (_, n) =>
        audio.getChannelData(n));
    for (let i = 0, at = 44; i < length; i++) {
        for (let n = 0; n < channels; n++, at += 2) {
            const sample = Math.max(-1, Math.min(1, data[n][i]));
            view.setInt16(at, sample * 0x7fff, true);
        }
    }
    return new Blob([view], { type: 'audio/wav' });
}
