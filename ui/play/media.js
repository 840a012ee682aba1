// Images, audio and video as inputs: from files, by drag and drop, by paste,
// from a microphone.

import { bytes, el, fill, icon } from '../dom.js';
import { Medium } from './values.js';
import { record } from './record.js';

const ACCEPT = { image: 'image/*', audio: 'audio/*', video: 'video/*' };

// The first of some files that is of a kind
export function fileOf(files, kind) {
    return [...files ?? []].find(({ type }) => type.startsWith(`${kind}/`));
}

// Something to see or hear of a Medium or a blob
export function preview(kind, blob, name) {
    const url = URL.createObjectURL(blob);
    if (kind === 'image') {
        return el('img', { src: url, alt: name, class: 'preview' });
    }
    return el(kind, {
        src: url, controls: true, class: 'preview', 'aria-label': name,
        playsinline: kind === 'video',
    });
}

// The blob goes when nobody can see it any more
export function forget(element) {
    for (const one of element.querySelectorAll('[src^="blob:"]')) {
        URL.revokeObjectURL(one.src);
    }
}

function formats(rules) {
    const rule = rules.format ?? {};
    return rule.supported?.length
        ? `${rule.supported.join(', ')}${rule.auto_convert
            ? ', or what converts to it' : ''}` : '';
}

function bounds(rules) {
    const size = rules.size ?? {};
    const most = size.maximum ?? size.max;
    return most ? `up to ${most.join(' × ')}${size.auto_convert
        ? ' (larger ones are made smaller)' : ''}` : '';
}

// Whether a recording must be made a wav file
export function wantsWav(rules) {
    const rule = rules.format ?? {};
    return Boolean(rule.supported) && !rule.auto_convert
        && !rule.supported.includes('webm') || rule.supported?.[0] === 'wav';
}

// Made over the class of all fields, which the form has
export function MediaField(parameter, Field) {
    const kind = parameter.type;
    const self = new Field(parameter);
    let medium;

    self.hint.textContent ||= [formats(self.rules), bounds(self.rules)]
        .filter(Boolean).join('; ');
    self.control = el('input', {
        ...self.attributes(), type: 'file', accept: ACCEPT[kind],
        class: 'offscreen', onchange: () => take(self.control.files[0]),
    });
    const shown = el('div', { class: 'chosen', 'aria-live': 'polite' });
    const recorder = kind === 'audio'
        ? record({ wav: wantsWav(self.rules), done: set, failed }) : null;
    const drop = el('div', { class: 'drop' },
        el('div', { class: 'drop-row' },
            el('button', {
                type: 'button', class: 'quiet', onclick: () =>
                    self.control.click(),
            }, icon('attach'), `Choose ${kind === 'image' ? 'an image'
                : kind === 'audio' ? 'audio' : 'a video'}`),
            recorder?.button,
            el('span', { class: 'hint' }, 'or drop or paste it here')),
        self.control, shown);
    self.build(drop);

    drop.addEventListener('dragover', (event) => {
        event.preventDefault();
        drop.classList.add('over');
    });
    drop.addEventListener('dragleave', () => drop.classList.remove('over'));
    drop.addEventListener('drop', (event) => {
        event.preventDefault();
        drop.classList.remove('over');
        take(event.dataTransfer.files[0]);
    });

    function take(file) {
        if (!file) {
            return;
        }
        if (!file.type.startsWith(`${kind}/`)) {
            self.setErrors([`${file.name} is no ${kind}`]);
            return;
        }
        set(new Medium(kind, file, file.name));
    }

    function failed(text) {
        self.setErrors([text]);
    }

    function set(chosen) {
        medium = chosen;
        self.setErrors([]);
        forget(shown);
        fill(shown, medium && [
            preview(kind, medium.blob, medium.name),
            el('div', { class: 'chosen-row' },
                el('span', {}, `${medium.name}, ${bytes(medium.blob.size)}`),
                el('button', {
                    type: 'button', class: 'quiet small', onclick: () => {
                        self.control.value = '';
                        set(undefined);
                    },
                }, icon('close'), 'Remove')),
        ]);
        drop.dispatchEvent(new Event('input', { bubbles: true }));
    }

    self.value = () => medium;
    self.dispose = () => {
        recorder?.discard();
        forget(shown);
    };
    // a paste that brings such a file: true when it was taken
    self.paste = (files) => {
        const file = fileOf(files, kind);
        if (file) {
            set(new Medium(kind, file, file.name));
        }
        return Boolean(file);
    };
    return self;
}
