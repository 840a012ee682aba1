// Values of parameters: what JSON has, and two more.

// A number as it was written: 64-bit integers and 1.0 stay what they are
export class Numeral {
    constructor(text) {
        this.text = text;
    }

    toString() {
        return this.text;
    }
}

const FORMATS = {
    mpeg: 'mp3', mpga: 'mp3', 'x-mp3': 'mp3',
    'x-wav': 'wav', wave: 'wav', 'vnd.wave': 'wav',
    'x-m4a': 'mp4', m4a: 'mp4', aac: 'mp4', quicktime: 'mp4', mov: 'mp4',
    jpg: 'jpeg', pjpeg: 'jpeg', 'x-ms-bmp': 'bmp', tif: 'tiff', oga: 'ogg',
    opus: 'ogg',
};

// An image, audio or video: its name, and a blob that has its bytes
export class Medium {
    constructor(kind, blob, name) {
        const [type, format] = blob.type.split(';')[0].split('/');
        const ending = (name ?? '').split('.').pop().toLowerCase();
        const given = type === kind && format ? format : ending;
        this.kind = kind;
        this.blob = blob;
        this.format = FORMATS[given] ?? given;
        this.name = name ?? `${kind}.${this.format}`;
    }

    get prefix() {
        return `data:${this.kind}/${this.format};base64,`;
    }

    // The data URL, which is read once
    url() {
        this.read ??= new Promise((resolve, reject) => {
            const reader = new FileReader();
            reader.onload = () => resolve(this.prefix
                + reader.result.slice(reader.result.indexOf(',') + 1));
            reader.onerror = () => reject(reader.error);
            reader.readAsDataURL(this.blob);
        });
        return this.read;
    }
}

export const DATA_URL = /^data:(image|audio|video)\/([\w.+-]+);base64,/;

// A blob of a data URL; nothing where it is none
export function blobOf(url) {
    const match = DATA_URL.exec(url);
    if (!match) {
        return null;
    }
    try {
        const text = atob(url.slice(match[0].length));
        const data = Uint8Array.from(text, (char) => char.charCodeAt(0));
        return new Blob([data], { type: `${match[1]}/${match[2]}` });
    } catch {
        return null;
    }
}

// The inputs with data URLs in the place of media
export async function resolved(value) {
    if (value instanceof Medium) {
        return value.url();
    }
    if (Array.isArray(value)) {
        return Promise.all(value.map(resolved));
    }
    if (value && typeof value === 'object' && !(value instanceof Numeral)) {
        const entries = Object.entries(value).map(
            async ([key, item]) => [key, await resolved(item)]);
        return Object.fromEntries(await Promise.all(entries));
    }
    return value;
}

const JSON_WORDS = { true: 'true', false: 'false', null: 'null' };

// What a program has a variable for
export class Variable {
    constructor(name) {
        this.name = name;
    }
}

// A literal, indented: words are those for true, false and null, medium and
// variable make the text for what JSON has not
export function literal(value, { words = JSON_WORDS, medium, indent = '',
    variable = ({ name }) => name })
{
    const inner = indent + '    ';
    const options = { words, medium, variable, indent: inner };
    if (value instanceof Variable) {
        return variable(value);
    }
    if (value instanceof Numeral) {
        return value.text;
    }
    if (value instanceof Medium) {
        return medium(value);
    }
    if (Array.isArray(value)) {
        const items = value.map((item) => inner + literal(item, options));
        return items.length ? `[\n${items.join(',\n')}\n${indent}]` : '[]';
    }
    if (value && typeof value === 'object') {
        const members = Object.entries(value).map(([key, item]) =>
            `${inner}${JSON.stringify(key)}: ${literal(item, options)}`);
        return members.length ? `{\n${members.join(',\n')}\n${indent}}` : '{}';
    }
    return words[String(value)] && typeof value !== 'string'
        ? words[String(value)] : JSON.stringify(value);
}

// JSON without blanks, for the wire
export function json(value) {
    if (value instanceof Numeral) {
        return value.text;
    }
    if (Array.isArray(value)) {
        return `[${value.map(json).join(',')}]`;
    }
    if (value && typeof value === 'object') {
        return `{${Object.entries(value).map(([key, item]) =>
            `${JSON.stringify(key)}:${json(item)}`).join(',')}}`;
    }
    return JSON.stringify(value);
}

// A large integer, which JavaScript would round
export function rounded(text) {
    return /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text));
}

// What JSON.parse gives, but numbers that are to be kept stay exact where the
// browser tells how they were written
export function parse(text, kept = rounded) {
    return JSON.parse(text, (_key, value, context) =>
        typeof value === 'number' && context && kept(context.source)
            ? new Numeral(context.source) : value);
}
