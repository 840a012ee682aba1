// The little of Markdown that models like to write: blocks of code, lists,
// headings, bold, italics and code in a line.  Everything else is text.

import { copyButton, el } from '../dom.js';

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\*[^*\s][^*\n]*\*)/;

function inline(text) {
    const nodes = [];
    for (let rest = text; rest;) {
        const match = INLINE.exec(rest);
        if (!match) {
            nodes.push(rest);
            break;
        }
        nodes.push(rest.slice(0, match.index));
        const [found, code, bold] = match;
        nodes.push(code ? el('code', {}, found.slice(1, -1))
            : bold ? el('strong', {}, found.slice(2, -2))
                : el('em', {}, found.slice(1, -1)));
        rest = rest.slice(match.index + found.length);
    }
    return nodes.filter((node) => node !== '');
}

function code(lines, language) {
    const text = lines.join('\n');
    return el('div', { class: 'code-block' },
        el('div', { class: 'code-head' }, el('span', {}, language || 'text'),
            copyButton(() => text)),
        el('pre', { tabindex: 0 }, el('code', {}, text)));
}

function list(lines, ordered) {
    return el(ordered ? 'ol' : 'ul', {
        start: ordered ? parseInt(lines[0], 10) : null,
    }, lines.map((line) =>
        el('li', {}, inline(line.replace(/^\s*([-*+]|\d+[.)])\s+/, '')))));
}

const KINDS = [
    ['ul', /^\s*[-*+]\s+/], ['ol', /^\s*\d+[.)]\s+/], ['head', /^#{1,6}\s+/],
    ['blank', /^\s*$/],
];

function block(kind, lines) {
    switch (kind) {
    case 'ul':
    case 'ol':
        return list(lines, kind === 'ol');
    case 'head':
        return lines.map((line) => el('p', { class: 'heading' },
            inline(line.replace(/^#+\s+/, ''))));
    case 'text':
        return el('p', {}, inline(lines.join('\n')));
    default:
        return null;
    }
}

// The elements of a text, which may end in the middle of anything
export function markdown(text) {
    const nodes = [], lines = text.split('\n');
    let kind = 'blank', held = [];
    const flush = () => {
        nodes.push(block(kind, held));
        held = [];
    };
    for (let i = 0; i < lines.length; i++) {
        const fence = /^\s*```\s*([\w+#.-]*)\s*$/.exec(lines[i]);
        if (fence) {
            flush();
            kind = 'blank';
            const body = [];
            while (++i < lines.length && !/^\s*```\s*$/.test(lines[i])) {
                body.push(lines[i]);
            }
            nodes.push(code(body, fence[1]));
            continue;
        }
        const now = KINDS.find(([, regex]) => regex.test(lines[i]))?.[0]
            ?? 'text';
        if (now !== kind) {
            flush();
            kind = now;
        }
        held.push(lines[i]);
    }
    flush();
    return nodes.filter(Boolean);
}
