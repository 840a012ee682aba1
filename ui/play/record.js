// A button that records from the microphone, and what makes a wav file of it.

import { el, fill, icon } from '../dom.js';
import { Medium } from './values.js';

// done(Medium) when a recording is there, failed(text) when there is none.
// Gives {button, discard()}, which ends what nobody wants any more.
export function record({ wav, done, failed }) {
    if (!navigator.mediaDevices || !window.MediaRecorder) {
        return null;            // needs TLS, or a page of this very machine
    }
    let recorder, clock, starting = false, discarded = false;
    const button = el('button', {
        type: 'button', class: 'quiet record', 'aria-pressed': 'false',
        onclick: () => (recorder ? recorder.stop() : start()),
    });
    show(false);
    return { button, discard };

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

    function discard() {
        discarded = true;
        recorder?.stop();
    }

    // The user may be asked for long, and press the button again meanwhile
    async function start() {
        if (starting) {
            return;
        }
        starting = true;
        let input;
        try {
            input = await navigator.mediaDevices.getUserMedia({ audio: true });
            if (discarded) {
                close(input);
            } else {
                capture(input);
            }
        } catch (error) {
            close(input);
            failed(`No microphone: ${error.message}`);
        } finally {
            starting = false;
        }
    }

    function capture(input) {
        const chunks = [];
        const made = new MediaRecorder(input);
        made.ondataavailable = ({ data }) => chunks.push(data);
        made.onstop = () => {
            close(input);
            recorder = undefined;
            show(false);
            use(chunks, made.mimeType.split(';')[0] || 'audio/webm');
        };
        made.start();
        recorder = made;
        show(true);
    }

    async function use(chunks, type) {
        try {
            const blob = new Blob(chunks, { type });
            const medium = wav
                ? new Medium('audio', await toWav(blob), 'recording.wav')
                : new Medium('audio', blob, `recording.${type.split('/')[1]}`);
            if (!discarded) {
                done(medium);
            }
        } catch (error) {
            failed(`The recording cannot be used: ${error.message}`);
        }
    }
}

// Turns the microphone off
function close(input) {
    input?.getTracks().forEach((track) => track.stop());
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
