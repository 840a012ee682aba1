// Outputs as what they are: text, pictures, sound, films, numbers, JSON.

import { bytes, copyButton, el, icon } from '../dom.js';
import { markdown } from './markdown.js';
import { preview } from './media.js';
import { DATA_URL, Numeral, blobOf, literal } from './values.js';

const META = [
    'success', 'job_id', 'ep_version', 'start_time', 'start_time_compute',
    'result_received_time', 'result_sent_time', 'total_duration',
    'compute_duration', 'pending_duration', 'arrival_time', 'finished_time',
    'preprocessing_duration', 'auth', 'worker_interface_version', 'error',
];
const LONG = 120;                   // characters of a text shown in a tree

function isMedia(value) {
    return typeof value === 'string' && DATA_URL.test(value);
}

function isGallery(value) {
    return Array.isArray(value) && value.length > 0 && value.every(isMedia);
}

// The same with media cut, for people to read
export function shortened(value) {
    if (isMedia(value)) {
        const size = Math.floor(value.length * 3 / 4);
        return `${DATA_URL.exec(value)[0]}… (${bytes(size)})`;
    }
    if (Array.isArray(value)) {
        return value.map(shortened);
    }
    if (value && typeof value === 'object' && !(value instanceof Numeral)) {
        return Object.fromEntries(Object.entries(value).map(
            ([key, item]) => [key, shortened(item)]));
    }
    return value;
}

function figure(url, stem) {
    const blob = blobOf(url);
    const [, kind, format] = DATA_URL.exec(url);
    const name = `${stem}.${format.split('+')[0]}`;
    if (!blob) {
        return el('p', { class: 'field-error' }, `${name} is broken`);
    }
    const shown = preview(kind, blob, name);
    const size = el('span', {}, `${format.toUpperCase()}, `
        + bytes(blob.size));
    if (kind === 'image') {
        shown.addEventListener('load', () => {
            size.textContent = `${shown.naturalWidth} × `
                + `${shown.naturalHeight} ${size.textContent}`;
        }, { once: true });
    }
    // a document of its own could hold more than a picture
    const opens = kind === 'image' && !/svg|xml/i.test(format);
    return el('figure', { class: kind },
        opens ? el('a', { href: shown.src, target: '_blank' }, shown)
            : shown,
        el('figcaption', {}, size, el('a', {
            href: shown.src, download: name, class: 'button quiet small',
        }, icon('download'), 'Download')));
}

function scalar(value) {
    return value instanceof Numeral || value === null
        || ['number', 'boolean'].includes(typeof value)
        || typeof value === 'string' && value.length <= 40
        && !/\n/.test(value);
}

// A tree that opens and closes
export function tree(value, name = null, open = true) {
    const label = name === null ? null
        : el('span', { class: 'json-key' }, `${name}: `);
    if (value === null || typeof value !== 'object'
        || value instanceof Numeral)
    {
        const type = value instanceof Numeral ? 'number' : typeof value;
        const text = typeof value === 'string' && value.length > LONG
            ? `${JSON.stringify(value.slice(0, LONG))}…`
            : value instanceof Numeral ? value.text : JSON.stringify(value);
        return el('div', { class: 'json-leaf' }, label,
            el('span', { class: `json-${type}` }, text));
    }
    const entries = Object.entries(value);
    const brackets = Array.isArray(value) ? '[]' : '{}';
    if (!entries.length) {
        return el('div', { class: 'json-leaf' }, label, brackets);
    }
    return el('details', { open, class: 'json' },
        el('summary', {}, label, el('span', { class: 'json-count' },
            Array.isArray(value) ? `[${entries.length}]`
                : `{${entries.length}}`)),
        el('div', { class: 'json-inner' }, entries.map(([key, item]) =>
            tree(item, key, entries.length <= 20))));
}

// A tree of JSON, with buttons to copy and keep it
export function jsonView(value, name) {
    const whole = () => literal(value, {});
    return el('div', { class: 'json-view' },
        el('div', { class: 'json-tools' }, copyButton(whole),
            el('button', {
                type: 'button', class: 'quiet', onclick: () =>
                    save(new Blob([whole()], { type: 'application/json' }),
                        `${name}.json`),
            }, icon('download'), 'Download')),
        tree(shortened(value)));
}

export function save(blob, name) {
    const url = URL.createObjectURL(blob);
    el('a', { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function facts(pairs) {
    return pairs.length ? el('dl', { class: 'facts' }, pairs.map(
        ([name, value]) => el('div', {}, el('dt', {}, name),
            el('dd', {}, value === null ? '–' : String(value))))) : null;
}

function text(name, value) {
    return el('section', { class: 'output text' },
        el('header', {}, el('h3', {}, name), copyButton(() => value)),
        el('div', { class: 'prose' }, markdown(value)));
}

function media(name, urls, stem) {
    return el('section', { class: 'output media' },
        el('header', {}, el('h3', {}, name)),
        el('div', { class: urls.length > 1 ? 'gallery' : 'single' },
            urls.map((url, i) =>
                figure(url, urls.length > 1 ? `${stem}-${i + 1}` : stem))));
}

// Elements for named values; skip: names that are shown elsewhere
export function outputs(values, stem, skip = []) {
    const elements = [], pairs = [];
    for (const [name, value] of Object.entries(values)) {
        if (META.includes(name) || skip.includes(name)) {
            continue;
        }
        if (isMedia(value) || isGallery(value)) {
            elements.push(media(name, [value].flat(), `${stem}-${name}`));
        } else if (scalar(value) && name !== 'text') {
            pairs.push([name, value]);
        } else if (typeof value === 'string') {
            elements.push(text(name, value));
        } else {
            elements.push(el('section', { class: 'output' },
                el('header', {}, el('h3', {}, name)),
                jsonView(value, `${stem}-${name}`)));
        }
    }
    elements.sort((a, b) => rank(a) - rank(b));
    return [elements, facts(pairs)];
}

// What people look for comes first
function rank(element) {
    return element.classList.contains('media') ? 0
        : element.classList.contains('text') ? 1 : 2;
}
