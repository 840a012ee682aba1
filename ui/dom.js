// Elements out of data.  Text becomes text nodes, never markup: what servers,
// workers and users write is shown as it is.

// el('p', {class: 'x', onclick: f, hidden: true}, 'text', element, null)
export function el(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key.startsWith('on')) {
            element.addEventListener(key.slice(2), value);
        } else if (value === true) {
            element.setAttribute(key, '');
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(key, value);
        }
    }
    add(element, children);
    return element;
}

function add(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false) {
            element.append(child);
        }
    }
}

// Replaces what is in an element
export function fill(element, ...children) {
    element.replaceChildren();
    add(element, children);
    return element;
}

const SVG = 'http://www.w3.org/2000/svg';

const ICONS = {
    attach: 'M21 11.5l-8.6 8.6a5.5 5.5 0 0 1-7.8-7.8l8.9-8.8a3.7 3.7 0 0 1 '
        + '5.2 5.2l-8.9 8.8a1.8 1.8 0 0 1-2.6-2.6l8.2-8.1',
    close: 'M6 6l12 12M18 6L6 18',
    copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
    download: 'M12 4v11m0 0l-4-4m4 4l4-4M4 20h16',
    key: 'M14.5 9.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M11 13l-7 7'
        + 'M6 18l2 2M9 15l2 2',
    microphone: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z'
        + 'M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
    play: 'M7 5l12 7-12 7z',
    send: 'M4 12h15m0 0l-6-6m6 6l-6 6',
    stop: 'M7 7h10v10H7z',
    theme: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
};

export function icon(name) {
    const svg = document.createElementNS(SVG, 'svg');
    const path = document.createElementNS(SVG, 'path');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', ICONS[name]);
    svg.append(path);
    return svg;
}

let count = 0;

// An id that no other element has
export function unique(stem) {
    return `${stem}-${++count}`;
}

// A button that puts a text into the clipboard, and says so
export function copyButton(text, label = 'Copy') {
    const said = el('span', { class: 'copy-label' }, label);
    const button = el('button', {
        type: 'button', class: 'quiet copy',
        onclick: async () => {
            try {
                await copy(text());
                said.textContent = 'Copied';
            } catch {
                said.textContent = 'Not allowed';
            }
            setTimeout(() => {
                said.textContent = label;
            }, 1500);
        },
    }, icon('copy'), said);
    said.setAttribute('aria-live', 'polite');
    return button;
}

// Browsers have no clipboard for pages without TLS, but for this old way
async function copy(text) {
    if (navigator.clipboard) {
        return navigator.clipboard.writeText(text);
    }
    const area = el('textarea', { class: 'offscreen' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) {
        throw new Error('refused');
    }
}

export function bytes(n) {
    return n < 1024 ? `${n} B`
        : n < 1024 * 1024 ? `${(n / 1024).toFixed(n < 10240 ? 1 : 0)} KB`
            : `${(n / 1024 / 1024).toFixed(1)} MB`;
}

export function seconds(s) {
    return s < 10 ? `${s.toFixed(2)} s` : s < 60 ? `${s.toFixed(1)} s`
        : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}
